//! Routers, packages, isolir.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let package = json!({ "package": { "id": 0, "name": "", "price": "", "profile": "", "down": "", "up": "", "months": "1", "from": "next" } });
    let router = json!({ "router": { "id": 0, "name": "", "host": "", "port": "", "username": "", "password": "", "isolir_profile": "", "tls": "off", "pin": "" } });
    vec![
        ("package/list", Some(P::ManagePackages), json!({})),
        ("package/save", Some(P::ManagePackages), package),
        ("package/active", Some(P::ManagePackages), json!({ "id": 999, "active": true })),
        ("package/remove", Some(P::ManagePackages), json!({ "id": 999 })),
        ("package/check", Some(P::ManagePackages), json!({})),
        ("isolir/approve", Some(P::ManageAccess), json!({})),
        ("access/wish", Some(P::ManageAccess), json!({ "service_id": 999, "cut": true, "reason": "uji" })),
        ("isolir/list", Some(P::ViewCustomers), json!({ "filter": { "q": "", "state": "", "sort": "", "page": 1 } })),
        (
            "isolir/log",
            Some(P::ViewRouters),
            json!({ "filter": { "q": "", "what": "", "from": "", "to": "", "page": 1 } }),
        ),
        ("router/list", Some(P::ViewRouters), json!({})),
        ("router/view", Some(P::ViewRouters), json!({ "id": 999 })),
        ("router/save", Some(P::ManageRouters), router),
        ("router/test", Some(P::ManageRouters), json!({ "id": 999 })),
        ("router/sync", Some(P::ManageRouters), json!({ "id": 999 })),
        ("router/remove", Some(P::ManageRouters), json!({ "id": 999 })),
        ("router/commands", Some(P::ManageRouters), json!({})),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![("/admin/terisolir.xlsx", P::Export), ("/admin/log-isolir.xlsx", P::Export)]
}
