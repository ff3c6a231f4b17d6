//! Customers, installations, import and export.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let customers = json!({ "filter": { "q": "", "stage": "", "paid": "", "access": "", "package": "", "router": "", "area": "", "collector": "", "sort": "", "page": 1 } });
    let form = json!({ "form": { "request_id": "r", "service_id": 0, "customer_id": 0, "name": "", "phone": "", "email": "", "address": "", "area": "",
        "place": "", "package_id": 0, "router_id": 0, "pppoe_username": "", "pppoe_password": "", "fee": "", "due_day": "", "install_on": "",
        "started_on": "", "technician_id": 0, "note": "", "step": "calon" } });
    vec![
        ("install/list", Some(P::Install), json!({ "stage": "calon", "q": "", "page": 1 })),
        ("install/start", Some(P::Install), json!({ "service_id": 0, "customer_id": 0 })),
        ("install/phone", Some(P::Install), json!({ "phone": "0812" })),
        ("install/save", Some(P::Install), form),
        ("install/view", Some(P::Install), json!({ "service_id": 1 })),
        ("install/secret", Some(P::Install), json!({ "service_id": 1 })),
        ("customer/daily", Some(P::ViewCustomers), json!({ "id": 1 })),
        (
            "customer/save",
            Some(P::EditCustomers),
            json!({ "form": { "id": 1, "name": "", "phone": "", "email": "", "address": "" } }),
        ),
        (
            "service/save",
            Some(P::EditCustomers),
            json!({ "form": { "id": 1, "area": "", "collector_id": 0, "due_day": "", "router_id": 0,
            "pppoe_username": "", "pppoe_password": "", "never_isolate": "", "never_isolate_until": "", "place": "" } }),
        ),
        (
            "service/change",
            Some(P::EditCustomers),
            json!({ "wish": { "service_id": 1, "what": "berhenti", "now": false, "reason": "", "preview": true } }),
        ),
        ("service/unplan", Some(P::EditCustomers), json!({ "change_id": 1 })),
        ("service/restart", Some(P::EditCustomers), json!({ "service_id": 1 })),
        ("customer/note", Some(P::EditCustomers), json!({ "id": 1, "kind": "catatan", "text": "" })),
        ("customer/file/remove", Some(P::EditCustomers), json!({ "id": 1 })),
        ("area/list", Some(P::ViewCustomers), json!({})),
        ("area/save", Some(P::EditCustomers), json!({ "id": 0, "name": "", "manager_id": 0, "note": "" })),
        ("area/merge", Some(P::EditCustomers), json!({ "id": 1, "into": 2 })),
        ("area/delete", Some(P::EditCustomers), json!({ "id": 1 })),
        ("stopped/list", Some(P::ViewCustomers), json!({ "tab": "", "page": 1 })),
        ("customer/columns", Some(P::Export), customers.clone()),
        ("bulk/start", Some(P::EditCustomers), json!({ "filter": customers["filter"], "chosen": [] })),
        (
            "bulk/run",
            Some(P::EditCustomers),
            json!({ "wish": { "request_id": "r", "filter": customers["filter"], "chosen": [], "what": "area", "value": "",
            "more": "", "dry": true } }),
        ),
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
    vec![
        ("/admin/berkas/1", P::ViewFiles),
        ("/admin/pelanggan/ekspor.xlsx?kolom=nama", P::Export),
        ("/admin/pelanggan/ekspor.pdf?kolom=nama", P::Export),
        ("/admin/ekspor.xlsx", P::Export),
    ]
}
