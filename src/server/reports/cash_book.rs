//! Arus Kas: what came in, what went out as expenses and as Saldo given back, and what is left of it (laba), month by month
//! or by what it was for.

use super::wish::{days_filters, each_month, href, label, span_filters};
use super::{Cell, Column, Extent, Report, Wish, chart, expenses, income, last_row, part};
use crate::app::admin::payments::query::way;
use crate::app::dto::money;
use crate::app::text;
use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::server::ledger::expenses::{CATEGORIES, category_word};
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Months that are shown where none is said.
const MONTHS_SHOWN: i32 = 12;

sql!(
    REFUNDED = "SELECT business_date, CAST(SUM(amount) AS BIGINT) FROM refund WHERE business_date >= $1 AND business_date <= $2 GROUP BY business_date"
);
sql!(
    REFUND_SUM = "SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM refund WHERE business_date >= $1 AND business_date <= $2"
);
sql!(
    REFUNDS = "SELECT r.number, r.business_date, r.customer_id, c.name, v.service_number, r.method, r.reason, r.who, r.amount FROM refund r
 JOIN customer c ON c.id = r.customer_id JOIN service v ON v.id = r.service_id
 WHERE r.business_date >= $1 AND r.business_date <= $2 ORDER BY r.business_date DESC, r.id DESC LIMIT $3 OFFSET $4"
);

/// What moved in a month.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    ways: [i64; 3],
    spent: i64,
    refunded: i64,
}

impl Moved {
    fn received(self) -> i64 {
        self.ways.iter().sum()
    }

    fn out(self) -> i64 {
        self.spent + self.refunded
    }
}

/// The report under the chosen tab.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let today = asked.app.clock.today();
    let month = Period::of(today);
    let by_kind = wish.get("per") == "jenis";
    let first = if by_kind { month } else { month.add_months(1 - MONTHS_SHOWN) };
    let span = wish.months(first, month, today)?;
    let base = Report {
        title: text::CASH_BOOK.to_owned(),
        tabs: vec![
            ("Per bulan", href("arus-kas", &[]), !by_kind),
            ("Per jenis", href("arus-kas", &[("per", "jenis")]), by_kind),
        ],
        filters: span_filters(span, month),
        cash_book: true,
        ..Report::default()
    };
    let months = moved(asked, span).await?;
    if by_kind { kinds(asked, base, span, &months).await } else { Ok(by_month(base, &months)) }
}

async fn moved(asked: &Asked, span: (Period, Period)) -> Result<BTreeMap<Period, Moved>> {
    let days = args![span.0.first_day(), span.1.last_day()];
    let mut months: BTreeMap<Period, Moved> = each_month(span).map(|month| (month, Moved::default())).collect();
    for (month, ways) in income::by_month(asked, span).await? {
        months.entry(month).or_default().ways = ways;
    }
    for (day, amount) in asked.app.db.all::<(NaiveDate, i64)>(REFUNDED, days).await? {
        months.entry(Period::of(day)).or_default().refunded += amount;
    }
    for (day, _, amount) in expenses::by_day(asked, span).await? {
        months.entry(Period::of(day)).or_default().spent += amount;
    }
    Ok(months)
}

fn by_month(base: Report, months: &BTreeMap<Period, Moved>) -> Report {
    let bars: Vec<chart::Bars> = months
        .iter()
        .map(|(month, of)| {
            let words = format!(
                "{}: masuk {}, keluar {}, laba {}",
                month.words(),
                money(of.received()),
                money(of.out()),
                money(of.received() - of.out())
            );
            (label(*month), words, vec![of.received(), of.out()])
        })
        .collect();
    let mut rows: Vec<Vec<Cell>> = months
        .iter()
        .map(|(month, of)| {
            let [from, to] = income::days_of(*month);
            let rows = |name: &str| href(name, &[("dari", &from), ("sampai", &to)]);
            let period = month.to_string();
            let kinds = href("arus-kas", &[("per", "jenis"), ("dari", &period), ("sampai", &period)]);
            vec![
                Cell::link(month.words(), kinds.clone()),
                Cell::money(of.received(), rows("uang-masuk")),
                Cell::money(of.spent, rows("pengeluaran")),
                Cell::money(of.refunded, rows("pengembalian")),
                Cell::money(of.received() - of.out(), kinds),
            ]
        })
        .collect();
    rows.reverse();
    Report {
        says: "Uang masuk dikurangi pengeluaran dan Saldo yang dikembalikan; sisanya laba. Semua menurut tanggal uangnya, pembatalan menurut tanggal pembatalannya.".to_owned(),
        columns: vec![
            Column::text("Bulan", 12),
            Column::sum("Uang masuk"),
            Column::sum("Pengeluaran").wide(),
            Column::sum("Saldo dikembalikan").wide(),
            Column::sum("Laba"),
        ],
        chart: chart::over_time("Arus kas per bulan", &["Masuk", "Keluar"], &bars),
        rows,
        ..base
    }
    .with_totals("Semua")
}

