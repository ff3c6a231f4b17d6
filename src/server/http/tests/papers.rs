//! Papers over the web: who gets which, how a long one shows its progress, and that a transfer can go on.

use super::{ask, get, log_in_as};
use crate::server::documents::paper_tests::text;
use crate::server::guard::Role;
use crate::server::http::router;
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use tower::ServiceExt;

sql!(MAY_EXPORT = "INSERT INTO role_right (role, permission, allowed) VALUES ('technician', 'export', TRUE)");

async fn bytes(
    router: &Router,
    path: &str,
    cookie: Option<&str>,
    range: Option<&'static str>,
) -> (StatusCode, Vec<u8>) {
    let mut request = get(path);
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    }
    if let Some(range) = range {
        request.headers_mut().insert("range", HeaderValue::from_static(range));
    }
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, axum::body::to_bytes(response.into_body(), 50_000_000).await.unwrap().to_vec())
}

#[tokio::test]
async fn a_stranger_gets_the_papers_of_the_page_and_no_name() {
    for t in TestApp::each("2026-01-20 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        t.service("1000000123", package, "2025-06-01").await;
        t.service("1000000124", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let router = router(t.state.clone());
        let page = ask(&router, get("/billing/1000000123")).await.text;
        let public = t.state.secrets.public_id("invoice", 1).unwrap();
        let path = format!("/billing/1000000123/{public}/pdf");
        assert!(page.contains(&path), "the page leads to its paper: {page}");
        let (status, pdf) = bytes(&router, &path, None, None).await;
        assert_eq!(status, StatusCode::OK);
        let text = text(&pdf);
        assert!(text.contains("INV/2026/01/000001") && text.contains("Rp 300.000"), "{text}");
        assert!(!text.contains("1000000123 1000000123") && text.contains('*'), "the name is masked: {text}");
        for wrong in [
            format!("/billing/1000000124/{public}/pdf"),
            "/billing/1000000123/1/pdf".to_owned(),
            "/billing/1000000123/x/pdf".to_owned(),
            "/bayar/tidakada/kuitansi.pdf".to_owned(),
        ] {
            assert_eq!(bytes(&router, &wrong, None, None).await.0, StatusCode::NOT_FOUND, "{wrong}");
        }
        let mut refused = false;
        for _ in 0..400 {
            refused |= bytes(&router, "/billing/1000000123/x/pdf", None, None).await.0 == StatusCode::TOO_MANY_REQUESTS;
        }
        assert!(refused, "who tries many is told to wait");
    }
}

#[tokio::test]
async fn a_long_month_shows_its_progress_and_goes_on_where_it_broke_off() {
    for t in TestApp::each("2026-01-20 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        t.service("S0000", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let router = router(t.state.clone());
        let owner = log_in_as(&t, Role::Owner).await;
        let page = "/admin/tagihan/cetak?period=2026-01";
        let (status, _) = bytes(&router, page, Some(&owner), None).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "one bill is sent at once");
        let (status, short) = bytes(&router, "/admin/tagihan.pdf?period=2026-01", Some(&owner), None).await;
        assert!(status == StatusCode::OK && text(&short).contains("S0000"));
        for n in 1..260 {
            t.service(&format!("S{n:04}"), package, "2025-06-01").await;
        }
        t.issue("2026-01").await;
        assert_eq!(bytes(&router, page, Some(&owner), None).await.0, StatusCode::SEE_OTHER, "begun");
        let mut seen = String::new();
        for _ in 0..600 {
            seen = String::from_utf8(bytes(&router, page, Some(&owner), None).await.1).unwrap();
            if seen.contains("Selesai") {
                break;
            }
            assert!(seen.contains("<progress max=\"260\"") && seen.contains("http-equiv=\"refresh\""), "{seen}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(seen.contains("Selesai: 260 tagihan") && !seen.contains("refresh"), "{seen}");
        let file = "/admin/tagihan/cetak/unduh?period=2026-01";
        let (status, whole) = bytes(&router, file, Some(&owner), None).await;
        assert!(status == StatusCode::OK && whole.starts_with(b"%PDF") && whole.ends_with(b"%%EOF\n"));
        let (status, rest) = bytes(&router, file, Some(&owner), Some("bytes=1000-")).await;
        assert_eq!((status, rest.as_slice()), (StatusCode::PARTIAL_CONTENT, &whole[1000..]), "on where it broke off");
        // Squeezing what is squeezed already would take its length away, and with it the place to go on from.
        let mut asked = get(file);
        asked.headers_mut().insert("cookie", HeaderValue::from_str(&owner).unwrap());
        asked.headers_mut().insert("accept-encoding", HeaderValue::from_static("gzip, br"));
        let answer = router.clone().oneshot(asked).await.unwrap();
        assert!(answer.headers().get("content-encoding").is_none(), "{:?}", answer.headers());
        assert_eq!(answer.headers()["content-length"], whole.len().to_string());
        let (status, sent) = bytes(&router, "/admin/tagihan.pdf?period=2026-01", Some(&owner), None).await;
        assert!(status == StatusCode::OK && text(&sent).contains("S0259"), "sent while it is made");
        let (status, _) = bytes(&router, "/admin/tagihan.pdf?period=2025-01", Some(&owner), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        // Nor does the right to export alone bring what he may not see on the screen.
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(MAY_EXPORT, args![]).await.unwrap();
        tx.commit().await.unwrap();
        t.state.fresh_settings().await.unwrap();
        let viewer = log_in_as(&t, Role::Technician).await;
        for other in ["/admin/tagihan.xlsx", "/admin/pembayaran.xlsx", "/admin/laporan/ppn/xlsx"] {
            assert_eq!(bytes(&router, other, Some(&viewer), None).await.0, StatusCode::FORBIDDEN, "{other}");
        }
        let seen = bytes(&router, "/admin/terisolir.xlsx", Some(&viewer), None).await.0;
        assert_eq!(seen, StatusCode::OK, "what he sees he may take");
        assert_eq!(bytes(&router, file, Some(&viewer), None).await.0, StatusCode::FORBIDDEN);
    }
}
