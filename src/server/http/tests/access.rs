//! Every server function, as every role, on every host.

mod customers;
mod home;
mod jobs;
mod messages;
mod money;
mod network;
mod others;
mod settings;
mod staff;

use super::{ask, get, log_in_as, post_json};
use crate::server::guard::{Permission, Role, allows};
use crate::server::http::router;
use crate::server::testing::TestApp;
use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A server function: its path under `/api/admin/`, its right (none: everybody who is logged in), and arguments that can
/// be read.
type Function = (&'static str, Option<Permission>, Value);
/// A page or file behind a right that no server function brings: its path and its right.
type Download = (&'static str, Permission);

/// Every server function, an area a file.
fn functions() -> Vec<Function> {
    [
        home::functions(),
        customers::functions(),
        money::functions(),
        network::functions(),
        messages::functions(),
        settings::functions(),
        staff::functions(),
        jobs::functions(),
    ]
    .concat()
}

/// Every download.
fn downloads() -> Vec<Download> {
    [customers::downloads(), money::downloads(), network::downloads(), staff::downloads(), jobs::downloads()].concat()
}

async fn fetch(router: &Router, host: &'static str, path: &str, cookie: Option<&str>) -> StatusCode {
    let mut request = get(path);
    request.headers_mut().insert("host", HeaderValue::from_static(host));
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    }
    ask(router, request).await.status
}

async fn call(router: &Router, host: &'static str, path: &str, cookie: Option<&str>, body: &Value) -> StatusCode {
    let mut request = post_json(&format!("/api/admin/{path}"), body);
    request.headers_mut().insert("host", HeaderValue::from_static(host));
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    }
    ask(router, request).await.status
}

#[tokio::test]
async fn every_function_is_in_the_table() {
    // Registered where the office is mounted.
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let _office = router(app.state.clone());
    let registered: BTreeSet<String> = server_fn::axum::server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    let listed: BTreeSet<String> = functions().iter().map(|f| format!("/api/admin/{}", f.0)).collect();
    assert_eq!(registered, listed, "each server function stands in the table of this test, with its right");
}

#[tokio::test]
async fn every_function_lets_in_whom_the_table_says() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    for (path, _, body) in functions() {
        assert_eq!(call(&router, "localhost", path, None, &body).await, StatusCode::UNAUTHORIZED, "{path}, nobody");
        let forged = Some("kimonet_sid=forged");
        assert_eq!(call(&router, "localhost", path, forged, &body).await, StatusCode::UNAUTHORIZED, "{path}, forged");
    }
    for role in Role::ALL {
        let cookie = log_in_as(&app, role).await;
        for (path, permission, body) in functions() {
            let may = permission.is_none_or(|permission| allows(role, permission));
            let status = call(&router, "localhost", path, Some(&cookie), &body).await;
            if may {
                let shut = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
                assert!(!shut.contains(&status), "{path} as {role}: {status}");
                assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path} as {role}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{path} as {role}");
            }
        }
    }
}

