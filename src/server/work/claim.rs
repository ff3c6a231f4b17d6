//! Claim, heartbeat, finish: short transactions around work that runs outside any.
//!
//! Leases follow the machine's clock, since two processes may live on different business days (`--date`); everything
//! else follows the process's clock.

use super::carry::{Ending, backoff, with_jitter};
use super::{Job, Outcome};
use crate::server::clock::Clock;
use crate::server::db::{Db, DbError};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Duration, Utc};

/// How long a claim lasts without a heartbeat.
const LEASE_S: i64 = 60;

/// An item that this process has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// Its kind, for logs.
    pub kind: String,
    /// What to do.
    pub job: Job,
    /// Which try this is, from 1.
    pub attempt: i64,
    lease_by: String,
}

/// What may be claimed: its row and its kind.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Candidate {
    /// Its row.
    pub id: i64,
    /// Its kind.
    pub kind: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    payload: String,
    attempt: i64,
}

// The head of each free lane, and everything without a lane. An item whose lease is over heads its lane.
sql!(CANDIDATES = "SELECT id, kind FROM (
   SELECT w.id, w.kind, w.run_at, ROW_NUMBER() OVER (PARTITION BY CASE WHEN w.lane = '' THEN CAST(w.id AS TEXT) ELSE w.lane END
     ORDER BY CASE WHEN w.state = 'running' THEN 0 ELSE 1 END, w.run_at, w.id) AS n
   FROM work w
   WHERE w.state IN ('ready', 'retry', 'running') AND ((w.state IN ('ready', 'retry') AND w.run_at <= $1) OR (w.state = 'running' AND w.lease_until < $2))
     AND NOT EXISTS (SELECT 1 FROM work r WHERE r.lane = w.lane AND r.state = 'running' AND r.lane <> '' AND r.lease_until >= $2)) q
 WHERE n = 1 ORDER BY run_at, id LIMIT 100");
