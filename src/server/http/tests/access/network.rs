//! Routers, packages, isolir.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![
        ("isolir/approve", Some(P::ManageAccess), json!({})),
        ("access/wish", Some(P::ManageAccess), json!({ "service_id": 999, "cut": true, "reason": "uji" })),
        ("router/list", Some(P::ViewRouters), json!({})),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![]
}
