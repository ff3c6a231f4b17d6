//! A sheet as Excel opens it: titles in bold that stay in sight and filter, rupiah and dates as numbers and dates in their
//! formats, and a row of sums that counts what the filter shows. Rows go to the file as they come, so memory stays flat.

use crate::billing::Rupiah;
use crate::server::error::{Error, Result};
use chrono::{NaiveDate, NaiveDateTime};
use rust_xlsxwriter::{Color, Format, FormatBorder, Formula, Workbook, XlsxError};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, never a formula.
    Text,
    /// Rupiah.
    Money,
    /// A count.
    Count,
    /// A day.
    Date,
    /// A day and a time of the business zone.
    Instant,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    title: String,
    kind: Kind,
    width: f64,
    sum: bool,
}

impl Column {
    /// A column as wide as its kind needs.
    pub fn new(title: impl Into<String>, kind: Kind) -> Self {
        let width = match kind {
            Kind::Text => 20.0,
            Kind::Money | Kind::Instant => 17.0,
            Kind::Count => 10.0,
            Kind::Date => 12.0,
        };
        Self { title: title.into(), kind, width, sum: false }
    }

    /// A column of texts of so many letters.
    pub fn wide(title: impl Into<String>, width: f64) -> Self {
        Self { width, ..Self::new(title, Kind::Text) }
    }

    /// A column whose sum stands below.
    pub fn summed(title: impl Into<String>, kind: Kind) -> Self {
        Self { sum: true, ..Self::new(title, kind) }
    }
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    None,
    /// Text.
    Text(String),
    /// Rupiah or a count, by its column.
    Number(i64),
    /// A day.
    Date(NaiveDate),
    /// A day and a time of the business zone.
    Instant(NaiveDateTime),
}

/// Titles and rows of a file.
pub type Rows = (Vec<Column>, Vec<Vec<Value>>);

impl Value {
    /// A day as `words::day` wrote it; anything else stays text.
    pub fn day(text: &str) -> Self {
        NaiveDate::parse_from_str(text, "%d/%m/%Y").map_or_else(|_| text.into(), Self::Date)
    }

    /// A day and a time as `words::instant` wrote it; anything else stays text.
    pub fn instant(text: &str) -> Self {
        NaiveDateTime::parse_from_str(text, "%d/%m/%Y %H:%M").map_or_else(|_| text.into(), Self::Instant)
    }

    /// An amount as it was formatted; anything else stays text.
    pub fn money(text: &str) -> Self {
        Rupiah::parse_input(text).map_or_else(|_| text.into(), |amount| Self::Number(amount.0))
    }
}

/// A file of these rows, written beside the server's own work.
///
/// # Errors
/// `Internal` when it can't be written.
pub async fn file(name: &'static str, (columns, rows): Rows) -> Result<Vec<u8>> {
    let written = tokio::task::spawn_blocking(move || {
        let mut sheet = Sheet::begin(name, columns)?;
        rows.iter().try_for_each(|row| sheet.row(row))?;
        sheet.finish()
    });
    written.await.map_err(|error| Error::Internal(format!("ekspor: {error}")))?
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::None } else { Self::Text(text) }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<NaiveDate> for Value {
    fn from(day: NaiveDate) -> Self {
        Self::Date(day)
    }
}

/// A sheet while it grows.
pub struct Sheet {
    book: Workbook,
    columns: Vec<Column>,
    formats: Vec<Format>,
    sums: Vec<i64>,
    next: u32,
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("next", &self.next).finish_non_exhaustive()
    }
}

fn failed(error: XlsxError) -> Error {
    Error::Internal(format!("ekspor: {error}"))
}

fn format_of(kind: Kind) -> Format {
    Format::new().set_num_format(match kind {
        Kind::Text => "@",
        Kind::Money => r#""Rp" #,##0;-"Rp" #,##0"#,
        Kind::Count => "#,##0",
        Kind::Date => "dd/mm/yyyy",
        Kind::Instant => "dd/mm/yyyy hh:mm",
    })
}

