//! What machines call: old cron lines, and Prometheus.

use super::{ask, get};
use crate::jobs::{schedule, worker};
use crate::server::http::router;
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::http::{HeaderValue, StatusCode};
use std::time::Duration;

const TOKEN: &str = "token-cron-yang-panjang";

sql!(RUNS_OF = "SELECT slot, state, who FROM job_run WHERE job = $1 ORDER BY id");
sql!(WORK_OF = "SELECT COUNT(*) FROM work WHERE kind = 'run_job' AND lane = $1");

async fn runs(app: &TestApp, job: &str) -> Vec<(String, String, String)> {
    app.state.db.all(RUNS_OF, args![job]).await.unwrap()
}

#[tokio::test]
async fn an_old_cron_line_needs_its_token() {
    let app = TestApp::sqlite("2026-01-15 08:00").await;
    let site = router(app.state.clone());
    let path = format!("/cron.php?command=auto-isolir&token={TOKEN}");
    // None is set: nothing fits, not even an empty one.
    for path in [path.as_str(), "/cron.php?command=auto-isolir&token=", "/cron.php?command=auto-isolir", "/cron.php"] {
        assert_eq!(ask(&site, get(path)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    app.set(&[("cron.token", TOKEN)]).await;
    for path in
        ["/cron.php?command=auto-isolir", "/cron.php?command=auto-isolir&token=salah", "/cron.php?command=apa&token=x"]
    {
        assert_eq!(ask(&site, get(path)).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(runs(&app, "isolir").await.is_empty());
    let unknown = ask(&site, get(&format!("/cron.php?command=hapus-semua&token={TOKEN}"))).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.text.contains("generate-invoice"), "{}", unknown.text);
    let answer = ask(&site, get(&path)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(answer.text.starts_with("OK: auto-isolir dijalankan"), "{}", answer.text);
}

#[tokio::test]
async fn twice_in_its_slot_runs_once_and_with_the_schedule_once() {
    for app in TestApp::each("2026-01-31 12:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let service = app.service("10000001", package, "2025-06-01").await;
        app.set(&[("cron.token", TOKEN)]).await;
        let site = router(app.state.clone());
        schedule::install(&app.state).await.unwrap();
        app.at("2026-02-01 00:01");
        let line = format!("/cron.php?command=generate-invoice&token={TOKEN}");
        // The old line comes first, twice, then the schedule, then the line again.
        assert!(ask(&site, get(&line)).await.text.contains("dijalankan untuk"));
        assert!(ask(&site, get(&line)).await.text.contains("sudah dijalankan"));
        schedule::tick(&app.state).await.unwrap();
        worker::drain(&app.state, Duration::from_secs(60)).await.unwrap();
        assert!(ask(&site, get(&line)).await.text.contains("sudah dijalankan"));
        worker::drain(&app.state, Duration::from_secs(60)).await.unwrap();
        let all = runs(&app, "invoicing").await;
        assert_eq!(all, [("2026-01-31T17:01:00Z".to_owned(), "done".to_owned(), "cron.php".to_owned())]);
        assert_eq!(app.state.db.number(WORK_OF, args!["job:invoicing"]).await.unwrap(), 1);
        assert_eq!(app.bills(service).await.len(), 1);
        // The schedule first, the line a second later.
        app.at("2026-02-01 08:00");
        schedule::tick(&app.state).await.unwrap();
        let line = format!("/cron.php?command=auto-isolir&token={TOKEN}");
        assert!(ask(&site, get(&line)).await.text.contains("sudah dijalankan"));
        assert_eq!(runs(&app, "isolir").await.len(), 1);
    }
}

#[tokio::test]
async fn numbers_for_prometheus_need_their_token() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let service = app.service("10000001", package, "2025-06-01").await;
        app.issue("2026-01").await;
        app.cash(service, 300_000).await;
        let site = router(app.state.clone());
        assert_eq!(ask(&site, get("/metrics")).await.status, StatusCode::FORBIDDEN);
        app.set(&[("metrics.token", TOKEN)]).await;
        assert_eq!(ask(&site, get("/metrics?token=salah")).await.status, StatusCode::FORBIDDEN);
        let mut request = get("/metrics");
        request.headers_mut().insert("authorization", HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap());
        let by_header = ask(&site, request).await;
        assert_eq!(by_header.status, StatusCode::OK, "{}", by_header.text);
        let answer = ask(&site, get(&format!("/metrics?token={TOKEN}"))).await;
        for line in [
            "kimonet_payments_today{method=\"cash\"} 1",
            "kimonet_payments_today_rupiah{method=\"cash\"} 300000",
            "kimonet_work_oldest_due_seconds 0",
            "kimonet_http_requests_total{status=\"4xx\"} 2",
        ] {
            assert!(answer.text.lines().any(|found| found == line), "{line}\n{}", answer.text);
        }
        // Every line is a comment or a name with a number: what Prometheus can read.
        for line in answer.text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("kimonet_") && value.parse::<i64>().is_ok(), "{line}");
        }
    }
}
