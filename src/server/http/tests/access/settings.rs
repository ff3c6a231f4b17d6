//! Settings and the set-up assistant.

use super::Function;
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let bank =
        json!({ "account": { "id": 0, "bank": "BCA", "number": "1234567890", "holder": "PT Uji", "active": true } });
    vec![
        ("package/prices", Some(P::ManagePackages), json!({ "asked": [["id", "1"]] })),
        ("package/price", Some(P::ManagePackages), json!({ "deed": { "deed": "", "values": [["id", "1"]] } })),
        ("tax/rates", Some(P::ManageSettings), json!({ "asked": [] })),
        ("tax/rate", Some(P::ManageSettings), json!({ "deed": { "deed": "", "values": [] } })),
        ("books/view", Some(P::ManageCash), json!({ "asked": [] })),
        ("books/close", Some(P::ManageCash), json!({ "deed": { "deed": "", "values": [] } })),
        ("setting/groups", Some(P::ManageSettings), json!({})),
        ("setting/read", Some(P::ManageSettings), json!({ "group": "tagihan" })),
        ("setting/save", Some(P::ManageSettings), json!({ "group": "tagihan", "values": [] })),
        ("setting/effect", Some(P::ManageSettings), json!({ "group": "isolir", "values": [] })),
        ("setting/token", Some(P::ManageStaff), json!({ "key": "cron.token" })),
        ("gateway/test", Some(P::ManageSettings), json!({})),
        ("gateway/reach", Some(P::ManageSettings), json!({})),
        ("setup/view", Some(P::ManageSettings), json!({ "step": "" })),
        ("setup/missing", Some(P::ViewDashboard), json!({})),
        ("setup/mark", Some(P::ManageSettings), json!({ "step": "flip", "state": "open" })),
        ("setup/compare", Some(P::ManageSettings), json!({ "arrears": "", "credit": "" })),
        ("bank/list", Some(P::ManageSettings), json!({})),
        ("bank/save", Some(P::ManageSettings), bank),
    ]
}
