//! PPN per masa: bills with PPN by their day of issue, the cancelled ones left out; notes of credit take off in the month
//! they are written. The base (DPP nilai lain) is reckoned once for each rate of a month.

use super::wish::{choice_filter, days_filters, each_month, href, label, span_filters};
use super::{Cell, Column, Extent, Report, Wish, chart, income, part};
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::billing::pricing::TaxRate;
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, sql};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Months that are shown where none is said.
const MONTHS_SHOWN: i32 = 6;

/// Bills with PPN (kind 1) and notes of credit with PPN (kind 2, below zero; above it where one was taken back) from day
/// `$1` to `$2`. CROSS JOIN: from the bills of these days to their lines, from the few notes to theirs.
macro_rules! taxed {
    () => {
        "(SELECT CAST(1 AS BIGINT) AS kind, i.id AS id, i.issued_on AS day, i.number AS number, i.customer_id AS customer_id, i.total - l.amount AS net, l.amount AS tax
   FROM invoice i CROSS JOIN invoice_line l WHERE l.invoice_id = i.id AND l.kind = 'tax' AND NOT l.void AND i.issued_on >= $1 AND i.issued_on <= $2 AND i.status <> 'void'
  UNION ALL SELECT CAST(2 AS BIGINT), d.id, d.day, d.receipt, d.customer_id, CAST(SUM(CASE WHEN c.kind = 'tax' THEN 0 ELSE c.amount * d.sign END) AS BIGINT), CAST(SUM(CASE WHEN c.kind = 'tax' THEN c.amount * d.sign ELSE 0 END) AS BIGINT)
   FROM (SELECT p.id AS id, p.received_on AS day, p.receipt AS receipt, p.customer_id AS customer_id, 1 AS sign FROM payment p WHERE p.method IN ('credit', 'write_off') AND p.method = 'credit' AND p.received_on >= $1 AND p.received_on <= $2
    UNION ALL SELECT p.id, p.reversed_on, p.receipt, p.customer_id, -1 FROM payment p WHERE p.method = 'credit' AND p.reversed_on >= $1 AND p.reversed_on <= $2) d
   CROSS JOIN credit_line c WHERE c.payment_id = d.id GROUP BY d.id, d.day, d.receipt, d.customer_id, d.sign HAVING SUM(CASE WHEN c.kind = 'tax' THEN 1 ELSE 0 END) > 0) t"
    };
}

sql!(
    BY_DAY = concat!(
        "SELECT t.day, t.kind, COUNT(*), CAST(SUM(t.net) AS BIGINT), CAST(SUM(t.tax) AS BIGINT) FROM ",
        taxed!(),
        " GROUP BY t.day, t.kind ORDER BY t.day, t.kind"
    )
);
sql!(
    COUNT = concat!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(t.net), 0) AS BIGINT), CAST(COALESCE(SUM(t.tax), 0) AS BIGINT) FROM ",
        taxed!(),
        " WHERE $3 = 0 OR t.kind = $3"
    )
);
sql!(
    ROWS = concat!(
        "SELECT t.kind, t.id, t.day, t.number, t.customer_id, c.name, t.net, t.tax FROM ",
        taxed!(),
        " JOIN customer c ON c.id = t.customer_id
 WHERE $3 = 0 OR t.kind = $3 ORDER BY t.day, t.kind, t.id, t.tax LIMIT $4 OFFSET $5"
    )
);
sql!(RATES = "SELECT valid_from, rate, base_num, base_den FROM tax_rate ORDER BY valid_from");

/// What a month comes to.
#[derive(Clone, Debug, Default)]
struct Month {
    bills: i64,
    billed: i64,
    credited: i64,
    billed_tax: i64,
    credited_tax: i64,
    /// Prices less credits by the share that is the base.
    net: BTreeMap<(i64, i64), i64>,
}

impl Month {
    fn base(&self) -> i64 {
        let part = |((base_num, base_den), net): (&(i64, i64), &i64)| {
            TaxRate { rate: 0, base_num: *base_num, base_den: *base_den }.base(Rupiah(*net)).0
        };
        self.net.iter().map(part).sum()
    }

    fn tax(&self) -> i64 {
        self.billed_tax + self.credited_tax
    }
}

