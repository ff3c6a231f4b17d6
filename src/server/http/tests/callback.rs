//! Notices over the wire: Flip's simulator against the site, money booked once.

use super::{Answer, Town, ask};
use crate::jobs::worker;
use crate::sandbox::flip::{Deed, DeedOptions, VALIDATION_TOKEN};
use crate::sandbox::notices::Delivered;
use crate::{args, sql};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::time::Duration;

sql!(TEST_PAYMENTS = "SELECT amount, unused FROM payment ORDER BY id");
sql!(TEST_NOTICES = "SELECT state FROM gateway_notice ORDER BY id");
sql!(TEST_REFUSED = "SELECT COUNT(*) FROM refused_notice");
sql!(TEST_ATTEMPTS = "SELECT status FROM payment_attempt ORDER BY id");
sql!(FORGET_ORDER = "UPDATE payment_attempt SET status = 'creating', gateway_reference = '', gateway_payment_id = ''");

impl Town {
    /// A service with one open bill of 300,000 and an attempt for it; service and reference.
    async fn owing(&self) -> (i64, String) {
        let package = self.app.package("Home", 300_000, 1).await;
        let service = self.app.service("10000001", package, "2025-06-01").await;
        self.app.issue("2026-01").await;
        let paid = self.pay(self.bill(service, 0).await, "bni_va").await;
        assert_eq!(paid.status, StatusCode::OK, "{}", paid.text);
        (service, paid.json()["transaction_id"].as_str().unwrap().to_owned())
    }

    async fn work(&self) -> worker::Drained {
        worker::drain(&self.app.state, Duration::from_secs(20)).await.unwrap()
    }

    async fn payments(&self) -> Vec<(i64, i64)> {
        self.app.state.db.all(TEST_PAYMENTS, args![]).await.unwrap()
    }

    async fn attempts(&self) -> Vec<String> {
        self.app.state.db.all::<(String,)>(TEST_ATTEMPTS, args![]).await.unwrap().into_iter().map(|row| row.0).collect()
    }

    async fn notices(&self) -> Vec<String> {
        self.app.state.db.all::<(String,)>(TEST_NOTICES, args![]).await.unwrap().into_iter().map(|row| row.0).collect()
    }

    async fn act(&self, reference: &str, deed: Deed, options: DeedOptions) -> Vec<u16> {
        let told = self.flip.act(reference, deed, &options).await.unwrap();
        told.into_iter()
            .map(|delivered| match delivered {
                Delivered::Answered(status) => status,
                Delivered::Lost(error) => panic!("{error}"),
            })
            .collect()
    }
}

