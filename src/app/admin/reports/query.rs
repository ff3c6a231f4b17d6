//! Reports as their page shows them.

use super::{Heading, Linked, ReportFilter, ReportView};
use crate::app::dto::Choice;
use crate::app::text;
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::server::reports::{self, Cell, Report, Wish};

fn linked(cell: Cell) -> Linked {
    Linked { words: cell.value.words(), href: cell.href }
}

fn words(words: impl Into<String>, href: impl Into<String>) -> Linked {
    Linked { words: words.into(), href: href.into() }
}

/// A report for its page.
pub async fn view(asked: &Asked, name: &str, query: &str) -> Result<ReportView> {
    let wish = Wish::of(name, query);
    let (report, wrong) = reports::page(asked, &wish).await?;
    let mut doors: Vec<Linked> = report.back.iter().map(|(word, href)| words(*word, href.clone())).collect();
    if report.cash_book && asked.staff.may(Permission::ManageExpenses) {
        doors.push(words(text::EXPENSES, "/admin/pengeluaran"));
    }
    let may_export = asked.staff.may(Permission::Export) && wrong.is_none();
    Ok(ReportView { doors, ..set_out(report, &wish, query, wrong, may_export) })
}

fn set_out(report: Report, wish: &Wish, query: &str, wrong: Option<(String, String)>, may_export: bool) -> ReportView {
    let action = format!("/admin/laporan/{}", wish.name);
    let files = if may_export {
        vec![words("Unduh Excel", format!("{action}/xlsx{query}")), words("Unduh PDF", format!("{action}/pdf{query}"))]
    } else {
        Vec::new()
    };
    let kept = ["per"]
        .into_iter()
        .filter(|key| !wish.get(key).is_empty())
        .map(|key| (key.to_owned(), wish.get(key).to_owned()))
        .collect();
    let filters = report
        .filters
        .into_iter()
        .map(|filter| {
            let all = (!filter.all.is_empty()).then(|| Choice::new("", filter.all));
            ReportFilter {
                wrong: wrong
                    .as_ref()
                    .filter(|(field, _)| *field == filter.name)
                    .map_or_else(String::new, |(_, message)| message.clone()),
                name: filter.name.to_owned(),
                label: filter.label.to_owned(),
                value: filter.value,
                choices: all.into_iter().chain(filter.choices).collect(),
            }
        })
        .collect();
    let columns = report
        .columns
        .iter()
        .map(|column| Heading {
            title: column.title.to_owned(),
            class: [("num", column.number), ("hide-s", column.wide)]
                .into_iter()
                .filter(|class| class.1)
                .map(|class| class.0)
                .collect::<Vec<_>>()
                .join(" "),
        })
        .collect();
    ReportView {
        title: report.title,
        says: report.says,
        doors: Vec::new(),
        tabs: report
            .tabs
            .into_iter()
            .map(|(word, href, now)| words(word, if now { String::new() } else { href }))
            .collect(),
        action,
        kept,
        filters,
        files,
        columns,
        rows: report.rows.into_iter().map(|row| row.into_iter().map(linked).collect()).collect(),
        totals: report.totals.into_iter().map(linked).collect(),
        chart: report.chart,
        notes: report.notes.into_iter().map(|(note, href)| words(note, href)).collect(),
        info: report.info.filter(|info| info.total > 0),
    }
}
