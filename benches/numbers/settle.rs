//! Settlements per second, from end to end, against the bare rate of committed single-row transactions on the same
//! engine and settings.

use crate::Number;
use kimonet::args;
use kimonet::billing::Rupiah;
use kimonet::server::audit::Who;
use kimonet::server::db::DbError;
use kimonet::server::ledger::{PayForm, Source};
use kimonet::server::state::AppState;
use kimonet::sql;
use std::time::{Duration, Instant};

/// How long each side is measured in one round.
const ROUND: Duration = Duration::from_secs(3);
/// Rounds of each side, in turn; the median of the ratios counts.
const ROUNDS: usize = 5;
/// How many pay at once, as on the evening of the due day.
const HANDS: i64 = 32;

sql!(BARE_TABLE = "CREATE TABLE bare_row (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL)");
sql!(BARE_ROW = "INSERT INTO bare_row (id, amount) VALUES ($1, $2)");

fn form(state: &AppState, service_id: i64, reference: String) -> PayForm {
    PayForm {
        service_id,
        amount: Rupiah(50_000),
        source: Source::Gateway { gateway: "flip".to_owned(), reference, channel: "bni_va".to_owned() },
        chosen: Vec::new(),
        received_on: state.clock.today(),
        received_by: "Flip".to_owned(),
        holder_id: None,
        reference: String::new(),
        note: String::new(),
        request_id: None,
        attempt_id: None,
    }
}

/// Hands that each do one deed after the other until the round is over; deeds per second.
async fn rate<F, D>(state: &AppState, round: usize, deed: F) -> f64
where
    F: Fn(AppState, i64) -> D + Send + Copy + 'static,
    D: Future<Output = ()> + Send,
{
    let begin = Instant::now();
    let hands: Vec<_> = (0..HANDS)
        .map(|hand| {
            let state = state.clone();
            tokio::spawn(async move {
                let mut n = 0_i64;
                while begin.elapsed() < ROUND {
                    n += 1;
                    deed(state.clone(), (i64::try_from(round).expect("round") * HANDS + hand) * 1_000_000 + n).await;
                }
                n
            })
        })
        .collect();
    let mut done = 0;
    for hand in hands {
        done += hand.await.expect("hand");
    }
    done as f64 / begin.elapsed().as_secs_f64()
}

async fn bare(state: AppState, n: i64) {
    state
        .db
        .write::<_, DbError, _>(move |tx| Box::pin(async move { tx.exec_one(BARE_ROW, args![n, 50_000_i64]).await }))
        .await
        .expect("bare row");
}

async fn settled(state: AppState, n: i64) {
    // Another payer each time: who waits for his own turn says nothing about the engine.
    let service_id = n % 1_000_000 % 3_000 * HANDS + n / 1_000_000 % HANDS + 1;
    let ledger = state.ledger(Who::system()).await.expect("ledger");
    ledger.settle(form(&state, service_id, format!("RATE-{n}"))).await.expect("settle");
}

/// `limit` is the least share of the bare rate.
pub async fn run(state: &AppState, limit: f64) -> Vec<Number> {
    state
        .db
        .write::<_, DbError, _>(|tx| {
            Box::pin(async move {
                tx.exec(BARE_TABLE, args![]).await?;
                Ok(())
            })
        })
        .await
        .expect("table");
    let (mut ratios, mut ours, mut bares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let plain = rate(state, round, bare).await;
        let mine = rate(state, round, settled).await;
        eprintln!("{}: {mine:.0} settlements/s, {plain:.0} bare/s", state.db.engine());
        ratios.push(mine / plain);
        ours.push(mine);
        bares.push(plain);
    }
    for list in [&mut ratios, &mut ours, &mut bares] {
        list.sort_by(f64::total_cmp);
    }
    let middle = ROUNDS / 2;
    vec![Number::limited(
        format!(
            "settlements per second, {}: {:.0} against {:.0} bare single-row transactions",
            state.db.engine(),
            ours[middle],
            bares[middle]
        ),
        format!("{:.2}", ratios[middle]),
        format!("at least {limit:.1}"),
        ratios[middle] >= limit,
    )]
}
