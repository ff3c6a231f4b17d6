//! What Janji Bayar reads and writes.

use super::{HoldList, HoldRow};
use crate::app::admin::words;
use crate::app::dto::{Badge, PAGE_ROWS, PageInfo, Tone, money};
use crate::billing::words::{date_short, date_words, parse_date_input};
use crate::server::access::{AccessContext, holds};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::{args, in_scope, sql};
use chrono::{Datelike, NaiveDate};

sql!(
    COUNT = concat!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN h.state = 'open' THEN 1 ELSE 0 END), 0) AS BIGINT)
 FROM access_hold h JOIN service s ON s.id = h.service_id WHERE ",
        in_scope!("$1")
    )
);
sql!(
    LIST = concat!(
        "SELECT h.id, h.kind, h.from_on, h.until_on, h.reason, h.who, h.state, s.customer_id, c.name, s.service_number, r.owed
 FROM access_hold h JOIN service s ON s.id = h.service_id JOIN customer c ON c.id = s.customer_id JOIN service_row r ON r.service_id = s.id
 WHERE ($2 OR h.state = 'open') AND ",
        in_scope!("$1"),
        " ORDER BY CASE WHEN h.state = 'open' THEN 0 ELSE 1 END, h.until_on DESC, h.id DESC LIMIT $3 OFFSET $4"
    )
);
sql!(SERVICE_OF = "SELECT service_id, kind FROM access_hold WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    from_on: NaiveDate,
    until_on: NaiveDate,
    reason: String,
    who: String,
    state: String,
    customer_id: i64,
    name: String,
    service_number: String,
    owed: i64,
}

fn state(word: &str) -> Badge {
    match word {
        "open" => Badge::new("Berlaku", Tone::Note),
        "kept" => Badge::new("Ditepati", Tone::Ok),
        "broken" => Badge::new("Tidak ditepati", Tone::Bad),
        _ => Badge::new("Berakhir", Tone::Plain),
    }
}

pub async fn list(asked: &Asked, all: bool, page: i64) -> Result<HoldList> {
    let (db, scope) = (&asked.app.db, asked.scope().arg());
    let (total, open): (i64, i64) = db.one(COUNT, args![scope]).await?;
    let info = PageInfo::of(page, if all { total } else { open });
    let rows: Vec<Row> = db.all(LIST, args![scope, all, PAGE_ROWS, info.offset()]).await?;
    let rows = rows
        .into_iter()
        .map(|row| HoldRow {
            id: row.id,
            kind: if row.kind == "promise" { "Janji bayar".to_owned() } else { "Ditahan petugas".to_owned() },
            customer_id: row.customer_id,
            name: row.name,
            number: row.service_number,
            days: if row.from_on == row.until_on {
                words::day(row.until_on)
            } else {
                format!("{} sampai {}", date_short(row.from_on), date_short(row.until_on))
            },
            reason: row.reason,
            who: row.who,
            open: row.state == "open",
            state: state(&row.state),
            owed: if row.owed > 0 { money(row.owed) } else { String::new() },
        })
        .collect();
    Ok(HoldList { rows, info, open })
}

fn day(typed: &str, today: NaiveDate) -> Result<NaiveDate> {
    parse_date_input(typed, today.year()).ok_or_else(|| Error::invalid("until", "Isi tanggalnya, misalnya 20/1/2026."))
}

pub async fn promise(asked: &Asked, service_id: i64, until: &str, reason: String) -> Result<String> {
    let ctx = AccessContext::now(&asked.app, asked.who.clone()).await?;
    let until = day(until, ctx.today)?;
    asked
        .app
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, reason) = (ctx.clone(), reason.clone());
            Box::pin(async move { holds::promise(tx, &ctx, service_id, until, &reason).await })
        })
        .await?;
    asked.app.work_bell.notify_waiters();
    Ok(format!("Janji bayar dicatat sampai {}. Selama itu layanan tidak diisolir.", date_words(until)))
}

pub async fn hold(asked: &Asked, service_id: i64, until: &str, reason: String) -> Result<String> {
    let ctx = AccessContext::now(&asked.app, asked.who.clone()).await?;
    let until = day(until, ctx.today)?;
    asked
        .app
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, reason) = (ctx.clone(), reason.clone());
            Box::pin(async move { holds::hold(tx, &ctx, service_id, (ctx.today, until), &reason).await })
        })
        .await?;
    Ok(format!("Isolir ditahan sampai {}.", date_words(until)))
}

pub async fn end(asked: &Asked, id: i64) -> Result<String> {
    let (service_id, kind): (i64, String) = asked
        .app
        .db
        .opt(SERVICE_OF, args![id])
        .await?
        .ok_or_else(|| Error::NotFound("Janji itu tidak ada.".to_owned()))?;
    asked.reaches_service(service_id).await?;
    if kind == "hold" && !asked.staff.may(Permission::ManageAccess) {
        return Err(Error::Forbidden);
    }
    let ctx = AccessContext::now(&asked.app, asked.who.clone()).await?;
    asked
        .app
        .db
        .write::<_, Error, _>(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move { holds::end(tx, &ctx, id).await })
        })
        .await?;
    Ok("Diakhiri. Pemeriksaan berikutnya memutuskan lagi.".to_owned())
}
