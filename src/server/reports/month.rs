//! Ringkasan Bulan: what the bills of a month were to bring and brought, what came in, who came and who went, what is held
//! as Saldo; beside it the month before.

use super::wish::{href, label, month_filter};
use super::{Cell, Column, Report, Wish, bills, chart, income, saldo, services};
use crate::app::dto::money;
use crate::app::text;
use crate::billing::Period;
use crate::server::error::Result;
use crate::server::guard::Asked;

/// Months of the chart.
const MONTHS_SHOWN: i32 = 12;

/// One line: its word, and its cell in a month.
type Line<'a> = (&'a str, Box<dyn Fn(Period) -> Cell + 'a>);

/// The report.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let today = asked.app.clock.today();
    let current = Period::of(today);
    let month = wish.month("bulan", current, today)?;
    let before = month.prev();
    let span = (month.add_months(1 - MONTHS_SHOWN), month);
    let of_bills = bills::by_month(asked, span).await?;
    let came_in = income::by_month(asked, (before, month)).await?;
    let (held, holders) = saldo::held(asked).await?;
    let moved = services::by_month(asked, (before, month)).await?;

    let sums = |at: Period| of_bills.get(&at).copied().unwrap_or_default();
    let ways = |at: Period| came_in.get(&at).copied().unwrap_or_default();
    let people = |at: Period| moved.get(&at).copied().unwrap_or_default();
    let bill_rows = |at: Period, part: &str| href("tagihan", &[("bulan", &at.to_string()), ("isi", part)]);
    let money_rows = |at: Period, way: &str| {
        let [from, to] = income::days_of(at);
        href("uang-masuk", &[("dari", &from), ("sampai", &to), ("cara", way)])
    };
    let service_rows = |at: Period, kind: &str| href("layanan", &[("bulan", &at.to_string()), ("jenis", kind)]);
    let lines: Vec<Line<'_>> = vec![
        ("Tagihan", Box::new(|at| Cell::count(sums(at).bills, bill_rows(at, "")))),
        ("Ditagih", Box::new(|at| Cell::money(sums(at).total, bill_rows(at, "")))),
        ("Dikurangi nota kredit", Box::new(|at| Cell::money(sums(at).credited, bill_rows(at, "kredit")))),
        ("Seharusnya diterima", Box::new(|at| Cell::money(sums(at).expected(), bill_rows(at, "")))),
        ("Terkumpul dari tagihan itu", Box::new(|at| Cell::money(sums(at).collected(), bill_rows(at, "terkumpul")))),
        ("Dihapus (tidak tertagih)", Box::new(|at| Cell::money(sums(at).written_off, bill_rows(at, "hapus")))),
        ("Belum dibayar", Box::new(|at| Cell::money(sums(at).left(), bill_rows(at, "sisa")))),
        ("Uang masuk bulan itu", Box::new(|at| Cell::money(ways(at).iter().sum(), money_rows(at, "")))),
        ("– tunai", Box::new(|at| Cell::money(ways(at)[0], money_rows(at, "cash")))),
        ("– transfer", Box::new(|at| Cell::money(ways(at)[1], money_rows(at, "transfer")))),
        ("– bayar online", Box::new(|at| Cell::money(ways(at)[2], money_rows(at, "gateway")))),
        ("Layanan mulai", Box::new(|at| Cell::count(people(at).0, service_rows(at, "mulai")))),
        ("Layanan berhenti", Box::new(|at| Cell::count(people(at).1, service_rows(at, "berhenti")))),
    ];
    let rows = lines.iter().map(|(word, cell)| vec![Cell::text(*word), cell(month), cell(before)]).collect();
    let bars: Vec<chart::Bars> = of_bills
        .iter()
        .map(|(at, sums)| {
            let (expected, collected) = (sums.expected(), sums.collected());
            let words = format!("{}: seharusnya {}, terkumpul {}", at.words(), money(expected), money(collected));
            (label(*at), words, vec![collected, expected])
        })
        .collect();
    let now = sums(month);
    let share = if now.expected() > 0 { now.collected() * 100 / now.expected() } else { 0 };
    let note = match holders {
        0 => "Saldo pelanggan saat ini: tidak ada.".to_owned(),
        _ => format!("Saldo pelanggan saat ini: {} milik {}.", money(held), text::counted(holders, "pelanggan")),
    };
    Ok(Report {
        title: text::MONTH_REPORT.to_owned(),
        says: format!(
            "Dari tagihan {} sudah terkumpul {share}%. Seharusnya diterima = ditagih dikurangi nota kredit = terkumpul + dihapus + belum dibayar.",
            month.words()
        ),
        filters: vec![month_filter("bulan", "Bulan", month, current.next())],
        columns: vec![
            Column::text("Uraian", 24),
            Column { sum: false, ..Column::sum("Bulan ini") },
            Column { sum: false, ..Column::sum("Bulan sebelumnya") }.wide(),
        ],
        rows,
        chart: chart::over_time("Seharusnya diterima dan terkumpul", &["Terkumpul", "Seharusnya"], &bars),
        notes: vec![(note, href("saldo", &[]))],
        ..Report::default()
    })
}

/// The number in a line of the report, for tests.
#[cfg(test)]
pub fn line(report: &Report, word: &str) -> (i64, i64) {
    let row = report
        .rows
        .iter()
        .find(|row| row[0].value == super::Value::Text(word.to_owned()))
        .expect("a line of that word");
    (row[1].value.number(), row[2].value.number())
}
