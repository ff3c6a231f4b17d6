//! When jobs run: rows of `schedule`, moved on by compare-and-swap, so that several processes need no leader. Times are
//! cron texts in the business zone; what was missed while nothing ran follows each job's own rule.

use super::{alerts, backup, books};
use super::{attempts, changes, housekeeping, invoicing, isolir, late_fee, reminders, sweep};
use crate::server::clock::Clock;
use crate::server::error::{Error, Result};
use crate::server::settings::{Settings, parse_time};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, Duration, SecondsFormat, Timelike, Utc};
use croner::Cron;
use serde::Serialize;

/// What happens about slots that were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CatchUp {
    /// Each is made up for.
    Every,
    /// All of them together once.
    Once,
    /// They are gone; the next one comes soon.
    Skip,
}

/// A job of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub job: &'static str,
    /// What the screen calls it.
    pub title: &'static str,
    /// Minute, hour, day, month, weekday; or the name of the setting that holds the hour of a daily job.
    cron: &'static str,
    /// What happens about missed slots.
    pub catch_up: CatchUp,
}

/// Every job.
pub const ENTRIES: &[Entry] = &[
    Entry {
        job: invoicing::INVOICING,
        title: "Terbitkan tagihan bulanan",
        cron: "1 0 1 * *",
        catch_up: CatchUp::Every,
    },
    Entry { job: invoicing::PRORATE, title: "Tagihan bulan pertama", cron: "5 0 * * *", catch_up: CatchUp::Once },
    Entry {
        job: changes::NAME,
        title: "Berhenti dan ganti paket yang direncanakan",
        cron: "2 0 * * *",
        catch_up: CatchUp::Once,
    },
    Entry { job: late_fee::NAME, title: "Denda keterlambatan", cron: "10 0 * * *", catch_up: CatchUp::Once },
    Entry { job: isolir::NAME, title: "Isolir harian", cron: "isolir.time", catch_up: CatchUp::Once },
    Entry { job: reminders::NAME, title: "Pengingat tagihan", cron: "reminder.time", catch_up: CatchUp::Once },
    Entry { job: sweep::NAME, title: "Sinkronkan router", cron: "*/5 * * * *", catch_up: CatchUp::Skip },
    Entry { job: attempts::NAME, title: "Periksa pembayaran kedaluwarsa", cron: "* * * * *", catch_up: CatchUp::Skip },
    Entry { job: housekeeping::NAME, title: "Bersih-bersih", cron: "17 * * * *", catch_up: CatchUp::Skip },
    Entry { job: backup::BACKUP, title: "Cadangan harian", cron: "backup.time", catch_up: CatchUp::Once },
    Entry { job: backup::DRILL, title: "Latihan pemulihan cadangan", cron: "30 3 * * *", catch_up: CatchUp::Once },
    Entry { job: books::NAME, title: "Periksa pembukuan", cron: "45 2 * * *", catch_up: CatchUp::Once },
    Entry { job: alerts::NAME, title: "Periksa peringatan", cron: "* * * * *", catch_up: CatchUp::Skip },
];

/// How often the schedule is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// Slots made up for in one tick; the next tick goes on.
const CAUGHT_UP_MAX: usize = 24;
/// A slot not older than this was not missed.
const PUNCTUAL_S: i64 = 60;

sql!(ADD_ENTRY = "INSERT INTO schedule (job, next_at, enabled) VALUES ($1, $2, TRUE) ON CONFLICT (job) DO NOTHING");
sql!(SCHEDULE = "SELECT job, next_at, enabled FROM schedule");
sql!(MOVE_ON = "UPDATE schedule SET next_at = $3 WHERE job = $1 AND next_at = $2");
sql!(
    ADD_RUN = "INSERT INTO job_run (job, slot, state, result, started_at, finished_at) VALUES ($1, $2, 'running', '', $3, NULL) ON CONFLICT (job, slot) DO NOTHING"
);
sql!(END_RUN = "INSERT INTO job_run (job, slot, state, result, started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $5)
 ON CONFLICT (job, slot) DO UPDATE SET state = excluded.state, result = excluded.result, finished_at = excluded.finished_at");

impl Entry {
    fn cron(&self, settings: &Settings) -> Result<Cron> {
        let text = if self.cron.contains(".time") {
            let time = parse_time(settings.text(self.cron)).ok_or_else(|| Error::Corrupt(self.cron.to_owned()))?;
            format!("{} {} * * *", time.minute(), time.hour())
        } else {
            self.cron.to_owned()
        };
        text.parse().map_err(|error| Error::Internal(format!("jadwal {} {text:?}: {error}", self.job)))
    }

    /// When it runs, in words.
    pub fn when(&self, settings: &Settings) -> String {
        match self.cron {
            "* * * * *" => "Setiap menit".to_owned(),
            "*/5 * * * *" => "Setiap 5 menit".to_owned(),
            "17 * * * *" => "Setiap jam, menit ke-17".to_owned(),
            "1 0 1 * *" => "Tanggal 1 pukul 00:01".to_owned(),
            "5 0 * * *" => "Setiap hari pukul 00:05".to_owned(),
            "10 0 * * *" => "Setiap hari pukul 00:10".to_owned(),
            "2 0 * * *" => "Setiap hari pukul 00:02".to_owned(),
            "45 2 * * *" => "Setiap hari pukul 02:45".to_owned(),
            "30 3 * * *" => "Setiap hari pukul 03:30".to_owned(),
            setting if setting.contains(".time") => format!("Setiap hari pukul {}", settings.text(setting)),
            other => other.to_owned(),
        }
    }

    /// The newest slot that is not in the future: what an old cron line means when it calls now.
    pub(super) fn newest(&self, settings: &Settings, clock: &Clock, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        self.cron(settings)?
            .find_previous_occurrence(&now.with_timezone(&clock.zone()), true)
            .map(|at| at.with_timezone(&Utc))
            .map_err(|error| Error::Internal(format!("jadwal: {error}")))
    }

    /// The first slot after `after`.
    pub(super) fn upcoming(&self, settings: &Settings, clock: &Clock, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
        self.next(settings, clock, after)
    }

    fn next(&self, settings: &Settings, clock: &Clock, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
        next_of(&self.cron(settings)?, clock, after)
    }
}

fn next_of(cron: &Cron, clock: &Clock, after: DateTime<Utc>) -> Result<DateTime<Utc>> {
    cron.find_next_occurrence(&after.with_timezone(&clock.zone()), false)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|error| Error::Internal(format!("jadwal: {error}")))
}

