//! Frame and Beranda.

use super::Function;
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![
        ("shell", None, json!({})),
        ("home/now", Some(P::ViewDashboard), json!({})),
        ("home/revenue", Some(P::ViewDashboard), json!({})),
    ]
}
