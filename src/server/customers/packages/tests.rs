//! Packages on both engines.

use super::*;
use crate::server::testing::TestApp;

fn form(name: &str, price: i64) -> PackageForm {
    PackageForm {
        name: name.to_owned(),
        price: Rupiah(price),
        profile: "Home-20M".to_owned(),
        down_kbps: 20_000,
        up_kbps: 10_000,
        duration_months: 1,
    }
}

#[tokio::test]
async fn another_price_is_for_later_months_and_what_was_issued_stays() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let id = add(&t.state, Who::command(), form("Home", 300_000)).await.unwrap();
        let siti = t.service("SITI", id, "2025-06-01").await;
        t.issue("2026-01").await;
        let february: NaiveDate = "2026-02-01".parse().unwrap();
        update(&t.state, Who::command(), id, form("Home", 350_000), february).await.unwrap();
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        let totals: Vec<i64> = t.bills(siti).await.iter().map(|bill| bill.1).collect();
        assert_eq!(totals, [300_000, 350_000], "{}", t.state.db.engine());
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_package_in_use_stays_and_an_unused_one_can_go() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let used = add(&t.state, Who::command(), form("Dipakai", 300_000)).await.unwrap();
        let spare = add(&t.state, Who::command(), form("Cadangan", 200_000)).await.unwrap();
        t.service("SITI", used, "2025-06-01").await;
        let Err(Error::Refused(words)) = remove(&t.state, Who::command(), used).await else { panic!("removed") };
        assert!(words.contains("1 layanan"), "{words}");
        let longer = PackageForm { duration_months: 12, ..form("Dipakai", 300_000) };
        let today = t.state.clock.today();
        let answer = update(&t.state, Who::command(), used, longer, today).await;
        assert!(matches!(answer, Err(Error::Invalid { field, .. }) if field == "duration_months"));
        let twin = update(&t.state, Who::command(), spare, form("Dipakai", 200_000), today).await;
        assert!(matches!(twin, Err(Error::Invalid { field, .. }) if field == "name"));
        set_active(&t.state, Who::command(), used, false).await.unwrap();
        remove(&t.state, Who::command(), spare).await.unwrap();
        assert!(matches!(remove(&t.state, Who::command(), spare).await, Err(Error::NotFound(_))));
    }
}
