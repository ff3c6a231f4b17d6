//! The life of a service in money: another package, pause, stop, come back; and what it costs besides its package.

use super::*;
use crate::billing::Rupiah;
use crate::server::customers::change::{self, Wish};
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::customers::packages;
use crate::server::customers::planned::Change;
use crate::server::error::Error;
use crate::server::testing::{Bill, TestApp};

crate::sql!(
    LINES = "SELECT l.kind, l.amount FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.service_id = $1 AND i.period = $2 AND i.status <> 'void' ORDER BY l.id"
);
crate::sql!(CREDIT_LINES = "SELECT kind, amount FROM credit_line ORDER BY id");
crate::sql!(STAGE = "SELECT stage, desired FROM service WHERE id = $1");

fn bill(period: &str, total: i64, paid: i64, status: &str) -> Bill {
    (period.to_owned(), total, paid, status.to_owned())
}

async fn wish(t: &TestApp, service_id: i64, change: Change, today: bool, preview: bool) -> Result<Changed> {
    let from = today.then(|| t.state.clock.today());
    let reason = "Permintaan pelanggan".to_owned();
    change::carry(&t.state, Who::command(), Wish { service_id, change, from, reason, preview }).await
}

async fn lines(t: &TestApp, service_id: i64, period: &str) -> Vec<(String, i64)> {
    t.state.db.all(LINES, args![service_id, period]).await.unwrap()
}

fn line(kind: &str, amount: i64) -> (String, i64) {
    (kind.to_owned(), amount)
}