/// Enters jobs that the schedule does not know yet, at their next slot in the future: nothing is made up for from
/// before the installation.
pub async fn install(state: &AppState) -> Result<()> {
    let settings = state.fresh_settings().await?;
    let now = state.clock.now();
    let mut rows = Vec::new();
    for entry in ENTRIES {
        rows.push((entry.job, entry.next(&settings, &state.clock, now)?));
    }
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                for (job, next_at) in rows {
                    tx.exec(ADD_ENTRY, args![job, next_at]).await?;
                }
                Ok(())
            })
        })
        .await
}

/// The clock of a server: enqueues what is due, until `state.stop` is cancelled.
pub async fn run(state: AppState) {
    let mut installed = false;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = state.stop.cancelled() => return,
            _ = look.tick() => {}
        }
        let looked = async {
            if !installed {
                install(&state).await?;
                installed = true;
            }
            tick(&state).await
        };
        if let Err(error) = looked.await {
            tracing::error!(%error, "schedule cannot be looked at; again in a second");
        }
    }
}

/// Enqueues what is due, each slot once among all processes; how many slots that were. Times that a setting moved are
/// computed anew.
pub async fn tick(state: &AppState) -> Result<usize> {
    let rows: Vec<(String, DateTime<Utc>, bool)> = state.db.all(SCHEDULE, args![]).await?;
    let settings = state.settings().await?;
    let now = state.clock.now();
    let mut enqueued = 0;
    for (job, next_at, enabled) in rows {
        // A row of another version of the program is left to that.
        let Some(entry) = ENTRIES.iter().find(|entry| entry.job == job) else { continue };
        let upcoming = entry.next(&settings, &state.clock, now)?;
        if next_at > now {
            if next_at != upcoming {
                move_on(state, entry.job, next_at, upcoming, Vec::new()).await?;
            }
            continue;
        }
        let (slots, upcoming) =
            if enabled { due_slots(entry, &settings, &state.clock, next_at, now)? } else { (Vec::new(), upcoming) };
        enqueued += move_on(state, entry.job, next_at, upcoming, slots).await?;
    }
    if enqueued > 0 {
        state.work_bell.notify_waiters();
    }
    Ok(enqueued)
}

/// The slots to run now, and the next one.
fn due_slots(
    entry: &Entry,
    settings: &Settings,
    clock: &Clock,
    next_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(Vec<DateTime<Utc>>, DateTime<Utc>)> {
    let cron = entry.cron(settings)?;
    let upcoming = next_of(&cron, clock, now)?;
    match entry.catch_up {
        CatchUp::Every => {
            let (mut slots, mut slot) = (Vec::new(), next_at);
            while slot <= now && slots.len() < CAUGHT_UP_MAX {
                slots.push(slot);
                slot = next_of(&cron, clock, slot)?;
            }
            Ok((slots, slot))
        }
        CatchUp::Once => Ok((vec![next_at], upcoming)),
        CatchUp::Skip if next_at >= now - Duration::seconds(PUNCTUAL_S) => Ok((vec![next_at], upcoming)),
        CatchUp::Skip => Ok((Vec::new(), upcoming)),
    }
}

async fn move_on(
    state: &AppState,
    job: &'static str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    slots: Vec<DateTime<Utc>>,
) -> Result<usize> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let slots = slots.clone();
            Box::pin(async move {
                // Another process took these slots.
                if tx.exec(MOVE_ON, args![job, from, to]).await? == 0 {
                    return Ok(0);
                }
                let mut enqueued = 0;
                for slot in slots {
                    let slot = slot_text(slot);
                    if tx.exec(ADD_RUN, args![job, &slot, now]).await? == 1 {
                        work::enqueue(tx, &Job::RunJob { job: job.to_owned(), slot }, now, now).await?;
                        enqueued += 1;
                    }
                }
                Ok(enqueued)
            })
        })
        .await
}

/// A slot as `job_run` and the work item write it: `2026-01-31T17:01:00Z`.
pub fn slot_text(slot: DateTime<Utc>) -> String {
    slot.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes the result of a slot; a slot that a person asked for gets its row here.
pub(super) async fn note_result(state: &AppState, job: &str, slot: &str, word: &str, result: &str) -> Result<()> {
    let now = state.clock.now();
    let (job, slot, word) = (job.to_owned(), slot.to_owned(), word.to_owned());
    let result: String = result.chars().take(2_000).collect();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let args = args![&job, &slot, &word, &result, now];
            Box::pin(async move {
                tx.exec(END_RUN, args).await?;
                Ok(())
            })
        })
        .await
}
