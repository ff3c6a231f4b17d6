//! Random histories: whatever happens in whatever order, the books agree after every step. The seed is in the message.

use super::*;
use crate::billing::{Period, Rupiah};
use crate::server::customers::change::{self, Wish};
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::customers::packages;
use crate::server::customers::planned::Change;
use crate::server::error::Error;
use crate::server::testing::TestApp;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

crate::sql!(
    DOUBLE_MONTHS = "SELECT COUNT(*) FROM (SELECT service_id, period FROM invoice_line WHERE kind IN ('subscription', 'prorate') AND NOT void GROUP BY service_id, period HAVING COUNT(*) > 1) d"
);
crate::sql!(IDLE_SALDO = "SELECT COUNT(*) FROM customer c WHERE EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = c.id AND p.unused > 0)
 AND EXISTS (SELECT 1 FROM invoice i WHERE i.customer_id = c.id AND i.status IN ('open', 'partial') AND i.period <= $1)");
crate::sql!(
    MONEY_IN =
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment WHERE method = 'cash' AND reversed_on IS NULL"
);
crate::sql!(STANDING_PAYMENTS = "SELECT id, amount, method FROM payment WHERE reversed_on IS NULL ORDER BY id");
crate::sql!(
    STANDING_BILLS = "SELECT id, service_id, total - paid, paid FROM invoice WHERE status <> 'void' ORDER BY id"
);
crate::sql!(
    SALDOS = "SELECT service_id, CAST(SUM(unused) AS BIGINT) FROM payment WHERE unused > 0 GROUP BY service_id ORDER BY service_id"
);

/// Something of everything, or `None`.
fn some<T: Copy>(rng: &mut StdRng, of: &[T]) -> Option<T> {
    (!of.is_empty()).then(|| of[rng.random_range(0..of.len())])
}

/// A deed that takes back, lowers or gives back; answers how much cash it took out of the books. What the rules refuse
/// is refused whole: `verify` afterwards says so.
async fn undo(t: &TestApp, rng: &mut StdRng, key: &str) -> i64 {
    let ledger = t.state.ledger(Who::command()).await.unwrap();
    let bills: Vec<(i64, i64, i64, i64)> = t.state.db.all(STANDING_BILLS, args![]).await.unwrap();
    match rng.random_range(0..5) {
        0 => {
            let payments: Vec<(i64, i64, String)> = t.state.db.all(STANDING_PAYMENTS, args![]).await.unwrap();
            let places: Vec<usize> = (0..payments.len()).collect();
            let Some(place) = some(rng, &places) else { return 0 };
            let (id, amount, method) = &payments[place];
            match ledger.reverse_payment(*id, "Salah").await {
                Ok(_) if method == "cash" => *amount,
                Ok(_) | Err(Error::Refused(_)) => 0,
                Err(error) => panic!("{error}"),
            }
        }
        1 => {
            let Some((id, _, _, paid)) = some(rng, &bills) else { return 0 };
            assert_eq!(ledger.void_invoice(id, "Salah").await.is_ok(), paid == 0);
            0
        }
        2 | 3 => {
            let Some((id, service_id, left, _)) = some(rng, &bills) else { return 0 };
            let kind = if rng.random_bool(0.5) { CreditKind::Note } else { CreditKind::WriteOff };
            let amount = Rupiah([1, 10_000, left, left + 1, 100_000][rng.random_range(0..5)]);
            let invoice_id = (kind == CreditKind::WriteOff || rng.random_bool(0.7)).then_some(id);
            let (reason, request_id) = ("Uji".to_owned(), key.to_owned());
            let result = ledger.credit(CreditForm { kind, service_id, invoice_id, amount, reason, request_id }).await;
            assert!(matches!(result, Ok(_) | Err(Error::Refused(_) | Error::Invalid { .. })), "{result:?}");
            0
        }
        _ => {
            let saldos: Vec<(i64, i64)> = t.state.db.all(SALDOS, args![]).await.unwrap();
            let Some((service_id, saldo)) = some(rng, &saldos) else { return 0 };
            let amount = Rupiah([1, saldo, saldo / 2, saldo + 1_000_000_000][rng.random_range(0..4)]);
            let (reason, reference, request_id) = ("Uji".to_owned(), String::new(), key.to_owned());
            let form = RefundForm { service_id, amount, cash: false, holder_id: None, reference, reason, request_id };
            let result = ledger.refund(form).await;
            assert!(matches!(result, Ok(_) | Err(Error::Invalid { .. })), "{result:?}");
            0
        }
    }
}

/// Something in the life of a service: another package, a pause, a stop, coming back, a price, something rented.
async fn live(t: &TestApp, rng: &mut StdRng, service_id: i64, packages: &[i64], key: &str) {
    let wish = |change: Change, today: bool| Wish {
        service_id,
        change,
        from: today.then(|| t.state.clock.today()),
        reason: "Uji".to_owned(),
        preview: false,
    };
    let (state, who) = (&t.state, Who::command());
    let package = packages[rng.random_range(0..packages.len())];
    let amount = Rupiah([10_000, 25_000, 333_333][rng.random_range(0..3)]);
    let result = match rng.random_range(0..9) {
        0 | 1 => change::carry(state, who, wish(Change::Package(package), rng.random_bool(0.6))).await.map(|_| ()),
        2 => change::carry(state, who, wish(Change::Stop, rng.random_bool(0.6))).await.map(|_| ()),
        3 => change::carry(state, who, wish(Change::Pause(rng.random_range(1..3)), false)).await.map(|_| ()),
        4 => change::resume(state, who, service_id, rng.random_bool(0.3)).await.map(|_| ()),
        5 => extras::add_on(state, who, service_id, ("Sewa alat", amount), None, key.to_owned()).await.map(|_| ()),
        6 => extras::set_price(state, who, service_id, rng.random_bool(0.7).then_some(amount)).await.map(|_| ()),
        7 => {
            let wish = [DiscountWish::None, DiscountWish::Percent(1_250), DiscountWish::Amount(amount)];
            extras::set_discount(state, who, service_id, wish[rng.random_range(0..3)], None).await
        }
        _ => {
            let from = t.state.clock.today() + chrono::Days::new(rng.random_range(0..40));
            packages::plan_price(state, who, package, amount, from).await.map(|_| ())
        }
    };
    assert!(matches!(result, Ok(()) | Err(Error::Refused(_) | Error::Invalid { .. })), "{result:?}");
}

/// Several pay at the same moment, one of them perhaps twice over, and one form comes twice; answers the cash.
async fn burst(t: &TestApp, rng: &mut StdRng, services: &[i64], key: &str) -> i64 {
    let mut forms: Vec<PayForm> = (0..rng.random_range(2..7))
        .map(|n| {
            let amount = [1, 50_000, 300_000, 900_000][rng.random_range(0..4)];
            let mut form = t.form(services[rng.random_range(0..services.len())], amount, Source::Cash);
            form.request_id = Some(format!("{key}-{n}"));
            form
        })
        .collect();
    let received = forms.iter().map(|form| form.amount.0).sum();
    forms.extend(forms.first().cloned());
    let ledger = t.state.ledger(Who::command()).await.unwrap();
    let receipts = join_all(forms.iter().map(|form| ledger.settle(form.clone()))).await;
    let mut again = 0;
    for (form, receipt) in forms.iter().zip(receipts) {
        let receipt = receipt.unwrap_or_else(|error| panic!("{key}: {error}"));
        let laid = receipt.allocated.iter().map(|part| part.amount).sum::<Rupiah>() + receipt.credit;
        assert_eq!((receipt.amount, laid), (form.amount, form.amount), "{key}");
        again += usize::from(receipt.already);
    }
    assert_eq!(again, 1, "{key}: the form that came twice");
    received
}

async fn history(t: &TestApp, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let packages =
        [t.package("A", 110_000, 1).await, t.package("B", 300_000, 1).await, t.package("C", 850_000, 3).await];
    if seed.is_multiple_of(3) {
        t.set(&[
            ("invoice.late_fee.mode", "percent"),
            ("invoice.late_fee.percent", "2"),
            ("invoice.late_fee.days", "3"),
        ])
        .await;
    }
    let mut services = Vec::new();
    for n in 0..6 {
        let start = ["2025-11-01", "2026-01-15", "2026-02-28", "2025-06-30"][rng.random_range(0..4)];
        services.push(t.service(&format!("S{n}"), packages[rng.random_range(0..3)], start).await);
    }
    let mut month: Period = "2026-01".parse().unwrap();
    let mut day = 1;
    let mut received = 0_i64;
    let mut forms = Vec::new();
    for step in 0..30 {
        day += rng.random_range(0..4);
        if day > 28 {
            month = month.next();
            day = 1;
        }
        t.at(&format!("{month}-{day:02} 10:00"));
        match rng.random_range(0..20) {
            18 => {
                // A crash in the middle: whatever a transaction has done by then is undone with it.
                let service = services[rng.random_range(0..services.len())];
                let form = t.form(service, [50_000, 300_000, 900_000][rng.random_range(0..3)], Source::Cash);
                let crashed = t.state.ledger(Who::command()).await.unwrap().preview(form, rng.random_range(0..3)).await;
                assert!(matches!(crashed, Ok(_) | Err(Error::Invalid { .. } | Error::Refused(_))), "{crashed:?}");
            }
            19 => {
                issue_late_fees(&t.state).await.unwrap();
            }
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
            5..=7 => received -= undo(t, &mut rng, &format!("{seed}-{step}")).await,
            14..=17 => {
                let service = services[rng.random_range(0..services.len())];
                live(t, &mut rng, service, &packages, &format!("{seed}-{step}")).await;
            }
            8 => {
                let service = services[rng.random_range(0..services.len())];
                let mut form = t.form(service, 5_000_000, Source::Cash);
                form.request_id = Some(format!("{seed}-{step}"));
                match t.state.ledger(Who::command()).await.unwrap().settle_ahead(form, rng.random_range(1..4)).await {
                    Ok(_) => received += 5_000_000,
                    Err(Error::Invalid { .. } | Error::Refused(_)) => {}
                    Err(error) => panic!("seed {seed}, step {step}: {error}"),
                }
            }
            9 => received += burst(t, &mut rng, &services, &format!("{seed}-{step}")).await,
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
        // Each step of some histories is looked at, the others now and then: what is wrong stays wrong.
        if seed.is_multiple_of(20) || step % 10 == 9 {
            let report = verify(&t.state, true).await.unwrap();
            assert!(report.differences.is_empty(), "seed {seed}, step {step}: {:?}", report.differences);
            assert_eq!(t.state.db.number(DOUBLE_MONTHS, args![]).await.unwrap(), 0, "seed {seed}, step {step}");
        }
    }
    assert_eq!(t.state.db.number(MONEY_IN, args![]).await.unwrap(), received, "seed {seed}");
    // Saldo never lies beside a bill whose month has begun, once a run has been over.
    t.issue(&month.to_string()).await;
    assert_eq!(t.state.db.number(IDLE_SALDO, args![month]).await.unwrap(), 0, "seed {seed}");
}

/// The seeds of one of four parts, so that they run side by side.
async fn part(part: u64) {
    let seeds: u64 = std::env::var("HISTORY_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    for seed in (0..seeds).filter(|seed| seed % 4 == part) {
        for t in TestApp::each("2026-01-01 00:01").await {
            history(&t, seed).await;
        }
    }
}

macro_rules! parts {
    ($($name:ident = $part:literal),*) => { $(
        #[tokio::test]
        async fn $name() {
            part($part).await;
        }
    )* };
}

parts!(the_books_agree_1 = 0, the_books_agree_2 = 1, the_books_agree_3 = 2, the_books_agree_4 = 3);
