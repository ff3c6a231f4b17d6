//! Who is left alone although he owes: a promise to pay until a day, which opens the line at once, and a hold by the staff,
//! which only keeps it from being cut. Source: RULES, "Money in" and "Isolir".

use super::{AccessContext, wish};
use crate::args;
use crate::billing::words::date_short;
use crate::server::audit;
use crate::server::checks;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Days, Months, NaiveDate};

/// Longest hold by the staff, in days.
const HOLD_DAYS_MAX: i64 = 366;

#[derive(sqlx::FromRow)]
struct Standing {
    stage: String,
    desired: String,
    manual: String,
    owed: i64,
}

sql!(
    STANDING = "SELECT s.stage, s.desired, s.manual,
   (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')) AS owed
 FROM service s WHERE s.id = $1"
);
sql!(
    PROMISES_SINCE = "SELECT COUNT(*) FROM access_hold WHERE service_id = $1 AND kind = 'promise' AND state <> 'ended' AND from_on > $2"
);
sql!(INSERT = "INSERT INTO access_hold (service_id, kind, from_on, until_on, reason, state, who, staff_id, created_at, ended_at)
 VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, NULL) ON CONFLICT (service_id, kind) WHERE state = 'open' DO NOTHING RETURNING id");
sql!(END = "UPDATE access_hold SET state = 'ended', ended_at = $2 WHERE id = $1 AND state = 'open'");
sql!(HOLD = "SELECT service_id, kind, until_on FROM access_hold WHERE id = $1");

/// What is left of the bills that a promise is about: those due up to its last day. A promise can be made before the bill
/// is due, so the day's own past due would call it kept too early.
macro_rules! promised_left {
    () => {
        "(SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
     WHERE i.service_id = access_hold.service_id AND i.status IN ('open', 'partial') AND i.due_on <= access_hold.until_on)"
    };
}
// Judged by the day's run: kept where less than the minimum debt ($2) is left, broken where its day is over.
sql!(pub(super) END_PROMISES = concat!("UPDATE access_hold SET ended_at = $3, state = CASE WHEN kind = 'hold' THEN 'ended' WHEN ", promised_left!(), " < $2 THEN 'kept' ELSE 'broken' END
 WHERE state = 'open' AND (until_on < $1 OR (kind = 'promise' AND ", promised_left!(), " < $2))"));

async fn standing(tx: &mut Tx, service_id: i64) -> Result<Standing> {
    let found: Standing = tx
        .opt(STANDING, args![service_id])
        .await?
        .ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
    if matches!(found.stage.as_str(), "aktif" | "siap_dicabut") {
        Ok(found)
    } else {
        Err(Error::Refused("Layanan ini tidak sedang berjalan.".to_owned()))
    }
}

async fn insert(
    tx: &mut Tx,
    ctx: &AccessContext,
    (service_id, kind): (i64, &str),
    (from, until): (NaiveDate, NaiveDate),
    reason: &str,
) -> Result<i64> {
    let values = args![service_id, kind, from, until, reason, &ctx.who.name, ctx.who.staff_id, ctx.now];
    match tx.opt::<(i64,)>(INSERT, values).await? {
        Some((id,)) => Ok(id),
        None => Err(Error::Refused("Masih ada yang berlaku untuk layanan ini. Akhiri dulu yang lama.".to_owned())),
    }
}

/// Notes a promise to pay until a day (that day included): the line opens at once and is not cut until the day is over.
///
/// # Errors
/// `Invalid` for a day that is over or beyond `promise.max_days`; `Refused` when nothing is owed, a promise is open, there
/// were `promise.max_count` in `promise.months` months, or the line was cut by hand.
pub async fn promise(tx: &mut Tx, ctx: &AccessContext, service_id: i64, until: NaiveDate, reason: &str) -> Result<i64> {
    let reason = checks::reason(reason)?;
    let service = standing(tx, service_id).await?;
    let days = ctx.settings.int("promise.max_days").max(1);
    let last = ctx.today + Days::new(u64::try_from(days).unwrap_or(7));
    if until < ctx.today || until > last {
        return Err(Error::invalid(
            "until",
            format!("Pilih tanggal dari hari ini sampai {} (paling lama {days} hari).", date_short(last)),
        ));
    }
    if service.owed == 0 {
        return Err(Error::Refused("Layanan ini tidak punya tagihan yang belum dibayar.".to_owned()));
    }
    if service.desired == "isolated" && service.manual == "cut" {
        return Err(Error::Refused("Layanan ini diisolir petugas. Pulihkan dulu dari halaman pelanggan.".to_owned()));
    }
    let (most, months) = (ctx.settings.int("promise.max_count"), ctx.settings.int("promise.months"));
    let since = ctx.today - Months::new(u32::try_from(months).unwrap_or(6));
    if tx.number(PROMISES_SINCE, args![service_id, since]).await? >= most {
        return Err(Error::Refused(format!(
            "Sudah {most} janji bayar dalam {months} bulan; tidak dapat ditambah lagi."
        )));
    }
    let id = insert(tx, ctx, (service_id, "promise"), (ctx.today, until), &reason).await?;
    if service.desired == "isolated" {
        let why = format!("Janji bayar sampai {}", date_short(until));
        wish(tx, ctx, service_id, "normal", "none", &why).await?;
    }
    let after = format!("sampai {until}: {reason}");
    audit::record(tx, &ctx.who, ctx.now, "promise.add", &format!("service:{service_id}"), "", &after).await?;
    Ok(id)
}

/// Keeps a line from being cut on the days from `from` to `until`, both included.
///
/// # Errors
/// `Invalid` for days that are over, turned round, or more than a year; `Refused` when a hold is open.
pub async fn hold(
    tx: &mut Tx,
    ctx: &AccessContext,
    service_id: i64,
    (from, until): (NaiveDate, NaiveDate),
    reason: &str,
) -> Result<i64> {
    let reason = checks::reason(reason)?;
    standing(tx, service_id).await?;
    if until < from || until < ctx.today || (until - ctx.today.min(from)).num_days() > HOLD_DAYS_MAX {
        return Err(Error::invalid(
            "until",
            "Pilih tanggal akhir yang belum lewat, sesudah tanggal mulai, paling lama setahun.",
        ));
    }
    let id = insert(tx, ctx, (service_id, "hold"), (from, until), &reason).await?;
    let after = format!("{from} sampai {until}: {reason}");
    audit::record(tx, &ctx.who, ctx.now, "hold.add", &format!("service:{service_id}"), "", &after).await?;
    Ok(id)
}

/// Ends a promise or a hold before its day; the next run decides anew. Answers its service.
pub async fn end(tx: &mut Tx, ctx: &AccessContext, id: i64) -> Result<i64> {
    let gone = || Error::Refused("Ini sudah berakhir. Muat ulang halaman.".to_owned());
    let (service_id, kind, until): (i64, String, NaiveDate) = tx.opt(HOLD, args![id]).await?.ok_or_else(gone)?;
    if tx.exec(END, args![id, ctx.now]).await? == 0 {
        return Err(gone());
    }
    let before = format!("{kind} sampai {until}");
    audit::record(tx, &ctx.who, ctx.now, "hold.end", &format!("service:{service_id}"), &before, "").await?;
    Ok(service_id)
}
