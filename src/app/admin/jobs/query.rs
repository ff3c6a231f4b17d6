//! What Tugas Otomatis reads. A technician sees what concerns routers, and no sums of money.

use super::{JobList, JobRow, RunList, RunRow, StuckList, StuckRow};
use crate::app::admin::words;
use crate::app::dto::{Badge, PAGE_ROWS, PageInfo, Tone, money};
use crate::app::text;
use crate::jobs::schedule::ENTRIES;
use crate::jobs::{run, sweep};
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::guard::Permission;
use crate::server::session::StaffSession;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The kind of work that concerns routers.
const ROUTER_WORK: &str = "sync_router";
/// Most pieces of work in one go.
const CLOSED_MAX: usize = 200;

sql!(SCHEDULE = "SELECT job, next_at, enabled FROM schedule");
sql!(
    LAST_RUNS = "SELECT r.job, r.slot, r.state, r.result, r.started_at, r.finished_at, r.who FROM job_run r
 JOIN (SELECT job, MAX(id) AS id FROM job_run GROUP BY job) l ON l.id = r.id"
);
sql!(COUNT_RUNS = "SELECT COUNT(*) FROM job_run WHERE ($1 = '' OR job = $1)");
sql!(
    RUNS = "SELECT job, slot, state, result, started_at, finished_at, who FROM job_run WHERE ($1 = '' OR job = $1)
 ORDER BY started_at DESC, id DESC LIMIT $2 OFFSET $3"
);
sql!(COUNT_STUCK = "SELECT COUNT(*) FROM work WHERE state = 'dead' AND ($1 = '' OR kind = $1)");
// The dedup key ends in the row that the work is about; CASE keeps other kinds from being read as numbers.
sql!(STUCK = "SELECT w.id, w.kind, w.payload, w.attempt, w.last_error, w.created_at, w.finished_at,
   COALESCE((SELECT r.name FROM router r WHERE r.id = CASE WHEN w.kind = 'sync_router' THEN CAST(SUBSTR(w.dedup, 13) AS BIGINT) END),
     (SELECT c.name FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.id = CASE WHEN w.kind = 'send_message' THEN CAST(SUBSTR(w.dedup, 14) AS BIGINT) END),
     (SELECT n.gateway || ' ' || n.payment_ref FROM gateway_notice n WHERE n.id = CASE WHEN w.kind = 'settle_notice' THEN CAST(SUBSTR(w.dedup, 15) AS BIGINT) END),
     (SELECT i.file_name FROM import_job i WHERE i.id = CASE WHEN w.kind = 'run_import' THEN CAST(SUBSTR(w.dedup, 12) AS BIGINT) END), '') AS subject
 FROM work w WHERE w.state = 'dead' AND ($1 = '' OR w.kind = $1) ORDER BY w.id DESC LIMIT $2 OFFSET $3");

/// A run as stored.
#[derive(sqlx::FromRow)]
struct Run {
    job: String,
    slot: String,
    state: String,
    result: String,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    who: String,
}

#[derive(sqlx::FromRow)]
struct Dead {
    id: i64,
    kind: String,
    payload: String,
    attempt: i64,
    last_error: String,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    subject: String,
}

/// Whether everything is his, or only what concerns routers.
fn sees_all(staff: &StaffSession) -> bool {
    staff.may(Permission::ViewInvoices)
}

/// The kind that a list is limited to; empty: all.
fn kind_for(staff: &StaffSession) -> &'static str {
    if sees_all(staff) { "" } else { ROUTER_WORK }
}

/// Refuses a job that is not his.
pub fn may_run(staff: &StaffSession, job: &str) -> Result<()> {
    if sees_all(staff) || job == sweep::NAME {
        Ok(())
    } else {
        Err(Error::Refused("Tugas ini dijalankan oleh pemilik atau admin.".to_owned()))
    }
}

