//! What Cadangan Data reads.

use super::{BackupList, BackupRow, LastRun};
use crate::app::admin::jobs::query::{result_words, size};
use crate::app::admin::words;
use crate::app::dto::{Badge, PAGE_ROWS, PageInfo, Tone};
use crate::app::text;
use crate::jobs::backup::{BACKUP, DRILL};
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Utc};

sql!(COUNT = "SELECT COUNT(*) FROM backup");
sql!(
    LIST = "SELECT id, kind, file, bytes, encrypted, state, problem, copied, copy_problem, drill, drill_text, who, started_at FROM backup
 ORDER BY started_at DESC, id DESC LIMIT $1 OFFSET $2"
);
sql!(
    LAST_DRILL =
        "SELECT drill, drill_text, drill_at FROM backup WHERE drill_at IS NOT NULL ORDER BY drill_at DESC LIMIT 1"
);
sql!(LAST_RUN = "SELECT id, state, result FROM job_run WHERE job = $1 ORDER BY id DESC LIMIT 1");

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    file: String,
    bytes: i64,
    encrypted: bool,
    state: String,
    problem: String,
    copied: String,
    copy_problem: String,
    drill: String,
    drill_text: String,
    who: String,
    started_at: DateTime<Utc>,
}

/// The newest run of a job, and what came of it as a sentence that begins with `what`.
async fn last_run(app: &AppState, job: &str, what: &str) -> Result<LastRun> {
    let Some((id, state, result)) = app.db.opt::<(i64, String, String)>(LAST_RUN, args![job]).await? else {
        return Ok(LastRun { id: 0, running: false, tone: Tone::Plain, words: String::new() });
    };
    // A drill that found something wrong did run, but is no good news.
    let red = serde_json::from_str::<serde_json::Value>(&result).is_ok_and(|result| result["green"] == false);
    let (tone, end) = match state.as_str() {
        "done" if red => (Tone::Bad, "selesai, tetapi merah"),
        "done" => (Tone::Ok, "selesai"),
        _ => (Tone::Bad, "gagal"),
    };
    Ok(LastRun { id, running: state == "running", tone, words: format!("{what} {end}: {}", result_words(&result)) })
}

fn drill_badge(drill: &str) -> Badge {
    match drill {
        "green" => Badge::new("Hijau", Tone::Ok),
        "red" => Badge::new("Merah", Tone::Bad),
        _ => Badge::new("Belum dilatih", Tone::Plain),
    }
}

/// The last drill: green, red or none yet; in words, with its time.
pub async fn last_drill(app: &AppState) -> Result<(Badge, String)> {
    let last: Option<(String, String, Option<DateTime<Utc>>)> = app.db.opt(LAST_DRILL, args![]).await?;
    Ok(match last {
        Some((drill, said, Some(at))) => (drill_badge(&drill), format!("{}: {said}", words::instant(&app.clock, at))),
        _ => (
            drill_badge(""),
            "Setiap malam cadangan terbaru dipulihkan ke tempat percobaan dan pembukuannya diperiksa.".to_owned(),
        ),
    })
}

/// The page.
pub async fn list(app: &AppState, page: i64) -> Result<BackupList> {
    let settings = app.settings().await?;
    let info = PageInfo::of(page, app.db.number(COUNT, args![]).await?);
    let rows: Vec<Row> = app.db.all(LIST, args![PAGE_ROWS, info.offset()]).await?;
    let rows = rows
        .into_iter()
        .map(|row| BackupRow {
            id: row.id,
            at: words::instant(&app.clock, row.started_at),
            kind: format!(
                "{} · {}{}",
                match row.kind.as_str() {
                    "harian" => "Harian",
                    "bulanan" => "Bulanan",
                    _ => "Dengan tangan",
                },
                row.who,
                if row.encrypted { " · disegel" } else { "" }
            ),
            size: if row.bytes == 0 { String::new() } else { size(row.bytes) },
            there: row.state == "done",
            state: match row.state.as_str() {
                "done" => Badge::new("Selesai", Tone::Ok),
                "running" => Badge::new("Berjalan", Tone::Note),
                "removed" => Badge::new("Sudah dihapus", Tone::Plain),
                _ => Badge::new("Gagal", Tone::Bad),
            },
            copied: match row.copied.as_str() {
                "done" => Badge::new("Tersalin", Tone::Ok),
                "failed" => Badge::new("Salinan gagal", Tone::Bad),
                _ => Badge::new("Hanya di server", Tone::Plain),
            },
            problem: [row.problem, row.copy_problem]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            drill: drill_badge(&row.drill),
            drill_text: row.drill_text,
            file: row.file,
        })
        .collect();
    let folder = settings.text("backup.folder");
    let bucket = settings.text("backup.s3.bucket");
    let second: Vec<String> = [(folder, "folder"), (bucket, "bucket S3")]
        .into_iter()
        .filter(|(place, _)| !place.is_empty())
        .map(|(place, what)| format!("{what} {place}"))
        .collect();
    let mut plan = format!(
        "Setiap hari pukul {}. Disimpan {} dan {}.",
        settings.text("backup.time"),
        text::counted(settings.int("backup.keep_days"), "cadangan harian"),
        text::counted(settings.int("backup.keep_months"), "cadangan bulanan"),
    );
    if !second.is_empty() {
        plan.push_str(&format!(" Disalin ke {}.", second.join(" dan ")));
    }
    let (drill, drill_text) = last_drill(app).await?;
    let made = last_run(app, BACKUP, "Cadangan").await?;
    let drilled = last_run(app, DRILL, "Latihan pemulihan").await?;
    Ok(BackupList {
        rows,
        info,
        plan,
        sealed: settings.has_secret("backup.passphrase"),
        second: !second.is_empty(),
        drill,
        drill_text,
        made,
        drilled,
    })
}
