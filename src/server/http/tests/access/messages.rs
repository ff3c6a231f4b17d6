//! WhatsApp.

use super::Function;
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![("message/list", Some(P::ViewMessages), json!({ "state": "", "page": 1 }))]
}
