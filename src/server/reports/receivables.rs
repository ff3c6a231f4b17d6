//! Umur Piutang: open bills by how long they are past due on a chosen day, area by area. What is paid later cannot be known,
//! so the day is today or later.

use super::wish::{choice_filter, day_filter, href, named};
use super::{Cell, Column, Extent, Report, Wish, chart, last_row, part};
use crate::app::admin::choices;
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::billing::words::date_short;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::{args, sql};
use chrono::{Days, NaiveDate};

/// So far ahead a day may lie.
const DAYS_AHEAD: u64 = 366;

/// The ages: code in addresses, heading.
const AGES: [(&str, &str); 5] = [
    ("belum", "Belum jatuh tempo"),
    ("30", "1–30 hari"),
    ("60", "31–60 hari"),
    ("90", "61–90 hari"),
    ("lebih", "Di atas 90 hari"),
];

/// The same under the bars, where there is little room.
const SHORT_AGES: [&str; 5] = ["Belum", "1–30", "31–60", "61–90", "> 90"];

// `$1` the day; `$2`, `$3`, `$4`: 30, 60 and 90 days before.
sql!(
    BY_AREA = "SELECT s.area,
  CAST(SUM(CASE WHEN i.due_on >= $1 THEN i.total - i.paid ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN i.due_on < $1 AND i.due_on >= $2 THEN i.total - i.paid ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN i.due_on < $2 AND i.due_on >= $3 THEN i.total - i.paid ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN i.due_on < $3 AND i.due_on >= $4 THEN i.total - i.paid ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN i.due_on < $4 THEN i.total - i.paid ELSE 0 END) AS BIGINT)
 FROM invoice i JOIN service_row s ON s.service_id = i.service_id WHERE i.status IN ('open', 'partial') GROUP BY s.area ORDER BY s.area"
);

// `$1`, `$2` first and last due day; `$3`, `$4` area.
macro_rules! matching {
    () => {
        "FROM invoice i JOIN service_row s ON s.service_id = i.service_id
 WHERE i.status IN ('open', 'partial') AND i.due_on >= $1 AND i.due_on <= $2 AND ($3 = 0 OR s.area = $4)"
    };
}
sql!(COUNT = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) ", matching!()));
sql!(ROWS = concat!("SELECT h.id, i.number, i.customer_id, i.customer_name, v.service_number, v.area, i.due_on, i.total, i.paid FROM (
  SELECT i.id AS id, i.due_on AS due_on ", matching!(), " ORDER BY i.due_on, i.id LIMIT $5 OFFSET $6) h
 JOIN invoice i ON i.id = h.id JOIN service v ON v.id = i.service_id ORDER BY h.due_on, h.id"));

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    number: String,
    customer_id: i64,
    customer_name: String,
    service_number: String,
    area: String,
    due_on: NaiveDate,
    total: i64,
    paid: i64,
}

fn chosen_day(wish: &Wish, today: NaiveDate) -> Result<NaiveDate> {
    let day = wish.day("tanggal", today, today)?;
    if day < today {
        return Err(Error::invalid(
            "tanggal",
            format!("Isi hari ini ({}) atau sesudahnya; piutang masa lalu tidak dihitung ulang.", date_short(today)),
        ));
    }
    if day > today + Days::new(DAYS_AHEAD) {
        return Err(Error::invalid("tanggal", "Tanggal terlalu jauh; paling lama satu tahun lagi."));
    }
    Ok(day)
}

