//! Per Kolektor: the bills of a month by who collects them (named in the service, or managing its area), and the money that
//! each received with his own hands.

use super::bills::{self, Sums};
use super::wish::{NAMELESS, href, month_filter};
use super::{Cell, Column, Report, Wish, chart, income};
use crate::app::text;
use crate::billing::Period;
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::{args, sql};
use std::collections::BTreeMap;

// Names that came with an import and belong to nobody who works here yet.
sql!(UNKNOWN = "SELECT COUNT(*) FROM service WHERE collector <> '' AND collector_id IS NULL");
sql!(
    COLLECTORS = "SELECT id, name FROM staff k WHERE k.role = 'collector' OR EXISTS (SELECT 1 FROM service s WHERE s.collector_id = k.id) OR EXISTS (SELECT 1 FROM area a WHERE a.manager_id = k.id)"
);

/// The report.
pub async fn report(asked: &Asked, wish: &Wish) -> Result<Report> {
    let db = &asked.app.db;
    let today = asked.app.clock.today();
    let current = Period::of(today);
    let month = wish.month("bulan", current, today)?;
    type Found = (i64, i64, i64, i64, i64, i64);
    let found: Vec<Found> = db.all(bills::BY_COLLECTOR, args![month, month, 0, "", 0, ""]).await?;
    let received = income::by_receiver(asked, month).await?;
    let names: BTreeMap<i64, String> = db.all::<(i64, String)>(COLLECTORS, args![]).await?.into_iter().collect();
    let mut of: BTreeMap<i64, Sums> = names.keys().map(|id| (*id, Sums::default())).collect();
    for (id, bills, total, credited, written_off, paid) in found {
        of.insert(id, Sums { bills, total, credited, written_off, paid });
    }
    let [from, to] = income::days_of(month);
    let period = month.to_string();
    let mut rows = Vec::new();
    let mut bars = Vec::new();
    for (id, sums) in of {
        let name = names.get(&id).cloned().unwrap_or_default();
        let code = if id < 0 { NAMELESS.to_owned() } else { id.to_string() };
        let word = match id {
            ..0 => "Tanpa kolektor".to_owned(),
            _ if name.is_empty() => format!("Pengguna {id}"),
            _ => name.clone(),
        };
        let link = |part: &str| href("tagihan", &[("bulan", &period), ("kolektor", &code), ("isi", part)]);
        let own = if name.is_empty() { 0 } else { received.get(&name).copied().unwrap_or_default() };
        let share = if sums.expected() > 0 { sums.collected() * 100 / sums.expected() } else { 0 };
        bars.push((word.clone(), sums.collected()));
        rows.push(vec![
            Cell::text(word),
            Cell::count(sums.bills, link("")),
            Cell::money(sums.expected(), link("")),
            Cell::money(sums.collected(), link("terkumpul")),
            Cell::money(sums.written_off, link("hapus")),
            Cell::money(sums.left(), link("sisa")),
            Cell::text(if sums.bills > 0 { format!("{share}%") } else { String::new() }),
            Cell::money(own, href("uang-masuk", &[("dari", &from), ("sampai", &to), ("penerima", &name)])),
        ]);
    }
    let notes = match db.number(UNKNOWN, args![]).await? {
        0 => Vec::new(),
        unknown => vec![(
            format!(
                "{} menyebut kolektor yang belum menjadi pengguna; terhitung di pengelola wilayahnya atau Tanpa kolektor. Undang dia sebagai pengguna dengan nama yang sama.",
                text::counted(unknown, "layanan")
            ),
            if asked.staff.may(Permission::ManageStaff) { "/admin/pengguna".to_owned() } else { String::new() },
        )],
    };
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.1));
    Ok(Report {
        title: text::PER_COLLECTOR.to_owned(),
        says: format!(
            "Tagihan {} menurut kolektor layanannya (atau pengelola wilayahnya), dan uang yang diterima kolektor itu sendiri pada bulan itu.",
            month.words()
        ),
        filters: vec![month_filter("bulan", "Bulan", month, current.next())],
        columns: vec![
            Column::text("Kolektor", 16),
            Column::sum("Tagihan").wide(),
            Column::sum("Seharusnya").wide(),
            Column::sum("Terkumpul"),
            Column::sum("Dihapus").wide(),
            Column::sum("Belum dibayar"),
            Column { number: true, ..Column::text("Persen", 6) }.wide(),
            Column::sum("Diterima sendiri").wide(),
        ],
        rows,
        chart: chart::by_name("Terkumpul menurut kolektor", &bars),
        notes,
        ..Report::default()
    }
    .with_totals("Semua"))
}
