use super::*;
use crate::server::audit::Who;
use crate::server::ledger::Source;
use crate::server::testing::TestApp;

sql!(TEST_STAGE = "SELECT stage, desired, package_id FROM service WHERE id = $1");

pub async fn context(t: &TestApp) -> AccessContext {
    AccessContext {
        settings: t.state.settings().await.unwrap(),
        today: t.state.clock.today(),
        now: t.state.clock.now(),
        who: Who::command(),
    }
}

async fn planned(t: &TestApp, service: i64, change: Change) -> Result<NaiveDate> {
    let ctx = context(t).await;
    let mut tx = t.state.db.begin().await.unwrap();
    let answer = plan(&mut tx, &ctx, service, &change, None, "pindah rumah").await;
    tx.commit().await.unwrap();
    answer
}

#[tokio::test]
async fn who_stops_from_next_month_is_billed_no_more() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let budi = t.service("BUDI", package, "2025-06-01").await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        assert_eq!(planned(&t, budi, Change::Stop).await.unwrap().to_string(), "2026-02-01");
        assert!(planned(&t, budi, Change::Stop).await.is_err(), "planned once");
        // His payment makes no bill for a month that he does not use.
        t.cash(budi, 300_000).await;
        assert_eq!(t.bills(budi).await.len(), 1);
        // Nor does a run ahead of the month, which says so.
        let ahead = t.issue("2026-02").await;
        let told = |run: crate::server::ledger::IssueReport| {
            run.skipped.into_iter().map(|skip| (skip.service_number, skip.reason)).collect::<Vec<_>>()
        };
        assert_eq!(told(ahead), [("BUDI".to_owned(), "akan berhenti".to_owned())]);
        assert_eq!((t.bills(budi).await.len(), t.bills(sari).await.len()), (1, 2));
        t.at("2026-02-01 00:01");
        let punctual = t.issue("2026-02").await;
        assert_eq!(told(punctual), [("BUDI".to_owned(), "berhenti sesuai rencana".to_owned())]);
        let (stage, desired, _): (String, String, i64) = t.state.db.one(TEST_STAGE, args![budi]).await.unwrap();
        assert_eq!((stage.as_str(), desired.as_str()), ("berhenti", "disabled"));
        for month in ["2026-02", "2026-03", "2026-04"] {
            t.at(&format!("{month}-01 00:01"));
            t.issue(month).await;
        }
        assert_eq!(t.bills(budi).await.len(), 1);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn another_package_costs_its_own_price_from_its_month_on() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let small = t.package("Home 10", 200_000, 1).await;
        let large = t.package("Home 20", 300_000, 1).await;
        let budi = t.service("BUDI", small, "2025-06-01").await;
        t.issue("2026-01").await;
        planned(&t, budi, Change::Package(large)).await.unwrap();
        t.cash(budi, 200_000).await;
        assert_eq!(t.bills(budi).await.len(), 1, "next month's price is not this month's");
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        let bills = t.bills(budi).await;
        assert_eq!(bills.iter().map(|bill| bill.1).collect::<Vec<_>>(), [200_000, 300_000]);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_month_that_is_billed_is_used_and_a_plan_can_be_taken_back() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let budi = t.service("BUDI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let form = t.form(budi, 300_000, Source::Transfer);
        t.state.ledger(Who::command()).await.unwrap().settle(form).await.unwrap();
        assert_eq!(planned(&t, budi, Change::Stop).await.unwrap().to_string(), "2026-03-01", "February is billed");
        let ctx = context(&t).await;
        let mut tx = t.state.db.begin().await.unwrap();
        let id: i64 = tx.number(TEST_PLAN, args![budi]).await.unwrap();
        cancel(&mut tx, &ctx, id).await.unwrap();
        tx.commit().await.unwrap();
        t.at("2026-03-01 00:01");
        t.issue("2026-03").await;
        assert_eq!(t.bills(budi).await.len(), 3);
    }
}

#[tokio::test]
async fn who_comes_back_pays_the_days_that_are_left() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let budi = t.service("BUDI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        planned(&t, budi, Change::Stop).await.unwrap();
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        t.at("2026-03-17 09:00");
        let (ctx, ledger) = (context(&t).await, t.state.ledger(Who::command()).await.unwrap());
        let mut tx = t.state.db.begin().await.unwrap();
        let bill = restart(&mut tx, &ledger, &ctx, budi).await.unwrap();
        assert!(restart(&mut tx, &ledger, &ctx, budi).await.is_err());
        tx.commit().await.unwrap();
        assert!(bill.is_some());
        // 15 of 31 days.
        assert_eq!(t.bills(budi).await.last().unwrap().1, 145_161);
        let (stage, desired, _): (String, String, i64) = t.state.db.one(TEST_STAGE, args![budi]).await.unwrap();
        assert_eq!((stage.as_str(), desired.as_str()), ("aktif", "normal"));
        t.assert_books().await;
    }
}

sql!(TEST_PLAN = "SELECT id FROM service_change WHERE service_id = $1 AND state = 'planned'");