#[tokio::test]
async fn twenty_copies_at_once_are_one_payment() {
    for town in Town::each("2026-01-15 10:00").await {
        let (service, reference) = town.owing().await;
        let options = DeedOptions { times: 20, ..DeedOptions::default() };
        assert_eq!(town.act(&reference, Deed::Pay, options).await, [200; 20]);
        futures::future::join_all((0..4).map(|_| town.work())).await;
        town.act(&reference, Deed::Pay, DeedOptions { seed_form: true, ..DeedOptions::default() }).await;
        town.work().await;
        assert_eq!(town.payments().await, [(300_000, 0)]);
        assert_eq!(
            (town.attempts().await, town.notices().await),
            (vec!["paid".to_owned()], vec!["settled".to_owned()])
        );
        assert_eq!(town.app.bills(service).await[0], ("2026-01".to_owned(), 300_000, 300_000, "paid".to_owned()));
        town.app.assert_books().await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_the_genuine_one_settles() {
    for town in Town::each("2026-01-15 10:00").await {
        let (_, reference) = town.owing().await;
        let forged = DeedOptions { wrong_signature: true, ..DeedOptions::default() };
        assert_eq!(town.act(&reference, Deed::Pay, forged).await, [401]);
        town.work().await;
        assert!(town.payments().await.is_empty() && town.notices().await.is_empty());
        assert_eq!(town.app.state.db.number(TEST_REFUSED, args![]).await.unwrap(), 1);
        // The same payment, genuine: the refused one stands in nobody's way.
        assert_eq!(town.act(&reference, Deed::Pay, DeedOptions::default()).await, [200]);
        town.work().await;
        assert_eq!(town.payments().await, [(300_000, 0)]);
    }
}

async fn raw(town: &Town, body: String) -> Answer {
    let request =
        Request::post("/payment/callback/flip").header("host", "any.host.at.all").body(Body::from(body)).unwrap();
    ask(&town.router, request).await
}

#[tokio::test]
async fn what_a_notice_claims_is_not_believed() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let (_, reference) = town.owing().await;
    // The token is right, the status is a lie: the gateway still says PENDING.
    let lie = serde_json::json!({ "id": reference, "bill_link_id": 1, "status": "SUCCESSFUL", "amount": 300_000, "token": VALIDATION_TOKEN });
    assert_eq!(raw(&town, lie.to_string()).await.status, StatusCode::OK);
    let drained = town.work().await;
    assert!(town.payments().await.is_empty());
    assert_eq!((drained.retry, town.attempts().await), (1, vec!["open".to_owned()]));
    let nobodys = serde_json::json!({ "id": "PGPWF0", "status": "SUCCESSFUL", "amount": 1, "token": VALIDATION_TOKEN });
    assert_eq!(raw(&town, nobodys.to_string()).await.status, StatusCode::OK);
    town.work().await;
    assert_eq!(town.notices().await, ["new", "review"]);
    let long = raw(&town, "x".repeat(65 * 1024)).await;
    assert_eq!(
        (long.status, long.json()["success"].clone()),
        (StatusCode::PAYLOAD_TOO_LARGE, serde_json::json!(false))
    );
    let elsewhere = Request::post("/payment/callback/nobody").header("host", "localhost").body(Body::empty()).unwrap();
    assert_eq!(ask(&town.router, elsewhere).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn amounts_are_taken_as_what_they_are() {
    for town in Town::each("2026-01-15 10:00").await {
        town.app.set(&[("invoice.next_on_payment", "false")]).await;
        let (service, reference) = town.owing().await;
        town.act(&reference, Deed::Pay, DeedOptions { amount: Some(350_000), ..DeedOptions::default() }).await;
        town.work().await;
        assert_eq!((town.payments().await, town.app.saldo(service).await), (vec![(350_000, 50_000)], 50_000));
        town.app.assert_books().await;
    }
}

#[tokio::test]
async fn a_payment_after_expiry_is_honoured_and_paid_stays_paid() {
    for town in Town::each("2026-01-15 10:00").await {
        let (_, reference) = town.owing().await;
        town.act(&reference, Deed::Expire, DeedOptions::default()).await;
        town.work().await;
        assert_eq!(town.attempts().await, ["expired"]);
        town.act(&reference, Deed::Pay, DeedOptions::default()).await;
        town.work().await;
        assert_eq!((town.attempts().await, town.payments().await.len()), (vec!["paid".to_owned()], 1));
        town.act(&reference, Deed::Fail, DeedOptions::default()).await;
        town.work().await;
        assert_eq!((town.attempts().await, town.payments().await.len()), (vec!["paid".to_owned()], 1));
    }
}

#[tokio::test]
async fn a_new_wish_after_expiry_has_the_old_one_asked_about() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let (service, reference) = town.owing().await;
    // Paid in the last moment, and the notice is lost (it goes to nobody that would answer 200).
    town.app.set(&[("gateway.flip.validation_token", "another")]).await;
    town.act(&reference, Deed::Pay, DeedOptions::default()).await;
    town.app.at("2026-01-17 10:00");
    let again = town.pay(town.bill(service, 0).await, "bni_va").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    town.work().await;
    assert_eq!(
        (town.attempts().await, town.payments().await),
        (vec!["paid".to_owned(), "open".to_owned()], vec![(300_000, 0)])
    );
}

async fn forget_order(town: &Town) {
    let mut tx = town.app.state.db.begin().await.unwrap();
    tx.exec_one(FORGET_ORDER, args![]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_notice_faster_than_the_gateways_own_answer() {
    for town in Town::each("2026-01-15 10:00").await {
        let (_, reference) = town.owing().await;
        // As if the answer to our order were still under way. The full form names our reference and Flip's bill.
        forget_order(&town).await;
        assert_eq!(town.act(&reference, Deed::Pay, DeedOptions::default()).await, [200]);
        town.work().await;
        assert_eq!((town.payments().await, town.attempts().await), (vec![(300_000, 0)], vec!["paid".to_owned()]));
    }
}

#[tokio::test]
async fn a_notice_that_names_nothing_we_know_yet_waits_for_our_order() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let (_, reference) = town.owing().await;
    forget_order(&town).await;
    // The flat form names no reference of ours.
    town.act(&reference, Deed::Pay, DeedOptions { seed_form: true, ..DeedOptions::default() }).await;
    assert_eq!(town.work().await.retry, 1);
    assert_eq!(town.notices().await, ["new"], "not given to a person while its order is being made");
    town.app.state.clock.advance(chrono::Duration::minutes(5));
    town.work().await;
    assert_eq!(town.notices().await, ["review"]);
}
