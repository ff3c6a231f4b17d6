//! Staff, rights, the log of activities.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let activity = json!({ "filter": { "q": "", "who": "", "action": "", "subject": "", "from": "", "to": "", "before": 0, "after": 0 } });
    vec![
        ("activity/list", Some(P::ViewAudit), activity),
        ("activity/choices", Some(P::ViewAudit), json!({})),
        ("account/read", None, json!({})),
        ("account/save", None, json!({ "name": "", "phone": "" })),
        ("account/password", None, json!({ "old": "salah", "new": "" })),
        ("account/end", None, json!({ "handle": "tidak-ada" })),
        ("account/factor", None, json!({})),
        ("account/factor-on", None, json!({ "sealed": "", "code": "" })),
        ("account/recovery", None, json!({ "password": "salah" })),
        ("account/factor-off", None, json!({ "password": "salah" })),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![("/admin/log.xlsx", P::ViewAudit)]
}