/// The jobs, in the order of the schedule.
pub async fn jobs(app: &AppState, staff: &StaffSession) -> Result<JobList> {
    let settings = app.settings().await?;
    let schedule: Vec<(String, DateTime<Utc>, bool)> = app.db.all(SCHEDULE, args![]).await?;
    let runs: Vec<Run> = app.db.all(LAST_RUNS, args![]).await?;
    let rows = ENTRIES
        .iter()
        .filter(|entry| may_run(staff, entry.job).is_ok())
        .map(|entry| {
            let planned = schedule.iter().find(|row| row.0 == entry.job);
            let last = runs.iter().find(|run| run.job == entry.job);
            let enabled = planned.is_none_or(|row| row.2);
            JobRow {
                job: entry.job.to_owned(),
                title: entry.title.to_owned(),
                when: entry.when(&settings),
                last: last.map_or_else(String::new, |run| {
                    format!("{} · {} · {}", words::instant(&app.clock, run.started_at), took(run), run.who)
                }),
                state: last.map_or_else(|| Badge::new("Belum pernah", Tone::Plain), |run| badge(&run.state)),
                result: last.map_or_else(String::new, |run| result_words(&run.result)),
                next: planned
                    .filter(|row| row.2)
                    .map_or_else(|| "setelah server hidup".to_owned(), |row| words::instant(&app.clock, row.1)),
                enabled,
                critical: run::CRITICAL.contains(&entry.job),
                running: last.is_some_and(|run| run.state == "running"),
            }
        })
        .collect();
    let stuck = app.db.number(COUNT_STUCK, args![kind_for(staff)]).await?;
    Ok(JobList { rows, stuck })
}

/// A page of runs.
pub async fn runs(app: &AppState, staff: &StaffSession, job: &str, page: i64) -> Result<RunList> {
    let job = if sees_all(staff) { job } else { sweep::NAME };
    let info = PageInfo::of(page, app.db.number(COUNT_RUNS, args![job]).await?);
    let rows: Vec<Run> = app.db.all(RUNS, args![job, PAGE_ROWS, info.offset()]).await?;
    let title = |job: &str| {
        ENTRIES.iter().find(|entry| entry.job == job).map_or_else(|| job.to_owned(), |e| e.title.to_owned())
    };
    let rows = rows
        .into_iter()
        .map(|run| RunRow {
            at: words::instant(&app.clock, run.started_at),
            title: title(&run.job),
            slot: slot_words(app, &run.slot),
            took: took(&run),
            state: badge(&run.state),
            result: result_words(&run.result),
            who: run.who,
        })
        .collect();
    let jobs = ENTRIES
        .iter()
        .filter(|entry| may_run(staff, entry.job).is_ok())
        .map(|entry| (entry.job.to_owned(), entry.title.to_owned()))
        .collect();
    Ok(RunList { rows, info, jobs })
}

/// `15/01/2026 08:00`, or that it was by hand.
fn slot_words(app: &AppState, slot: &str) -> String {
    if run::is_by_hand(slot) {
        return "di luar jadwal".to_owned();
    }
    DateTime::parse_from_rfc3339(slot)
        .map_or_else(|_| slot.to_owned(), |at| words::instant(&app.clock, at.with_timezone(&Utc)))
}

fn took(run: &Run) -> String {
    let Some(end) = run.finished_at else { return "sedang berjalan".to_owned() };
    match (end - run.started_at).num_seconds().max(0) {
        0 => "kurang dari 1 detik".to_owned(),
        s @ 1..=119 => format!("{s} detik"),
        s => format!("{} menit", s / 60),
    }
}

fn badge(state: &str) -> Badge {
    match state {
        "done" => Badge::new("Selesai", Tone::Ok),
        "running" => Badge::new("Berjalan", Tone::Note),
        _ => Badge::new("Gagal", Tone::Bad),
    }
}

/// What each number of a result counts; those that are not here say nothing to people.
const COUNTS: &[(&str, &str)] = &[
    ("issued", "tagihan terbit"),
    ("already", "sudah terbit sebelumnya"),
    ("overdue", "lewat jatuh tempo"),
    ("isolated", "terisolir"),
    ("held", "ditahan"),
    ("restored", "dipulihkan"),
    ("pending", "menunggu router"),
    ("failed", "gagal"),
    ("skipped", "dilewati"),
    ("parked", "ditahan"),
    ("routers", "router"),
    ("asked", "pembayaran diperiksa"),
    ("warned", "peringatan isolir"),
    ("open", "peringatan terbuka"),
    ("told", "dikabarkan"),
    ("sessions", "sesi dihapus"),
    ("work", "tugas lama dihapus"),
];

