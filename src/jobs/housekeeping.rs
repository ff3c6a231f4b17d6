//! What nobody needs any more goes: sessions that are over, old finished work, refused notices beyond the newest. And
//! the database learns how large its tables have become.

use crate::server::db::Sql;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::sql;
use chrono::Duration;

/// Its name in the schedule.
pub const NAME: &str = "housekeeping";
/// Finished work is kept so long.
const WORK_DAYS: i64 = 7;
/// Runs of the frequent jobs are kept so long; those of the others for ever.
const RUN_DAYS: i64 = 7;
/// Refused notices kept.
const REFUSED_MAX: i64 = 2_000;
/// Rows that go in one transaction, so that payments get the writer in between.
const CHUNK_ROWS: i64 = 2_000;

sql!(
    OLD_SESSIONS =
        "DELETE FROM session WHERE token_hash IN (SELECT token_hash FROM session WHERE expires_at < $1 LIMIT $2)"
);
sql!(
    OLD_WORK = "DELETE FROM work WHERE id IN (SELECT id FROM work WHERE state = 'done' AND finished_at < $1 LIMIT $2)"
);
sql!(
    OLD_RUNS = "DELETE FROM job_run WHERE id IN (SELECT id FROM job_run WHERE started_at < $1 AND job IN ('router_sweep', 'attempts', 'housekeeping', 'alerts') LIMIT $2)"
);
sql!(
    OLD_REFUSED =
        "DELETE FROM refused_notice WHERE id IN (SELECT id FROM refused_notice ORDER BY id DESC LIMIT $2 OFFSET $1)"
);

/// Deletes, then reads the statistics. Answers how many rows of each, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let now = state.clock.now();
    let sessions = sweep(state, OLD_SESSIONS, now.into()).await?;
    let work = sweep(state, OLD_WORK, (now - Duration::days(WORK_DAYS)).into()).await?;
    let runs = sweep(state, OLD_RUNS, (now - Duration::days(RUN_DAYS)).into()).await?;
    let refused = sweep(state, OLD_REFUSED, REFUSED_MAX.into()).await?;
    crate::server::documents::month::sweep_all(state).await;
    state.db.write::<_, Error, _>(|tx| Box::pin(async move { Ok(tx.analyze().await?) })).await?;
    Ok(serde_json::json!({ "sessions": sessions, "work": work, "runs": runs, "refused": refused }).to_string())
}

async fn sweep(state: &AppState, sql: Sql, bound: crate::server::db::Val) -> Result<u64> {
    let mut gone = 0;
    loop {
        let bound = bound.clone();
        let moved = state
            .db
            .write::<_, Error, _>(move |tx| {
                let bound = bound.clone();
                Box::pin(async move { Ok(tx.exec(sql, vec![bound, CHUNK_ROWS.into()]).await?) })
            })
            .await?;
        gone += moved;
        if moved < u64::try_from(CHUNK_ROWS).unwrap_or(u64::MAX) {
            return Ok(gone);
        }
    }
}
