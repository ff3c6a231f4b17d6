//! What is planned for a service from a coming month on: that it stops, or another package. Carried out on its day, before
//! that month's bills; until then it can be taken back.

use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::access::{self, AccessContext};
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::Ledger;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Due {
    id: i64,
    service_id: i64,
    kind: String,
    from_on: NaiveDate,
    package_id: Option<i64>,
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
    DUE = "SELECT id, service_id, kind, from_on, package_id, reason, who FROM service_change
 WHERE state = 'planned' AND from_on <= $1 ORDER BY from_on, id LIMIT $2"
);
sql!(RUN_OVER = "SELECT COUNT(*) FROM issue_run WHERE period = $1 AND state = 'done' AND scope = 'all'");
sql!(END = "UPDATE service_change SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'planned'");
sql!(
    STOP = "UPDATE service SET stage = 'berhenti', isolated_on = NULL WHERE id = $1 AND stage IN ('aktif', 'siap_dicabut', 'cuti')"
);
sql!(CHANGE_PACKAGE = "UPDATE service SET package_id = $2 WHERE id = $1");
sql!(
    STANDING =
        "SELECT stage, package_id, covered_until, router_id, pppoe_username, customer_id FROM service WHERE id = $1"
);
sql!(
    LAST_BILLED = "SELECT COALESCE((SELECT MAX(period) FROM invoice_line WHERE service_id = $1 AND kind IN ('subscription', 'prorate') AND NOT void), '')"
);
sql!(INSERT = "INSERT INTO service_change (service_id, kind, from_on, package_id, state, reason, who, created_at, ended_at)
 VALUES ($1, $2, $3, $4, 'planned', $5, $6, $7, NULL) ON CONFLICT (service_id, kind) WHERE state = 'planned' DO NOTHING RETURNING id");
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
}

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
        let note = match change.package_id {
            Some(package_id) => {
                tx.exec_one(CHANGE_PACKAGE, args![change.service_id, package_id]).await?;
                let standing: Standing = tx.one(STANDING, args![change.service_id]).await?;
                routers.extend(standing.router_id);
                ("service.package", format!("Ganti ke paket {}", name(tx, package_id).await?))
            }
            None => {
                if tx.exec(STOP, args![change.service_id]).await? == 1 {
                    let reason = format!("Berhenti: {}", change.reason);
                    access::wish(tx, ctx, change.service_id, "disabled", "none", &reason).await?;
                }
                ("service.stop", change.reason.clone())
            }
        };
        debug_assert_eq!(change.kind == "package", change.package_id.is_some());
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

/// The first day of the first month that is neither begun nor billed: from there on a change can be planned.
async fn first_free_month(tx: &mut Tx, today: NaiveDate, service_id: i64, covered: &str) -> Result<NaiveDate> {
    let billed: (String,) = tx.one(LAST_BILLED, args![service_id]).await?;
    let after = |text: &str| text.parse::<Period>().ok().map(Period::next);
    let next = Period::of(today).next();
    let first = [after(&billed.0), after(covered)].into_iter().flatten().fold(next, Ord::max);
    Ok(first.first_day())
}

/// Plans a change from the next month on, or the first one that is not billed yet; answers its first day. The caller
/// writes the audit row.
pub async fn plan(
    tx: &mut Tx,
    ctx: &AccessContext,
    service_id: i64,
    change: &Change,
    reason: &str,
) -> Result<NaiveDate> {
    let standing = standing(tx, service_id).await?;
    if !matches!(standing.stage.as_str(), "aktif" | "siap_dicabut" | "cuti") {
        return Err(Error::Refused("Layanan ini tidak sedang berjalan, jadi tidak ada yang direncanakan.".to_owned()));
    }
    if reason.trim().is_empty() || reason.chars().count() > 200 {
        return Err(Error::invalid("reason", "Tulis alasannya, paling banyak 200 huruf."));
    }
    let package_id = match change {
        Change::Stop => None,
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
    let from = first_free_month(tx, ctx.today, service_id, &standing.covered_until).await?;
    let kind = if package_id.is_some() { "package" } else { "stop" };
    let values = args![service_id, kind, from, package_id, reason.trim(), &ctx.who.name, ctx.now];
    if tx.opt::<(i64,)>(INSERT, values).await?.is_none() {
        return Err(Error::Refused("Perubahan seperti ini sudah direncanakan. Batalkan dulu yang lama.".to_owned()));
    }
    Ok(from)
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
