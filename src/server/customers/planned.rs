//! What is planned for a service from a coming month on: that it stops, pauses, or has another package. Carried out on its
//! day, before that month's bills; until then it can be taken back.

use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::access::{self, AccessContext};
use crate::server::audit;
use crate::server::checks;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::Ledger;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{Datelike, Days, NaiveDate};
use std::collections::BTreeMap;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Due {
    id: i64,
    service_id: i64,
    kind: String,
    from_on: NaiveDate,
    package_id: Option<i64>,
    until_period: String,
    reason: String,
    who: String,
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Standing {
    stage: String,
    package_id: i64,
    covered_until: String,
    router_id: Option<i64>,
    pppoe_username: String,
    customer_id: i64,
}

sql!(
    DUE = "SELECT id, service_id, kind, from_on, package_id, until_period, reason, who FROM service_change
 WHERE state = 'planned' AND from_on <= $1 ORDER BY from_on, id LIMIT $2"
);
sql!(RUN_OVER = "SELECT COUNT(*) FROM issue_run WHERE period = $1 AND state = 'done' AND scope = 'all'");
sql!(END = "UPDATE service_change SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'planned'");
sql!(
    pub(crate) STOP = "UPDATE service SET stage = 'berhenti', isolated_on = NULL WHERE id = $1 AND stage IN ('aktif', 'siap_dicabut', 'cuti')"
);
sql!(PAUSE = "UPDATE service SET stage = 'cuti', isolated_on = NULL WHERE id = $1 AND stage = 'aktif'");
sql!(RESUME = "UPDATE service SET stage = 'aktif' WHERE id = $1 AND stage = 'cuti'");
sql!(
    PAUSED_MONTHS = "SELECT from_on, until_period FROM service_change WHERE service_id = $1 AND kind = 'pause' AND state <> 'cancelled' AND until_period >= $2"
);
sql!(CHANGE_PACKAGE = "UPDATE service SET package_id = $2 WHERE id = $1");
sql!(
    STANDING =
        "SELECT stage, package_id, covered_until, router_id, pppoe_username, customer_id FROM service WHERE id = $1"
);
sql!(
    LAST_BILLED = "SELECT COALESCE((SELECT MAX(period) FROM invoice_line WHERE service_id = $1 AND kind IN ('subscription', 'prorate') AND NOT void), '')"
);
sql!(INSERT = "INSERT INTO service_change (service_id, kind, from_on, package_id, state, reason, who, created_at, ended_at, until_period)
 VALUES ($1, $2, $3, $4, 'planned', $5, $6, $7, NULL, $8) ON CONFLICT (service_id, kind) WHERE state = 'planned' DO NOTHING RETURNING id");
sql!(
    DROP_RESUME = "UPDATE service_change SET state = 'cancelled', ended_at = $2 WHERE service_id = $1 AND kind = 'resume' AND state = 'planned'"
);
sql!(PLANNED = "SELECT service_id, kind, from_on FROM service_change WHERE id = $1 AND state = 'planned'");
sql!(PACKAGE_NAME = "SELECT name FROM package WHERE id = $1 AND active");
sql!(ANY_PACKAGE_NAME = "SELECT name FROM package WHERE id = $1");

/// The name of a package, one that is not sold any more as well.
pub async fn name(tx: &mut Tx, package_id: i64) -> Result<String> {
    let found: Option<(String,)> = tx.opt(ANY_PACKAGE_NAME, args![package_id]).await?;
    Ok(found.map_or_else(|| format!("nomor {package_id}"), |row| row.0))
}
sql!(
    RESTART = "UPDATE service SET stage = 'aktif', started_on = $2 WHERE id = $1 AND stage IN ('berhenti', 'cuti', 'siap_dicabut')"
);

/// A change to be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The service stops.
    Stop,
    /// Another package.
    Package(i64),
    /// So many whole months of pause (cuti): no bill, no line.
    Pause(i64),
}

/// How far ahead a change can be planned, in days.
const PLAN_DAYS_MAX: u64 = 400;
/// Months of pause that a service has in a calendar year. Source: RULES, "Bills".
const PAUSE_MONTHS_MAX: i64 = 3;

/// Carries out what is due, at most so many; answers how many. In arrears the month before is billed first.
pub async fn carry_due(tx: &mut Tx, ctx: &AccessContext, most: i64) -> Result<i64> {
    let due: Vec<Due> = tx.all(DUE, args![ctx.today, most]).await?;
    let in_arrears = ctx.settings.text("invoice.billing") == "di_akhir";
    let (mut over, mut notes, mut routers) = (BTreeMap::new(), Vec::new(), std::collections::BTreeSet::new());
    for change in due {
        let before = Period::of(change.from_on).prev();
        if in_arrears {
            let billed = match over.get(&before) {
                Some(billed) => *billed,
                None => {
                    let billed = tx.number(RUN_OVER, args![before]).await? > 0;
                    over.insert(before, billed);
                    billed
                }
            };
            if !billed {
                continue;
            }
        }
        if tx.exec(END, args![change.id, "done", ctx.now]).await? == 0 {
            continue;
        }
        let note = carry(tx, ctx, &change).await?;
        if change.kind == "package" {
            let standing: Standing = tx.one(STANDING, args![change.service_id]).await?;
            routers.extend(standing.router_id);
        }
        let text = format!("{}; direncanakan oleh {} mulai {}", note.1, change.who, date_short(change.from_on));
        notes.push((change.service_id, note.0, text));
    }
    for router_id in routers {
        work::enqueue(tx, &Job::SyncRouter { router_id }, ctx.now, ctx.now).await?;
    }
    let count = i64::try_from(notes.len()).unwrap_or(i64::MAX);
    for (service_id, action, text) in notes {
        let system = audit::Who::system();
        audit::record(tx, &system, ctx.now, action, &format!("service:{service_id}"), "", &text).await?;
    }
    Ok(count)
}

/// Does what one plan says; answers the action and the text of its audit row.
async fn carry(tx: &mut Tx, ctx: &AccessContext, change: &Due) -> Result<(&'static str, String)> {
    match (change.kind.as_str(), change.package_id) {
        ("package", Some(package_id)) => {
            tx.exec_one(CHANGE_PACKAGE, args![change.service_id, package_id]).await?;
            Ok(("service.package", format!("Ganti ke paket {}", name(tx, package_id).await?)))
        }
        ("pause", _) => {
            if tx.exec(PAUSE, args![change.service_id]).await? == 1 {
                let until = change.until_period.parse::<Period>().map_err(|_| corrupt(change))?;
                let reason = format!("Cuti sampai {}: {}", until.words(), change.reason);
                access::wish(tx, ctx, change.service_id, "disabled", "none", &reason).await?;
                let back = args![
                    change.service_id,
                    "resume",
                    until.next().first_day(),
                    None::<i64>,
                    "Cuti selesai",
                    &change.who,
                    ctx.now,
                    ""
                ];
                tx.opt::<(i64,)>(INSERT, back).await?;
            }
            Ok(("service.pause", change.reason.clone()))
        }
        ("resume", _) => {
            resume_line(tx, ctx, change.service_id, "Cuti selesai").await?;
            Ok(("service.resume", change.reason.clone()))
        }
        ("stop", None) => {
            if tx.exec(STOP, args![change.service_id]).await? == 1 {
                let reason = format!("Berhenti: {}", change.reason);
                access::wish(tx, ctx, change.service_id, "disabled", "none", &reason).await?;
            }
            Ok(("service.stop", change.reason.clone()))
        }
        _ => Err(corrupt(change)),
    }
}

fn corrupt(change: &Due) -> Error {
    Error::Corrupt(format!("rencana {} ({})", change.id, change.kind))
}

/// A pause ends: the service runs again, and its line with it. Whether it had been paused.
async fn resume_line(tx: &mut Tx, ctx: &AccessContext, service_id: i64, why: &str) -> Result<bool> {
    if tx.exec(RESUME, args![service_id]).await? == 0 {
        return Ok(false);
    }
    let standing = standing(tx, service_id).await?;
    if !standing.pppoe_username.is_empty() {
        access::wish(tx, ctx, service_id, "normal", "none", why).await?;
    }
    Ok(true)
}

/// Ends a pause today: the month that runs is billed as a first one, by its days. Answers its bill.
///
/// # Errors
/// `Refused` when the service doesn't pause.
pub async fn resume(tx: &mut Tx, ledger: &Ledger, ctx: &AccessContext, service_id: i64) -> Result<Option<i64>> {
    if standing(tx, service_id).await?.stage != "cuti" {
        return Err(Error::Refused("Layanan ini tidak sedang cuti.".to_owned()));
    }
    tx.exec(DROP_RESUME, args![service_id, ctx.now]).await?;
    restart(tx, ledger, ctx, service_id).await
}

/// The first day of the first month that is neither begun nor billed: from there on a change can be planned.
pub(super) async fn first_free_month(
    tx: &mut Tx,
    today: NaiveDate,
    service_id: i64,
    covered: &str,
) -> Result<NaiveDate> {
    let billed: (String,) = tx.one(LAST_BILLED, args![service_id]).await?;
    let after = |text: &str| text.parse::<Period>().ok().map(Period::next);
    let next = Period::of(today).next();
    let first = [after(&billed.0), after(covered)].into_iter().flatten().fold(next, Ord::max);
    Ok(first.first_day())
}

/// Plans a change from the next month on, or the first one that is not billed yet, or the wanted one if it is later;
/// answers its first day. The caller writes the audit row.
pub async fn plan(
    tx: &mut Tx,
    ctx: &AccessContext,
    service_id: i64,
    change: &Change,
    wanted: Option<NaiveDate>,
    reason: &str,
) -> Result<NaiveDate> {
    let standing = standing(tx, service_id).await?;
    if !matches!(standing.stage.as_str(), "aktif" | "siap_dicabut" | "cuti") {
        return Err(Error::Refused("Layanan ini tidak sedang berjalan, jadi tidak ada yang direncanakan.".to_owned()));
    }
    let reason = checks::reason(reason)?;
    let package_id = match change {
        Change::Stop => None,
        Change::Pause(_) if standing.stage != "aktif" => {
            return Err(Error::Refused("Hanya layanan yang aktif dapat cuti.".to_owned()));
        }
        Change::Pause(_) => None,
        Change::Package(id) if *id == standing.package_id => {
            return Err(Error::invalid("package_id", "Paket itu sudah dipakai layanan ini; pilih paket lain."));
        }
        Change::Package(id) => {
            if tx.opt::<(String,)>(PACKAGE_NAME, args![*id]).await?.is_none() {
                return Err(Error::invalid("package_id", "Pilih paket dari daftar."));
            }
            Some(*id)
        }
    };
    let first = first_free_month(tx, ctx.today, service_id, &standing.covered_until).await?;
    let from = wanted.unwrap_or(first);
    if from < first || from.day() != 1 || from > ctx.today + Days::new(PLAN_DAYS_MAX) {
        return Err(Error::invalid(
            "from",
            format!("Pilih tanggal 1 sebuah bulan, paling cepat {}, paling jauh setahun lagi.", date_short(first)),
        ));
    }
    let (kind, until) = match change {
        Change::Package(_) => ("package", String::new()),
        Change::Stop => ("stop", String::new()),
        Change::Pause(months) => ("pause", pause_until(tx, service_id, from, *months).await?),
    };
    let values = args![service_id, kind, from, package_id, &reason, &ctx.who.name, ctx.now, until];
    if tx.opt::<(i64,)>(INSERT, values).await?.is_none() {
        return Err(Error::Refused("Perubahan seperti ini sudah direncanakan. Batalkan dulu yang lama.".to_owned()));
    }
    Ok(from)
}

/// The last month of a pause of so many months, where the year has room for it.
async fn pause_until(tx: &mut Tx, service_id: i64, from: NaiveDate, months: i64) -> Result<String> {
    if !(1..=PAUSE_MONTHS_MAX).contains(&months) {
        return Err(Error::invalid("months", format!("Cuti 1 sampai {PAUSE_MONTHS_MAX} bulan.")));
    }
    let first = Period::of(from);
    let last = first.add_months(i32::try_from(months).unwrap_or(1) - 1);
    let mut used: BTreeMap<i32, i64> = BTreeMap::new();
    let since = Period::of(from.with_ordinal(1).unwrap_or(from));
    let others: Vec<(NaiveDate, String)> = tx.all(PAUSED_MONTHS, args![service_id, since]).await?;
    let mut spans = vec![(first, last)];
    for (from, until) in others {
        let until = until.parse::<Period>().map_err(|_| Error::Corrupt(format!("cuti sampai {until}")))?;
        spans.push((Period::of(from), until));
    }
    for (mut month, last) in spans {
        while month <= last {
            *used.entry(month.year()).or_default() += 1;
            month = month.next();
        }
    }
    match used.into_iter().find(|(year, months)| *months > PAUSE_MONTHS_MAX && *year >= first.year()) {
        Some((year, _)) => Err(Error::invalid(
            "months",
            format!("Cuti paling banyak {PAUSE_MONTHS_MAX} bulan setahun; tahun {year} sudah penuh."),
        )),
        None => Ok(last.to_string()),
    }
}

/// Takes a planned change back; answers its service.
pub async fn cancel(tx: &mut Tx, ctx: &AccessContext, change_id: i64) -> Result<i64> {
    let gone = || Error::Refused("Rencana ini sudah dijalankan atau dibatalkan. Muat ulang halaman.".to_owned());
    let (service_id, kind, from): (i64, String, NaiveDate) =
        tx.opt(PLANNED, args![change_id]).await?.ok_or_else(gone)?;
    if tx.exec(END, args![change_id, "cancelled", ctx.now]).await? == 0 {
        return Err(gone());
    }
    let before = format!("{kind} mulai {from}");
    let subject = format!("service:{service_id}");
    audit::record(tx, &ctx.who, ctx.now, "service.unplan", &subject, &before, "").await?;
    Ok(service_id)
}

/// Puts a stopped service into use again from today: its line is wished normal, and its month is billed as a first one
/// where it is not billed yet. Answers that bill.
pub async fn restart(tx: &mut Tx, ledger: &Ledger, ctx: &AccessContext, service_id: i64) -> Result<Option<i64>> {
    let before = standing(tx, service_id).await?;
    if tx.exec(RESTART, args![service_id, ctx.today]).await? == 0 {
        return Err(Error::Refused("Layanan ini tidak sedang berhenti.".to_owned()));
    }
    if !before.pppoe_username.is_empty() {
        access::wish(tx, ctx, service_id, "normal", "none", "Diaktifkan kembali").await?;
    }
    let bill = ledger.first_bill(tx, service_id, before.customer_id).await?;
    let subject = format!("service:{service_id}");
    audit::record(tx, &ctx.who, ctx.now, "service.restart", &subject, &before.stage, "aktif").await?;
    Ok(bill)
}

async fn standing(tx: &mut Tx, service_id: i64) -> Result<Standing> {
    tx.opt(STANDING, args![service_id]).await?.ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))
}

#[cfg(test)]
#[path = "planned_tests.rs"]
mod tests;
