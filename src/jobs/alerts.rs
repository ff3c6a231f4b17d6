//! What is critical: looked at every minute; opened, told once, closed, told once more.

mod tell;
#[cfg(test)]
mod tests;

use crate::server::alerts;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Duration, Utc};

/// Its name in the schedule.
pub const NAME: &str = "alerts";
/// A router may be down so long.
const ROUTER_DOWN_MIN: i64 = 30;
/// So many refused callbacks within an hour are no accident.
const REFUSED_MAX: i64 = 10;
/// Due work may wait so long.
const WORK_LATE_MIN: i64 = 15;
/// So many dead letters within a day are more than one person's retry.
const DEAD_MAX: i64 = 5;
/// Newest good backup may be so old.
const BACKUP_AGE_H: i64 = 36;
/// Disk is nearly full below this share, or below so many bytes.
const DISK_FREE_PERCENT: u64 = 8;
const DISK_FREE_BYTES: u64 = 500 * 1024 * 1024;

sql!(ROUTERS_DOWN = "SELECT name, last_problem FROM router WHERE state = 'down' AND state_since < $1 ORDER BY name");
sql!(REFUSED = "SELECT COUNT(*) FROM refused_notice WHERE at > $1");
sql!(OLDEST_DUE = "SELECT MIN(run_at) FROM work WHERE state IN ('ready', 'retry') AND run_at <= $1");
sql!(NEWLY_DEAD = "SELECT COUNT(*) FROM work WHERE state = 'dead' AND finished_at > $1");
sql!(BACKUPS = "SELECT COUNT(*), MAX(CASE WHEN state = 'done' THEN started_at END), MIN(started_at) FROM backup");

sql!(BILLS_HELD = "SELECT period, differing, bills FROM rehearsal WHERE state = 'asked' ORDER BY period");

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    kind: &'static str,
    subject: String,
    text: String,
}

/// Kinds that this job opens and closes by itself; others have their own place (the backup, the device).
const KINDS: &[&str] = &["router_down", "refused", "queue", "dead", "backup_old", "disk", "bills_held"];

/// Looks, opens and closes, and tells. Answers how many are open, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    check(state, disk(&state.config.data)).await
}

/// The same, told how the disk stands: a test is not about the disk of the machine it runs on.
async fn check(state: &AppState, disk: Option<String>) -> Result<String> {
    let found = look(state, disk).await?;
    let open: Vec<(String, String)> = alerts::open_ones(state)
        .await?
        .into_iter()
        .filter(|alert| KINDS.contains(&alert.kind.as_str()))
        .map(|alert| (alert.kind, alert.subject))
        .collect();
    let over: Vec<(String, String)> = open
        .into_iter()
        .filter(|(kind, subject)| !found.iter().any(|wrong| wrong.kind == kind && wrong.subject == *subject))
        .collect();
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (found, over) = (found.clone(), over.clone());
            Box::pin(async move {
                for wrong in &found {
                    alerts::open(tx, wrong.kind, &wrong.subject, &wrong.text, now).await?;
                }
                for (kind, subject) in &over {
                    alerts::close(tx, kind, subject, now).await?;
                }
                Ok(())
            })
        })
        .await?;
    let told = tell::tell(state).await?;
    let open = alerts::open_ones(state).await?.len();
    Ok(serde_json::json!({ "open": open, "told": told }).to_string())
}

async fn look(state: &AppState, disk: Option<String>) -> Result<Vec<Wrong>> {
    let now = state.clock.now();
    let mut found = Vec::new();
    let mut add = |kind, subject: &str, text: String| found.push(Wrong { kind, subject: subject.to_owned(), text });
    let down: Vec<(String, String)> =
        state.db.all(ROUTERS_DOWN, args![now - Duration::minutes(ROUTER_DOWN_MIN)]).await?;
    for (name, problem) in down {
        add(
            "router_down",
            &name,
            format!("Router {name} tidak menjawab lebih dari {ROUTER_DOWN_MIN} menit. {problem}"),
        );
    }
    let refused = state.db.number(REFUSED, args![now - Duration::hours(1)]).await?;
    if refused >= REFUSED_MAX {
        add(
            "refused",
            "",
            format!(
                "{refused} pemberitahuan pembayaran ditolak dalam 1 jam. Periksa token validasi di Payment Gateway."
            ),
        );
    }
    let (oldest,): (Option<DateTime<Utc>>,) = state.db.one(OLDEST_DUE, args![now]).await?;
    if let Some(late) = oldest.map(|at| (now - at).num_minutes()).filter(|late| *late > WORK_LATE_MIN) {
        add("queue", "", format!("Antrean tidak bergerak: ada tugas yang menunggu {late} menit."));
    }
    let dead = state.db.number(NEWLY_DEAD, args![now - Duration::hours(24)]).await?;
    if dead >= DEAD_MAX {
        add("dead", "", format!("{dead} tugas macet dalam 24 jam. Buka Tugas Otomatis, tab Macet."));
    }
    let (rows, newest, first): (i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>) =
        state.db.one(BACKUPS, args![]).await?;
    let since = newest.or(first);
    if rows > 0 && since.is_some_and(|at| now - at > Duration::hours(BACKUP_AGE_H)) {
        add("backup_old", "", format!("Tidak ada cadangan data yang berhasil lebih dari {BACKUP_AGE_H} jam."));
    }
    let held: Vec<(String, i64, i64)> = state.db.all(BILLS_HELD, args![]).await?;
    for (period, differing, bills) in held {
        add(
            "bills_held",
            &period,
            format!(
                "Tagihan {period} belum terbit: {differing} dari {bills} berbeda dari yang disetujui. Putuskan di Pratinjau Tagihan."
            ),
        );
    }
    if let Some(text) = disk {
        add("disk", "", text);
    }
    Ok(found)
}

/// Whether the disk of the data folder is nearly full, in words.
fn disk(folder: &std::path::Path) -> Option<String> {
    let stat = match rustix::fs::statvfs(folder) {
        Ok(stat) => stat,
        Err(error) => {
            tracing::warn!(%error, "the disk does not say how full it is");
            return None;
        }
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let percent = stat.f_bavail.saturating_mul(100) / stat.f_blocks.max(1);
    nearly_full(free, percent).then(|| format!("Disk hampir penuh: tersisa {} MB ({percent}%).", free / 1024 / 1024))
}

/// A small disk by its share, a large one by what is left.
fn nearly_full(free: u64, percent: u64) -> bool {
    free < DISK_FREE_BYTES || (percent < DISK_FREE_PERCENT && free < 20 * DISK_FREE_BYTES)
}
