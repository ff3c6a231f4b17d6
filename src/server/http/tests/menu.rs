//! The menu of each role: every entry opens, and `/admin` leads everybody to a page that is his.

use super::{ask, get, log_in_as};
use crate::app::admin::menu;
use crate::server::guard::{Rights, Role};
use crate::server::http::router;
use crate::server::testing::TestApp;
use axum::http::{HeaderValue, StatusCode};

#[tokio::test]
async fn every_entry_of_everybodys_menu_opens() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    for role in Role::ALL {
        let cookie = log_in_as(&app, role).await;
        let open = async |path: &str| {
            let mut request = get(path);
            request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
            ask(&router, request).await
        };
        let rights = Rights::delivered(role);
        for item in menu::of(rights) {
            let page = open(&item.href).await;
            assert_eq!(page.status, StatusCode::OK, "{} as {role}", item.href);
            assert!(!page.text.contains("Anda tidak berhak"), "{} as {role} shows a refusal", item.href);
        }
        let home = open("/admin").await;
        match menu::start(role, rights).as_str() {
            "/admin" => assert_eq!(home.status, StatusCode::OK, "{role}"),
            start => assert_eq!((home.status, home.header("location")), (StatusCode::SEE_OTHER, start), "{role}"),
        }
    }
}
