//! Finding customers and bills: the same answer on each engine, whatever case was typed.

use super::{Answer, ask, get, log_in_as, post_json};
use crate::server::guard::Role;
use crate::server::http::router;
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use serde_json::json;

sql!(TEST_RENAME = "UPDATE customer SET name = $1, name_search = $2 WHERE name = $3");

async fn as_owner(router: &Router, cookie: &str, mut request: axum::http::Request<axum::body::Body>) -> Answer {
    request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    let answer = ask(router, request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer
}

#[tokio::test]
async fn numbers_are_found_in_any_case() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let engine = app.state.db.engine();
        let package = app.package("Home", 300_000, 1).await;
        for (number, name) in [("BARU1", "Ibu Sari"), ("LAMA1", "Pak Joko")] {
            app.service(number, package, "2025-06-01").await;
            let mut tx = app.state.db.begin().await.unwrap();
            tx.exec_one(TEST_RENAME, args![name, name.to_lowercase(), number]).await.unwrap();
            tx.commit().await.unwrap();
        }
        app.issue("2026-01").await;
        let cookie = log_in_as(&app, Role::Owner).await;
        let router = router(app.state.clone());
        for typed in ["BARU1", "baru1", "Baru", "ibu SARI"] {
            let found =
                as_owner(&router, &cookie, post_json("/api/admin/customer/find", &json!({ "text": typed }))).await;
            let numbers: Vec<String> = found.json()["hits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|hit| hit["number"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(numbers, ["BARU1"], "{typed} on {engine}");
            for list in ["pelanggan", "tagihan"] {
                let page = format!("/admin/{list}?q={}", typed.replace(' ', "%20"));
                let page = as_owner(&router, &cookie, get(&page)).await.text;
                assert!(page.contains("Ibu Sari"), "{list}, {typed} on {engine}");
                assert!(!page.contains("Pak Joko"), "{list}, {typed} on {engine}");
            }
        }
        for typed in ["INV/2026/01/000001", "inv/2026/01/000001"] {
            let page = as_owner(&router, &cookie, get(&format!("/admin/tagihan?q={typed}"))).await.text;
            let names = ["Ibu Sari", "Pak Joko"].into_iter().filter(|name| page.contains(name)).count();
            assert_eq!(names, 1, "{typed} on {engine}");
        }
    }
}
