//! `invoice:generate` against the bare `INSERT … SELECT` of the same rows into the same tables in the same engine.

use crate::Number;
use kimonet::args;
use kimonet::billing::{Period, Rupiah};
use kimonet::server::audit::Who;
use kimonet::server::db::DbError;
use kimonet::server::ledger::{IssueWish, PayForm, Scope, Source};
use kimonet::server::state::AppState;
use kimonet::sql;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Most that issuing may cost, as a multiple of the bare statements.
const LIMIT: f64 = 2.0;
/// The same with discounts, add-ons and PPN on.
const FULL_LIMIT: f64 = 3.0;
/// Months issued each way; the median counts.
const ROUNDS: i32 = 3;

sql!(
    STAGE_INVOICES = "CREATE TABLE stage_invoice AS SELECT CAST(id + $2 AS BIGINT) AS id, number || $3 AS number, customer_id, service_id, $4 AS period, kind, issued_on, due_on, total, 0 AS paid, 'open' AS status, customer_name, package_name, run_id, price_id, created_at, basis_id FROM invoice WHERE period = $1 AND kind = 'regular'"
);
sql!(
    STAGE_LINES = "CREATE TABLE stage_line AS SELECT CAST(l.invoice_id + $2 AS BIGINT) AS invoice_id, l.service_id, $3 AS period, l.kind, l.amount, l.text, l.derivation FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.period = $1 AND i.kind = 'regular'"
);
sql!(
    STAGE_ENTRIES = "CREATE TABLE stage_entry AS SELECT e.customer_id, e.service_id, e.kind, e.amount, CAST(e.invoice_id + $2 AS BIGINT) AS invoice_id, e.business_date, e.text, e.who, e.at FROM ledger_entry e CROSS JOIN invoice i WHERE i.id = e.invoice_id AND i.period = $1 AND i.kind = 'regular' AND e.kind = 'issue'"
);

/// The three statements that the limit is measured by. Not in the program's list: their tables exist here only.
const BARE: [&str; 3] = [
    "INSERT INTO invoice (id, number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, price_id, created_at, basis_id) SELECT id, number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, price_id, created_at, basis_id FROM stage_invoice",
    "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void) SELECT invoice_id, service_id, period, kind, amount, text, derivation, NULL, FALSE FROM stage_line",
    "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at) SELECT customer_id, service_id, kind, amount, invoice_id, NULL, business_date, NULL, text, who, at FROM stage_entry",
];
const DROP: [&str; 3] = ["DROP TABLE stage_invoice", "DROP TABLE stage_line", "DROP TABLE stage_entry"];

async fn plain(state: &AppState, statements: &'static [&'static str]) -> Duration {
    let start = Instant::now();
    state
        .db
        .write::<_, DbError, _>(move |tx| {
            Box::pin(async move {
                for text in statements {
                    tx.exec(kimonet::server::db::Sql::same(text), args![]).await?;
                }
                Ok(())
            })
        })
        .await
        .expect("bare insert");
    start.elapsed()
}

async fn stage(state: &AppState, from: Period, to: Period, offset: i64) {
    state
        .db
        .write::<_, DbError, _>(move |tx| {
            Box::pin(async move {
                tx.exec(
                    inline(
                        STAGE_INVOICES,
                        &[&from.to_string(), &offset.to_string(), &format!("/{to}"), &to.to_string()],
                    ),
                    args![],
                )
                .await?;
                tx.exec(inline(STAGE_LINES, &[&from.to_string(), &offset.to_string(), &to.to_string()]), args![])
                    .await?;
                tx.exec(inline(STAGE_ENTRIES, &[&from.to_string(), &offset.to_string()]), args![]).await?;
                Ok(())
            })
        })
        .await
        .expect("staging");
}

/// `CREATE TABLE … AS` takes no parameters on PostgreSQL: the few values of this bench are written in.
fn inline(sql: kimonet::server::db::Sql, values: &[&str]) -> kimonet::server::db::Sql {
    let mut text = sql.sqlite().to_owned();
    for (n, value) in values.iter().enumerate() {
        let literal = if value.bytes().all(|b| b.is_ascii_digit()) {
            (*value).to_owned()
        } else {
            format!("CAST('{value}' AS TEXT)")
        };
        text = text.replace(&format!("${}", n + 1), &literal);
    }
    kimonet::server::db::Sql::same(Box::leak(text.into_boxed_str()))
}

fn start_month(state: &AppState, period: Period) {
    state.clock.set(state.clock.instant(period.first_day(), chrono::NaiveTime::MIN) + chrono::Duration::minutes(1));
}

/// Issues a month on its first day; how many bills that were, and how long it took.
pub async fn month(state: &AppState, period: Period) -> (i64, Duration) {
    start_month(state, period);
    let ledger = state.ledger(Who::system()).await.expect("ledger");
    let wish = IssueWish { period: Some(period), scope: Scope::All, notify: false, dry_run: false };
    let start = Instant::now();
    let report = ledger.issue(wish).await.expect("issue");
    (report.issued, start.elapsed())
}

