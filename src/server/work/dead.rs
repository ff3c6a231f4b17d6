//! What screens and health ask of the queue, and what a person does about work that was given up ("Macet").

use super::Job;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Dead letters in one list.
const DEAD_LISTED_MAX: i64 = 200;

/// How many items stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// Due or to come, never tried.
    pub ready: i64,
    /// Being carried out.
    pub running: i64,
    /// To be tried again.
    pub retry: i64,
    /// Given up.
    pub dead: i64,
}

/// Work that was given up.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DeadLetter {
    /// Its row.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// What it was, as JSON.
    pub payload: String,
    /// How often it was tried.
    pub attempt: i64,
    /// Why it was given up.
    pub last_error: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was given up.
    pub finished_at: Option<DateTime<Utc>>,
}

sql!(COUNTS = "SELECT state, COUNT(*) FROM work WHERE state IN ('ready', 'retry', 'running') GROUP BY state");
sql!(COUNT_DEAD = "SELECT COUNT(*) FROM work WHERE state = 'dead'");
sql!(
    DEAD_LETTERS = "SELECT id, kind, payload, attempt, last_error, created_at, finished_at FROM work WHERE state = 'dead' ORDER BY id DESC LIMIT $1"
);
sql!(FIND_DEAD = "SELECT payload FROM work WHERE id = $1 AND state = 'dead' AND ($2 = '' OR kind = $2)");
sql!(
    CLOSE_DEAD = "UPDATE work SET state = 'done', finished_at = $2, last_error = $3 || last_error WHERE id = $1 AND state = 'dead'"
);

/// How many items stand where; finished ones are not counted.
pub async fn queue_counts(state: &AppState) -> Result<QueueCounts> {
    let mut counts = QueueCounts { dead: state.db.number(COUNT_DEAD, args![]).await?, ..QueueCounts::default() };
    for (word, n) in state.db.all::<(String, i64)>(COUNTS, args![]).await? {
        match word.as_str() {
            "ready" => counts.ready = n,
            "running" => counts.running = n,
            _ => counts.retry = n,
        }
    }
    Ok(counts)
}

/// Work that was given up, newest first.
pub async fn dead_letters(state: &AppState) -> Result<Vec<DeadLetter>> {
    Ok(state.db.all(DEAD_LETTERS, args![DEAD_LISTED_MAX]).await?)
}

/// Tries a dead letter again, as new work. `Conflict` when it is not dead any more.
pub async fn retry_dead(state: &AppState, id: i64, who: &Who) -> Result<()> {
    close(state, vec![id], who, None, "").await?;
    state.work_bell.notify_waiters();
    Ok(())
}

/// Tries dead letters again, or, with a reason, puts them away for good; how many. Only those of `kind`, where it is
/// not empty. All or none: `Conflict` when one is not dead any more.
pub async fn close_dead(
    state: &AppState,
    ids: Vec<i64>,
    who: &Who,
    reason: Option<String>,
    kind: &'static str,
) -> Result<i64> {
    let n = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    close(state, ids, who, reason, kind).await?;
    state.work_bell.notify_waiters();
    Ok(n)
}

async fn close(state: &AppState, ids: Vec<i64>, who: &Who, reason: Option<String>, kind: &'static str) -> Result<()> {
    let (now, who) = (state.clock.now(), who.clone());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, ids, reason) = (who.clone(), ids.clone(), reason.clone());
            Box::pin(async move {
                let gone = || Error::Conflict("Tugas itu sudah tidak macet. Muat ulang daftarnya.".to_owned());
                let word =
                    reason.as_ref().map_or_else(|| "dicoba lagi: ".to_owned(), |why| format!("dilepas ({why}): "));
                let mut log = Vec::new();
                for id in ids {
                    let (payload,): (String,) = tx.opt(FIND_DEAD, args![id, kind]).await?.ok_or_else(gone)?;
                    tx.exec_one(CLOSE_DEAD, args![id, now, &word]).await?;
                    if reason.is_none() {
                        let job: Job = serde_json::from_str(&payload)?;
                        super::enqueue(tx, &job, now, now).await?;
                    }
                    log.push((id, payload));
                }
                let action = if reason.is_none() { "work.retry" } else { "work.give_up" };
                for (id, payload) in log {
                    let after = reason.as_deref().unwrap_or("dicoba lagi");
                    audit::record(tx, &who, now, action, &format!("work:{id}"), &payload, after).await?;
                }
                Ok(())
            })
        })
        .await
}
