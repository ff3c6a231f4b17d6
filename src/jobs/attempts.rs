//! Payment attempts whose time is over: the gateway is asked what became of them.

use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};

/// Its name in the schedule.
pub const NAME: &str = "attempts";
/// Attempts asked about in one run; the next run is a minute later.
const ASKED_MAX: i64 = 500;

// Not those that are being asked about, nor those that were given up and wait for a person.
sql!(
    EXPIRED = "SELECT a.id FROM payment_attempt a
 WHERE a.status IN ('creating', 'open') AND a.expires_at < $1
   AND NOT EXISTS (SELECT 1 FROM work w WHERE w.dedup = 'ask_attempt:' || CAST(a.id AS TEXT) AND w.state = 'retry')
   AND NOT EXISTS (SELECT 1 FROM work w WHERE w.dedup = 'ask_attempt:' || CAST(a.id AS TEXT) AND w.state = 'dead')
   AND NOT EXISTS (SELECT 1 FROM work w WHERE w.dedup = 'ask_attempt:' || CAST(a.id AS TEXT) AND w.state = 'running')
 ORDER BY a.expires_at LIMIT $2"
);

/// Enqueues the questions. Answers how many, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let now = state.clock.now();
    let attempts: Vec<(i64,)> = state.db.all(EXPIRED, args![now, ASKED_MAX]).await?;
    let n = attempts.len();
    if n > 0 {
        state
            .db
            .write::<_, Error, _>(move |tx| {
                let attempts = attempts.clone();
                Box::pin(async move {
                    for (attempt_id,) in attempts {
                        work::enqueue(tx, &Job::AskAttempt { attempt_id }, now, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        state.work_bell.notify_waiters();
    }
    Ok(serde_json::json!({ "asked": n }).to_string())
}
