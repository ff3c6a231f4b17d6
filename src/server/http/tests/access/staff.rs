//! Staff, rights, the log of activities.

use super::{Download, Function};
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![
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
    vec![]
}
