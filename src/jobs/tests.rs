use super::schedule::{install, tick};
use super::worker::{self, Drained};
use crate::server::testing::TestApp;
use crate::{args, sql};
use std::time::Duration;

sql!(RUNS = "SELECT job, slot, state FROM job_run ORDER BY id");
sql!(NEXT_AT = "SELECT next_at FROM schedule WHERE job = $1");
sql!(ISSUED_ON = "SELECT period, issued_on, due_on FROM invoice ORDER BY id");

async fn runs(app: &TestApp) -> Vec<(String, String, String)> {
    app.state.db.all(RUNS, args![]).await.unwrap()
}

async fn next_at(app: &TestApp, job: &str) -> String {
    let (at,): (chrono::DateTime<chrono::Utc>,) = app.state.db.one(NEXT_AT, args![job]).await.unwrap();
    at.with_timezone(&app.state.clock.zone()).format("%Y-%m-%d %H:%M").to_string()
}

async fn run_due(app: &TestApp) -> Drained {
    tick(&app.state).await.unwrap();
    worker::drain(&app.state, Duration::from_secs(30)).await.unwrap()
}

#[tokio::test]
async fn the_first_start_makes_up_for_nothing() {
    for app in TestApp::each("2026-01-20 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        app.service("10000001", package, "2025-06-01").await;
        install(&app.state).await.unwrap();
        assert_eq!(tick(&app.state).await.unwrap(), 0);
        assert_eq!(next_at(&app, "invoicing").await, "2026-02-01 00:01");
        assert_eq!(next_at(&app, "isolir").await, "2026-01-21 08:00");
        run_due(&app).await;
        assert!(runs(&app).await.is_empty());
        app.at("2026-02-01 00:01");
        run_due(&app).await;
        let bills: Vec<(String, chrono::NaiveDate, chrono::NaiveDate)> =
            app.state.db.all(ISSUED_ON, args![]).await.unwrap();
        assert_eq!(bills.len(), 1);
        assert_eq!((bills[0].0.as_str(), bills[0].1.to_string()), ("2026-02", "2026-02-01".to_owned()));
    }
}

#[tokio::test]
async fn a_server_that_slept_over_the_first_bills_once_with_todays_date() {
    for app in TestApp::each("2026-01-20 10:00").await {
        let package = app.package("Home", 300_000, 1).await;
        let service = app.service("10000001", package, "2025-06-01").await;
        install(&app.state).await.unwrap();
        app.at("2026-02-03 09:00");
        run_due(&app).await;
        run_due(&app).await;
        let bills: Vec<(String, chrono::NaiveDate, chrono::NaiveDate)> =
            app.state.db.all(ISSUED_ON, args![]).await.unwrap();
        assert_eq!(bills.len(), 1, "{:?}", app.bills(service).await);
        assert_eq!(bills[0].1.to_string(), "2026-02-03");
        assert_eq!(bills[0].2.to_string(), "2026-02-10");
        let invoicing: Vec<_> = runs(&app).await.into_iter().filter(|run| run.0 == "invoicing").collect();
        assert_eq!(invoicing, [("invoicing".to_owned(), "2026-01-31T17:01:00Z".to_owned(), "done".to_owned())]);
        // Daily jobs made up for their fourteen missed slots once, frequent ones not at all.
        let count = |runs: &[(String, String, String)], job: &str| runs.iter().filter(|run| run.0 == job).count();
        let all = runs(&app).await;
        assert_eq!((count(&all, "isolir"), count(&all, "prorate"), count(&all, "router_sweep")), (1, 1, 0));
        assert_eq!(next_at(&app, "isolir").await, "2026-02-04 08:00");
    }
}

#[tokio::test]
async fn every_month_that_was_missed_is_billed() {
    let app = TestApp::sqlite("2026-01-20 10:00").await;
    let package = app.package("Home", 300_000, 1).await;
    let service = app.service("10000001", package, "2025-06-01").await;
    install(&app.state).await.unwrap();
    app.at("2026-03-15 10:00");
    run_due(&app).await;
    let periods: Vec<String> = app.bills(service).await.into_iter().map(|bill| bill.0).collect();
    assert_eq!(periods, ["2026-02", "2026-03"]);
}

#[tokio::test]
async fn two_processes_run_a_slot_once() {
    for app in TestApp::each("2026-01-20 07:59").await {
        install(&app.state).await.unwrap();
        app.at("2026-01-20 08:00");
        let ticks = futures::future::join_all((0..6).map(|_| tick(&app.state))).await;
        let enqueued: usize = ticks.into_iter().map(Result::unwrap).sum();
        assert_eq!(runs(&app).await.len(), enqueued);
        assert_eq!(runs(&app).await.iter().filter(|run| run.0 == "isolir").count(), 1);
    }
}

#[tokio::test]
async fn another_isolir_time_moves_the_next_run() {
    let app = TestApp::sqlite("2026-01-20 07:00").await;
    install(&app.state).await.unwrap();
    app.set(&[("isolir.time", "10:30")]).await;
    tick(&app.state).await.unwrap();
    assert_eq!(next_at(&app, "isolir").await, "2026-01-20 10:30");
}

#[tokio::test]
async fn the_worker_stops_when_told() {
    let app = TestApp::sqlite("2026-01-20 07:00").await;
    let worker = tokio::spawn(worker::run(app.state.clone()));
    let clock = tokio::spawn(super::schedule::run(app.state.clone()));
    app.state.stop.cancel();
    tokio::time::timeout(Duration::from_secs(9), async {
        worker.await.unwrap();
        clock.await.unwrap();
    })
    .await
    .unwrap();
}
