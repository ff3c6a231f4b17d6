//! Many readers at once: a page that renders in time alone must render in time beside others.

use super::{ask, get, log_in_as};
use crate::server::guard::Role;
use crate::server::http::router;
use crate::server::testing::TestApp;
use axum::http::{HeaderValue, StatusCode};
use futures::StreamExt;
use futures::stream;

const PAGES: [&str; 10] = [
    "/admin",
    "/admin/pelanggan",
    "/admin/pelanggan?access=isolated",
    "/admin/tagihan",
    "/admin/terima",
    "/admin/impor",
    "/admin/terbitkan",
    "/admin/router",
    "/admin/pesan",
    "/admin/lainnya",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_of_the_office_stands_when_many_ask_at_once() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let package = app.package("Home", 300_000, 1).await;
    app.service("10000001", package, "2025-06-01").await;
    let cookie = HeaderValue::from_str(&log_in_as(&app, Role::Owner).await).unwrap();
    let router = router(app.state.clone());
    let wanted: Vec<&str> = PAGES.into_iter().cycle().take(60 * PAGES.len()).collect();
    let mut answers = stream::iter(wanted)
        .map(|path| {
            let mut request = get(path);
            request.headers_mut().insert("cookie", cookie.clone());
            let router = router.clone();
            let app = app.state.clone();
            async move {
                tokio::spawn(async move {
                    // A second site in this process is put together meanwhile; that must not hold the first one up.
                    let second = tokio::task::spawn_blocking(move || drop(super::super::router(app)));
                    let answer = ask(&router, request).await;
                    second.await.unwrap();
                    (path, answer)
                })
                .await
                .unwrap()
            }
        })
        .buffer_unordered(8);
    while let Some((path, answer)) = answers.next().await {
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        let title = if path.ends_with("isolated") { "<title>Pelanggan Terisolir" } else { "<title>" };
        assert!(answer.text.contains(title), "{path}");
    }
}
