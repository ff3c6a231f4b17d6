use super::*;
use crate::billing::Rupiah;
use crate::server::error::Error;
use crate::server::testing::{Bill, TestApp};

fn bill(period: &str, total: i64, paid: i64, status: &str) -> Bill {
    (period.to_owned(), total, paid, status.to_owned())
}

#[tokio::test]
async fn nine_hundred_thousand_in_january_pays_january_and_february_and_waits_for_march() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        assert_eq!(t.issue("2026-01").await.issued, 1);
        t.at("2026-01-15 10:00");
        let receipt = t.cash(siti, 900_000).await;
        assert_eq!(receipt.credit, Rupiah(300_000));
        assert_eq!(
            t.bills(siti).await,
            [bill("2026-01", 300_000, 300_000, "paid"), bill("2026-02", 300_000, 300_000, "paid")]
        );
        t.at("2026-02-01 00:01");
        let february = t.issue("2026-02").await;
        assert_eq!((february.issued, february.already), (0, 1));
        t.at("2026-03-01 00:01");
        t.issue("2026-03").await;
        assert_eq!(t.bills(siti).await[2], bill("2026-03", 300_000, 300_000, "paid"));
        assert_eq!(t.saldo(siti).await, 0);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_part_is_a_part_and_the_rest_completes_it() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let budi = t.service("Budi", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.cash(budi, 100_000).await;
        assert_eq!(t.bills(budi).await, [bill("2026-01", 300_000, 100_000, "partial")]);
        t.cash(budi, 200_000).await;
        assert_eq!(
            t.bills(budi).await,
            [bill("2026-01", 300_000, 300_000, "paid"), bill("2026-02", 300_000, 0, "open")]
        );
        t.assert_books().await;
    }
}

#[tokio::test]
async fn issuing_twice_changes_nothing_and_a_rehearsal_says_the_same() {
    for t in TestApp::each("2026-01-20 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let quarter = t.package("Tiga Bulan", 850_000, 3).await;
        t.service("Lama", package, "2025-06-01").await;
        let starter = t.service("Baru", package, "2026-01-15").await;
        t.service("Nanti", package, "2026-01-25").await;
        t.service("Kuartal", quarter, "2025-12-01").await;
        let ledger = t.state.ledger(Who::system()).await.unwrap();
        let wish = IssueWish { period: None, scope: Scope::All, notify: false, dry_run: true };
        let rehearsal = ledger.issue(wish).await.unwrap();
        assert_eq!(t.bills(starter).await, Vec::<Bill>::new());
        let run = t.issue("2026-01").await;
        assert_eq!((rehearsal.issued, &rehearsal.set_hash, rehearsal.total), (run.issued, &run.set_hash, run.total));
        assert_eq!(run.issued, 2);
        assert_eq!(
            run.skipped.iter().map(|skip| (skip.service_number.as_str(), skip.reason.as_str())).collect::<Vec<_>>(),
            [("Kuartal", "sudah tercakup"), ("Nanti", "belum mulai")]
        );
        assert_eq!(t.bills(starter).await, [bill("2026-01", 164_516, 0, "open")]);
        let again = t.issue("2026-01").await;
        assert_eq!((again.issued, again.already, &again.set_hash), (0, 2, &run.set_hash));
        t.assert_books().await;
    }
}

#[tokio::test]
async fn the_same_form_and_the_same_gateway_payment_are_one() {
    for t in TestApp::each("2026-01-05 09:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let source = Source::Gateway { gateway: "flip".into(), reference: "PGPWF1".into(), channel: "bni_va".into() };
        let form = t.form(siti, 300_000, source);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (state, form) = (t.state.clone(), form.clone());
                tokio::spawn(async move { state.ledger(Who::system()).await.unwrap().settle(form).await.unwrap() })
            })
            .collect();
        let mut first = 0;
        for task in tasks {
            first += i32::from(!task.await.unwrap().already);
        }
        assert_eq!(first, 1);
        let mut cash = t.form(siti, 50_000, Source::Cash);
        cash.request_id = Some("form-1".to_owned());
        let ledger = t.state.ledger(Who::command()).await.unwrap();
        assert!(!ledger.settle(cash.clone()).await.unwrap().already);
        assert!(ledger.settle(cash.clone()).await.unwrap().already);
        cash.amount = Rupiah(60_000);
        assert!(matches!(ledger.settle(cash).await, Err(Error::Conflict(_))));
        assert_eq!(t.bills(siti).await.len(), 2);
        let report = t.assert_books().await;
        assert_eq!(report.payments, 2);
    }
}

