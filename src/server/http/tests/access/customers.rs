//! Customers, installations, import and export.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let customers = json!({ "filter": { "q": "", "stage": "", "paid": "", "access": "", "package": "", "router": "", "area": "", "collector": "", "sort": "", "page": 1 } });
    vec![
        ("customer/list", Some(P::ViewCustomers), customers),
        ("customer/choices", Some(P::ViewCustomers), json!({})),
        ("customer/find", Some(P::ViewCustomers), json!({ "text": "bu" })),
        ("customer/view", Some(P::ViewCustomers), json!({ "id": 1 })),
        ("import/view", Some(P::Import), json!({ "id": 1 })),
        ("import/start", Some(P::Import), json!({ "id": 1 })),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![("/admin/ekspor.xlsx", P::Export)]
}