impl Sheet {
    /// A sheet with its titles.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn begin(name: &str, columns: Vec<Column>) -> Result<Self> {
        let formats = columns.iter().map(|column| format_of(column.kind)).collect();
        let mut made = Self { book: Workbook::new(), sums: vec![0; columns.len()], columns, formats, next: 1 };
        made.titles(name).map_err(failed)?;
        Ok(made)
    }

    fn titles(&mut self, name: &str) -> Result<(), XlsxError> {
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in (0..).zip(&self.columns) {
            let mut bold = Format::new().set_bold().set_background_color(Color::RGB(0xE8_EC_F2));
            if matches!(column.kind, Kind::Money | Kind::Count) {
                bold = bold.set_align(rust_xlsxwriter::FormatAlign::Right);
            }
            sheet.set_column_width(at, column.width)?;
            sheet.write_string_with_format(0, at, &column.title, &bold)?;
        }
        Ok(())
    }

    /// The next row.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn row(&mut self, values: &[Value]) -> Result<()> {
        self.write(values).map_err(failed)
    }

    fn write(&mut self, values: &[Value]) -> Result<(), XlsxError> {
        let sheet = self.book.worksheet_from_index(0)?;
        for ((at, value), (format, sum)) in (0..).zip(values).zip(self.formats.iter().zip(&mut self.sums)) {
            match value {
                Value::None => {}
                Value::Text(text) => {
                    sheet.write_string_with_format(self.next, at, text, format)?;
                }
                Value::Number(number) => {
                    *sum += number;
                    sheet.write_number_with_format(self.next, at, super::sheet_number(*number), format)?;
                }
                Value::Date(day) => {
                    sheet.write_datetime_with_format(self.next, at, day, format)?;
                }
                Value::Instant(time) => {
                    sheet.write_datetime_with_format(self.next, at, time, format)?;
                }
            }
        }
        self.next += 1;
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// `Internal` when it can't be written.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.end().map_err(failed)
    }

    fn end(&mut self) -> Result<Vec<u8>, XlsxError> {
        let last = self.next - 1;
        let sheet = self.book.worksheet_from_index(0)?;
        let columns = u16::try_from(self.columns.len()).unwrap_or(u16::MAX);
        if columns > 0 {
            sheet.autofilter(0, 0, last, columns - 1)?;
        }
        if last > 0 && self.columns.iter().any(|column| column.sum) {
            if self.columns.first().is_some_and(|column| !column.sum) {
                let bold = Format::new().set_bold().set_border_top(FormatBorder::Thin);
                sheet.write_string_with_format(self.next, 0, "Jumlah", &bold)?;
            }
            for (at, column) in (0..).zip(&self.columns).filter(|(_, column)| column.sum) {
                let format = format_of(column.kind).set_bold().set_border_top(FormatBorder::Thin);
                let name = rust_xlsxwriter::utility::column_number_to_name(at);
                // 109: what the filter hides does not count.
                let sum = self.sums.get(usize::from(at)).copied().unwrap_or(0);
                let formula =
                    Formula::new(format!("=SUBTOTAL(109,{name}2:{name}{})", last + 1)).set_result(sum.to_string());
                sheet.write_formula_with_format(self.next, at, formula, &format)?;
            }
        }
        self.book.save_to_buffer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

    #[test]
    fn a_sheet_has_numbers_dates_sums_and_no_formula_from_a_name() {
        let mut sheet = Sheet::begin(
            "Tagihan",
            vec![
                Column::new("Nama", Kind::Text),
                Column::new("Tanggal", Kind::Date),
                Column::summed("Jumlah", Kind::Money),
            ],
        )
        .unwrap();
        let day: NaiveDate = "2026-01-15".parse().unwrap();
        sheet.row(&["=SARI".into(), day.into(), 164_516.into()]).unwrap();
        sheet.row(&["BUDI".into(), Value::None, 9_007_199_254_740_000.into()]).unwrap();
        let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(sheet.finish().unwrap())).unwrap();
        let range = book.worksheet_range("Tagihan").unwrap();
        assert_eq!(range.get_value((1, 0)), Some(&Data::String("=SARI".to_owned())));
        let Some(Data::DateTime(date)) = range.get_value((1, 1)) else { panic!("{:?}", range.get_value((1, 1))) };
        assert_eq!(date.as_datetime().unwrap().date(), day);
        assert_eq!(range.get_value((1, 2)), Some(&Data::Float(164_516.0)));
        assert_eq!(range.get_value((3, 2)), Some(&Data::Float(9_007_199_254_904_516.0)));
        assert_eq!(book.worksheet_formula("Tagihan").unwrap().get_value((3, 2)).unwrap(), "SUBTOTAL(109,C2:C3)");
    }
}