/// Issues months from `first` and the bare rows of each beside it; the median of both, of their ratio, and the bills.
async fn against_bare(state: &AppState, first: Period, years: i64) -> (f64, Duration, Duration, i64) {
    let mut ratios = Vec::new();
    let (mut ours, mut bares) = (Vec::new(), Vec::new());
    let mut issued = 0;
    for round in 0..ROUNDS {
        let period = first.add_months(round * 2);
        let (bills, mine) = month(state, period).await;
        issued = bills;
        stage(state, period, period.next(), 1_000_000_000 * (years + i64::from(round) + 1)).await;
        let bare = plain(state, &BARE).await;
        plain(state, &DROP).await;
        state
            .db
            .write::<_, DbError, _>(|tx| Box::pin(async move { tx.ids_follow("invoice").await }))
            .await
            .expect("ids go on above those that were written in");
        ratios.push(mine.as_secs_f64() / bare.as_secs_f64());
        ours.push(mine);
        bares.push(bare);
        eprintln!("{} {period}: issue {mine:.2?} ({issued} bills), bare {bare:.2?}", state.db.engine());
    }
    ratios.sort_by(f64::total_cmp);
    ours.sort();
    bares.sort();
    let middle = ratios.len() / 2;
    (ratios[middle], ours[middle], bares[middle], issued)
}

sql!(
    SOME_DISCOUNTS = "UPDATE service SET discount_kind = CASE id % 3 WHEN 0 THEN 'percent' ELSE 'amount' END, discount_value = CASE id % 3 WHEN 0 THEN 1000 ELSE 15000 END WHERE id % 4 = 0"
);
sql!(SOME_RENT = "INSERT INTO service_addon (service_id, text, amount, from_period, until_period, request_id, who, created_at)
 SELECT id, CASE id % 2 WHEN 0 THEN 'Sewa alat' ELSE 'IP publik' END, CASE id % 2 WHEN 0 THEN 25000 ELSE 50000 END, '2026-01', '', 'bench-' || CAST(id AS TEXT), 'Bench', created_at FROM service WHERE id % 5 < 2");
sql!(
    SOME_OWN_PRICES = "INSERT INTO service_price (service_id, price, valid_from, who, created_at) SELECT id, 199000, started_on, 'Bench', created_at FROM service WHERE id % 50 = 7"
);

/// The same with PPN on, a discount for every fourth service, something rented by two of five, a price of its own for
/// one of fifty.
pub async fn run_full(state: &AppState, customers: i64) -> Vec<Number> {
    state
        .db
        .write::<_, kimonet::server::error::Error, _>(|tx| {
            Box::pin(async move {
                for change in [SOME_DISCOUNTS, SOME_RENT, SOME_OWN_PRICES] {
                    tx.exec(change, args![]).await?;
                }
                tx.analyze().await?;
                Ok(())
            })
        })
        .await
        .expect("extras");
    let (secrets, now) = (state.secrets.clone(), state.clock.now());
    state
        .db
        .write::<_, kimonet::server::error::Error, _>(move |tx| {
            let secrets = secrets.clone();
            Box::pin(async move {
                kimonet::server::settings::put(tx, &secrets, "invoice.tax.pkp", "true", now).await?;
                Ok(())
            })
        })
        .await
        .expect("PPN");
    state.fresh_settings().await.expect("settings");
    let (ratio, ours, bare, issued) = against_bare(state, "2027-01".parse().expect("period"), 20).await;
    vec![Number::limited(
        format!(
            "the same with discounts, add-ons and PPN, {customers} customers, {} ({issued} bills): {ours:.2?} against {bare:.2?} bare",
            state.db.engine()
        ),
        format!("{ratio:.2}x"),
        format!("{FULL_LIMIT:.1}x"),
        ratio <= FULL_LIMIT,
    )]
}

pub async fn run(state: &AppState, customers: i64) -> Vec<Number> {
    let first: Period = "2026-02".parse().expect("period");
    let (ratio, ours, bare, issued) = against_bare(state, first, 0).await;
    // Once more with payments that come in meanwhile: how long does one wait?
    let period = first.add_months(ROUNDS * 2);
    start_month(state, period);
    let (payer, stop) = pay_meanwhile(state, ROUNDS);
    month(state, period).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits = payer.await.expect("payer");
    vec![
        Number::limited(
            format!(
                "invoice:generate, {customers} customers, {} ({issued} bills): {ours:.2?} against {bare:.2?} bare",
                state.db.engine(),
            ),
            format!("{ratio:.2}x"),
            format!("{LIMIT:.1}x"),
            ratio <= LIMIT,
        ),
        {
            waits.sort();
            let worst = waits.last().copied().unwrap_or_default();
            Number::plain(
                format!(
                    "payments settled while bills are issued, {}: {} of them, slowest",
                    state.db.engine(),
                    waits.len()
                ),
                format!("{worst:.2?}"),
            )
        },
    ]
}

/// Settles a payment every 20 ms until told to stop, as callbacks do; answers how long each took.
fn pay_meanwhile(state: &AppState, round: i32) -> (tokio::task::JoinHandle<Vec<Duration>>, Arc<AtomicBool>) {
    let stop = Arc::new(AtomicBool::new(false));
    let (state, stopped) = (state.clone(), Arc::clone(&stop));
    let payer = tokio::spawn(async move {
        let ledger = state.ledger(Who::system()).await.expect("ledger");
        let mut waits = Vec::new();
        for service_id in 1_i64.. {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            let form = PayForm {
                service_id,
                amount: Rupiah(50_000),
                source: Source::Gateway {
                    gateway: "flip".to_owned(),
                    reference: format!("BENCH-{round}-{service_id}"),
                    channel: "bni_va".to_owned(),
                },
                chosen: Vec::new(),
                received_on: state.clock.today(),
                received_by: "Flip".to_owned(),
                holder_id: None,
                reference: String::new(),
                note: String::new(),
                request_id: None,
                attempt_id: None,
            };
            let start = Instant::now();
            ledger.settle(form).await.expect("settle");
            waits.push(start.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        waits
    });
    (payer, stop)
}