#[tokio::test]
async fn an_upgrade_today_costs_the_difference_of_the_days_that_are_left() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let (small, large) = (t.package("Home 20M", 300_000, 1).await, t.package("Home 50M", 450_000, 1).await);
        let siti = t.service("Siti", small, "2025-06-01").await;
        t.issue("2026-01").await;
        t.cash(siti, 300_000).await;
        t.at("2026-01-15 10:00");
        let seen = wish(&t, siti, Change::Package(large), true, true).await.unwrap();
        assert_eq!((seen.total, t.bills(siti).await.len()), (Rupiah(82_258), 1), "a preview writes nothing");
        let done = wish(&t, siti, Change::Package(large), true, false).await.unwrap();
        assert_eq!(done.lines, seen.lines);
        assert_eq!(t.bills(siti).await[1], bill("2026-01", 82_258, 0, "open"));
        assert_eq!(lines(&t, siti, "2026-01").await[1..], [line("adjustment", -164_516), line("adjustment", 246_774)]);
        let again = wish(&t, siti, Change::Package(large), true, false).await.unwrap_err();
        assert!(matches!(again, Error::Invalid { field, .. } if field == "package_id"));
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        assert_eq!(t.bills(siti).await[2].1, 450_000);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_downgrade_today_is_a_note_of_credit_that_shows_both() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let (small, large) = (t.package("Home 20M", 300_000, 1).await, t.package("Home 50M", 450_000, 1).await);
        let siti = t.service("Siti", large, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-15 10:00");
        let done = wish(&t, siti, Change::Package(small), true, false).await.unwrap();
        assert_eq!(done.paper.as_deref(), Some("NK/2026/01/000001"));
        assert_eq!(t.bills(siti).await, [bill("2026-01", 450_000, 82_258, "partial")]);
        let shown: Vec<(String, i64)> = t.state.db.all(CREDIT_LINES, args![]).await.unwrap();
        assert_eq!(shown, [line("adjustment", -246_774), line("adjustment", 164_516)]);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_correction_is_priced_on_the_terms_of_the_bill_that_it_corrects() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let (small, large) = (t.package("Home 20M", 300_000, 1).await, t.package("Home 50M", 450_000, 1).await);
        let mut all = Vec::new();
        for name in ["Berhenti", "Ganti", "Diskon"] {
            all.push(t.service(name, small, "2025-06-01").await);
        }
        let who = Who::command;
        let none = DiscountWish::None;
        extras::set_discount(&t.state, who(), all[2], DiscountWish::Percent(1_000), None).await.unwrap();
        t.issue("2026-01").await;
        // All of this comes after the bill: it holds from February.
        t.set(&[("invoice.tax.pkp", "true"), ("invoice.tax.mode", "exclusive")]).await;
        for service in &all[..2] {
            extras::set_discount(&t.state, who(), *service, DiscountWish::Percent(5_000), None).await.unwrap();
            extras::set_price(&t.state, who(), *service, Some(Rupiah(100_000))).await.unwrap();
        }
        extras::set_discount(&t.state, who(), all[2], none, None).await.unwrap();
        t.at("2026-01-15 10:00");
        let stopped = wish(&t, all[0], Change::Stop, true, false).await.unwrap();
        assert_eq!(stopped.total, Rupiah(-164_516));
        let changed = wish(&t, all[1], Change::Package(large), true, false).await.unwrap();
        assert_eq!(changed.total, Rupiah(82_258));
        let changed = wish(&t, all[2], Change::Package(large), true, false).await.unwrap();
        assert_eq!(changed.total, Rupiah(74_032), "less the bill's ten percent");
        // A second change takes off what the first put on.
        t.at("2026-01-21 10:00");
        let stopped = wish(&t, all[1], Change::Stop, true, false).await.unwrap();
        assert_eq!(stopped.total, Rupiah(-159_677), "11 of 31 days at 450,000");
        let back = wish(&t, all[2], Change::Package(small), true, false).await.unwrap();
        assert_eq!(back.total, Rupiah(-47_902), "11 of 31 days of the difference, less ten percent");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_stop_reduces_what_is_unpaid_and_refunds_nothing() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let mut all = Vec::new();
        for name in ["Belum", "Sebagian", "Lunas"] {
            all.push(t.service(name, package, "2025-06-01").await);
        }
        t.issue("2026-01").await;
        t.cash(all[1], 100_000).await;
        t.cash(all[2], 300_000).await;
        t.at("2026-01-15 10:00");
        for service in &all {
            wish(&t, *service, Change::Stop, true, false).await.unwrap();
            let stage: (String, String) = t.state.db.one(STAGE, args![*service]).await.unwrap();
            assert_eq!(stage, ("berhenti".to_owned(), "disabled".to_owned()));
            assert!(matches!(wish(&t, *service, Change::Stop, true, false).await, Err(Error::Refused(_))));
        }
        // 14 of 31 days were used: 135,484 remain of 300,000.
        assert_eq!(t.bills(all[0]).await, [bill("2026-01", 300_000, 164_516, "partial")]);
        assert_eq!(t.bills(all[1]).await, [bill("2026-01", 300_000, 264_516, "partial")]);
        assert_eq!(
            t.bills(all[2]).await,
            [bill("2026-01", 300_000, 300_000, "paid"), bill("2026-02", 300_000, 0, "void")]
        );
        assert_eq!(t.saldo(all[2]).await, 0);
        t.at("2026-02-01 00:01");
        assert_eq!(t.issue("2026-02").await.issued, 0);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_pause_is_whole_months_without_bill_and_line_and_ends_by_itself() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-15 10:00");
        assert!(matches!(
            wish(&t, siti, Change::Pause(4), false, false).await,
            Err(Error::Invalid { field, .. }) if field == "months"
        ));
        assert_eq!(wish(&t, siti, Change::Pause(2), false, false).await.unwrap().from.to_string(), "2026-02-01");
        for month in ["2026-02", "2026-03"] {
            t.at(&format!("{month}-01 00:01"));
            assert_eq!(t.issue(month).await.issued, 0, "{month}");
            let stage: (String, String) = t.state.db.one(STAGE, args![siti]).await.unwrap();
            assert_eq!(stage, ("cuti".to_owned(), "disabled".to_owned()));
        }
        t.at("2026-04-01 00:01");
        assert_eq!(t.issue("2026-04").await.issued, 1);
        let stage: (String, String) = t.state.db.one(STAGE, args![siti]).await.unwrap();
        assert_eq!(stage, ("aktif".to_owned(), "normal".to_owned()));
        // Two of the year's three months are used.
        let full = wish(&t, siti, Change::Pause(2), false, false).await.unwrap_err();
        assert!(matches!(full, Error::Invalid { field, .. } if field == "months"));
        assert!(wish(&t, siti, Change::Pause(1), false, false).await.is_ok());
        t.at("2026-05-10 10:00");
        t.issue("2026-05").await;
        let back = change::resume(&t.state, Who::command(), siti, false).await.unwrap();
        assert_eq!(back.total, Rupiah(212_903), "22 of 31 days");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn what_is_rented_a_discount_and_a_price_of_its_own_hold_from_the_next_bill() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let mut all = Vec::new();
        for name in ["Alat", "Diskon", "Khusus", "Biasa"] {
            all.push(t.service(name, package, "2025-06-01").await);
        }
        t.issue("2026-01").await;
        let who = Who::command;
        let rent = ("Sewa alat", Rupiah(25_000));
        for _twice in 0..2 {
            let from = extras::add_on(&t.state, who(), all[0], rent, None, "form-1".to_owned()).await.unwrap();
            assert_eq!(from.to_string(), "2026-02", "January is billed already");
        }
        let percent = DiscountWish::Percent(1_000);
        extras::set_discount(&t.state, who(), all[1], percent, Some("2026-02".parse().unwrap())).await.unwrap();
        extras::set_price(&t.state, who(), all[2], Some(Rupiah(250_000))).await.unwrap();
        let march = "2026-03-01".parse().unwrap();
        assert_eq!(packages::plan_price(&t.state, who(), package, Rupiah(320_000), march).await.unwrap(), 3);
        // Who pays January gets February's bill by the same rule.
        t.cash(all[0], 300_000).await;
        assert_eq!(lines(&t, all[0], "2026-02").await, [line("subscription", 300_000), line("addon", 25_000)]);
        t.at("2026-02-01 00:01");
        let ledger = t.state.ledger(Who::system()).await.unwrap();
        let dry = IssueWish { period: None, scope: Scope::All, notify: false, dry_run: true };
        let rehearsal = ledger.issue(dry).await.unwrap();
        let run = t.issue("2026-02").await;
        assert_eq!((rehearsal.set_hash, rehearsal.total), (run.set_hash, run.total));
        assert_eq!(lines(&t, all[1], "2026-02").await, [line("subscription", 300_000), line("discount", -30_000)]);
        assert_eq!(lines(&t, all[2], "2026-02").await, [line("subscription", 250_000)]);
        t.at("2026-03-01 00:01");
        t.issue("2026-03").await;
        assert_eq!(lines(&t, all[0], "2026-03").await, [line("subscription", 320_000), line("addon", 25_000)]);
        assert_eq!(lines(&t, all[1], "2026-03").await, [line("subscription", 320_000)]);
        assert_eq!(lines(&t, all[2], "2026-03").await, [line("subscription", 250_000)]);
        extras::end_add_on(&t.state, who(), 1).await.unwrap();
        extras::set_price(&t.state, who(), all[2], None).await.unwrap();
        t.at("2026-04-01 00:01");
        t.issue("2026-04").await;
        assert_eq!(lines(&t, all[0], "2026-04").await, [line("subscription", 320_000)]);
        assert_eq!(lines(&t, all[2], "2026-04").await, [line("subscription", 320_000)]);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn nonsense_is_refused_beside_its_field_and_writes_nothing() {
    for t in TestApp::each("2026-01-05 09:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let field = |error: Error| match error {
            Error::Invalid { field, .. } => field,
            other => panic!("{other}"),
        };
        let who = Who::command;
        for amount in [-1, 0, 1_000_000_000_000_000] {
            let rent = ("Sewa alat", Rupiah(amount));
            let error = extras::add_on(&t.state, who(), siti, rent, None, "a".to_owned()).await.unwrap_err();
            assert_eq!(field(error), "amount");
            let error =
                extras::charge(&t.state, who(), siti, ("Kabel", Rupiah(amount)), "b".to_owned()).await.unwrap_err();
            assert_eq!(field(error), "amount");
            let mut form = t.form(siti, amount, Source::Cash);
            form.received_by = "Rina".to_owned();
            assert_eq!(field(t.state.ledger(who()).await.unwrap().settle(form).await.unwrap_err()), "amount");
        }
        for (text, amount) in [("", 1), ("a|b", 1), ("x".repeat(61).as_str(), 1)] {
            let error =
                extras::add_on(&t.state, who(), siti, (text, Rupiah(amount)), None, "c".to_owned()).await.unwrap_err();
            assert_eq!(field(error), "text");
        }
        let error = extras::set_discount(&t.state, who(), siti, DiscountWish::Percent(10_100), None).await.unwrap_err();
        assert_eq!(field(error), "value");
        let early = Some("2026-01".parse().unwrap());
        let error =
            extras::add_on(&t.state, who(), siti, ("Sewa", Rupiah(1)), early, "d".to_owned()).await.unwrap_err();
        assert_eq!(field(error), "until");
        for day in ["1970-01-01", "2999-01-01", "2026-01-06"] {
            let mut form = t.form(siti, 1, Source::Cash);
            form.received_on = day.parse().unwrap();
            assert_eq!(field(t.state.ledger(who()).await.unwrap().settle(form).await.unwrap_err()), "received_on");
        }
        t.set(&[("books.closed_until", "2025-12")]).await;
        let mut form = t.form(siti, 1, Source::Cash);
        form.received_on = "2025-12-31".parse().unwrap();
        assert_eq!(field(t.state.ledger(who()).await.unwrap().settle(form).await.unwrap_err()), "received_on");
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 0, "open")]);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_fee_that_is_taken_once_bears_ppn_like_every_bill() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        for (mode, total) in [("exclusive", 111_000), ("inclusive", 100_000)] {
            t.set(&[("invoice.tax.pkp", "true"), ("invoice.tax.mode", mode)]).await;
            extras::charge(&t.state, Who::command(), siti, ("Kabel", Rupiah(100_000)), mode.to_owned()).await.unwrap();
            let bills = t.bills(siti).await;
            assert_eq!(bills.last().map(|bill| bill.1), Some(total), "{mode}");
        }
        let taxes: Vec<(i64,)> = t.state.db.all(TAXES, args![]).await.unwrap();
        assert_eq!(taxes, [(11_000,), (9_910,)]);
        t.assert_books().await;
    }
}

crate::sql!(TAXES = "SELECT amount FROM invoice_line WHERE kind = 'tax' ORDER BY id");
