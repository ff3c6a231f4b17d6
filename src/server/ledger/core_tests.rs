//! What takes money back or lowers a debt without it: reversal, void, credit, write-off, refund, months in advance.

use super::*;
use crate::billing::Rupiah;
use crate::server::error::Error;
use crate::server::testing::{Bill, TestApp};

crate::sql!(BILL_IDS = "SELECT id FROM invoice WHERE service_id = $1 ORDER BY id");
crate::sql!(IN_BAGS = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry");
crate::sql!(KINDS = "SELECT kind, amount FROM ledger_entry ORDER BY id");

fn bill(period: &str, total: i64, paid: i64, status: &str) -> Bill {
    (period.to_owned(), total, paid, status.to_owned())
}

async fn ids(t: &TestApp, service_id: i64) -> Vec<i64> {
    t.state.db.all::<(i64,)>(BILL_IDS, args![service_id]).await.unwrap().into_iter().map(|row| row.0).collect()
}

async fn ledger(t: &TestApp) -> Ledger {
    t.state.ledger(Who::command()).await.unwrap()
}

fn credit(kind: CreditKind, service_id: i64, invoice_id: Option<i64>, amount: i64) -> CreditForm {
    CreditForm {
        kind,
        service_id,
        invoice_id,
        amount: Rupiah(amount),
        reason: "Gangguan tiga hari".to_owned(),
        request_id: format!("{kind:?}-{service_id}-{invoice_id:?}-{amount}"),
    }
}

fn field_of(error: &Error) -> &str {
    match error {
        Error::Invalid { field, .. } => field,
        _ => "",
    }
}

#[tokio::test]
async fn a_reversed_payment_opens_its_bills_and_leaves_the_bag_and_stands_in_the_books() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-05 10:00");
        let paid = t.cash(siti, 350_000).await;
        assert_eq!(t.saldo(siti).await, 50_000);
        t.at("2026-01-06 10:00");
        assert_eq!(ledger(&t).await.reverse_payment(paid.payment_id, "Salah orang").await.unwrap(), paid.receipt);
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 0, "open")]);
        assert_eq!((t.saldo(siti).await, t.state.db.number(IN_BAGS, args![]).await.unwrap()), (0, 0));
        let kinds: Vec<(String, i64)> = t.state.db.all(KINDS, args![]).await.unwrap();
        let kinds: Vec<_> = kinds.iter().map(|(kind, amount)| (kind.as_str(), *amount)).collect();
        assert_eq!(kinds, [("issue", 300_000), ("payment", -350_000), ("reversal", 350_000)]);
        t.assert_books().await;
        let again = ledger(&t).await.reverse_payment(paid.payment_id, "Salah orang").await.unwrap_err();
        assert_eq!(again.to_string(), format!("{} sudah dibatalkan.", paid.receipt));
        assert_eq!(field_of(&ledger(&t).await.reverse_payment(paid.payment_id, " ").await.unwrap_err()), "reason");
        assert!(matches!(ledger(&t).await.reverse_payment(999, "x").await, Err(Error::NotFound(_))));
    }
}

