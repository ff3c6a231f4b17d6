//! Random histories: whatever happens in whatever order, the books agree after every step. The seed is in the message.

use super::*;
use crate::billing::{Period, Rupiah};
use crate::server::testing::TestApp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

crate::sql!(
    DOUBLE_MONTHS = "SELECT COUNT(*) FROM (SELECT service_id, period FROM invoice_line WHERE kind IN ('subscription', 'prorate') AND NOT void GROUP BY service_id, period HAVING COUNT(*) > 1) d"
);
crate::sql!(IDLE_SALDO = "SELECT COUNT(*) FROM customer c WHERE EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = c.id AND p.unused > 0)
 AND EXISTS (SELECT 1 FROM invoice i WHERE i.customer_id = c.id AND i.status IN ('open', 'partial') AND i.period <= $1)");
crate::sql!(MONEY_IN = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment");

async fn history(t: &TestApp, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let packages =
        [t.package("A", 110_000, 1).await, t.package("B", 300_000, 1).await, t.package("C", 850_000, 3).await];
    let mut services = Vec::new();
    for n in 0..6 {
        let start = ["2025-11-01", "2026-01-15", "2026-02-28", "2025-06-30"][rng.random_range(0..4)];
        services.push(t.service(&format!("S{n}"), packages[rng.random_range(0..3)], start).await);
    }
    let mut month: Period = "2026-01".parse().unwrap();
    let mut day = 1;
    let mut received = 0_i64;
    let mut forms = Vec::new();
    for step in 0..40 {
        day += rng.random_range(0..4);
        if day > 28 {
            month = month.next();
            day = 1;
        }
        t.at(&format!("{month}-{day:02} 10:00"));
        match rng.random_range(0..10) {
            0..=2 => {
                t.issue(&month.to_string()).await;
            }
            3 => {
                let wish = IssueWish { period: Some(month.prev()), scope: Scope::All, notify: false, dry_run: false };
                t.state.ledger(Who::system()).await.unwrap().issue(wish).await.unwrap();
            }
            4 if !forms.is_empty() => {
                // The same form again, later: nothing.
                let form: &PayForm = &forms[rng.random_range(0..forms.len())];
                let again = t.state.ledger(Who::command()).await.unwrap().settle(form.clone()).await;
                assert!(again.is_ok_and(|receipt| receipt.already) || form.received_on < t.state.clock.today());
            }
            _ => {
                let service = services[rng.random_range(0..services.len())];
                let amount =
                    [1, 50_000, 110_000, 299_999, 300_000, 300_001, 900_000, 2_000_000][rng.random_range(0..8)];
                let mut form = t.form(service, amount, Source::Cash);
                form.request_id = Some(format!("{seed}-{step}"));
                let receipt = t.state.ledger(Who::command()).await.unwrap().settle(form.clone()).await.unwrap();
                received += amount;
                assert_eq!(
                    receipt.allocated.iter().map(|part| part.amount).sum::<Rupiah>() + receipt.credit,
                    Rupiah(amount)
                );
                forms.push(form);
            }
        }
        let report = verify(&t.state).await.unwrap();
        assert!(report.differences.is_empty(), "seed {seed}, step {step}: {:?}", report.differences);
        assert_eq!(t.state.db.number(DOUBLE_MONTHS, args![]).await.unwrap(), 0, "seed {seed}, step {step}");
    }
    assert_eq!(t.state.db.number(MONEY_IN, args![]).await.unwrap(), received, "seed {seed}");
    // Saldo never lies beside a bill whose month has begun, once a run has been over.
    t.issue(&month.to_string()).await;
    assert_eq!(t.state.db.number(IDLE_SALDO, args![month]).await.unwrap(), 0, "seed {seed}");
}

#[tokio::test]
async fn the_books_agree_after_every_step_of_random_histories() {
    let seeds: u64 = std::env::var("HISTORY_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    for seed in 0..seeds {
        for t in TestApp::each("2026-01-01 00:01").await {
            history(&t, seed).await;
        }
    }
}
