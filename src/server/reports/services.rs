//! Services that began and services that stopped in a month: who came, who went.

use super::wish::{choice_filter, href, month_filter};
use super::{Cell, Column, Extent, Report, Wish, last_row, part};
use crate::app::dto::Choice;
use crate::app::text;
use crate::billing::Period;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Services that began (kind 1) and that stopped (kind 2) from day `$1` to `$2`.
macro_rules! moved {
    () => {
        "(SELECT CAST(1 AS BIGINT) AS kind, s.service_id AS service_id, s.started_on AS day FROM service_row s WHERE s.started_on >= $1 AND s.started_on <= $2 AND s.stage NOT IN ('calon', 'menunggu_pemasangan')
  UNION ALL SELECT CAST(2 AS BIGINT), ch.service_id, ch.from_on FROM service_change ch WHERE ch.kind = 'stop' AND ch.state = 'done' AND ch.from_on >= $1 AND ch.from_on <= $2) m"
    };
}

sql!(
    BY_DAY = concat!(
        "SELECT m.day, CAST(SUM(CASE WHEN m.kind = 1 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN m.kind = 2 THEN 1 ELSE 0 END) AS BIGINT) FROM ",
        moved!(),
        " GROUP BY m.day"
    )
);
sql!(COUNT = concat!("SELECT COUNT(*) FROM ", moved!(), " WHERE $3 = 0 OR m.kind = $3"));
sql!(ROWS = concat!("SELECT m.kind, m.day, v.customer_id, c.name, v.service_number, v.area, k.name, v.stage FROM ", moved!(), " JOIN service v ON v.id = m.service_id
 JOIN customer c ON c.id = v.customer_id JOIN package k ON k.id = v.package_id WHERE $3 = 0 OR m.kind = $3 ORDER BY m.day, m.service_id, m.kind LIMIT $4 OFFSET $5"));

/// How many began and stopped, month by month.
pub async fn by_month(asked: &Asked, (from, to): (Period, Period)) -> Result<BTreeMap<Period, (i64, i64)>> {
    let days: Vec<(NaiveDate, i64, i64)> = asked.app.db.all(BY_DAY, args![from.first_day(), to.last_day()]).await?;
    let mut months: BTreeMap<Period, (i64, i64)> = BTreeMap::new();
    for (day, began, stopped) in days {
        let month = months.entry(Period::of(day)).or_default();
        month.0 += began;
        month.1 += stopped;
    }
    Ok(months)
}

/// Who they are.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    type Row = (i64, NaiveDate, i64, String, String, String, String, String);
    let db = &asked.app.db;
    let today = asked.app.clock.today();
    let current = Period::of(today);
    let month = wish.month("bulan", current, today)?;
    let kind = match wish.get("jenis") {
        "mulai" => 1,
        "berhenti" => 2,
        _ => 0,
    };
    let matching = args![month.first_day(), month.last_day(), kind];
    let total = db.number(COUNT, matching.clone()).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let rows = found
        .into_iter()
        .map(|(kind, day, customer_id, name, number, area, package, stage)| {
            vec![
                Cell::link(name, format!("/admin/pelanggan/{customer_id}")),
                Cell::text(number),
                Cell::text(if kind == 1 { "Mulai" } else { "Berhenti" }),
                Cell::day(day),
                Cell::text(package),
                Cell::text(area),
                Cell::text(text::stage(&stage).word),
            ]
        })
        .collect();
    let totals = last_row(text::counted(total, "layanan"), 7, []);
    Ok(Report {
        title: "Layanan Mulai dan Berhenti".to_owned(),
        says: format!(
            "Layanan yang mulai (atau aktif kembali) dan yang berhenti pada {}. Yang belum dipasang tidak dihitung.",
            month.words()
        ),
        filters: vec![
            month_filter("bulan", "Bulan", month, current.next()),
            choice_filter(
                "jenis",
                "Jenis",
                wish.get("jenis"),
                vec![Choice::new("mulai", "Mulai"), Choice::new("berhenti", "Berhenti")],
            ),
        ],
        columns: vec![
            Column::text("Pelanggan", 20),
            Column::text("Nomor layanan", 12).wide(),
            Column::text("Jenis", 8),
            Column::text("Tanggal", 8),
            Column::text("Paket", 12).wide(),
            Column::text("Wilayah", 12).wide(),
            Column::text("Keadaan sekarang", 12).wide(),
        ],
        rows,
        totals,
        info,
        back: Some((text::MONTH_REPORT, href("ringkasan", &[("bulan", &month.to_string())]))),
        ..Report::default()
    })
}