#[tokio::test]
async fn of_two_cashiers_with_the_same_money_one_is_reversed_and_the_other_stands() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let (a, b) = (t.form(siti, 300_000, Source::Cash), t.form(siti, 300_000, Source::Cash));
        let (one, two) = (ledger(&t).await, ledger(&t).await);
        let (first, second) = tokio::join!(one.settle(a), two.settle(b));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.credit + second.credit, Rupiah(300_000), "the second is Saldo, nothing is lost");
        assert_eq!(t.saldo(siti).await, 300_000);
        // Whichever is taken back, the other pays the bill.
        let settled = if first.credit.is_positive() { &second } else { &first };
        ledger(&t).await.reverse_payment(settled.payment_id, "Dicatat dua kali").await.unwrap();
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 300_000, "paid")]);
        assert_eq!(t.saldo(siti).await, 0);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_bill_that_nothing_paid_can_be_voided_once_and_no_run_brings_it_back() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let id = ids(&t, siti).await[0];
        t.cash(siti, 1_000).await;
        let refused = ledger(&t).await.void_invoice(id, "Salah paket").await.unwrap_err().to_string();
        assert!(refused.contains("sudah dibayar Rp"), "{refused}");
        ledger(&t).await.reverse_payment(1, "Salah ketik").await.unwrap();
        ledger(&t).await.void_invoice(id, "Salah paket").await.unwrap();
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 0, "void")]);
        assert!(
            ledger(&t)
                .await
                .void_invoice(id, "Salah paket")
                .await
                .unwrap_err()
                .to_string()
                .contains("sudah dibatalkan")
        );
        let run = t.issue("2026-01").await;
        assert_eq!((run.issued, run.skipped[0].reason.as_str()), (0, "dibatalkan"));
        assert_eq!(ledger(&t).await.balance(siti).await.unwrap().owed, Rupiah::ZERO);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_note_of_credit_lowers_its_bill_then_is_saldo_and_is_once() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let id = ids(&t, siti).await[0];
        let first = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 100_000)).await.unwrap();
        assert_eq!((first.receipt.as_str(), first.already), ("NK/2026/01/000001", false));
        let again = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 100_000)).await.unwrap();
        assert!(again.already);
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 100_000, "partial")]);
        t.cash(siti, 200_000).await;
        // On a paid bill a credit is Saldo, at most what the bill was.
        let above = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 200_001)).await.unwrap_err();
        assert_eq!(field_of(&above), "amount");
        let second = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 50_000)).await.unwrap();
        assert_eq!(second.credit, Rupiah(50_000));
        assert_eq!(t.saldo(siti).await, 50_000);
        // What became Saldo counts as well: all notes of a bill together are at most the bill.
        let above = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 150_001)).await.unwrap_err();
        assert_eq!((field_of(&above), above.to_string().contains("Paling banyak Rp 150.000")), ("amount", true));
        let last = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 150_000)).await.unwrap();
        let none = ledger(&t).await.credit(credit(CreditKind::Note, siti, Some(id), 1)).await.unwrap_err();
        assert!(matches!(&none, Error::Refused(words) if words.contains("sudah sebesar tagihannya")), "{none}");
        ledger(&t).await.reverse_payment(last.payment_id, "Salah tulis").await.unwrap();
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        assert_eq!(t.bills(siti).await[1], bill("2026-02", 300_000, 50_000, "partial"));
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_write_off_closes_what_is_left_and_can_be_taken_back() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        let id = ids(&t, siti).await[0];
        t.cash(siti, 100_000).await;
        let above = ledger(&t).await.credit(credit(CreditKind::WriteOff, siti, Some(id), 200_001)).await.unwrap_err();
        assert_eq!(field_of(&above), "amount");
        let gone = ledger(&t).await.credit(credit(CreditKind::WriteOff, siti, Some(id), 200_000)).await.unwrap();
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 300_000, "paid")]);
        assert_eq!(t.assert_books().await.payments, 2);
        ledger(&t).await.reverse_payment(gone.payment_id, "Ternyata dibayar").await.unwrap();
        assert_eq!(t.bills(siti).await, [bill("2026-01", 300_000, 100_000, "partial")]);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn saldo_is_given_back_out_of_the_bag_and_never_more_than_there_is() {
    for t in TestApp::each("2026-01-05 09:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2026-01-05").await;
        let paid = t.cash(siti, 500_000).await;
        let form = |amount: i64, cash: bool, key: &str| RefundForm {
            service_id: siti,
            amount: Rupiah(amount),
            cash,
            holder_id: None,
            reference: String::new(),
            reason: "Pindah rumah".to_owned(),
            request_id: key.to_owned(),
        };
        let mut rina = ledger(&t).await;
        rina.who.name = "Rina".to_owned();
        assert_eq!(field_of(&rina.refund(form(500_001, true, "a")).await.unwrap_err()), "amount");
        let mut other = ledger(&t).await;
        other.who.name = "Joko".to_owned();
        assert!(other.refund(form(100_000, true, "b")).await.unwrap_err().to_string().contains("Kas di tas Anda"));
        let back = rina.refund(form(200_000, true, "c")).await.unwrap();
        assert_eq!(back.number, "PS/2026/01/000001");
        assert!(rina.refund(form(200_000, true, "c")).await.unwrap().already);
        other.refund(form(100_000, false, "d")).await.unwrap();
        assert_eq!(t.saldo(siti).await, 200_000);
        assert_eq!(t.state.db.number(IN_BAGS, args![]).await.unwrap(), 300_000);
        let refused = rina.reverse_payment(paid.payment_id, "Salah").await.unwrap_err().to_string();
        assert!(refused.contains("sudah dikembalikan"), "{refused}");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn months_in_advance_are_issued_now_and_settled_by_one_receipt() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-05 10:00");
        let mut form = t.form(siti, 1_199_999, Source::Cash);
        form.request_id = Some("muka".to_owned());
        let short = ledger(&t).await.settle_ahead(form.clone(), 3).await.unwrap_err();
        assert_eq!(field_of(&short), "amount");
        assert_eq!(t.bills(siti).await.len(), 1, "nothing is written");
        form.amount = Rupiah(1_200_000);
        let seen = ledger(&t).await.preview(form.clone(), 3).await.unwrap();
        let paid = ledger(&t).await.settle_ahead(form.clone(), 3).await.unwrap();
        let told = |receipt: &Receipt| {
            receipt.allocated.iter().map(|part| (part.number.clone(), part.amount)).collect::<Vec<_>>()
        };
        assert_eq!(told(&seen), told(&paid));
        assert_eq!(paid.allocated.len(), 4);
        assert!(ledger(&t).await.settle_ahead(form, 3).await.unwrap().already);
        let periods: Vec<_> = t.bills(siti).await.into_iter().map(|bill| (bill.0, bill.3)).collect();
        let paid = |period: &str| (period.to_owned(), "paid".to_owned());
        // What completes April brings no May: never beyond the coming month.
        assert_eq!(periods, [paid("2026-01"), paid("2026-02"), paid("2026-03"), paid("2026-04")]);
        t.at("2026-02-01 00:01");
        assert_eq!(t.issue("2026-02").await.issued, 0);
        for months in [0, -1, 13] {
            let mut tx = t.state.db.begin().await.unwrap();
            assert_eq!(field_of(&ledger(&t).await.issue_ahead(&mut tx, siti, months).await.unwrap_err()), "months");
        }
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_newer_bill_is_not_chosen_while_an_older_one_is_open() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-02-01 00:01");
        t.issue("2026-02").await;
        let bills = ids(&t, siti).await;
        let mut form = t.form(siti, 300_000, Source::Cash);
        form.chosen = vec![bills[1]];
        let refused = ledger(&t).await.settle(form.clone()).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(say) if say.contains("INV/2026/01/000001")), "{refused}");
        form.amount = Rupiah(600_000);
        form.chosen = bills;
        assert_eq!(ledger(&t).await.settle(form).await.unwrap().allocated.len(), 2);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn damage_by_hand_is_found_and_named() {
    let hurts = [
        ("UPDATE payment SET reversed_on = NULL WHERE id = 1", "KW/2026/01/000001"),
        ("UPDATE invoice SET written_off = 1 WHERE id = 1", "INV/2026/01/000001"),
        ("UPDATE invoice SET status = 'void' WHERE id = 1", "INV/2026/01/000001"),
        ("DELETE FROM refund_part", "PS/2026/01/000001"),
        ("UPDATE allocation SET amount = -1 WHERE reverses IS NOT NULL", "INV/2026/01/000001"),
        ("UPDATE payment SET amount = amount + 1 WHERE method = 'credit'", "NK/2026/01/000001"),
    ];
    for (hurt, named) in hurts {
        for t in TestApp::each("2026-01-05 09:00").await {
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("Siti", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let first = t.cash(siti, 100_000).await;
            ledger(&t).await.reverse_payment(first.payment_id, "Salah").await.unwrap();
            t.cash(siti, 700_000).await;
            ledger(&t).await.credit(credit(CreditKind::Note, siti, None, 10_000)).await.unwrap();
            let form = RefundForm {
                service_id: siti,
                amount: Rupiah(5_000),
                cash: false,
                holder_id: None,
                reference: String::new(),
                reason: "Uji".to_owned(),
                request_id: "r".to_owned(),
            };
            ledger(&t).await.refund(form).await.unwrap();
            t.assert_books().await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec(crate::server::db::Sql::same(hurt), args![]).await.unwrap();
            tx.commit().await.unwrap();
            let found = verify(&t.state, true).await.unwrap().differences;
            assert!(found.iter().any(|line| line.contains(named)), "{hurt}: {found:?}");
        }
    }
}

#[tokio::test]
async fn no_bill_is_dated_into_a_month_that_is_closed() {
    for t in TestApp::each("2026-01-20 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let siti = t.service("Siti", package, "2025-06-01").await;
        t.set(&[("books.closed_until", "2026-01")]).await;
        let wish = IssueWish { period: None, scope: Scope::All, notify: false, dry_run: false };
        let refused = ledger(&t).await.issue(wish).await.unwrap_err();
        assert!(refused.to_string().contains("Januari 2026 sudah ditutup"), "{refused}");
        let ahead = ledger(&t).await.settle_ahead(t.form(siti, 900_000, Source::Cash), 1).await;
        assert!(ahead.is_err(), "neither is one in advance");
        assert!(t.bills(siti).await.is_empty());
        t.at("2026-02-01 00:01");
        assert_eq!(t.issue("2026-02").await.issued, 1);
        t.assert_books().await;
    }
}
