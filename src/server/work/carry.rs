//! One claimed item, from claim to finish: the lease is kept alive, a panic is a retry, and a result whose lease was
//! lost is thrown away.

use super::claim::{Claimed, finish, heartbeat};
use super::{Job, Outcome};
use crate::server::error::{Error, Result};
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use chrono::{DateTime, Utc};
use std::future::Future;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// How often a lease is renewed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What became of a claimed item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Carried out.
    Done,
    /// Comes again later.
    Retry,
    /// Given up; a person must look.
    Dead,
    /// Another process has it now; nothing was written.
    Lost,
}

/// Carries out a claimed item and finishes it. `deed` runs in a task of its own: its panic ends nobody else.
pub async fn carry<F>(state: &AppState, claimed: &Claimed, deed: F) -> Result<Ending>
where
    F: Future<Output = Result<Outcome>> + Send + 'static,
{
    let mut task = AbortOnDropHandle::new(tokio::spawn(deed));
    let mut beat = tokio::time::interval(HEARTBEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beat.tick().await;
    let result = loop {
        tokio::select! {
            result = &mut task => break result,
            _ = beat.tick() => match heartbeat(state, claimed).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(work = claimed.id, kind = claimed.kind, "lease lost, result thrown away");
                    return Ok(Ending::Lost);
                }
                // The lease outlives some missed beats; the finish will tell.
                Err(error) => tracing::warn!(work = claimed.id, %error, "heartbeat failed"),
            },
        }
    };
    let outcome = match result {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            tracing::warn!(work = claimed.id, kind = claimed.kind, attempt = claimed.attempt, %error, "work failed");
            Outcome::Retry { reason: error.to_string() }
        }
        Err(error) => {
            tracing::error!(work = claimed.id, kind = claimed.kind, %error, "work panicked");
            Outcome::Retry { reason: format!("panik: {error}") }
        }
    };
    finish(state, claimed, outcome).await
}

/// When attempt `attempt` (from 1) of this kind of work failed: how long to wait, or `None` to give up.
///
/// Routers are tried for ever, 2 s at first and every 30 s in the end. Messages as whatsapp.md §8 says: after 1, 5, 15
/// and 60 minutes, five tries. Notices of money twenty times from 2 s up to 5 min. All else ten times, 5 s to 10 min.
pub fn backoff(job: &Job, attempt: i64) -> Option<Duration> {
    let doubled = |first_s: u64, cap_s: u64| {
        let power = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
        Duration::from_secs(first_s.saturating_mul(1 << power).min(cap_s))
    };
    match job {
        Job::SyncRouter { .. } => Some(doubled(2, 30)),
        Job::SendMessage { .. } => {
            [60, 300, 900, 3_600].get(usize::try_from(attempt - 1).unwrap_or(0)).map(|s| Duration::from_secs(*s))
        }
        Job::SettleNotice { .. } => (attempt < 20).then(|| doubled(2, 300)),
        Job::AskAttempt { .. } => (attempt < 20).then(|| doubled(5, 600)),
        Job::RunJob { .. } | Job::RunImport { .. } | Job::AnnounceRun { .. } => (attempt < 10).then(|| doubled(5, 600)),
    }
}

/// `from` plus `wait` plus up to a fifth of it, so that what failed together does not come again together.
pub(super) fn with_jitter(from: DateTime<Utc>, wait: Duration) -> Result<DateTime<Utc>> {
    let [byte] = random_bytes::<1>()?;
    let wait = wait + wait / 1_280 * u32::from(byte);
    let wait = chrono::Duration::from_std(wait).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(from + wait)
}