/// The report.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let db = &asked.app.db;
    let today = asked.app.clock.today();
    let current = Period::of(today);
    let span = wish.months(current.add_months(1 - MONTHS_SHOWN), current, today)?;
    let rates: Vec<(NaiveDate, i64, i64, i64)> = db.all(RATES, args![]).await?;
    let days: Vec<(NaiveDate, i64, i64, i64, i64)> =
        db.all(BY_DAY, args![span.0.first_day(), span.1.last_day()]).await?;
    let mut months: BTreeMap<Period, Month> = each_month(span).map(|month| (month, Month::default())).collect();
    for (day, kind, count, net, tax) in days {
        let month = months.entry(Period::of(day)).or_default();
        let share = rates.iter().rev().find(|rate| rate.0 <= day).map_or((1, 1), |rate| (rate.2, rate.3));
        *month.net.entry(share).or_default() += net;
        if kind == 1 {
            month.bills += count;
            month.billed += net;
            month.billed_tax += tax;
        } else {
            month.credited += net;
            month.credited_tax += tax;
        }
    }
    let bars: Vec<chart::Bars> = months
        .iter()
        .map(|(month, of)| (label(*month), format!("{}: {}", month.words(), money(of.tax())), vec![of.tax()]))
        .collect();
    let mut rows: Vec<Vec<Cell>> = months
        .iter()
        .map(|(month, of)| {
            let [from, to] = income::days_of(*month);
            let link = |kind: &str| href("ppn-rinci", &[("dari", &from), ("sampai", &to), ("jenis", kind)]);
            vec![
                Cell::text(month.words()),
                Cell::count(of.bills, link("tagihan")),
                Cell::money(of.billed, link("tagihan")),
                Cell::money(of.credited, link("nota")),
                Cell::money(of.base(), link("")),
                Cell::money(of.billed_tax, link("tagihan")),
                Cell::money(of.credited_tax, link("nota")),
                Cell::money(of.tax(), link("")),
            ]
        })
        .collect();
    rows.reverse();
    let pkp = asked.app.settings().await?.flag("invoice.tax.pkp");
    let note = ("Perusahaan belum ditandai PKP, jadi tagihan baru tidak memuat PPN.".to_owned(), String::new());
    Ok(Report {
        title: text::TAX_REPORT.to_owned(),
        says: "PPN menurut tanggal terbit tagihan, tanpa tagihan yang dibatalkan; nota kredit mengurangi masa penulisannya. DPP nilai lain menurut tarif yang berlaku hari itu (sejak 2025: 11/12 dari harga), dibulatkan sekali per masa."
            .to_owned(),
        filters: span_filters(span, current),
        columns: vec![
            Column::text("Masa", 12),
            Column::sum("Tagihan").wide(),
            Column::sum("Harga sebelum PPN").wide(),
            Column::sum("Nota kredit").wide(),
            Column::sum("DPP"),
            Column::sum("PPN tagihan").wide(),
            Column::sum("PPN nota kredit").wide(),
            Column::sum("PPN"),
        ],
        rows,
        chart: chart::over_time("PPN per masa", &["PPN"], &bars),
        notes: if pkp { Vec::new() } else { vec![note] },
        ..Report::default()
    }
    .with_totals("Semua"))
}

/// The bills and notes behind a number.
pub async fn rows(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    type Row = (i64, i64, NaiveDate, String, i64, String, i64, i64);
    let db = &asked.app.db;
    let span = wish.days(asked.app.clock.today())?;
    let kind = match wish.get("jenis") {
        "tagihan" => 1,
        "nota" => 2,
        _ => 0,
    };
    let matching = args![span.0, span.1, kind];
    let (total, net, tax): (i64, i64, i64) = db.one(COUNT, matching.clone()).await?;
    let (limit, offset, info) = part(extent, wish, total)?;
    let mut values = matching;
    values.extend(args![limit, offset]);
    let found: Vec<Row> = db.all(ROWS, values).await?;
    let rows = found
        .into_iter()
        .map(|(kind, id, day, number, customer_id, name, net, tax)| {
            let page = if kind == 1 { format!("/admin/tagihan/{id}") } else { format!("/admin/pembayaran/{id}") };
            let word = if kind == 2 && tax > 0 { format!("{number} dibatalkan") } else { number };
            vec![
                Cell::link(word, page),
                Cell::day(day),
                Cell::link(name, format!("/admin/pelanggan/{customer_id}")),
                Cell::money(net, String::new()),
                Cell::money(tax, String::new()),
            ]
        })
        .collect();
    let mut totals = vec![Cell::text(text::counted(total, "baris")), Cell::default(), Cell::default()];
    totals.extend([Cell::money(net, String::new()), Cell::money(tax, String::new())]);
    let kinds = vec![Choice::new("tagihan", "Tagihan"), Choice::new("nota", "Nota kredit")];
    let mut filters = days_filters(span);
    filters.push(choice_filter("jenis", "Jenis", wish.get("jenis"), kinds));
    Ok(Report {
        title: "Rincian PPN".to_owned(),
        says: format!(
            "Tagihan yang memuat PPN dan nota kreditnya, {} sampai {}.",
            date_short(span.0),
            date_short(span.1)
        ),
        filters,
        columns: vec![
            Column::text("Nomor", 16),
            Column::text("Tanggal", 8),
            Column::text("Pelanggan", 20).wide(),
            Column::sum("Harga sebelum PPN").wide(),
            Column::sum("PPN"),
        ],
        rows,
        totals,
        info,
        back: Some((text::TAX_REPORT, href("ppn", &[]))),
        ..Report::default()
    })
}
