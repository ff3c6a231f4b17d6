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

#[tokio::test]
async fn an_unknown_address_of_the_office_is_said_in_its_frame() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    let cookie = log_in_as(&app, Role::Cashier).await;
    for path in ["/admin/tidak-ada", "/admin/pelanggan/7/tidak-ada"] {
        let mut request = get(path);
        request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
        let page = ask(&router, request).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains(crate::app::text::NOT_FOUND_HINT), "{path}");
        assert!(page.text.contains("href=\"/admin/terima\""), "the menu is there: {path}");
        // A stranger learns nothing of what there is.
        let stranger = ask(&router, get(path)).await;
        assert_eq!(stranger.status, StatusCode::SEE_OTHER, "{path}");
        assert!(stranger.header("location").starts_with("/admin/masuk?lanjut="), "{path}");
    }
}

#[tokio::test]
async fn the_phones_menu_has_its_headings() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    let cookie = log_in_as(&app, Role::Collector).await;
    let mut request = get("/admin/lainnya");
    request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
    let page = ask(&router, request).await.text;
    let list = page.split("class=\"panel more\"").nth(1).unwrap();
    for (group, is_his) in [("PELANGGAN", true), ("TAGIHAN", true), ("PEMBAYARAN", true), ("PENGATURAN", false)] {
        assert_eq!(list.contains(&format!("<h2>{group}<")), is_his, "{group}");
    }
}

#[tokio::test]
async fn a_refused_page_of_staff_offers_nothing_to_do() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    for (role, may) in [(Role::Owner, true), (Role::Cashier, false)] {
        let cookie = log_in_as(&app, role).await;
        let mut request = get("/admin/pengguna");
        request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
        let page = ask(&router, request).await.text;
        assert_eq!(page.contains("Anda tidak berhak"), !may, "{role}");
        assert_eq!(page.contains("Undang pengguna"), may, "{role}");
        assert_eq!(page.contains("href=\"/admin/pengguna/hak\""), may, "{role}");
    }
}
