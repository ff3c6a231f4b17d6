//! Pendapatan: money that came in, by the day it was received; a payment that was taken back counts against the month in
//! which that was done. Saldo awal, notes of credit and write-offs are no money.

use super::wish::{choice_filter, day_filter, each_month, href, label, named, span_filters};
use super::{Cell, Column, Extent, Filter, Report, Wish, chart, last_row, part};
use crate::app::admin::choices;
use crate::app::admin::payments::query::{RECEIVERS, way};
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::db::Sql;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Months that are shown where none is said.
const MONTHS_SHOWN: i32 = 12;

/// Money in its movements between two days: received is above zero, taken back below.
macro_rules! moved {
    () => {
        "(SELECT p.id AS id, p.received_on AS day, p.method AS method, p.received_by AS received_by, p.service_id AS service_id, p.amount AS amount
   FROM payment p WHERE p.received_on >= $1 AND p.received_on <= $2 AND p.method IN ('cash', 'transfer', 'gateway')
  UNION ALL SELECT p.id, p.reversed_on, p.method, p.received_by, p.service_id, -p.amount
   FROM payment p WHERE p.reversed_on >= $1 AND p.reversed_on <= $2 AND p.method IN ('cash', 'transfer', 'gateway')) m"
    };
}

macro_rules! sums {
    () => {
        "CAST(SUM(CASE WHEN m.amount > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN m.amount > 0 THEN m.amount ELSE 0 END) AS BIGINT),
  CAST(SUM(CASE WHEN m.amount < 0 THEN m.amount ELSE 0 END) AS BIGINT) FROM "
    };
}

// Each side adds up its days by itself, in the order of its index, so that a year needs no sorting.
sql!(
    BY_DAY = "SELECT d.day, d.method, CAST(SUM(d.amount) AS BIGINT) FROM (
  SELECT received_on AS day, method, CAST(SUM(amount) AS BIGINT) AS amount FROM payment
   WHERE received_on >= $1 AND received_on <= $2 AND method IN ('cash', 'transfer', 'gateway') GROUP BY received_on, method
  UNION ALL SELECT reversed_on, method, -CAST(SUM(amount) AS BIGINT) FROM payment
   WHERE reversed_on >= $1 AND reversed_on <= $2 AND method IN ('cash', 'transfer', 'gateway') GROUP BY reversed_on, method) d
 GROUP BY d.day, d.method ORDER BY d.day, d.method"
);
sql!(BY_METHOD = concat!("SELECT m.method, m.method, ", sums!(), moved!(), " GROUP BY m.method ORDER BY m.method"));
sql!(
    BY_RECEIVER = concat!(
        "SELECT m.received_by, m.received_by, ",
        sums!(),
        moved!(),
        " GROUP BY m.received_by ORDER BY m.received_by"
    )
);
sql!(
    BY_AREA = concat!(
        "SELECT s.area, s.area, ",
        sums!(),
        moved!(),
        " JOIN service_row s ON s.service_id = m.service_id GROUP BY s.area ORDER BY s.area"
    )
);
sql!(
    BY_PACKAGE = concat!(
        "SELECT CAST(k.id AS TEXT), k.name, ",
        sums!(),
        moved!(),
        " JOIN service_row s ON s.service_id = m.service_id JOIN package k ON k.id = s.package_id GROUP BY k.id, k.name ORDER BY k.name"
    )
);

// `$3` method; `$4`, `$5` receiver; `$6`, `$7` area; `$8` package; `$9`: 1 what came in, 2 what was taken back.
macro_rules! matching {
    () => {
        concat!(
            moved!(),
            " JOIN service_row s ON s.service_id = m.service_id WHERE ($3 = '' OR m.method = $3) AND ($4 = 0 OR m.received_by = $5) AND ($6 = 0 OR s.area = $7)
  AND ($8 = 0 OR s.package_id = $8) AND ($9 = 0 OR ($9 = 1 AND m.amount > 0) OR ($9 = 2 AND m.amount < 0))"
        )
    };
}
sql!(COUNT = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(m.amount), 0) AS BIGINT) FROM ", matching!()));
sql!(ROWS = concat!("SELECT h.id, h.day, h.amount, p.receipt, p.method, p.channel, p.received_by, p.customer_id, c.name, v.service_number, v.area FROM (
  SELECT m.id AS id, m.day AS day, m.amount AS amount FROM ", matching!(), " ORDER BY m.day DESC, m.id DESC, m.amount LIMIT $10 OFFSET $11) h
 JOIN payment p ON p.id = h.id JOIN customer c ON c.id = p.customer_id JOIN service v ON v.id = p.service_id ORDER BY h.day DESC, h.id DESC, h.amount"));

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    day: NaiveDate,
    amount: i64,
    receipt: String,
    method: String,
    channel: String,
    received_by: String,
    customer_id: i64,
    name: String,
    service_number: String,
    area: String,
}

/// Code, word, payments, received, taken back (below zero).
type Group = (String, String, i64, i64, i64);

