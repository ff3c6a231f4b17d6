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
        ("staff/list", Some(P::ManageStaff), json!({ "q": "", "page": 1 })),
        ("staff/invite", Some(P::ManageStaff), json!({ "name": "", "email": "", "phone": "", "role": "viewer" })),
        ("staff/read", Some(P::ManageStaff), json!({ "id": 99_999 })),
        ("staff/save", Some(P::ManageStaff), json!({ "id": 99_999, "name": "X", "phone": "", "role": "viewer" })),
        ("staff/link", Some(P::ManageStaff), json!({ "id": 99_999 })),
        ("staff/switch", Some(P::ManageStaff), json!({ "id": 99_999, "active": true })),
        ("staff/factor-off", Some(P::ManageStaff), json!({ "id": 99_999 })),
        ("staff/end", Some(P::ManageStaff), json!({ "id": 99_999, "handle": "tidak-ada" })),
        ("right/list", Some(P::ManageStaff), json!({})),
        // What is delivered anyway: nothing differs for the roles that come after.
        (
            "right/set",
            Some(P::ManageStaff),
            json!({ "role": "viewer", "permission": "view_dashboard", "allowed": true }),
        ),
        ("right/reset", Some(P::ManageStaff), json!({})),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![("/admin/log.xlsx", P::ViewAudit)]
}
