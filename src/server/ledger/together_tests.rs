//! Payments at the same moment: each is answered by its own, none is lost, none is taken twice, one that is refused stops no
//! other.

use super::*;
use crate::billing::Rupiah;
use crate::server::error::Error;
use crate::server::testing::TestApp;
use futures::future::join_all;
use std::collections::BTreeSet;

crate::sql!(MESSAGES = "SELECT COUNT(*) FROM message WHERE kind = 'payment_confirmation'");
crate::sql!(SENDING = "SELECT COUNT(DISTINCT payload) FROM work WHERE kind = 'send_message'");
crate::sql!(TEXTS = "SELECT m.text FROM message m JOIN service s ON s.id = m.service_id WHERE s.id = $1");
crate::sql!(
    SAME_PAYER = "UPDATE service SET customer_id = (SELECT customer_id FROM service WHERE id = $2) WHERE id = $1"
);
crate::sql!(PAYMENTS = "SELECT COUNT(*) FROM payment");

/// Takes all of them at once, through one ledger.
async fn at_once(t: &TestApp, forms: Vec<PayForm>) -> Vec<Result<Receipt>> {
    let ledger = t.state.ledger(Who::system()).await.unwrap();
    join_all(forms.into_iter().map(|form| ledger.settle(form))).await
}

fn online(reference: String) -> Source {
    Source::Gateway { gateway: "flip".to_owned(), reference, channel: "bni_va".to_owned() }
}

#[tokio::test]
async fn forty_who_pay_at_once_are_taken_as_one_after_the_other_would_be() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let mut services = Vec::new();
        for n in 0..40 {
            services.push(t.service(&format!("Pelanggan {n:02}"), package, "2025-06-01").await);
        }
        t.issue("2026-01").await;
        t.at("2026-01-05 10:00");
        // A part, all of it, January and February, and more than both.
        let amounts = [120_000, 300_000, 600_000, 750_000];
        let forms = services.iter().zip(0..).map(|(service, n)| {
            let amount = amounts[n % amounts.len()];
            t.form(*service, amount, online(format!("BURST-{n}")))
        });
        let receipts = at_once(&t, forms.collect()).await;
        let mut numbers = BTreeSet::new();
        for ((service, n), receipt) in services.iter().zip(0..).zip(receipts) {
            let (receipt, amount) = (receipt.unwrap(), amounts[n % amounts.len()]);
            assert_eq!((receipt.amount, receipt.already), (Rupiah(amount), false));
            assert!(numbers.insert(receipt.receipt.clone()));
            let laid: i64 = receipt.allocated.iter().map(|part| part.amount.0).sum();
            assert_eq!((laid, receipt.credit.0), (amount.min(600_000), (amount - 600_000).max(0)), "{receipt:?}");
            let paid: Vec<i64> = t.bills(*service).await.iter().map(|bill| bill.2).collect();
            let expected: &[i64] = match amount {
                120_000 => &[120_000],
                300_000 => &[300_000, 0],
                _ => &[300_000, 300_000],
            };
            assert_eq!(paid, expected, "January, and February where January was paid off");
            let (text,): (String,) = t.state.db.one(TEXTS, args![*service]).await.unwrap();
            assert!(text.contains(&receipt.receipt) && text.contains(&format!("Pelanggan {n:02}")), "{text}");
        }
        assert_eq!(numbers.first().map(String::as_str), Some("KW/2026/01/000001"));
        assert_eq!(numbers.last().map(String::as_str), Some("KW/2026/01/000040"));
        let told = t.state.db.number(MESSAGES, args![]).await.unwrap();
        assert_eq!((told, t.state.db.number(SENDING, args![]).await.unwrap()), (40, 40));
        t.assert_books().await;
    }
}

#[tokio::test]
async fn who_is_refused_stops_nobody_and_the_same_payment_is_one() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let mut all = Vec::new();
        for name in ["Agus", "Budi", "Citra", "Dewi", "Eko"] {
            all.push(t.service(name, package, "2025-06-01").await);
        }
        let [agus, budi, citra, dewi, eko] = all[..] else { panic!("five services") };
        // Dewi pays for Eko's line as well.
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(SAME_PAYER, args![eko, dewi]).await.unwrap();
        tx.commit().await.unwrap();
        t.issue("2026-01").await;
        t.at("2026-01-05 10:00");
        let same = || t.form(agus, 300_000, online("SAME-1".to_owned()));
        let too_old =
            PayForm { received_on: "2025-11-01".parse().unwrap(), ..t.form(citra, 300_000, Source::Transfer) };
        let forms = vec![
            same(),
            t.form(budi, 100_000, online("B-1".to_owned())),
            same(),
            t.form(budi, 200_000, online("B-2".to_owned())),
            t.form(9_999, 300_000, online("NOBODY".to_owned())),
            too_old,
            t.form(dewi, 300_000, online("D-1".to_owned())),
            t.form(eko, 300_000, online("E-1".to_owned())),
            same(),
        ];
        let answers = at_once(&t, forms).await;
        let ok = |n: usize| answers[n].as_ref().unwrap();
        let firsts = [0, 2, 8].map(|n| (ok(n).payment_id, ok(n).already));
        assert!(firsts.iter().all(|answer| answer.0 == firsts[0].0), "one payment: {firsts:?}");
        assert_eq!(firsts.iter().filter(|answer| !answer.1).count(), 1, "taken once: {firsts:?}");
        assert_eq!((ok(1).amount, ok(3).amount), (Rupiah(100_000), Rupiah(200_000)));
        assert!(matches!(answers[4], Err(Error::NotFound(_))), "{:?}", answers[4]);
        assert!(matches!(&answers[5], Err(Error::Invalid { field, .. }) if field == "received_on"), "{:?}", answers[5]);
        assert_eq!((ok(6).amount, ok(7).amount), (Rupiah(300_000), Rupiah(300_000)), "of one payer, both");
        assert_eq!(t.state.db.number(PAYMENTS, args![]).await.unwrap(), 5);
        for service in [agus, budi, dewi, eko] {
            assert_eq!(t.bills(service).await[0].3, "paid");
        }
        assert_eq!(t.bills(citra).await[0].3, "open");
        t.assert_books().await;
    }
}