/// The ways money comes in, in the order of columns.
pub(super) const METHODS: [&str; 3] = ["cash", "transfer", "gateway"];

/// What came in month by month: each with its sums by way.
pub(super) async fn by_month(asked: &Asked, span: (Period, Period)) -> Result<BTreeMap<Period, [i64; METHODS.len()]>> {
    let days: Vec<(NaiveDate, String, i64)> =
        asked.app.db.all(BY_DAY, args![span.0.first_day(), span.1.last_day()]).await?;
    let mut months: BTreeMap<Period, [i64; 3]> = each_month(span).map(|month| (month, [0; 3])).collect();
    for (day, method, amount) in days {
        let ways = months.entry(Period::of(day)).or_default();
        for (sum, _) in ways.iter_mut().zip(METHODS).filter(|(_, known)| *known == method) {
            *sum += amount;
        }
    }
    Ok(months)
}

/// What each receiver received in a month, less what was taken back of it.
pub(super) async fn by_receiver(asked: &Asked, month: Period) -> Result<BTreeMap<String, i64>> {
    let found: Vec<Group> = asked.app.db.all(BY_RECEIVER, args![month.first_day(), month.last_day()]).await?;
    Ok(found.into_iter().map(|(name, _, _, received, taken_back)| (name, received + taken_back)).collect())
}

/// The first and the last day of a month, as addresses have them.
pub(super) fn days_of(month: Period) -> [String; 2] {
    [month.first_day().to_string(), month.last_day().to_string()]
}

fn tabs(now: &str, wish: &Wish) -> Vec<(&'static str, String, bool)> {
    [("", "Bulan"), ("paket", "Paket"), ("wilayah", "Wilayah"), ("cara", "Cara bayar"), ("penerima", "Penerima")]
        .into_iter()
        .map(|(code, word)| {
            let span = [("per", code), ("dari", wish.get("dari")), ("sampai", wish.get("sampai"))];
            // From months to a part of one and back the span begins anew; it stays among the parts.
            let kept = if code.is_empty() || now.is_empty() { &span[..1] } else { &span[..] };
            (word, href("pendapatan", kept), code == now)
        })
        .collect()
}

/// The report under the chosen tab.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let today = asked.app.clock.today();
    let month = Period::of(today);
    let by = match wish.get("per") {
        known @ ("paket" | "wilayah" | "cara" | "penerima") => known,
        _ => "",
    };
    let first = if by.is_empty() { month.add_months(1 - MONTHS_SHOWN) } else { month };
    let span = wish.months(first, month, today)?;
    let base = Report {
        title: text::REVENUE.to_owned(),
        tabs: tabs(by, wish),
        filters: span_filters(span, month),
        ..Report::default()
    };
    if by.is_empty() { months(asked, base, span).await } else { groups(asked, base, by, span).await }
}

async fn months(asked: &Asked, base: Report, span: (Period, Period)) -> Result<Report> {
    let months = by_month(asked, span).await?;
    let bars: Vec<chart::Bars> = months
        .iter()
        .map(|(month, ways)| {
            let sum: i64 = ways.iter().sum();
            (label(*month), format!("{}: {}", month.words(), money(sum)), vec![sum])
        })
        .collect();
    let mut rows: Vec<Vec<Cell>> = months
        .iter()
        .map(|(month, ways)| {
            let [from, to] = days_of(*month);
            let link = |way: &str| href("uang-masuk", &[("dari", &from), ("sampai", &to), ("cara", way)]);
            let mut row = vec![Cell::text(month.words())];
            row.extend(ways.iter().zip(METHODS).map(|(amount, way)| Cell::money(*amount, link(way))));
            row.push(Cell::money(ways.iter().sum(), link("")));
            row
        })
        .collect();
    rows.reverse();
    Ok(Report {
        says: "Uang yang diterima menurut tanggal terima. Pembayaran yang dibatalkan mengurangi bulan pembatalannya."
            .to_owned(),
        columns: vec![
            Column::text("Bulan", 12),
            Column::sum("Tunai").wide(),
            Column::sum("Transfer").wide(),
            Column::sum("Bayar online").wide(),
            Column::sum("Jumlah"),
        ],
        chart: chart::over_time("Pendapatan per bulan", &["Pendapatan"], &bars),
        rows,
        ..base
    }
    .with_totals("Semua"))
}

