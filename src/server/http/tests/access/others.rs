//! What belongs to others: a collector's customers are his own, by whatever door he asks; a technician sees no money.

use super::super::{Answer, TEST_INVOICE_IDS};
use super::*;
use crate::{args, sql};

sql!(TEST_COLLECTOR = "SELECT id FROM staff WHERE role = 'collector'");
sql!(TEST_GIVE = "UPDATE service SET collector_id = $2 WHERE id = $1");
sql!(TEST_CUSTOMER_OF = "SELECT customer_id FROM service WHERE id = $1");

async fn asked(router: &Router, path: &str, cookie: &str, body: &Value) -> Answer {
    let mut request = post_json(&format!("/api/admin/{path}"), body);
    request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
    request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    ask(router, request).await
}

/// Makes the collector the one of this service.
async fn give(app: &TestApp, service: i64) {
    let collector = app.state.db.number(TEST_COLLECTOR, args![]).await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    tx.exec_one(TEST_GIVE, args![service, collector]).await.unwrap();
    tx.commit().await.unwrap();
}

/// The arguments that the table of all functions gives this one.
fn arguments(path: &str) -> Value {
    functions().into_iter().find(|function| function.0 == path).unwrap().2
}

#[tokio::test]
async fn a_collector_is_refused_what_is_anothers() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let (his, others) =
            (app.service("SARI", package, "2025-06-01").await, app.service("BUDI", package, "2025-06-01").await);
        app.issue("2026-01").await;
        let router = router(app.state.clone());
        let cookie = log_in_as(&app, Role::Collector).await;
        let db = &app.state.db;
        give(&app, his).await;

        for (service, mine) in [(his, true), (others, false)] {
            let customer = db.number(TEST_CUSTOMER_OF, args![service]).await.unwrap();
            let invoice = db.number(TEST_INVOICE_IDS, args![service]).await.unwrap();
            for (path, body) in [
                ("customer/view", json!({ "id": customer })),
                ("customer/daily", json!({ "id": customer })),
                ("invoice/view", json!({ "id": invoice })),
            ] {
                let status = asked(&router, path, &cookie, &body).await.status;
                if mine {
                    assert_ne!(status, StatusCode::FORBIDDEN, "{path}, his own");
                    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path}, his own");
                } else {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{path}, another's");
                }
            }
            for (path, body) in [
                ("customer/note", json!({ "id": customer, "kind": "catatan", "text": "uji" })),
                ("customer/file/remove", json!({ "id": 1 })),
                ("access/wish", json!({ "service_id": service, "cut": true, "reason": "uji" })),
            ] {
                assert_eq!(asked(&router, path, &cookie, &body).await.status, StatusCode::FORBIDDEN, "{path}");
            }
        }
        for path in ["customer/list", "invoice/list"] {
            let text = asked(&router, path, &cookie, &arguments(path)).await.text;
            assert!(text.contains("SARI") && !text.contains("BUDI"), "{path}: {text}");
        }
        let found = asked(&router, "customer/find", &cookie, &json!({ "text": "budi" })).await;
        assert!(!found.text.contains("BUDI"), "{}", found.text);
    }
}

/// A file opens for whoever may see its customer's files, and holds what was stored for him; a collector opens none.
#[tokio::test]
async fn a_file_opens_as_its_own_customers_and_never_for_a_collector() {
    use crate::server::audit::Who;
    use crate::server::customers::files;
    for app in TestApp::each("2026-01-15 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let (his, others) =
            (app.service("SARI", package, "2025-06-01").await, app.service("BUDI", package, "2025-06-01").await);
        let router = router(app.state.clone());
        let (owner, collector) = (log_in_as(&app, Role::Owner).await, log_in_as(&app, Role::Collector).await);
        give(&app, his).await;
        let mut paths = Vec::new();
        for service in [his, others] {
            let customer = app.state.db.number(TEST_CUSTOMER_OF, args![service]).await.unwrap();
            let bytes = [b"\xff\xd8\xff\xe0".as_slice(), format!("KTP {service}").as_bytes()].concat();
            let id = files::store(&app.state, Who::command(), customer, "ktp", "ktp.jpg", bytes).await.unwrap();
            paths.push(format!("/admin/berkas/{id}"));
        }
        let open = async |path: &str, cookie: &str| {
            let mut request = get(path);
            request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
            ask(&router, request).await
        };
        // The table cannot give it to him either: files are of people, not of bills.
        let cell = json!({ "role": "collector", "permission": "view_files", "allowed": true });
        assert_eq!(asked(&router, "right/set", &owner, &cell).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        for (path, service) in paths.iter().zip([his, others]) {
            let refused = open(path, &collector).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
            assert!(!refused.text.contains("KTP"), "{}", refused.text);
            let opened = open(path, &owner).await;
            assert_eq!(opened.status, StatusCode::OK, "{}", opened.text);
            assert!(opened.text.ends_with(&format!("KTP {service}")), "each opens as itself: {}", opened.text);
        }
        for (path, status) in
            [("/admin/berkas/99", StatusCode::NOT_FOUND), ("/admin/berkas/..%2Fapp.key", StatusCode::BAD_REQUEST)]
        {
            assert_eq!(open(path, &owner).await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn a_collector_takes_no_money_for_anothers_customer() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let (his, others) =
            (app.service("SARI", package, "2025-06-01").await, app.service("BUDI", package, "2025-06-01").await);
        app.issue("2026-01").await;
        let router = router(app.state.clone());
        let cookie = log_in_as(&app, Role::Collector).await;
        give(&app, his).await;
        for (service, mine) in [(his, true), (others, false)] {
            let mut payment = arguments("payment/record");
            payment["wish"]["service_id"] = json!(service);
            payment["wish"]["request_id"] = json!(format!("kolektor-{service}"));
            for (path, body) in [("payment/start", json!({ "service_id": service })), ("payment/record", payment)] {
                let status = asked(&router, path, &cookie, &body).await.status;
                assert_eq!(status == StatusCode::FORBIDDEN, !mine, "{path}, his: {mine}, {status}");
            }
        }
        assert_eq!(app.bills(others).await[0].2, 0, "nothing was paid for another's customer");
    }
}

#[tokio::test]
async fn a_technician_sees_no_amount_of_a_customer() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let service = app.service("BUDI", package, "2025-06-01").await;
        app.issue("2026-01").await;
        app.cash(service, 300_000).await;
        let customer = app.state.db.number(TEST_CUSTOMER_OF, args![service]).await.unwrap();
        let router = router(app.state.clone());
        let cookie = log_in_as(&app, Role::Technician).await;
        for path in ["customer/view", "customer/daily"] {
            let answer = asked(&router, path, &cookie, &json!({ "id": customer })).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!answer.text.contains("Rp") && !answer.text.contains("300."), "{path}: {}", answer.text);
        }
        let owner = log_in_as(&app, Role::Owner).await;
        let answer = asked(&router, "customer/view", &owner, &json!({ "id": customer })).await;
        assert!(answer.text.contains("Rp"), "an owner sees them: {}", answer.text);
    }
}
