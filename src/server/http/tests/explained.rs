//! "Kenapa tagihan saya segini?": every kind of line says in plain words how it came to its amount, to customer and staff.

use super::{ask, get, log_in_as, post_json};
use crate::billing::{LineKind, Rupiah};
use crate::server::audit::Who;
use crate::server::customers::change::{self, Wish};
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::customers::planned::Change;
use crate::server::guard::Role;
use crate::server::http::{bill, router};
use crate::server::ledger::{CreditForm, CreditKind, issue_late_fees};
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::http::HeaderValue;
use std::collections::BTreeSet;

sql!(LINES = "SELECT l.invoice_id, l.kind, l.text, l.derivation FROM invoice_line l ORDER BY l.id");
sql!(BY_NUMBER = "SELECT id FROM service WHERE service_number = $1");
sql!(LEFT = "SELECT id, total - paid FROM invoice WHERE service_id = $1 AND status <> 'void' ORDER BY id");
sql!(PAYER = "SELECT customer_id FROM service WHERE id = $1");

/// Two lines of one office whose open bills hold every kind of line there is.
async fn everything(app: &TestApp) {
    app.set(&[
        ("invoice.tax.pkp", "true"),
        ("invoice.late_fee.mode", "percent"),
        ("invoice.late_fee.days", "1"),
        ("invoice.late_fee.from", "2026-01"),
    ])
    .await;
    let (small, large) = (app.package("Home 20M", 300_000, 1).await, app.package("Home 50M", 450_000, 1).await);
    let siti = app.service("10000001", small, "2025-06-01").await;
    app.service("10000002", small, "2026-01-15").await;
    let ledger = app.state.ledger(Who::command()).await.unwrap();
    let mut tx = app.state.db.begin().await.unwrap();
    let payer = tx.number(PAYER, args![siti]).await.unwrap();
    ledger.open_books(&mut tx, siti, payer, Rupiah(75_000), Rupiah::ZERO).await.unwrap();
    tx.commit().await.unwrap();
    let (who, id) = (Who::command, |n: u8| format!("{n:032}"));
    let until = Some("2026-06".parse().unwrap());
    extras::set_discount(&app.state, who(), siti, DiscountWish::Percent(1_000), until).await.unwrap();
    // Rented from the first month that is not billed: the month after this one.
    extras::add_on(&app.state, who(), siti, ("Sewa alat", Rupiah(25_000)), None, id(1)).await.unwrap();
    app.issue("2026-01").await;
    app.at("2026-01-15 10:00");
    app.issue("2026-01").await;
    extras::charge(&app.state, who(), siti, ("Tarik kabel", Rupiah(150_000)), id(2)).await.unwrap();
    let up = Wish {
        service_id: siti,
        change: Change::Package(large),
        from: Some(app.state.clock.today()),
        reason: "Permintaan pelanggan".to_owned(),
        preview: false,
    };
    change::carry(&app.state, who(), up).await.unwrap();
    issue_late_fees(&app.state).await.unwrap();
    app.at("2026-02-01 00:01");
    app.issue("2026-02").await;
    let note = CreditForm {
        kind: CreditKind::Note,
        service_id: siti,
        invoice_id: Some(1),
        amount: Rupiah(5_000),
        reason: "Gangguan dua hari".to_owned(),
        request_id: id(3),
    };
    app.state.ledger(who()).await.unwrap().credit(note).await.unwrap();
}

#[tokio::test]
async fn every_kind_of_line_is_explained_to_customer_and_staff() {
    for app in TestApp::each("2026-01-01 00:01").await {
        everything(&app).await;
        let router = router(app.state.clone());
        let cookie = log_in_as(&app, Role::Owner).await;
        let mut pages = String::new();
        for number in ["10000001", "10000002"] {
            pages.push_str(&ask(&router, get(&format!("/billing/{number}"))).await.text);
        }
        let lines: Vec<(i64, String, String, String)> = app.state.db.all(LINES, args![]).await.unwrap();
        let mut bills = BTreeSet::new();
        for (bill, kind, text, derivation) in &lines {
            assert!(derivation.len() > 20 && derivation != text, "{kind}: {derivation}");
            assert!(pages.contains(derivation.as_str()), "{kind} to the customer: {derivation}");
            bills.insert(*bill);
        }
        let kinds: BTreeSet<&str> = lines.iter().map(|line| line.1.as_str()).collect();
        let all: BTreeSet<&str> = LineKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, all, "on {}", app.state.db.engine());
        assert_eq!(pages.matches("Gangguan dua hari").count(), 1, "what was credited is said too, once");
        let mut office = String::new();
        for bill in bills {
            let mut request = post_json("/api/admin/invoice/view", &serde_json::json!({ "id": bill }));
            request.headers_mut().insert("cookie", HeaderValue::from_str(&cookie).unwrap());
            office.push_str(&ask(&router, request).await.text);
        }
        for (_, kind, _, derivation) in &lines {
            assert!(office.contains(derivation.as_str()), "{kind} to the staff: {derivation}");
        }
        assert!(office.contains("Gangguan dua hari"));
        app.assert_books().await;
    }
}

#[tokio::test]
async fn what_is_explained_adds_up_to_what_is_left_and_saldo_is_shown() {
    for app in TestApp::each("2026-01-01 00:01").await {
        everything(&app).await;
        let siti: i64 = app.state.db.number(BY_NUMBER, args!["10000001"]).await.unwrap();
        app.cash(siti, 100_000).await;
        let wrong = app.cash(siti, 40_000).await;
        app.state.ledger(Who::command()).await.unwrap().reverse_payment(wrong.payment_id, "Salah ketik").await.unwrap();
        let left: Vec<(i64, i64)> = app.state.db.all(LEFT, args![siti]).await.unwrap();
        let pieces = bill::explained(&app.state, siti).await.unwrap();
        for (id, left) in left {
            let of_bill = pieces.iter().filter(|piece| piece.bill == id);
            let sum: Rupiah = of_bill.clone().map(|piece| piece.amount).sum();
            assert_eq!(sum, Rupiah(left), "bill {id}: {:?}", of_bill.collect::<Vec<_>>());
        }
        // Who owes nothing is told how his bills came about, and what he has.
        let other = app.state.db.number(BY_NUMBER, args!["10000002"]).await.unwrap();
        app.cash(other, 2_000_000).await;
        let page = ask(&router(app.state.clone()), get("/billing/10000002")).await.text;
        for words in [
            "Tidak ada tagihan yang harus dibayar",
            "Kenapa tagihan saya segini?",
            "Pembayaran KW/2026/02/",
            "Saldo Anda",
        ] {
            assert!(page.contains(words), "{words}");
        }
    }
}