#[tokio::test]
async fn a_cut_off_run_is_gone_on_with() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        for n in 0..10 {
            t.service(&format!("Pelanggan {n}"), package, "2025-06-01").await;
        }
        // Frozen, the first chunk issued, then the process dies.
        let ledger = t.state.ledger(Who::system()).await.unwrap();
        let period = "2026-01".parse().unwrap();
        let mut tx = t.state.db.begin().await.unwrap();
        let run = ledger.freeze(&mut tx, period, Scope::All, false).await.unwrap();
        assert!(ledger.chunk(&mut tx, &run, period, 0, 4).await.unwrap());
        tx.commit().await.unwrap();
        let report = t.issue("2026-01").await;
        assert_eq!((report.already, report.issued), (4, 6));
        assert_eq!(t.assert_books().await.invoices, 10);
    }
}

#[tokio::test]
async fn opening_books_are_paid_first_and_once() {
    for t in TestApp::each("2026-01-05 09:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let ledger = t.state.ledger(Who::command()).await.unwrap();
        let open = async |arrears: i64, credit: i64| {
            let mut tx = t.state.db.begin().await.unwrap();
            let done = ledger.open_books(&mut tx, siti, 1, Rupiah(arrears), Rupiah(credit)).await;
            if done.is_ok() {
                tx.commit().await.unwrap();
            }
            done
        };
        open(450_000, 0).await.unwrap();
        assert!(open(450_000, 0).await.is_err(), "opening arrears are written once");
        t.cash(siti, 500_000).await;
        let bills = t.bills(siti).await;
        assert_eq!(bills[1], bill("2026-01", 450_000, 450_000, "paid"));
        assert_eq!(bills[0], bill("2026-01", 300_000, 50_000, "partial"));
        t.assert_books().await;
    }
}

#[tokio::test]
async fn bad_amounts_and_dates_are_refused_with_nothing_written() {
    for t in TestApp::each("2026-01-15 09:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        let ledger = t.state.ledger(Who::command()).await.unwrap();
        for (amount, day) in [
            (0, "2026-01-15"),
            (-5, "2026-01-15"),
            (1_000_000_000_000_000, "2026-01-15"),
            (1, "2026-01-16"),
            (1, "1970-01-01"),
            (1, "2999-01-01"),
        ] {
            let mut form = t.form(siti, amount, Source::Cash);
            form.received_on = day.parse().unwrap();
            assert!(matches!(ledger.settle(form).await, Err(Error::Invalid { .. })), "{amount} on {day}");
        }
        assert!(matches!(ledger.settle(t.form(999, 1_000, Source::Cash)).await, Err(Error::NotFound(_))));
        assert_eq!(t.assert_books().await.payments, 0);
    }
}

crate::sql!(DAMAGE_PAYMENT = "UPDATE payment SET amount = amount + 1 WHERE id = $1");

#[tokio::test]
async fn damage_by_hand_is_found_and_named() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let receipt = t.cash(siti, 100_000).await;
        t.assert_books().await;
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(DAMAGE_PAYMENT, args![receipt.payment_id]).await.unwrap();
        tx.commit().await.unwrap();
        let found = verify(&t.state, true).await.unwrap().differences;
        assert!(found.iter().any(|difference| difference.contains(&receipt.receipt)), "{found:?}");
    }
}
