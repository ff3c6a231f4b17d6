//! A report as a spreadsheet: rupiah and dates as what they are, a heading that stays, totals as formulas with their values.

use super::{Extent, Report, SHEET_ROWS_MAX, Value, Wish, read};
use crate::server::documents::sheet_number;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError, utility};

/// Row of the headings, from 0: above it stand title, sentence, company and an empty row.
const HEADINGS: u32 = 4;

/// The whole report as XLSX.
///
/// # Errors
/// `Refused` when it has more rows than [`SHEET_ROWS_MAX`].
pub async fn xlsx(asked: &Asked, wish: &Wish) -> Result<Vec<u8>> {
    let report = read(asked, wish, Extent::Whole(SHEET_ROWS_MAX)).await?;
    let company = asked.app.settings().await?.text("company.name").to_owned();
    let made = format!("{company} · dibuat {}", asked.app.clock.words(asked.app.clock.now()));
    tokio::task::spawn_blocking(move || write(&report, &made))
        .await
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))?
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))
}

struct Look {
    text: Format,
    money: Format,
    count: Format,
    day: Format,
}

impl Look {
    fn new(base: &Format) -> Self {
        Self {
            text: base.clone().set_num_format("@"),
            money: base.clone().set_num_format("\"Rp\"\\ #,##0;[Red]\\-\"Rp\"\\ #,##0"),
            count: base.clone().set_num_format("#,##0"),
            day: base.clone().set_num_format("dd/mm/yyyy").set_align(FormatAlign::Left),
        }
    }
}

fn write(report: &Report, made: &str) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let heading = bold.clone().set_border_bottom(FormatBorder::Thin).set_text_wrap();
    let (plain, strong) = (Look::new(&Format::new()), Look::new(&bold.clone().set_border_top(FormatBorder::Thin)));
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(tab(&report.title))?;
    sheet.set_landscape();
    sheet.set_freeze_panes(HEADINGS + 1, 0)?;
    for (at, column) in (0..).zip(&report.columns) {
        sheet.set_column_width(at, if column.number { 18 } else { 10 + column.share })?;
    }
    sheet.write_string_with_format(0, 0, &report.title, &bold.clone().set_font_size(14))?;
    sheet.write_string(1, 0, &report.says)?;
    sheet.write_string(2, 0, made)?;
    for (at, column) in (0..).zip(&report.columns) {
        let format = if column.number { heading.clone().set_align(FormatAlign::Right) } else { heading.clone() };
        sheet.write_string_with_format(HEADINGS, at, column.title, &format)?;
    }
    let mut row = HEADINGS + 1;
    for cells in &report.rows {
        for (at, cell) in (0..).zip(cells) {
            put(sheet, row, at, &cell.value, &plain)?;
        }
        row += 1;
    }
    if let Some(last) = u16::try_from(report.columns.len()).ok().and_then(|columns| columns.checked_sub(1)) {
        sheet.autofilter(HEADINGS, 0, row - 1, last)?;
    }
    for (at, (cell, column)) in (0..).zip(report.totals.iter().zip(&report.columns)) {
        let sums = column.sum && at > 0 && row > HEADINGS + 1;
        match &cell.value {
            value @ (Value::Money(sum) | Value::Count(sum)) if sums => {
                let (first, last) = (utility::row_col_to_cell(HEADINGS + 1, at), utility::row_col_to_cell(row - 1, at));
                // 109: what the filter hides does not count.
                let formula = Formula::new(format!("=SUBTOTAL(109,{first}:{last})")).set_result(sum.to_string());
                let format = if matches!(value, Value::Money(_)) { &strong.money } else { &strong.count };
                sheet.write_formula_with_format(row, at, formula, format)?;
            }
            value => put(sheet, row, at, value, &strong)?,
        }
    }
    book.save_to_buffer()
}

/// The name of the tab: at most 31 letters, none of those that Excel forbids.
fn tab(title: &str) -> String {
    let name: String = title.chars().filter(|letter| !"[]:*?/\\".contains(*letter)).take(31).collect();
    if name.trim().is_empty() { "Laporan".to_owned() } else { name }
}

fn put(sheet: &mut Worksheet, row: u32, at: u16, value: &Value, look: &Look) -> Result<(), XlsxError> {
    match value {
        Value::None => sheet.write_blank(row, at, &look.text)?,
        // Always text: what begins with `=` is no formula.
        Value::Text(text) => sheet.write_string_with_format(row, at, text, &look.text)?,
        Value::Money(amount) => sheet.write_number_with_format(row, at, sheet_number(*amount), &look.money)?,
        Value::Count(count) => sheet.write_number_with_format(row, at, sheet_number(*count), &look.count)?,
        Value::Day(day) => sheet.write_datetime_with_format(row, at, *day, &look.day)?,
    };
    Ok(())
}