/// What a run did, in words; the text of a failure as it is.
pub fn result_words(stored: &str) -> String {
    let Ok(Value::Object(result)) = serde_json::from_str::<Value>(stored) else { return stored.to_owned() };
    let mut parts = Vec::new();
    if result.get("braked") == Some(&Value::Bool(true)) {
        parts.push("Ditahan: terlalu banyak sekaligus, perlu disetujui di Beranda".to_owned());
    }
    if let Some(period) = result.get("period").and_then(Value::as_str) {
        parts.push(words::period(period));
    }
    if let Some(text) = result.get("text").and_then(Value::as_str) {
        parts.push(text.to_owned());
    } else if let Some(file) = result.get("file").and_then(Value::as_str) {
        parts.push(file.to_owned());
    }
    if let Some(bytes) = result.get("bytes").and_then(Value::as_i64) {
        parts.push(size(bytes));
    }
    for (key, noun) in COUNTS {
        if let Some(n) = result.get(*key).and_then(Value::as_i64) {
            parts.push(text::counted(n, noun));
        }
    }
    if let Some(total) = result.get("total").and_then(Value::as_i64) {
        parts.push(money(total));
    }
    if let Some(queued) = result.get("queued").and_then(Value::as_object) {
        let n = queued.values().filter_map(Value::as_i64).sum();
        parts.push(text::counted(n, "pesan diantre"));
    }
    if let Some(problem) = result.get("copy_problem").and_then(Value::as_str).filter(|problem| !problem.is_empty()) {
        parts.push(format!("salinan gagal: {problem}"));
    }
    parts.join(" · ")
}

/// A size as people read it.
pub fn size(bytes: i64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", bytes / 1_024),
        1_048_576..1_073_741_824 => format!("{},{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
        _ => format!("{},{} GB", bytes / 1_073_741_824, bytes % 1_073_741_824 * 10 / 1_073_741_824),
    }
}

/// A page of stuck work.
pub async fn stuck(app: &AppState, staff: &StaffSession, page: i64) -> Result<StuckList> {
    let kind = kind_for(staff);
    let info = PageInfo::of(page, app.db.number(COUNT_STUCK, args![kind]).await?);
    let rows: Vec<Dead> = app.db.all(STUCK, args![kind, PAGE_ROWS, info.offset()]).await?;
    let rows = rows
        .into_iter()
        .map(|row| {
            let last = row.finished_at.map(|at| words::instant(&app.clock, at)).unwrap_or_default();
            let first = words::instant(&app.clock, row.created_at);
            let subject = match serde_json::from_str::<Job>(&row.payload) {
                Ok(Job::RunJob { job, slot }) => {
                    let title = ENTRIES.iter().find(|entry| entry.job == job).map_or(job.as_str(), |entry| entry.title);
                    format!("{title}, jadwal {}", slot_words(app, &slot))
                }
                _ => row.subject,
            };
            StuckRow {
                id: row.id,
                what: text::work(&row.kind).to_owned(),
                subject,
                reason: if row.last_error.is_empty() { "Tidak diketahui.".to_owned() } else { row.last_error },
                tries: format!("{} · dibuat {first}, terakhir dicoba {last}", text::counted(row.attempt, "percobaan")),
            }
        })
        .collect();
    Ok(StuckList { rows, info })
}

/// Tries again (no reason) or gives up (with one) what is picked.
pub async fn close(
    app: &AppState,
    staff: &StaffSession,
    who: &Who,
    ids: Vec<i64>,
    reason: Option<String>,
) -> Result<i64> {
    if ids.is_empty() || ids.len() > CLOSED_MAX {
        return Err(Error::invalid("ids", format!("Pilih 1 sampai {CLOSED_MAX} tugas.")));
    }
    let reason = reason.map(|reason| reason.trim().chars().take(300).collect::<String>());
    if reason.as_deref() == Some("") {
        return Err(Error::invalid("reason", "Tuliskan alasannya, supaya yang lain tahu mengapa dilepas."));
    }
    work::close_dead(app, ids, who, reason, kind_for(staff)).await
}