#[tokio::test]
async fn a_table_that_an_owner_adjusted_is_the_one_that_holds() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    let (owner, cashier) = (log_in_as(&app, Role::Owner).await, log_in_as(&app, Role::Cashier).await);
    let ask = async |path: &str| {
        let (path, _, body) = functions().into_iter().find(|function| function.0 == path).unwrap();
        call(&router, "localhost", path, Some(&cashier), &body).await
    };
    assert_eq!((ask("staff/list").await, ask("router/list").await), (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    assert_eq!(ask("home/now").await, StatusCode::OK);
    for (permission, allowed) in [("view_routers", true), ("view_dashboard", false)] {
        let cell = json!({ "role": "cashier", "permission": permission, "allowed": allowed });
        assert_eq!(call(&router, "localhost", "right/set", Some(&owner), &cell).await, StatusCode::OK);
    }
    assert_eq!((ask("router/list").await, ask("home/now").await), (StatusCode::OK, StatusCode::FORBIDDEN));
    let staff = json!({ "role": "cashier", "permission": "manage_staff", "allowed": true });
    assert_eq!(
        call(&router, "localhost", "right/set", Some(&owner), &staff).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a cashier is never given the staff"
    );
    assert_eq!(call(&router, "localhost", "right/reset", Some(&owner), &json!({})).await, StatusCode::OK);
    assert_eq!((ask("router/list").await, ask("home/now").await), (StatusCode::FORBIDDEN, StatusCode::OK));
}

#[tokio::test]
async fn every_download_lets_in_whom_the_table_says() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    for (path, _) in downloads() {
        let nobody = fetch(&router, "localhost", path, None).await;
        assert!(matches!(nobody, StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER), "{path}, nobody: {nobody}");
        for host in ["10000001.localhost", "elsewhere.test"] {
            assert_eq!(fetch(&router, host, path, None).await, StatusCode::NOT_FOUND, "{path} on {host}");
        }
    }
    for role in Role::ALL {
        let cookie = log_in_as(&app, role).await;
        for (path, permission) in downloads() {
            let status = fetch(&router, "localhost", path, Some(&cookie)).await;
            if allows(role, permission) {
                let shut = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::INTERNAL_SERVER_ERROR];
                assert!(!shut.contains(&status), "{path} as {role}: {status}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{path} as {role}");
            }
        }
    }
}

#[tokio::test]
async fn the_office_is_on_its_own_host_only() {
    let mut app = TestApp::sqlite("2026-01-15 10:00").await;
    let cookie = log_in_as(&app, Role::Owner).await;
    let package = app.package("Home", 300_000, 1).await;
    app.service("10000001", package, "2025-06-01").await;
    let everywhere = router(app.state.clone());
    let mut config = (*app.state.config).clone();
    config.admin_host = Some("kantor.test".to_owned());
    app.state.config = Arc::new(config);
    let apart = router(app.state.clone());
    for (path, _, body) in functions() {
        for host in ["10000001.localhost", "nobody.localhost", "elsewhere.test"] {
            assert_eq!(
                call(&everywhere, host, path, Some(&cookie), &body).await,
                StatusCode::NOT_FOUND,
                "{path} on {host}"
            );
        }
        for host in ["localhost", "10000001.localhost", "elsewhere.test"] {
            assert_eq!(call(&apart, host, path, Some(&cookie), &body).await, StatusCode::NOT_FOUND, "{path} on {host}");
        }
        assert_ne!(call(&apart, "kantor.test", path, Some(&cookie), &body).await, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(call(&apart, "kantor.test", "shell", Some(&cookie), &json!({})).await, StatusCode::OK);
    assert_eq!(call(&apart, "kantor.test", "shell", None, &json!({})).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn income_is_not_sent_to_whom_it_is_none_of_his_business() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    let (owner, cashier) = (log_in_as(&app, Role::Owner).await, log_in_as(&app, Role::Cashier).await);
    let viewer = log_in_as(&app, Role::Viewer).await;
    let sent = async |cookie: &str| {
        let read = async |path: &str| -> Value {
            let mut request = post_json(&format!("/api/admin/{path}"), &json!({}));
            request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
            ask(&router, request).await.json()
        };
        let (now, chart) = (read("home/now").await, read("home/revenue").await);
        let income = [&now["billed"], &now["collected"], &chart].map(|part| !part.is_null());
        (income, [&now["outstanding"], &now["overdue"]].map(|part| !part.is_null()))
    };
    for all in [&owner, &viewer] {
        assert_eq!(sent(all).await, ([true; 3], [true; 2]));
    }
    assert_eq!(sent(&cashier).await, ([false; 3], [true; 2]), "what is owed is a cashier's business");
    for (permission, allowed) in [("view_reports", true), ("view_invoices", false)] {
        let cell = json!({ "role": "cashier", "permission": permission, "allowed": allowed });
        assert_eq!(call(&router, "localhost", "right/set", Some(&owner), &cell).await, StatusCode::OK);
    }
    assert_eq!(sent(&cashier).await, ([true; 3], [false; 2]));
}