async fn kinds(
    asked: &Asked,
    base: Report,
    span: (Period, Period),
    months: &BTreeMap<Period, Moved>,
) -> Result<Report> {
    let (from, to) = (span.0.first_day().to_string(), span.1.last_day().to_string());
    let link = |name: &str, key: &str, code: &str| href(name, &[("dari", &from), ("sampai", &to), (key, code)]);
    let mut spent: BTreeMap<String, i64> = BTreeMap::new();
    for (_, category, amount) in expenses::by_day(asked, span).await? {
        *spent.entry(category).or_default() += amount;
    }
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    for (place, method) in income::METHODS.into_iter().enumerate() {
        let sum: i64 = months.values().filter_map(|of| of.ways.get(place)).sum();
        rows.push(vec![
            Cell::text(format!("Uang masuk, {}", way(method, "").to_lowercase())),
            Cell::money(sum, link("uang-masuk", "cara", method)),
            Cell::default(),
        ]);
    }
    for (code, word) in CATEGORIES {
        let sum = spent.get(*code).copied().unwrap_or_default();
        if sum != 0 {
            bars.push((category_word(code).to_owned(), sum));
            rows.push(vec![
                Cell::text(*word),
                Cell::default(),
                Cell::money(sum, link("pengeluaran", "kategori", code)),
            ]);
        }
    }
    let refunded: i64 = months.values().map(|of| of.refunded).sum();
    if refunded != 0 {
        bars.push(("Saldo dikembalikan".to_owned(), refunded));
        let rows_behind = href("pengembalian", &[("dari", &from), ("sampai", &to)]);
        rows.push(vec![Cell::text("Saldo dikembalikan"), Cell::default(), Cell::money(refunded, rows_behind)]);
    }
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.1));
    let profit: i64 = months.values().map(|of| of.received() - of.out()).sum();
    Ok(Report {
        says: format!(
            "Dari {} sampai {}: laba {} (uang masuk dikurangi semua yang keluar).",
            date_short(span.0.first_day()),
            date_short(span.1.last_day()),
            money(profit)
        ),
        columns: vec![Column::text("Uraian", 24), Column::sum("Masuk"), Column::sum("Keluar")],
        chart: chart::by_name("Uang keluar menurut jenis", &bars),
        rows,
        ..base
    }
    .with_totals("Semua"))
}

/// Saldo that was given back.
pub async fn refunds(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    type Row = (String, NaiveDate, i64, String, String, String, String, String, i64);
    let db = &asked.app.db;
    let span = wish.days(asked.app.clock.today())?;
    let (total, sum): (i64, i64) = db.one(REFUND_SUM, args![span.0, span.1]).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let found: Vec<Row> = db.all(REFUNDS, args![span.0, span.1, limit, offset]).await?;
    let rows = found
        .into_iter()
        .map(|(number, day, customer_id, name, service_number, method, reason, who, amount)| {
            vec![
                Cell::text(number),
                Cell::day(day),
                Cell::link(name, format!("/admin/pelanggan/{customer_id}")),
                Cell::text(service_number),
                Cell::text(way(&method, "")),
                Cell::text(reason),
                Cell::text(who),
                Cell::money(amount, String::new()),
            ]
        })
        .collect();
    let totals = last_row(text::counted(total, "pengembalian"), 7, [Cell::money(sum, String::new())]);
    Ok(Report {
        title: "Saldo yang Dikembalikan".to_owned(),
        says: format!("Saldo pelanggan yang dikembalikan, {} sampai {}.", date_short(span.0), date_short(span.1)),
        filters: days_filters(span),
        columns: vec![
            Column::text("Nomor", 12),
            Column::text("Tanggal", 8).wide(),
            Column::text("Pelanggan", 16),
            Column::text("Nomor layanan", 10).wide(),
            Column::text("Cara", 8).wide(),
            Column::text("Alasan", 20).wide(),
            Column::text("Oleh", 10).wide(),
            Column::sum("Jumlah"),
        ],
        rows,
        totals,
        info,
        back: Some((text::CASH_BOOK, href("arus-kas", &[]))),
        ..Report::default()
    })
}
