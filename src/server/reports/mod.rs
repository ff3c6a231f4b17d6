//! LAPORAN: what came in, what is owed, what was spent. A report is data: columns, rows of typed cells each with a link
//! to the rows behind it, totals, a chart. The page, the spreadsheet and the paper are all made of that, and so are the
//! lists of the rows themselves, which sum to exactly the number that led there.

pub(crate) mod bills;
mod cash_book;
pub(crate) mod chart;
mod collectors;
mod expenses;
mod income;
mod month;
mod paper;
mod receivables;
mod saldo;
mod services;
mod sheet;
mod tax;
#[cfg(test)]
mod tests;
mod wish;

pub use paper::pdf;
pub use sheet::xlsx;
pub use wish::Wish;

use crate::app::dto::{Choice, PageInfo, money};
use crate::app::text;
use crate::billing::words::date_short;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use chrono::NaiveDate;

/// Rows of a spreadsheet at most.
pub const SHEET_ROWS_MAX: i64 = 200_000;
/// Rows of a paper at most: some 550 pages.
pub const PAPER_ROWS_MAX: i64 = 20_000;

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    #[default]
    None,
    /// A text.
    Text(String),
    /// Rupiah.
    Money(i64),
    /// A number of things.
    Count(i64),
    /// A business day.
    Day(NaiveDate),
}

impl Value {
    /// For the page and the paper.
    pub fn words(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => text.clone(),
            Self::Money(0) | Self::Count(0) => "–".to_owned(),
            Self::Money(amount) => money(*amount),
            Self::Count(count) => text::count(*count),
            Self::Day(day) => date_short(*day),
        }
    }

    /// The number in it, which a total sums.
    pub fn number(&self) -> i64 {
        match self {
            Self::Money(number) | Self::Count(number) => *number,
            Self::None | Self::Text(_) | Self::Day(_) => 0,
        }
    }
}

/// A cell: what stands there, and where the rows behind it are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What stands there.
    pub value: Value,
    /// Address of the rows behind it; empty where there are none.
    pub href: String,
}

impl Cell {
    /// Rupiah, with the rows behind them.
    pub fn money(amount: i64, href: String) -> Self {
        Self { value: Value::Money(amount), href: if amount == 0 { String::new() } else { href } }
    }

    /// A number of things, with the rows behind it.
    pub fn count(count: i64, href: String) -> Self {
        Self { value: Value::Count(count), href: if count == 0 { String::new() } else { href } }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), href: String::new() }
    }

    /// A text that leads somewhere.
    pub fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), href: href.into() }
    }

    /// A day.
    pub fn day(day: NaiveDate) -> Self {
        Self { value: Value::Day(day), href: String::new() }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Whether numbers stand in it.
    pub number: bool,
    /// Whether a narrow screen leaves it out.
    pub wide: bool,
    /// Whether its total is the sum of its rows.
    pub sum: bool,
    /// Its share of a paper's width.
    pub share: u16,
}

impl Column {
    /// Texts.
    pub const fn text(title: &'static str, share: u16) -> Self {
        Self { title, number: false, wide: false, sum: false, share }
    }

    /// Numbers that are summed.
    pub const fn sum(title: &'static str) -> Self {
        Self { title, number: true, wide: false, sum: true, share: 10 }
    }

    /// Left out on a narrow screen.
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// What narrows a report down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its name in the address.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What is chosen or typed.
    pub value: String,
    /// What can be chosen; nothing where it is typed.
    pub choices: Vec<Choice>,
    /// The word for no choice; empty where one must be chosen.
    pub all: &'static str,
}