/// The ages by area.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let today = asked.app.clock.today();
    let day = chosen_day(wish, today)?;
    let ago = |days: u64| day - Days::new(days);
    let found: Vec<(String, i64, i64, i64, i64, i64)> =
        asked.app.db.all(BY_AREA, args![day, ago(30), ago(60), ago(90)]).await?;
    let mut sums = [0_i64; AGES.len()];
    let on = day.to_string();
    let rows = found
        .into_iter()
        .map(|(area, not_due, a, b, c, d)| {
            let aged = [not_due, a, b, c, d];
            let link = |age: &str| href("piutang-rinci", &[("tanggal", &on), ("wilayah", named(&area)), ("umur", age)]);
            let mut row = vec![Cell::text(if area.is_empty() { "Tanpa wilayah" } else { area.as_str() })];
            for ((amount, sum), (code, _)) in aged.iter().zip(&mut sums).zip(AGES) {
                *sum += amount;
                row.push(Cell::money(*amount, link(code)));
            }
            row.push(Cell::money(aged.iter().sum(), link("")));
            row
        })
        .collect();
    let bars: Vec<chart::Bars> = AGES
        .iter()
        .zip(sums)
        .zip(SHORT_AGES)
        .map(|(((_, word), amount), short)| (short.to_owned(), format!("{word}: {}", money(amount)), vec![amount]))
        .collect();
    let mut report = Report {
        title: text::RECEIVABLES.to_owned(),
        says: format!(
            "Sisa tagihan yang belum dibayar menurut lamanya lewat jatuh tempo pada {}. Tagihan berikutnya yang sudah terbit ikut dihitung; yang akan dibayar atau diterbitkan sampai hari itu belum.",
            date_short(day)
        ),
        filters: vec![day_filter("tanggal", "Pada tanggal", day)],
        columns: vec![
            Column::text("Wilayah", 14),
            Column::sum(AGES[0].1),
            Column::sum(AGES[1].1),
            Column::sum(AGES[2].1),
            Column::sum(AGES[3].1),
            Column::sum(AGES[4].1),
            Column::sum("Jumlah"),
        ],
        rows,
        chart: chart::over_time("Piutang menurut umur", &["Piutang"], &bars),
        ..Report::default()
    }
    .with_totals("Semua");
    // The totals lead to the bills of all areas.
    for (cell, age) in report.totals.iter_mut().skip(1).zip(AGES.iter().map(|age| age.0).chain([""])) {
        if cell.value.number() != 0 {
            cell.href = href("piutang-rinci", &[("tanggal", &on), ("umur", age)]);
        }
    }
    Ok(report)
}

/// The bills behind a number.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    let db = &asked.app.db;
    let today = asked.app.clock.today();
    let day = chosen_day(wish, today)?;
    let ago = |days: u64| day - Days::new(days);
    let (first, last) =
        (NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(today), NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or(today));
    let (from, to) = match wish.get("umur") {
        "belum" => (day, last),
        "30" => (ago(30), ago(1)),
        "60" => (ago(60), ago(31)),
        "90" => (ago(90), ago(61)),
        "lebih" => (first, ago(91)),
        _ => (first, last),
    };
    let (any_area, area) = wish.name_of("wilayah");
    let matching = args![from, to, any_area, area];
    let (total, sum): (i64, i64) = db.one(COUNT, matching.clone()).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let rows = found
        .into_iter()
        .map(|row| {
            let late = (day - row.due_on).num_days();
            vec![
                Cell::link(row.number, format!("/admin/tagihan/{}", row.id)),
                Cell::link(row.customer_name, format!("/admin/pelanggan/{}", row.customer_id)),
                Cell::text(row.service_number),
                Cell::text(row.area),
                Cell::day(row.due_on),
                Cell::text(if late > 0 { text::counted(late, "hari") } else { "belum".to_owned() }),
                Cell::money(row.total, String::new()),
                Cell::money(row.total - row.paid, String::new()),
            ]
        })
        .collect();
    let totals = last_row(text::counted(total, "tagihan"), 7, [Cell::money(sum, String::new())]);
    let ages = AGES.into_iter().map(|(code, word)| Choice::new(code, word)).collect();
    Ok(Report {
        title: "Rincian Piutang".to_owned(),
        says: format!("Tagihan yang belum lunas, menurut lamanya lewat jatuh tempo pada {}.", date_short(day)),
        filters: vec![
            day_filter("tanggal", "Pada tanggal", day),
            choice_filter("wilayah", "Wilayah", wish.get("wilayah"), choices::areas(asked).await?),
            choice_filter("umur", "Umur", wish.get("umur"), ages),
        ],
        columns: vec![
            Column::text("Nomor", 14),
            Column::text("Pelanggan", 18),
            Column::text("Layanan", 10).wide(),
            Column::text("Wilayah", 11).wide(),
            Column::text("Jatuh tempo", 8).wide(),
            Column::text("Lewat", 8).wide(),
            Column { sum: false, ..Column::sum("Tagihan") }.wide(),
            Column::sum("Sisa"),
        ],
        rows,
        totals,
        info,
        back: Some((text::RECEIVABLES, href("piutang", &[("tanggal", &day.to_string())]))),
        ..Report::default()
    })
}
