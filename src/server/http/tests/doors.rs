//! Hosts, log-in, limits, requests from other sites, headers.

use super::{ask, get, hire, log_in_as, post_form, post_json};
use crate::server::guard::Role;
use crate::server::http::router;
use crate::server::testing::TestApp;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use serde_json::json;
use std::sync::Arc;

fn on(host: &'static str, path: &str) -> Request<Body> {
    Request::get(path).header("host", host).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn each_host_has_its_own_site() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let package = app.package("Home", 300_000, 1).await;
    app.service("10000001", package, "2025-06-01").await;
    let router = router(app.state.clone());
    for host in ["localhost", "localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST"] {
        assert_eq!(ask(&router, on(host, "/")).await.status, StatusCode::OK, "{host}");
    }
    let portal = ask(&router, on("10000001.localhost:3000", "/")).await;
    assert_eq!(portal.status, StatusCode::SEE_OTHER);
    assert_eq!(portal.header("location"), "http://localhost:3000/billing?nomor_layanan=10000001");
    for (host, path) in [
        ("nobody.localhost", "/"),
        ("10000001.localhost", "/billing"),
        ("10000001.localhost", "/admin"),
        ("a.10000001.localhost", "/"),
        ("localhost.elsewhere.test", "/"),
        ("elsewhere.test", "/"),
        ("elsewhere.test", "/admin/masuk"),
    ] {
        assert_eq!(ask(&router, on(host, path)).await.status, StatusCode::NOT_FOUND, "{host}{path}");
    }
    for host in ["elsewhere.test", "10000001.localhost", "localhost"] {
        let health = ask(&router, on(host, "/health")).await;
        assert_eq!((health.status, health.json()["database"].clone()), (StatusCode::OK, json!("ok")), "{host}");
    }
    // Only `Host` counts.
    let mut claimed = on("elsewhere.test", "/");
    claimed.headers_mut().insert("x-forwarded-host", HeaderValue::from_static("localhost"));
    assert_eq!(ask(&router, claimed).await.status, StatusCode::NOT_FOUND);
    app.state.db.close().await;
    assert_eq!(ask(&router, on("localhost", "/health")).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn other_sites_may_look_up_and_nothing_else() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    let from = |mut request: Request<Body>, origin: &'static str, site: &'static str| {
        request.headers_mut().insert("origin", HeaderValue::from_static(origin));
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static(site));
        request
    };
    let evil = "https://evil.test";
    for path in [
        "/admin/keluar",
        "/admin/masuk",
        "/bayar",
        "/bayar/pilih",
        "/billing/pay",
        "/api/admin/issue/run",
        "/admin/impor/unggah",
    ] {
        let answer = ask(&router, from(post_form(path, ""), evil, "cross-site")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let look = from(post_json("/billing/check", &json!({ "customer_number": "1" })), evil, "cross-site");
    assert_eq!(ask(&router, look).await.status, StatusCode::NOT_FOUND);
    let ours = from(post_form("/admin/keluar", ""), "http://localhost:3000", "same-origin");
    assert_eq!(ask(&router, ours).await.status, StatusCode::SEE_OTHER);
    // Scripts send no origin.
    let script = ask(&router, post_json("/billing/pay", &json!({}))).await;
    assert_eq!(script.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn log_in_and_out() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    hire(&app, "rina@kantor.test", Role::Cashier, "rahasia-sekali").await;
    let router = router(app.state.clone());
    let shut = ask(&router, get("/admin/pelanggan?q=budi")).await;
    assert_eq!(
        (shut.status, shut.header("location")),
        (StatusCode::SEE_OTHER, "/admin/masuk?lanjut=%2Fadmin%2Fpelanggan%3Fq%3Dbudi")
    );
    let wrong =
        ask(&router, post_form("/admin/masuk", "email=rina%40kantor.test&password=salah&lanjut=%2Fadmin")).await;
    let nobody =
        ask(&router, post_form("/admin/masuk", "email=nobody%40kantor.test&password=salah&lanjut=%2Fadmin")).await;
    assert_eq!((wrong.status, wrong.header("location")), (nobody.status, nobody.header("location")));
    assert_eq!(wrong.header("set-cookie"), "");
    let form = "email=+RINA%40kantor.test&password=rahasia-sekali&lanjut=%2Fadmin%2Fpelanggan%3Fq%3Dbudi";
    let right = ask(&router, post_form("/admin/masuk", form)).await;
    assert_eq!(right.header("location"), "/admin/pelanggan?q=budi");
    let cookie = right.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("kimonet_sid=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap().to_owned();
    let with = |mut request: Request<Body>, cookie: &str| {
        request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
        request
    };
    let page = ask(&router, with(get("/admin"), &pair)).await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("'nonce-") && policy.contains("'wasm-unsafe-eval'") && !policy.contains("'unsafe-inline'"),
        "{policy}"
    );
    assert!(!page.text.contains(" style=\""), "no styles in the markup");

    // Logging in again leaves the old session; used every hour a session stays; unused for 12 hours it goes.
    let again = ask(&router, with(post_form("/admin/masuk", form), &pair)).await;
    assert_eq!(ask(&router, with(get("/admin"), &pair)).await.status, StatusCode::SEE_OTHER);
    let second = again.header("set-cookie").split(';').next().unwrap().to_owned();
    for _ in 0..20 {
        app.state.clock.advance(chrono::Duration::hours(1));
        assert_eq!(ask(&router, with(get("/admin"), &second)).await.status, StatusCode::OK);
    }
    app.state.clock.advance(chrono::Duration::hours(13));
    assert_eq!(ask(&router, with(get("/admin"), &second)).await.status, StatusCode::SEE_OTHER);

    let third = ask(&router, post_form("/admin/masuk", form)).await;
    let third = third.header("set-cookie").split(';').next().unwrap().to_owned();
    let out = ask(&router, with(post_form("/admin/keluar", ""), &third)).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(ask(&router, with(get("/admin"), &third)).await.status, StatusCode::SEE_OTHER);
    for elsewhere in ["https%3A%2F%2Fevil.test", "%2F%2Fevil.test", "%2Fadmin%5C%5Cevil.test"] {
        let form = format!("email=rina%40kantor.test&password=rahasia-sekali&lanjut={elsewhere}");
        assert_eq!(ask(&router, post_form("/admin/masuk", &form)).await.header("location"), "/admin", "{elsewhere}");
    }
}

#[tokio::test]
async fn ten_wrong_passwords_are_enough() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    hire(&app, "rina@kantor.test", Role::Cashier, "rahasia-sekali").await;
    let router = router(app.state.clone());
    let wrong = || ask(&router, post_form("/admin/masuk", "email=rina%40kantor.test&password=salah"));
    let tries = futures::future::join_all((0..14).map(|_| wrong())).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count(), 4);
    let right = ask(&router, post_form("/admin/masuk", "email=rina%40kantor.test&password=rahasia-sekali")).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let mut app = TestApp::sqlite("2026-01-15 10:00").await;
    hire(&app, "rina@kantor.test", Role::Owner, "rahasia-sekali").await;
    let mut config = (*app.state.config).clone();
    config.base_url = url::Url::parse("https://tagihan.test").unwrap();
    app.state.config = Arc::new(config);
    let router = router(app.state.clone());
    let mut request = post_form("/admin/masuk", "email=rina%40kantor.test&password=rahasia-sekali");
    request.headers_mut().insert("host", HeaderValue::from_static("tagihan.test"));
    let answer = ask(&router, request).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-sid=") && cookie.contains("Secure") && cookie.contains("Path=/"), "{cookie}");
    assert!(answer.header("strict-transport-security").contains("max-age"));
    assert_eq!(
        ask(&router, on("localhost", "/")).await.status,
        StatusCode::NOT_FOUND,
        "this machine is no base host there"
    );
}

#[tokio::test]
async fn files_are_for_those_who_may() {
    let app = TestApp::sqlite("2026-01-15 10:00").await;
    let router = router(app.state.clone());
    assert_eq!(ask(&router, get("/contoh-impor.xlsx")).await.status, StatusCode::OK);
    for role in Role::ALL {
        let cookie = log_in_as(&app, role).await;
        let mut request = get("/admin/ekspor.xlsx");
        request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
        let answer = ask(&router, request).await;
        let may = matches!(role, Role::Owner | Role::Admin);
        assert_eq!(answer.status, if may { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{role}");
    }
}