/// A report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// What it says, in a sentence or two.
    pub says: String,
    /// Other looks at the same: word, address, whether it is this one.
    pub tabs: Vec<(&'static str, String, bool)>,
    /// What narrows it down.
    pub filters: Vec<Filter>,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, a cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// The last row; without cells where nothing is summed.
    pub totals: Vec<Cell>,
    /// The chart, an SVG; empty without.
    pub chart: String,
    /// Where a long list stands.
    pub info: Option<PageInfo>,
    /// What to know beside it: a sentence, and where it leads.
    pub notes: Vec<(String, String)>,
    /// Where it came from: word and address.
    pub back: Option<(&'static str, String)>,
    /// Whether the form for expenses is a door away.
    pub cash_book: bool,
}

impl Report {
    /// The totals of rows that are all here: the sums of the columns that are summed, under `word`.
    fn with_totals(mut self, word: &str) -> Self {
        self.totals = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| match (at, column.sum) {
                (0, _) => Cell::text(word),
                (_, false) => Cell::default(),
                (_, true) => {
                    let cells = self.rows.iter().filter_map(|row| row.get(at));
                    let counted = cells.clone().any(|cell| matches!(cell.value, Value::Count(_)));
                    let sum = cells.map(|cell| cell.value.number()).sum();
                    let value = if counted { Value::Count(sum) } else { Value::Money(sum) };
                    Cell { value, href: String::new() }
                }
            })
            .collect();
        self
    }
}

/// The last row of a list: how many rows in words, nothing up to column `width`, then its sums.
fn last_row(counted: String, width: usize, sums: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
    let mut cells = vec![Cell::text(counted)];
    cells.resize(width, Cell::default());
    cells.extend(sums);
    cells
}

/// How much of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The page that the address names.
    Page,
    /// All of it, or a refusal when it is more than this many rows.
    Whole(i64),
}

/// Limit, offset and place of the wanted part of `total` rows.
///
/// # Errors
/// `Refused` when all is wanted and that is too much.
fn part(extent: Extent, wish: &Wish, total: i64) -> Result<(i64, i64, Option<PageInfo>)> {
    match extent {
        Extent::Page => {
            let info = PageInfo::of(wish.page(), total);
            Ok((crate::app::dto::PAGE_ROWS, info.offset(), Some(info)))
        }
        Extent::Whole(most) if total > most => Err(Error::Refused(format!(
            "Ada {} baris; satu berkas memuat paling banyak {}. Persempit saringannya dulu.",
            text::count(total),
            text::count(most)
        ))),
        Extent::Whole(most) => Ok((most, 0, None)),
    }
}

/// The report that `wish` names.
///
/// # Errors
/// `NotFound` for a name that no report has; `Invalid` beside a filter that cannot be read.
pub async fn read(asked: &Asked, wish: &Wish, extent: Extent) -> Result<Report> {
    match wish.name.as_str() {
        "ringkasan" => month::report(asked, wish).await,
        "pendapatan" => income::report(asked, wish).await,
        "uang-masuk" => income::rows(asked, wish, extent).await,
        "piutang" => receivables::report(asked, wish).await,
        "piutang-rinci" => receivables::rows(asked, wish, extent).await,
        "tagihan" => bills::rows(asked, wish, extent).await,
        "saldo" => saldo::report(asked, wish, extent).await,
        "layanan" => services::rows(asked, wish, extent).await,
        "arus-kas" => cash_book::report(asked, wish).await,
        "pengeluaran" => expenses::rows(asked, wish, extent).await,
        "pengembalian" => cash_book::refunds(asked, wish, extent).await,
        "kolektor" => collectors::report(asked, wish).await,
        "ppn" => tax::report(asked, wish).await,
        "ppn-rinci" => tax::rows(asked, wish, extent).await,
        _ => Err(Error::NotFound("Laporan itu tidak ada.".to_owned())),
    }
}

/// The title of a report whose address cannot be read.
fn title(name: &str) -> &'static str {
    match name {
        "ringkasan" => text::MONTH_REPORT,
        "pendapatan" => text::REVENUE,
        "piutang" => text::RECEIVABLES,
        "arus-kas" => text::CASH_BOOK,
        "kolektor" => text::PER_COLLECTOR,
        "ppn" => text::TAX_REPORT,
        _ => "Laporan",
    }
}

/// The same for the page: a filter that cannot be read is shown as it was typed, with what is wrong beside it, and no rows.
pub async fn page(asked: &Asked, wish: &Wish) -> Result<(Report, Option<(String, String)>)> {
    match read(asked, wish, Extent::Page).await {
        Err(Error::Invalid { field, message }) => {
            let filters = wish.as_typed(&field, crate::billing::Period::of(asked.app.clock.today()));
            Ok((Report { title: title(&wish.name).to_owned(), filters, ..Report::default() }, Some((field, message))))
        }
        other => Ok((other?, None)),
    }
}
