//! A report as a paper to print or to send: company, table, totals, pages with their numbers.

use super::{Cell, Extent, PAPER_ROWS_MAX, Report, Wish, read};
use crate::server::documents::table::{Column, Table};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;

/// The whole report as PDF.
///
/// # Errors
/// `Refused` when it has more rows than [`PAPER_ROWS_MAX`].
pub async fn pdf(asked: &Asked, wish: &Wish) -> Result<Vec<u8>> {
    let app = &asked.app;
    let report = read(asked, wish, Extent::Whole(PAPER_ROWS_MAX)).await?;
    let settings = app.settings().await?;
    let company = ["company.name", "company.address", "company.phone"]
        .map(|key| settings.text(key).to_owned())
        .into_iter()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let made = format!("Dibuat {}", app.clock.words(app.clock.now()));
    let table = table(report, company, made);
    tokio::task::spawn_blocking(move || table.render())
        .await
        .map_err(|error| Error::Internal(format!("PDF: {error}")))?
}

fn table(report: Report, company: Vec<String>, made: String) -> Table {
    let words = |row: Vec<Cell>| row.into_iter().map(|cell| cell.value.words()).collect();
    Table {
        title: report.title,
        subtitle: report.says,
        company,
        made,
        columns: report
            .columns
            .into_iter()
            .map(|column| Column { title: column.title.to_owned(), share: column.share, right: column.number })
            .collect(),
        rows: report.rows.into_iter().map(words).collect(),
        totals: words(report.totals),
    }
}