sql!(
    HEAD_OF_LANE = "SELECT id, kind FROM work w
 WHERE w.lane = $1 AND w.state IN ('ready', 'retry', 'running') AND (w.state IN ('ready', 'retry') OR (w.state = 'running' AND w.lease_until < $2))
   AND NOT EXISTS (SELECT 1 FROM work r WHERE r.lane = $1 AND r.state = 'running' AND r.lane <> '' AND r.lease_until >= $2)
 ORDER BY CASE WHEN w.state = 'running' THEN 0 ELSE 1 END, w.run_at, w.id LIMIT 1"
);
// $1 id, $2 by, $3 lease until, $4 due at, $5 lease clock. The test is repeated under the lock; the index
// work_lane refuses a second running item of a lane.
sql!(CLAIM = sqlite "UPDATE work SET state = 'running', lease_by = $2, lease_until = $3, attempt = attempt + 1
 WHERE id = $1 AND ((state IN ('ready', 'retry') AND run_at <= $4) OR (state = 'running' AND lease_until < $5))
 RETURNING id, kind, payload, attempt",
 postgres "UPDATE work SET state = 'running', lease_by = $2, lease_until = $3, attempt = attempt + 1
 WHERE id = (SELECT w.id FROM work w WHERE w.id = $1
   AND ((w.state IN ('ready', 'retry') AND w.run_at <= $4) OR (w.state = 'running' AND w.lease_until < $5)) FOR UPDATE SKIP LOCKED)
 RETURNING id, kind, payload, attempt");
sql!(
    HEARTBEAT =
        "UPDATE work SET lease_until = $4 WHERE id = $1 AND lease_by = $2 AND attempt = $3 AND state = 'running'"
);
sql!(
    DONE = "UPDATE work SET state = 'done', finished_at = $4, lease_until = NULL, last_error = $5 WHERE id = $1 AND lease_by = $2 AND attempt = $3 AND state = 'running'"
);
sql!(
    DEAD = "UPDATE work SET state = 'dead', finished_at = $4, lease_until = NULL, last_error = $5 WHERE id = $1 AND lease_by = $2 AND attempt = $3 AND state = 'running'"
);
sql!(
    RETRY = "UPDATE work SET state = 'retry', run_at = $4, lease_until = NULL, last_error = $5, attempt = attempt - $6 WHERE id = $1 AND lease_by = $2 AND attempt = $3 AND state = 'running'"
);
sql!(
    WAITS_TWIN = "SELECT id FROM work WHERE dedup = $1 AND state = 'ready' UNION ALL SELECT id FROM work WHERE dedup = $1 AND state = 'retry'"
);

/// The clock of leases: the machine's, the same for all processes.
pub(super) fn lease_clock(state: &AppState) -> DateTime<Utc> {
    Clock::real(state.clock.zone(), 0).now()
}

/// What is due at `now` and free, at most one item a lane, oldest first.
pub async fn candidates(state: &AppState, now: DateTime<Utc>) -> Result<Vec<Candidate>> {
    Ok(state.db.all(CANDIDATES, args![now, lease_clock(state)]).await?)
}

/// Claims one candidate if it is due at `now`; `None` if another process was faster.
pub async fn claim(state: &AppState, id: i64, now: DateTime<Utc>) -> Result<Option<Claimed>> {
    claim_at(&state.db, &state.process, id, now, lease_clock(state)).await
}

/// Claims the head of a lane, due or not; `None` if the lane is empty or another process has it.
pub async fn claim_lane(state: &AppState, lane: &str) -> Result<Option<Claimed>> {
    let clock = lease_clock(state);
    match state.db.opt::<Candidate>(HEAD_OF_LANE, args![lane, clock]).await? {
        Some(head) => claim_at(&state.db, &state.process, head.id, far_future(), clock).await,
        None => Ok(None),
    }
}

/// 9999-01-01: later than any `run_at`.
fn far_future() -> DateTime<Utc> {
    DateTime::from_timestamp(253_370_764_800, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

pub(super) async fn claim_at(
    db: &Db,
    by: &str,
    id: i64,
    due_at: DateTime<Utc>,
    clock: DateTime<Utc>,
) -> Result<Option<Claimed>> {
    let lease_by = by.to_owned();
    let claim = db
        .write::<_, DbError, _>(move |tx| {
            let lease_by = lease_by.clone();
            Box::pin(async move {
                tx.opt::<Row>(CLAIM, args![id, lease_by, clock + Duration::seconds(LEASE_S), due_at, clock]).await
            })
        })
        .await;
    let row = match claim {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(None),
        // The lane got another running item meanwhile.
        Err(error) if error.is_unique_violation() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let job = serde_json::from_str(&row.payload)
        .map_err(|error| Error::Corrupt(format!("tugas {} ({}): {error}", row.id, row.kind)))?;
    Ok(Some(Claimed { id: row.id, kind: row.kind, job, attempt: row.attempt, lease_by: by.to_owned() }))
}

/// Renews the lease; false if it is lost.
pub(super) async fn heartbeat(state: &AppState, claimed: &Claimed) -> Result<bool> {
    let until = lease_clock(state) + Duration::seconds(LEASE_S);
    let claimed = claimed.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (id, by, attempt) = (claimed.id, claimed.lease_by.clone(), claimed.attempt);
            Box::pin(async move { Ok(tx.exec(HEARTBEAT, args![id, by, attempt, until]).await? == 1) })
        })
        .await
}

/// Writes what became of an item, fenced by lease and attempt.
pub async fn finish(state: &AppState, claimed: &Claimed, outcome: Outcome) -> Result<Ending> {
    let now = state.clock.now();
    let mut end = match outcome {
        Outcome::Done => (Ending::Done, now, String::new(), 0),
        Outcome::Fail { reason } => (Ending::Dead, now, reason, 0),
        Outcome::Later { at, reason } => (Ending::Retry, at, reason, 1),
        Outcome::Retry { reason } => match backoff(&claimed.job, claimed.attempt) {
            Some(wait) => (Ending::Retry, with_jitter(now, wait)?, reason, 0),
            None => (Ending::Dead, now, reason, 0),
        },
    };
    // Errors of the outside can be long; the row keeps what a screen shows.
    end.2 = end.2.chars().take(500).collect();
    let claimed = claimed.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (claimed, (mut ending, at, reason, uncounted)) = (claimed.clone(), end.clone());
            Box::pin(async move {
                let (id, by, attempt) = (claimed.id, claimed.lease_by, claimed.attempt);
                // An equal item that waits does this one's work; two need not.
                if ending == Ending::Retry && tx.opt::<(i64,)>(WAITS_TWIN, args![claimed.job.dedup()]).await?.is_some()
                {
                    let moved = tx.exec(DONE, args![id, by, attempt, now, reason]).await?;
                    return Ok(if moved == 1 { Ending::Retry } else { Ending::Lost });
                }
                let moved = match ending {
                    Ending::Done | Ending::Lost => tx.exec(DONE, args![id, by, attempt, now, reason]).await?,
                    Ending::Dead => tx.exec(DEAD, args![id, by, attempt, now, reason]).await?,
                    Ending::Retry => tx.exec(RETRY, args![id, by, attempt, at, reason, i64::from(uncounted)]).await?,
                };
                if moved != 1 {
                    ending = Ending::Lost;
                }
                Ok(ending)
            })
        })
        .await
}
