//! Bags under hand-overs: rules one by one, then random histories after which the equation of the bags holds.

use super::*;
use crate::args;
use crate::billing::Rupiah;
use crate::server::error::Error;
use crate::server::testing::TestApp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

crate::sql!(
    HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, $2, $3, $5, '-', TRUE, $4)"
);
crate::sql!(HELD = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE bag_id = $1");
crate::sql!(BAG = "SELECT id FROM cash_bag WHERE staff_id = $1");
crate::sql!(OPEN = "SELECT id FROM handover WHERE state = 'given' ORDER BY id LIMIT 1");
crate::sql!(LAST_AUDIT = "SELECT after_value FROM audit_event WHERE seq = (SELECT MAX(seq) FROM audit_event)");

async fn hire(t: &TestApp, id: i64, name: &str) {
    hire_as(t, id, name, "admin").await;
}

async fn hire_as(t: &TestApp, id: i64, name: &str, role: &str) {
    let mut tx = t.state.db.begin().await.unwrap();
    tx.exec_one(HIRE, args![id, format!("{name}@kantor.test"), name, t.state.clock.now(), role]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn as_staff(t: &TestApp, id: i64) -> Ledger {
    let who = Who { staff_id: Some(id), name: format!("Staf {id}"), address: String::new() };
    t.state.ledger(who).await.unwrap()
}

async fn take(t: &TestApp, staff: i64, service: i64, amount: i64) {
    let mut form = t.form(service, amount, Source::Cash);
    form.holder_id = Some(staff);
    as_staff(t, staff).await.settle(form).await.unwrap();
}

async fn bag(t: &TestApp, staff: i64) -> i64 {
    t.state.db.number(BAG, args![staff]).await.unwrap()
}

fn form(bag_id: i64, expected: i64, counted: i64, kept: i64, request: &str) -> HandoverForm {
    HandoverForm {
        bag_id,
        expected: Rupiah(expected),
        counted: Rupiah(counted),
        kept: Rupiah(kept),
        reason: if expected == counted + kept { String::new() } else { "hitung dua kali".to_owned() },
        destination: "kantor".to_owned(),
        reference: String::new(),
        request_id: request.to_owned(),
    }
}

fn field_of<T: std::fmt::Debug>(result: crate::server::error::Result<T>) -> String {
    match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bag_is_handed_over_counted_and_answered_by_another() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        hire(&t, 1, "rina").await;
        hire(&t, 2, "dewi").await;
        take(&t, 1, sari, 300_000).await;
        let bag = bag(&t, 1).await;
        let held = async || t.state.db.number(HELD, args![bag]).await.unwrap();
        let rina = as_staff(&t, 1).await;

        let mut missing = form(bag, 300_000, 240_000, 50_000, "r1");
        missing.reason.clear();
        assert_eq!(field_of(rina.hand_over(missing).await), "reason");
        let mut at_bank = form(bag, 300_000, 300_000, 0, "r1");
        at_bank.destination = "bank".to_owned();
        assert_eq!(field_of(rina.hand_over(at_bank).await), "reference");
        assert_eq!(field_of(rina.hand_over(form(bag, 300_000, 0, 300_000, "r1")).await), "counted");
        let stale = rina.hand_over(form(bag, 200_000, 200_000, 0, "r1")).await;
        assert!(matches!(stale, Err(Error::Conflict(_))), "the bag holds more than was counted: {stale:?}");

        let given = rina.hand_over(form(bag, 300_000, 240_000, 50_000, "r1")).await.unwrap();
        assert_eq!((given.number.as_str(), given.already), ("ST/2026/01/000001", false));
        assert_eq!(held().await, 50_000);
        let again = rina.hand_over(form(bag, 300_000, 240_000, 50_000, "r1")).await.unwrap();
        assert_eq!((again.id, again.already), (given.id, true));
        assert!(matches!(rina.hand_over(form(bag, 50_000, 50_000, 0, "r2")).await, Err(Error::Refused(_))));

        assert!(matches!(rina.answer_handover(given.id, true, "").await, Err(Error::Refused(_))), "not by himself");
        let dewi = as_staff(&t, 2).await;
        assert_eq!(field_of(dewi.answer_handover(given.id, false, " ").await), "answer");
        dewi.answer_handover(given.id, false, "uangnya kurang").await.unwrap();
        dewi.answer_handover(given.id, false, "uangnya kurang").await.unwrap();
        assert_eq!(held().await, 300_000, "what was refused is back, once");
        assert!(matches!(dewi.answer_handover(given.id, true, "").await, Err(Error::Conflict(_))));
        t.assert_books().await;

        let second = rina.hand_over(form(bag, 300_000, 310_000, 0, "r3")).await.unwrap();
        assert_eq!(second.number, "ST/2026/01/000002");
        dewi.answer_handover(second.id, true, "").await.unwrap();
        assert_eq!(held().await, 0);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn who_is_alone_answers_himself_and_the_log_says_so() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        hire(&t, 1, "rina").await;
        take(&t, 1, sari, 300_000).await;
        let bag = bag(&t, 1).await;
        let rina = as_staff(&t, 1).await;
        let given = rina.hand_over(form(bag, 300_000, 300_000, 0, "r1")).await.unwrap();
        // Somebody who may not receive cash does not make her wait for him.
        hire_as(&t, 2, "udin", "cashier").await;
        rina.answer_handover(given.id, true, "").await.unwrap();
        let said: (String,) = t.state.db.one(LAST_AUDIT, args![]).await.unwrap();
        assert!(said.0.contains("tidak ada pengguna lain"), "{said:?}");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn the_same_hand_over_twice_at_once_is_one() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        hire(&t, 1, "rina").await;
        take(&t, 1, sari, 300_000).await;
        let bag = bag(&t, 1).await;
        let tries = (0..8).map(|_| {
            let state = t.state.clone();
            tokio::spawn(async move {
                let who = Who { staff_id: Some(1), name: "Rina".to_owned(), address: String::new() };
                state.ledger(who).await.unwrap().hand_over(form(bag, 300_000, 300_000, 0, "sama")).await
            })
        });
        let mut fresh = 0;
        for handed in futures::future::join_all(tries).await {
            fresh += i64::from(!handed.unwrap().unwrap().already);
        }
        assert_eq!(fresh, 1);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_full_bag_takes_no_more_cash_where_the_owner_says_so() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        hire(&t, 1, "rina").await;
        t.set(&[("cash.bag_limit", "500000"), ("cash.over_limit", "warn")]).await;
        take(&t, 1, sari, 600_000).await;
        t.set(&[("cash.over_limit", "refuse")]).await;
        let mut more = t.form(sari, 10_000, Source::Cash);
        more.holder_id = Some(1);
        let refused = as_staff(&t, 1).await.settle(more.clone()).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        more.source = Source::Transfer;
        as_staff(&t, 1).await.settle(more).await.unwrap();
        t.assert_books().await;
    }
}

async fn history(t: &TestApp, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let package = t.package("Home", 300_000, 1).await;
    let sari = t.service("SARI", package, "2025-06-01").await;
    t.issue("2026-01").await;
    for (id, name) in [(1, "rina"), (2, "dewi"), (3, "koko")] {
        hire(t, id, name).await;
        take(t, id, sari, 10_000).await;
    }
    for step in 0..40 {
        t.at(&format!("2026-01-{:02} 10:00", 15 + step / 4));
        let staff = rng.random_range(1..4);
        let bag = bag(t, staff).await;
        let held = t.state.db.number(HELD, args![bag]).await.unwrap();
        match rng.random_range(0..4) {
            0 => take(t, staff, sari, [1, 50_000, 300_000, 999_999][rng.random_range(0..4)]).await,
            1 => {
                let counted = rng.random_range(0..=held + 20_000);
                let kept = rng.random_range(0..=50_000);
                let wish = form(bag, held, counted, kept, &format!("{seed}-{step}"));
                match as_staff(t, staff).await.hand_over(wish).await {
                    Ok(_) | Err(Error::Refused(_) | Error::Invalid { .. }) => {}
                    other => panic!("seed {seed}, step {step}: {other:?}"),
                }
            }
            answer => {
                if let Some((id,)) = t.state.db.opt::<(i64,)>(OPEN, args![]).await.unwrap() {
                    match as_staff(t, staff).await.answer_handover(id, answer == 2, "dihitung").await {
                        Ok(()) | Err(Error::Refused(_)) => {}
                        other => panic!("seed {seed}, step {step}: {other:?}"),
                    }
                }
            }
        }
        let report = verify(&t.state, true).await.unwrap();
        assert!(report.differences.is_empty(), "seed {seed}, step {step}: {:?}", report.differences);
    }
}

#[tokio::test]
async fn bags_and_hand_overs_agree_after_every_step_of_random_histories() {
    for seed in 0..6 {
        for t in TestApp::each("2026-01-15 10:00").await {
            history(&t, seed).await;
        }
    }
}
