//! Making a backup: database first, then the files that it names, then the archive around both.

use super::archive::{self, FORMAT, Manifest, Member};
use super::{BackupError, FILES, Workplace, blocking, keep, path_of, place, sweep};
use crate::server::alerts;
use crate::server::audit;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use std::path::{Path, PathBuf};

/// Kind of the alert of a backup that failed.
pub const ALERT_BACKUP: &str = "backup";
/// Kind of the alert of a second place that does not take the copy.
pub const ALERT_COPY: &str = "backup_copy";
/// Problem kept in a row.
const PROBLEM_CHARS_MAX: usize = 500;

sql!(
    CUT_OFF = "UPDATE backup SET state = 'failed', problem = $1, finished_at = $2 WHERE state = 'running' AND started_at < $3"
);
sql!(BEGIN = "INSERT INTO backup (kind, file, bytes, sha256, encrypted, state, problem, copied, copy_problem, drill, drill_text, drill_at, who, started_at, finished_at)
 VALUES ($1, $2, 0, '', $3, 'running', '', 'none', '', 'none', '', NULL, $4, $5, NULL) RETURNING id");
sql!(
    DONE = "UPDATE backup SET state = 'done', bytes = $2, sha256 = $3, finished_at = $4 WHERE id = $1 AND state = 'running'"
);
sql!(FAILED = "UPDATE backup SET state = 'failed', problem = $2, finished_at = $3 WHERE id = $1 AND state = 'running'");
sql!(COPIED = "UPDATE backup SET copied = $2, copy_problem = $3 WHERE id = $1");
sql!(
    MONTHLY_SINCE =
        "SELECT COUNT(*) FROM backup WHERE kind = 'bulanan' AND state IN ('done', 'removed') AND started_at >= $1"
);

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its row.
    pub id: i64,
    /// Its file's name.
    pub file: String,
    /// Its size.
    pub bytes: i64,
    /// Why the second place has no copy; empty where it has one, or there is none.
    pub copy_problem: String,
}

/// Writes the archive `into`; its size and SHA-256.
pub async fn write_file(state: &AppState, into: &Path) -> Result<(i64, String)> {
    let settings = state.fresh_settings().await?;
    let passphrase = Some(settings.secret("backup.passphrase")?).filter(|words| !words.is_empty());
    let data = state.config.data.clone();
    let work = Workplace::new(&data, "mencadangkan")?;
    let name = if state.db.engine() == "sqlite" { "database.sqlite" } else { "database.pgdump" };
    let dump = work.0.join(name);
    // Before the dump: the rows up to here are surely in it.
    let (audit_rows, audit_hash) = audit::head(&state.db).await?;
    let migrations = state.db.applied().await?;
    state.db.dump(&state.config.database_url, &dump).await.map_err(BackupError::from)?;
    let mut manifest = Manifest {
        format: FORMAT,
        kimonet: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: state.clock.now().to_rfc3339_opts(SecondsFormat::Secs, true),
        engine: state.db.engine().to_owned(),
        migrations,
        key_check: state.secrets.check_value(),
        audit_rows,
        audit_hash,
        members: Vec::new(),
    };
    let into = into.to_owned();
    let (bytes, sha256) = blocking(move || {
        let mut sources = vec![(name.to_owned(), dump)];
        files_below(&data.join(FILES), FILES, &mut sources)?;
        for (name, path) in &sources {
            let (bytes, sha256) = archive::digest(path)?;
            manifest.members.push(Member { name: name.clone(), bytes, sha256 });
        }
        let paths: Vec<PathBuf> = sources.into_iter().map(|(_, path)| path).collect();
        archive::pack(&into, &manifest, &paths, passphrase.as_deref())
    })
    .await?;
    drop(work);
    Ok((i64::try_from(bytes).unwrap_or(i64::MAX), sha256))
}

/// Every file below `folder`, by its name in the archive, in order.
fn files_below(folder: &Path, name: &str, into: &mut Vec<(String, PathBuf)>) -> Result<(), BackupError> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let below = format!("{name}/{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            files_below(&entry.path(), &below, into)?;
        } else if kind.is_file() {
            into.push((below, entry.path()));
        }
    }
    Ok(())
}

