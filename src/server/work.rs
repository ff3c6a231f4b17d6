//! The durable queue: table, enqueue, claim, finish.
//!
//! An item is enqueued in the transaction of its cause, so that there is no cause without its work and no work without
//! its cause. It is claimed with a lease, carried out outside any transaction, and finished fenced by lease and
//! attempt. Kinds and their payloads are [`Job`]; what carries them out is `jobs::worker`.

mod carry;
mod claim;
mod dead;
#[cfg(test)]
mod tests;

pub use carry::{Ending, backoff, carry};
pub use claim::{Candidate, Claimed, candidates, claim, claim_lane, finish};
pub use dead::{DeadLetter, QueueCounts, close_dead, dead_letters, queue_counts, retry_dead};

use crate::args;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::sql;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A piece of work, as it is stored. Payloads of older releases must go on parsing: add fields with defaults only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Bring a router to what the database says (all of its services).
    SyncRouter {
        /// The router.
        router_id: i64,
    },
    /// Send a queued message.
    SendMessage {
        /// The message.
        message_id: i64,
    },
    /// Carry out a stored notice of a gateway: ask the gateway, then settle.
    SettleNotice {
        /// The notice.
        notice_id: i64,
    },
    /// Ask the gateway about an attempt whose time is over.
    AskAttempt {
        /// The attempt.
        attempt_id: i64,
    },
    /// Run a scheduled job for one slot.
    RunJob {
        /// Its name in the schedule.
        job: String,
        /// Its slot: the instant it was due, RFC 3339.
        slot: String,
    },
    /// Write the new-bill messages of a bill run.
    AnnounceRun {
        /// The run.
        run_id: i64,
    },
    /// Import the file of an import job.
    RunImport {
        /// The import job.
        import_id: i64,
    },
}

impl Job {
    /// Two items with the same key, neither started, are one.
    pub fn dedup(&self) -> String {
        match self {
            Self::SyncRouter { router_id } => format!("sync_router:{router_id}"),
            Self::SendMessage { message_id } => format!("send_message:{message_id}"),
            Self::SettleNotice { notice_id } => format!("settle_notice:{notice_id}"),
            Self::AskAttempt { attempt_id } => format!("ask_attempt:{attempt_id}"),
            Self::RunJob { job, slot } => format!("run_job:{job}:{slot}"),
            Self::AnnounceRun { run_id } => format!("announce_run:{run_id}"),
            Self::RunImport { import_id } => format!("run_import:{import_id}"),
        }
    }

    /// Items of one lane run one after the other.
    pub fn lane(&self) -> String {
        match self {
            Self::SyncRouter { router_id } => format!("router:{router_id}"),
            Self::SendMessage { .. } => "whatsapp".to_owned(),
            // Both issue bills, of the same month even.
            Self::RunJob { job, .. } if job == "prorate" => "job:invoicing".to_owned(),
            Self::RunJob { job, .. } => format!("job:{job}"),
            Self::RunImport { .. } => "import".to_owned(),
            Self::AnnounceRun { .. } => "announce".to_owned(),
            Self::SettleNotice { .. } | Self::AskAttempt { .. } => String::new(),
        }
    }

    /// Its kind, as stored beside the payload.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SyncRouter { .. } => "sync_router",
            Self::SendMessage { .. } => "send_message",
            Self::SettleNotice { .. } => "settle_notice",
            Self::AskAttempt { .. } => "ask_attempt",
            Self::RunJob { .. } => "run_job",
            Self::AnnounceRun { .. } => "announce_run",
            Self::RunImport { .. } => "run_import",
        }
    }
}

// What waits already comes earlier where the new wish is earlier, never later.
sql!(ENQUEUE = "INSERT INTO work (kind, payload, dedup, lane, run_at, lease_by, lease_until, attempt, state, last_error, created_at, finished_at)
 VALUES ($1, $2, $3, $4, $5, '', NULL, 0, 'ready', '', $6, NULL)
 ON CONFLICT (dedup) WHERE state = 'ready' DO UPDATE SET run_at = excluded.run_at WHERE excluded.run_at < work.run_at");

/// Enqueues `job` in the caller's transaction, to run at `run_at`. An equal item that has not started absorbs it, and
/// runs at the earlier of the two times.
pub async fn enqueue(tx: &mut Tx, job: &Job, run_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let payload = serde_json::to_string(job)?;
    tx.exec(ENQUEUE, args![job.kind(), payload, job.dedup(), job.lane(), run_at, now]).await?;
    Ok(())
}

/// What a deed says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out, or nothing was left to do.
    Done,
    /// Failed; again after the kind's [`backoff`], until that gives up.
    Retry {
        /// Why, for the log and the screen.
        reason: String,
    },
    /// Not its time yet; this try does not count.
    Later {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// Trying again would not help: a person must look.
    Fail {
        /// Why.
        reason: String,
    },
}
