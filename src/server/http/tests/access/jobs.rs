//! Jobs, dead letters, backups.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![
        ("work/retry", Some(P::ManageWork), json!({ "id": 1 })),
        ("work/stuck", Some(P::ManageWork), json!({ "page": 1 })),
        ("work/again", Some(P::ManageWork), json!({ "ids": [1] })),
        ("work/give-up", Some(P::ManageWork), json!({ "ids": [1], "reason": "sudah diurus" })),
        ("job/list", Some(P::ManageWork), json!({})),
        ("job/runs", Some(P::ManageWork), json!({ "job": "", "page": 1 })),
        ("job/run", Some(P::ManageWork), json!({ "job": "router_sweep" })),
        ("job/switch", Some(P::ManageWork), json!({ "job": "router_sweep", "enabled": true })),
        ("backup/list", Some(P::Backup), json!({ "page": 1 })),
        ("backup/make", Some(P::Backup), json!({})),
        ("backup/drill", Some(P::Backup), json!({})),
        ("backup/check", Some(P::Backup), json!({})),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![("/admin/cadangan/1/unduh", P::Backup)]
}
