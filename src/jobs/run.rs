//! Jobs at somebody's word: run now, switched on or off, called by an old cron line. Each run has its slot, so that
//! nothing runs twice in it.

use super::schedule::{ENTRIES, Entry, slot_text};
use super::{invoicing, isolir};
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, SecondsFormat, Utc};

sql!(
    ADD_RUN_BY = "INSERT INTO job_run (job, slot, state, result, started_at, finished_at, who) VALUES ($1, $2, 'running', '', $3, NULL, $4)
 ON CONFLICT (job, slot) DO NOTHING"
);
sql!(IS_RUNNING = "SELECT COUNT(*) FROM job_run WHERE job = $1 AND state = 'running'");
sql!(ENABLED = "SELECT enabled FROM schedule WHERE job = $1");
sql!(
    SET_ENABLED = "INSERT INTO schedule (job, next_at, enabled) VALUES ($1, $3, $2) ON CONFLICT (job) DO UPDATE SET enabled = excluded.enabled"
);

/// Jobs without which money or data is lost: Beranda shows when one is off.
pub const CRITICAL: &[&str] = &[invoicing::INVOICING, invoicing::PRORATE, isolir::NAME, super::backup::BACKUP];

/// The job of that name.
pub fn entry(job: &str) -> Result<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.job == job).ok_or_else(|| Error::NotFound("Tugas itu tidak ada.".to_owned()))
}

/// Whether a slot is one that a person asked for: those of the schedule have no fraction of a second.
pub fn is_by_hand(slot: &str) -> bool {
    slot.contains('.')
}

/// Runs a job now, in a slot of its own; one that runs already is not started beside itself.
pub async fn now(state: &AppState, job: &str, who: &Who) -> Result<()> {
    let entry = entry(job)?;
    let (now, who) = (state.clock.now(), who.clone());
    let mut slot = now.to_rfc3339_opts(SecondsFormat::Millis, true);
    if now.timestamp_subsec_millis() == 0 {
        // The schedule's own second: still another slot.
        slot = (now + chrono::Duration::milliseconds(1)).to_rfc3339_opts(SecondsFormat::Millis, true);
    }
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (slot, who) = (slot.clone(), who.clone());
            Box::pin(async move {
                if tx.number(IS_RUNNING, args![entry.job]).await? > 0 {
                    return Err(Error::Conflict(format!("{} sedang berjalan. Tunggu sampai selesai.", entry.title)));
                }
                if tx.exec(ADD_RUN_BY, args![entry.job, &slot, now, &who.name]).await? == 0 {
                    return Err(Error::Conflict(format!("{} baru saja dijalankan.", entry.title)));
                }
                work::enqueue(tx, &Job::RunJob { job: entry.job.to_owned(), slot: slot.clone() }, now, now).await?;
                audit::record(tx, &who, now, "job.run", &format!("job:{}", entry.job), "", "dijalankan sekarang").await
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}

/// Switches a job on or off. Slots that pass while it is off are gone.
pub async fn set_enabled(state: &AppState, job: &str, enabled: bool, who: &Who) -> Result<()> {
    let entry = entry(job)?;
    let (now, who) = (state.clock.now(), who.clone());
    let upcoming = entry.upcoming(&*state.fresh_settings().await?, &state.clock, now)?;
    let word = |on: bool| if on { "hidup" } else { "mati" };
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let before = tx.opt::<(bool,)>(ENABLED, args![entry.job]).await?.is_none_or(|row| row.0);
                if before == enabled {
                    return Ok(());
                }
                tx.exec_one(SET_ENABLED, args![entry.job, enabled, upcoming]).await?;
                let subject = format!("job:{}", entry.job);
                audit::record(tx, &who, now, "job.switch", &subject, word(before), word(enabled)).await
            })
        })
        .await
}

/// What an old cron line got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// Enqueued for this slot.
    Started(DateTime<Utc>),
    /// This slot was run, or is being run, already.
    Already(DateTime<Utc>),
    /// The old system had no such command.
    Unknown,
}

/// The commands of old cron lines, and the job that each is now.
const COMMANDS: &[(&str, &str)] =
    &[("generate-invoice", invoicing::INVOICING), ("auto-isolir", isolir::NAME), ("whatsapp-reminder", "reminders")];

/// Runs what an old cron line asks for, in the schedule's own slot: whoever comes second, line or schedule, finds the
/// slot taken.
pub async fn called(state: &AppState, command: &str) -> Result<Called> {
    let Some((_, job)) = COMMANDS.iter().find(|(word, _)| *word == command) else { return Ok(Called::Unknown) };
    let Some(entry) = ENTRIES.iter().find(|entry| entry.job == *job) else { return Ok(Called::Unknown) };
    let now = state.clock.now();
    let at = entry.newest(&*state.fresh_settings().await?, &state.clock, now)?;
    let slot = slot_text(at);
    let started = state
        .db
        .write::<_, Error, _>(move |tx| {
            let slot = slot.clone();
            Box::pin(async move {
                if tx.exec(ADD_RUN_BY, args![entry.job, &slot, now, "cron.php"]).await? == 0 {
                    return Ok(false);
                }
                work::enqueue(tx, &Job::RunJob { job: entry.job.to_owned(), slot }, now, now).await?;
                Ok(true)
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(if started { Called::Started(at) } else { Called::Already(at) })
}