/// Makes a backup with its row, copies it to the second place, and lets old ones go. A failure leaves its row and an
/// alert.
pub async fn make(state: &AppState, by_hand: bool, who: &str) -> Result<Made> {
    let now = state.clock.now();
    let settings = state.fresh_settings().await?;
    let kind = if by_hand { "manual" } else { daily_or_monthly(state, settings.int("backup.keep_months")).await? };
    let sealed = !settings.secret("backup.passphrase")?.is_empty();
    let local = now.with_timezone(&state.clock.zone()).format("%Y%m%d-%H%M%S");
    let random = hex::encode(crate::server::secrets::random_bytes::<3>()?);
    let file = format!("kimonet-{local}-{random}.tar.gz{}", if sealed { ".age" } else { "" });
    let id = begin(state, kind, &file, sealed, who, now).await?;
    let path = path_of(state, &file);
    let written = async {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
            sweep(folder, |name| name.ends_with(".part"))?;
        }
        write_file(state, &path).await
    }
    .await;
    let (bytes, sha256) = match written {
        Ok(done) => done,
        Err(error) => {
            fail(state, id, &error.to_string()).await?;
            return Err(error);
        }
    };
    finish(state, id, bytes, &sha256).await?;
    let copy_problem = match place::copy(state, &settings, &path, &file).await {
        Ok(false) => String::new(),
        Ok(true) => {
            note_copy(state, id, "done", "").await?;
            String::new()
        }
        Err(error) => {
            let problem: String = error.to_string().chars().take(PROBLEM_CHARS_MAX).collect();
            tracing::error!(file, %error, "backup not copied to the second place");
            note_copy(state, id, "failed", &problem).await?;
            problem
        }
    };
    keep::prune(state, &settings).await?;
    Ok(Made { id, file, bytes, copy_problem })
}

/// The first good one of a month stays for months.
async fn daily_or_monthly(state: &AppState, keep_months: i64) -> Result<&'static str> {
    let today = state.clock.today();
    let first = today.with_day(1).unwrap_or(today);
    let since = state.clock.instant(first, chrono::NaiveTime::MIN);
    let monthly = keep_months > 0 && state.db.number(MONTHLY_SINCE, args![since]).await? == 0;
    Ok(if monthly { "bulanan" } else { "harian" })
}

async fn begin(
    state: &AppState,
    kind: &'static str,
    file: &str,
    sealed: bool,
    who: &str,
    now: DateTime<Utc>,
) -> Result<i64> {
    let (file, who) = (file.to_owned(), who.to_owned());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (file, who) = (file.clone(), who.clone());
            Box::pin(async move {
                // The job's lane lets one run at a time: what still runs was cut off with its process.
                tx.exec(CUT_OFF, args!["Terputus: program berhenti saat mencadangkan.", now, now]).await?;
                Ok(tx.number(BEGIN, args![kind, file, sealed, who, now]).await?)
            })
        })
        .await
}

async fn finish(state: &AppState, id: i64, bytes: i64, sha256: &str) -> Result<()> {
    let (now, sha256) = (state.clock.now(), sha256.to_owned());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let sha256 = sha256.clone();
            Box::pin(async move {
                tx.exec_one(DONE, args![id, bytes, sha256, now]).await?;
                alerts::close(tx, ALERT_BACKUP, "", now).await
            })
        })
        .await
}

async fn fail(state: &AppState, id: i64, problem: &str) -> Result<()> {
    let (now, problem) = (state.clock.now(), problem.chars().take(PROBLEM_CHARS_MAX).collect::<String>());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let problem = problem.clone();
            Box::pin(async move {
                tx.exec(FAILED, args![id, &problem, now]).await?;
                let text = format!("Cadangan data gagal: {problem}");
                alerts::open(tx, ALERT_BACKUP, "", &text, now).await?;
                Ok(())
            })
        })
        .await
}

async fn note_copy(state: &AppState, id: i64, word: &'static str, problem: &str) -> Result<()> {
    let (now, problem) = (state.clock.now(), problem.to_owned());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let problem = problem.clone();
            Box::pin(async move {
                tx.exec_one(COPIED, args![id, word, &problem]).await?;
                if problem.is_empty() {
                    return alerts::close(tx, ALERT_COPY, "", now).await;
                }
                let text = format!("Cadangan ada di server, tetapi salinannya ke tempat kedua gagal: {problem}");
                alerts::open(tx, ALERT_COPY, "", &text, now).await?;
                Ok(())
            })
        })
        .await
}
