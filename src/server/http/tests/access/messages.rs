//! WhatsApp.

use super::Function;
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let filter = json!({ "q": "", "state": "", "kind": "", "from": "", "to": "", "page": 1 });
    vec![
        ("message/list", Some(P::ViewMessages), json!({ "filter": filter })),
        ("message/read", Some(P::ViewMessages), json!({ "id": 1 })),
        ("message/cancel", Some(P::ManageMessages), json!({ "id": 1 })),
        ("message/resend", Some(P::ManageMessages), json!({ "id": 1 })),
        ("template/list", Some(P::ManageMessages), json!({})),
        ("template/read", Some(P::ManageMessages), json!({ "kind": "reminder" })),
        ("template/preview", Some(P::ManageMessages), json!({ "kind": "reminder", "text": "Halo" })),
        ("template/save", Some(P::ManageMessages), json!({ "kind": "reminder", "text": "Halo" })),
        ("template/reset", Some(P::ManageMessages), json!({ "kind": "reminder" })),
        ("whatsapp/read", Some(P::ManageMessages), json!({})),
        ("whatsapp/device", Some(P::ManageMessages), json!({})),
        ("whatsapp/link", Some(P::ManageMessages), json!({})),
        ("whatsapp/unlink", Some(P::ManageMessages), json!({})),
        ("whatsapp/test", Some(P::ManageMessages), json!({ "phone": "081234567890" })),
    ]
}
