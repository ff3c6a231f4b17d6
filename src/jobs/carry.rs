//! Which deed carries out which kind of work.

use super::{alerts, backup, books};
use super::{attempts, changes, housekeeping, invoicing, isolir, late_fee, reminders, schedule, sweep};
use crate::server::customers::import;
use crate::server::error::Result;
use crate::server::gateways::inbox;
use crate::server::messages::{announce, deliver};
use crate::server::routers::reconcile;
use crate::server::state::AppState;
use crate::server::work::{Claimed, Job, Outcome};

/// Carries out one claimed item. An error is retried after the kind's backoff.
pub async fn carry_out(state: AppState, claimed: Claimed) -> Result<Outcome> {
    match claimed.job {
        Job::SyncRouter { router_id } => reconcile::carry_out(&state, router_id).await,
        Job::SendMessage { message_id } => deliver::deliver(&state, message_id, claimed.attempt).await,
        Job::SettleNotice { notice_id } => inbox::carry_out_notice(&state, notice_id).await,
        Job::AskAttempt { attempt_id } => inbox::ask_attempt(&state, attempt_id).await,
        Job::AnnounceRun { run_id } => announce::announce(&state, run_id).await.map(|_| Outcome::Done),
        Job::RunImport { import_id } => import::run_job(&state, import_id).await.map(|()| Outcome::Done),
        Job::RunJob { job, slot } => run_job(&state, &job, &slot, claimed.attempt).await,
    }
}

/// Carries out one slot of a scheduled job and writes its result down.
async fn run_job(state: &AppState, job: &str, slot: &str, attempt: i64) -> Result<Outcome> {
    let result = match job {
        invoicing::INVOICING => invoicing::run(state, slot).await,
        invoicing::PRORATE => invoicing::run_starters(state).await,
        changes::NAME => changes::run(state).await,
        late_fee::NAME => late_fee::run(state).await,
        isolir::NAME => isolir::run(state).await,
        sweep::NAME => sweep::run(state).await,
        attempts::NAME => attempts::run(state).await,
        backup::BACKUP => backup::run(state, slot).await,
        backup::DRILL => backup::run_drill(state).await,
        books::NAME => books::run(state).await,
        alerts::NAME => alerts::run(state).await,
        reminders::NAME => reminders::run(state).await,
        housekeeping::NAME => housekeeping::run(state).await,
        _ => return Ok(Outcome::Fail { reason: format!("tugas {job:?} tidak dikenal versi ini") }),
    };
    match &result {
        Ok(text) => schedule::note_result(state, job, slot, "done", text).await?,
        Err(error) => {
            tracing::error!(job, slot, attempt, %error, "scheduled job failed");
            schedule::note_result(state, job, slot, "failed", &error.to_string()).await?;
        }
    }
    result.map(|_| Outcome::Done)
}