async fn groups(asked: &Asked, base: Report, by: &str, span: (Period, Period)) -> Result<Report> {
    let (sql, title, says): (Sql, &'static str, &str) = match by {
        "paket" => (BY_PACKAGE, "Paket", "Menurut paket yang sekarang dipakai layanan pembayarnya."),
        "wilayah" => (BY_AREA, "Wilayah", "Menurut wilayah layanan yang dibayar."),
        "cara" => (BY_METHOD, "Cara bayar", "Menurut cara bayar."),
        _ => (BY_RECEIVER, "Penerima", "Menurut siapa yang menerima uangnya."),
    };
    let (from, to) = (span.0.first_day().to_string(), span.1.last_day().to_string());
    let mut found: Vec<Group> = asked.app.db.all(sql, args![span.0.first_day(), span.1.last_day()]).await?;
    for group in &mut found {
        group.1 = match by {
            "cara" => way(&group.0, ""),
            "wilayah" if group.1.is_empty() => "Tanpa wilayah".to_owned(),
            _ if group.1.is_empty() => "Tanpa nama".to_owned(),
            _ => group.1.clone(),
        };
    }
    found.sort_by(|a, b| (b.3 + b.4).cmp(&(a.3 + a.4)).then_with(|| a.1.cmp(&b.1)));
    let bars: Vec<(String, i64)> = found.iter().map(|group| (group.1.clone(), group.3 + group.4)).collect();
    let rows = found
        .into_iter()
        .map(|(code, word, count, received, taken_back)| {
            let link = |kind: &str| {
                href("uang-masuk", &[("dari", &from), ("sampai", &to), (by, named(&code)), ("jenis", kind)])
            };
            vec![
                Cell::text(word),
                Cell::count(count, link("masuk")),
                Cell::money(received, link("masuk")),
                Cell::money(taken_back, link("batal")),
                Cell::money(received + taken_back, link("")),
            ]
        })
        .collect();
    Ok(Report {
        says: format!("Uang yang diterima menurut tanggal terima. {says}"),
        columns: vec![
            Column::text(title, 20),
            Column::sum("Pembayaran").wide(),
            Column::sum("Diterima").wide(),
            Column::sum("Dibatalkan").wide(),
            Column::sum("Jumlah"),
        ],
        chart: chart::by_name(&format!("Pendapatan menurut {}", title.to_lowercase()), &bars),
        rows,
        ..base
    }
    .with_totals("Semua"))
}

async fn filters(asked: &Asked, wish: &Wish, (from, to): (NaiveDate, NaiveDate)) -> Result<Vec<Filter>> {
    let receivers: Vec<(String,)> = asked.app.db.all(RECEIVERS, args![]).await?;
    let receivers = receivers.into_iter().map(|(name,)| Choice::new(name.clone(), name)).collect();
    let ways = METHODS.into_iter().map(|code| Choice::new(code, way(code, ""))).collect();
    let kinds = vec![Choice::new("masuk", "Diterima"), Choice::new("batal", "Dibatalkan")];
    Ok(vec![
        day_filter("dari", "Dari tanggal", from),
        day_filter("sampai", "Sampai tanggal", to),
        choice_filter("cara", "Cara bayar", wish.get("cara"), ways),
        choice_filter("penerima", "Penerima", wish.get("penerima"), receivers),
        choice_filter("wilayah", "Wilayah", wish.get("wilayah"), choices::areas(asked).await?),
        choice_filter("paket", "Paket", wish.get("paket"), choices::packages(asked).await?),
        choice_filter("jenis", "Jenis", wish.get("jenis"), kinds),
    ])
}

/// The payments behind a number, and those taken back, with what they come to.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    let db = &asked.app.db;
    let span = wish.days(asked.app.clock.today())?;
    let ((any_receiver, receiver), (any_area, area)) = (wish.name_of("penerima"), wish.name_of("wilayah"));
    let kind = match wish.get("jenis") {
        "masuk" => 1,
        "batal" => 2,
        _ => 0,
    };
    let matching =
        args![span.0, span.1, wish.get("cara"), any_receiver, receiver, any_area, area, wish.id_of("paket"), kind];
    let (total, sum): (i64, i64) = db.one(COUNT, matching.clone()).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let rows = found
        .into_iter()
        .map(|row| {
            let word = if row.amount < 0 { format!("{} dibatalkan", row.receipt) } else { row.receipt };
            vec![
                Cell::link(word, format!("/admin/pembayaran/{}", row.id)),
                Cell::day(row.day),
                Cell::link(row.name, format!("/admin/pelanggan/{}", row.customer_id)),
                Cell::text(row.service_number),
                Cell::text(row.area),
                Cell::text(way(&row.method, &row.channel)),
                Cell::text(row.received_by),
                Cell::money(row.amount, String::new()),
            ]
        })
        .collect();
    let totals = last_row(text::counted(total, "baris"), 7, [Cell::money(sum, String::new())]);
    Ok(Report {
        title: "Rincian Uang Masuk".to_owned(),
        says: format!(
            "Pembayaran yang diterima, dan pembatalannya sebagai pengurang, {} sampai {}.",
            date_short(span.0),
            date_short(span.1)
        ),
        filters: filters(asked, wish, span).await?,
        columns: vec![
            Column::text("Kuitansi", 16),
            Column::text("Tanggal", 8).wide(),
            Column::text("Pelanggan", 18),
            Column::text("Nomor layanan", 11).wide(),
            Column::text("Wilayah", 10).wide(),
            Column::text("Cara bayar", 9).wide(),
            Column::text("Penerima", 11).wide(),
            Column::sum("Jumlah"),
        ],
        rows,
        totals,
        info,
        back: Some((text::REVENUE, href("pendapatan", &[]))),
        ..Report::default()
    })
}
