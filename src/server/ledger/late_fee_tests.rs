//! The fee for paying late: off, once, and for whom it is not.

use super::*;
use crate::server::access::AccessContext;
use crate::server::access::holds;
use crate::server::testing::TestApp;

sql!(
    FEES = "SELECT i.number, l.text, l.amount, i.status FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE l.kind = 'late_fee' ORDER BY l.id"
);

type Fee = (String, String, i64, String);

async fn fees(t: &TestApp) -> Vec<Fee> {
    t.state.db.all(FEES, args![]).await.unwrap()
}

async fn run(t: &TestApp) -> (i64, i64) {
    let (count, sum) = issue_late_fees(&t.state).await.unwrap();
    (count, sum.0)
}

#[tokio::test]
async fn off_by_default_then_once_for_each_overdue_bill() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let (siti, budi) =
            (t.service("Siti", package, "2025-06-01").await, t.service("Budi", package, "2025-06-01").await);
        t.issue("2026-01").await;
        t.cash(siti, 100_000).await;
        t.cash(budi, 300_000).await;
        t.at("2026-01-13 00:10");
        assert_eq!(run(&t).await, (0, 0), "off");
        t.set(&[
            ("invoice.late_fee.mode", "percent"),
            ("invoice.late_fee.percent", "2"),
            ("invoice.late_fee.days", "3"),
        ])
        .await;
        t.at("2026-01-12 23:00");
        assert_eq!(run(&t).await, (0, 0), "due on the 10th: the third day after is the 13th");
        t.at("2026-01-13 00:10");
        let settings = t.state.fresh_settings().await.unwrap();
        let expected = late_fees_on(&t.state, &settings, t.state.clock.today()).await.unwrap();
        assert_eq!((expected, run(&t).await), ((1, Rupiah(4_000)), (1, 4_000)), "2 % of the 200,000 that are left");
        assert_eq!(run(&t).await, (0, 0), "once");
        assert_eq!(
            t.bills(siti).await[0],
            ("2026-01".to_owned(), 300_000, 100_000, "partial".to_owned()),
            "an issued bill stays"
        );
        let all = fees(&t).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].1, "Denda keterlambatan INV/2026/01/000001");
        // Neither does the fee bear a fee, nor comes it again when it was taken back.
        let fee = t.state.db.number(FEE_ID, args![]).await.unwrap();
        t.at("2026-01-30 00:10");
        assert_eq!(run(&t).await, (0, 0), "no fee on a fee");
        t.state.ledger(Who::command()).await.unwrap().void_invoice(fee, "kebijakan pemilik").await.unwrap();
        t.at("2026-01-31 00:10");
        assert_eq!((run(&t).await, fees(&t).await[0].3.as_str()), ((0, 0), "void"));
        t.assert_books().await;
    }
}

sql!(FEE_ID = "SELECT invoice_id FROM invoice_line WHERE kind = 'late_fee'");

#[tokio::test]
async fn not_while_a_promise_holds_not_for_old_arrears_not_for_months_before() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[
            ("invoice.late_fee.mode", "amount"),
            ("invoice.late_fee.amount", "5000"),
            ("invoice.late_fee.days", "1"),
            ("invoice.late_fee.from", "2026-01"),
        ])
        .await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let (siti, lama) =
            (t.service("Siti", package, "2025-06-01").await, t.service("Lama", package, "2025-06-01").await);
        let ledger = t.state.ledger(Who::command()).await.unwrap();
        let mut tx = t.state.db.begin().await.unwrap();
        let payer = super::super::take_turn_of(&mut tx, lama).await.unwrap();
        ledger.open_books(&mut tx, lama, payer, Rupiah(700_000), Rupiah::ZERO).await.unwrap();
        tx.commit().await.unwrap();
        t.issue("2025-12").await;
        t.issue("2026-01").await;
        t.at("2026-01-11 00:10");
        let ctx = AccessContext::now(&t.state, Who::command()).await.unwrap();
        let mut tx = t.state.db.begin().await.unwrap();
        holds::promise(&mut tx, &ctx, siti, "2026-01-14".parse().unwrap(), "gajian").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(run(&t).await, (1, 5_000), "Lama's January only: not his arrears, not December, not Siti");
        t.at("2026-01-14 00:10");
        assert_eq!(run(&t).await, (0, 0), "the promise's last day");
        t.at("2026-01-15 00:10");
        assert_eq!(run(&t).await, (1, 5_000), "the promise is over");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_payment_between_the_look_and_the_fee_counts() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[
            ("invoice.late_fee.mode", "amount"),
            ("invoice.late_fee.amount", "5000"),
            ("invoice.late_fee.days", "1"),
        ])
        .await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-11 00:10");
        let ledger = t.state.ledger(Who::system()).await.unwrap();
        let rule = late_fee_rule(&ledger.settings).unwrap();
        let seen: Late = t
            .state
            .db
            .one(LATE, args!["2026-01-10".parse::<NaiveDate>().unwrap(), "", ledger.today, 0_i64, 0_i64, 1_i64])
            .await
            .unwrap();
        t.cash(siti, 300_000).await;
        let mut tx = t.state.db.begin().await.unwrap();
        assert_eq!(ledger.late_fee(&mut tx, &rule, &seen).await.unwrap(), None, "paid since it was looked at");
        tx.commit().await.unwrap();
        t.assert_books().await;
    }
}
