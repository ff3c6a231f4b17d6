//! What Berhenti & Cuti reads.

use super::{StoppedList, StoppedRow};
use crate::app::admin::words;
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::{args, in_scope, sql};
use chrono::{DateTime, NaiveDate, Utc};

sql!(
    COUNTS = concat!(
        "SELECT CAST(COALESCE(SUM(CASE WHEN s.stage = 'siap_dicabut' THEN 1 ELSE 0 END), 0) AS BIGINT),
   CAST(COALESCE(SUM(CASE WHEN s.stage = 'cuti' THEN 1 ELSE 0 END), 0) AS BIGINT),
   CAST(COALESCE(SUM(CASE WHEN s.stage = 'berhenti' THEN 1 ELSE 0 END), 0) AS BIGINT)
 FROM service s WHERE s.stage IN ('siap_dicabut', 'cuti', 'berhenti') AND ",
        in_scope!("$1")
    )
);
sql!(
    PLANNED_COUNT = concat!(
        "SELECT COUNT(*) FROM service_change ch JOIN service s ON s.id = ch.service_id WHERE ch.state = 'planned' AND ch.kind IN ('stop', 'pause') AND ",
        in_scope!("$1")
    )
);
sql!(
    STAGE = concat!(
        "SELECT c.id, c.name, s.service_number, c.phone, s.area, s.desired_since AS since, CAST(NULL AS DATE) AS from_on, s.desired_reason AS reason, s.stage, r.owed, '' AS planned
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN service_row r ON r.service_id = s.id WHERE s.stage = $2 AND ",
        in_scope!("$1"),
        " ORDER BY s.desired_since DESC, s.id LIMIT $3 OFFSET $4"
    )
);
sql!(
    PLANNED = concat!(
        "SELECT c.id, c.name, s.service_number, c.phone, s.area, ch.created_at AS since, ch.from_on, ch.reason, s.stage, r.owed, ch.kind AS planned
 FROM service_change ch JOIN service s ON s.id = ch.service_id JOIN customer c ON c.id = s.customer_id JOIN service_row r ON r.service_id = s.id
 WHERE ch.state = 'planned' AND ch.kind IN ('stop', 'pause') AND ",
        in_scope!("$1"),
        " ORDER BY ch.from_on, ch.id LIMIT $2 OFFSET $3"
    )
);

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    service_number: String,
    phone: String,
    area: String,
    since: DateTime<Utc>,
    from_on: Option<NaiveDate>,
    reason: String,
    stage: String,
    owed: i64,
    planned: String,
}

/// A page under one heading.
pub async fn list(asked: &Asked, tab: &str, page: i64) -> Result<StoppedList> {
    let (app, scope) = (&asked.app, asked.scope().arg());
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    let planned = app.db.number(PLANNED_COUNT, args![scope]).await?;
    let (ready, paused, gone): (i64, i64, i64) = app.db.one(COUNTS, args![scope]).await?;
    let total = match tab {
        "siap_dicabut" => ready,
        "cuti" => paused,
        "berhenti" => gone,
        _ => planned,
    };
    let info = PageInfo::of(page, total);
    let rows: Vec<Row> = if matches!(tab, "siap_dicabut" | "cuti" | "berhenti") {
        app.db.all(STAGE, args![scope, tab, PAGE_ROWS, info.offset()]).await?
    } else {
        app.db.all(PLANNED, args![scope, PAGE_ROWS, info.offset()]).await?
    };
    let rows = rows
        .into_iter()
        .map(|row| StoppedRow {
            customer_id: row.id,
            name: row.name,
            number: row.service_number,
            phone: words::phone(&row.phone),
            area: row.area,
            day: words::day(row.from_on.unwrap_or_else(|| app.clock.day_of(row.since))),
            planned: match row.planned.as_str() {
                "stop" => "berhenti".to_owned(),
                "pause" => "cuti".to_owned(),
                _ => String::new(),
            },
            reason: row.reason,
            stage: text::stage(&row.stage),
            owed: if sees_money && row.owed > 0 { money(row.owed) } else { String::new() },
        })
        .collect();
    Ok(StoppedList { rows, info, counts: vec![planned, ready, paused, gone], sees_money })
}
