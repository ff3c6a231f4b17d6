//! Jobs, dead letters, backups.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![("work/retry", Some(P::ManageWork), json!({ "id": 1 }))]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![]
}
