//! A table over as many pages as it takes: a heading, the columns' titles and the page's number on each.

use super::canvas::{A4_ACROSS, Canvas, INK, PALE};
use super::font::{Faces, Weight};
use super::pdf::Pdf;
use crate::server::error::Result;

/// A4 across, in points.
const WIDTH: f32 = A4_ACROSS.0;
const HEIGHT: f32 = A4_ACROSS.1;
const MARGIN: f32 = 30.0;
const TITLE_SIZE: f32 = 13.0;
const TEXT_SIZE: f32 = 7.5;
const ROW: f32 = 13.0;
/// Where the first row's text stands.
const FIRST_ROW: f32 = 88.0;
/// Rows of a page; the totals have room below the last.
const PAGE_ROWS: usize = 36;
/// Space between columns.
const GAP: f32 = 5.0;

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Its share of the width.
    pub share: u16,
    /// Whether its texts end at one line, as numbers do.
    pub right: bool,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Heading.
    pub title: String,
    /// Under it: company, day, what was chosen.
    pub subtitle: String,
    /// Whose it is, in the corner of each page: name, address, telephone.
    pub company: Vec<String>,
    /// When it was made, at the foot.
    pub made: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, a text a column.
    pub rows: Vec<Vec<String>>,
    /// The last row, in bold; without texts there is none.
    pub totals: Vec<String>,
}

struct Place {
    x: f32,
    width: f32,
    right: bool,
}

impl Table {
    /// The table as PDF.
    ///
    /// # Errors
    /// `Internal` when a page can't be drawn.
    pub fn render(&self) -> Result<Vec<u8>> {
        let faces = Faces::get()?;
        let places = self.places();
        let mut pdf = Pdf::begin(Vec::new(), &self.title, None)?;
        let pages: Vec<&[Vec<String>]> =
            if self.rows.is_empty() { vec![&[]] } else { self.rows.chunks(PAGE_ROWS).collect() };
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let mut page = Canvas::new(A4_ACROSS)?;
            let whole = WIDTH - 2.0 * MARGIN;
            let title = faces.bold.fitting(&self.title, TITLE_SIZE, whole / 2.0);
            page.text(Weight::Bold, TITLE_SIZE, (MARGIN, 42.0), &title);
            self.corner(&mut page, faces);
            let subtitle = faces.regular.fitting(&self.subtitle, TEXT_SIZE, whole);
            page.text(Weight::Regular, TEXT_SIZE, (MARGIN, 57.0), &subtitle);
            for (column, place) in self.columns.iter().zip(&places) {
                cell(&mut page, faces, Weight::Bold, place, FIRST_ROW - ROW, &column.title);
            }
            page.rule(INK, 0.8, FIRST_ROW - ROW + 4.0, MARGIN, WIDTH - MARGIN);
            let mut y = FIRST_ROW;
            for row in rows {
                for (text, place) in row.iter().zip(&places) {
                    cell(&mut page, faces, Weight::Regular, place, y, text);
                }
                page.rule(PALE, 0.3, y + 4.0, MARGIN, WIDTH - MARGIN);
                y += ROW;
            }
            if number + 1 == count && !self.totals.is_empty() {
                page.rule(INK, 0.8, y - ROW + 4.0, MARGIN, WIDTH - MARGIN);
                for (text, place) in self.totals.iter().zip(&places) {
                    cell(&mut page, faces, Weight::Bold, place, y, text);
                }
            }
            page.text(Weight::Regular, TEXT_SIZE, (MARGIN, HEIGHT - 26.0), &self.made);
            let foot = format!("Halaman {} dari {count}", number + 1);
            page.text_to(INK, Weight::Regular, TEXT_SIZE, (WIDTH - MARGIN, HEIGHT - 26.0), &foot);
            pdf.page(page)?;
        }
        pdf.finish()
    }

    /// The company, ending at the right edge beside the title.
    fn corner(&self, page: &mut Canvas, faces: &Faces) {
        let mut y = 34.0;
        for (at, text) in self.company.iter().take(3).enumerate() {
            let weight = if at == 0 { Weight::Bold } else { Weight::Regular };
            let text = faces.of(weight).fitting(text, TEXT_SIZE, (WIDTH - 2.0 * MARGIN) / 2.0 - GAP);
            page.text_to(INK, weight, TEXT_SIZE, (WIDTH - MARGIN, y), &text);
            y += 10.0;
        }
    }

    /// The columns side by side, each as wide as its share.
    fn places(&self) -> Vec<Place> {
        let shares: f32 = self.columns.iter().map(|column| f32::from(column.share)).sum();
        let mut x = MARGIN;
        self.columns
            .iter()
            .map(|column| {
                let whole = (WIDTH - 2.0 * MARGIN) * f32::from(column.share) / shares.max(1.0);
                let place = Place { x, width: whole - GAP, right: column.right };
                x += whole;
                place
            })
            .collect()
    }
}

fn cell(page: &mut Canvas, faces: &Faces, weight: Weight, place: &Place, y: f32, text: &str) {
    let text = faces.of(weight).fitting(text, TEXT_SIZE, place.width);
    if place.right {
        page.text_to(INK, weight, TEXT_SIZE, (place.x + place.width, y), &text);
    } else {
        page.text(weight, TEXT_SIZE, (place.x, y), &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_has_its_heading_on_every_page() {
        let column = |title: &str, right| Column { title: title.to_owned(), share: 1, right };
        let row =
            |n: usize| vec![format!("Pelanggan {n} dengan nama yang panjang sekali").repeat(3), format!("{n}.000")];
        let table = Table {
            title: "Daftar Pelanggan".to_owned(),
            subtitle: "Kimonet 🛰 15/01/2026".to_owned(),
            columns: vec![column("Nama", false), column("Belum dibayar", true)],
            rows: (0..100).map(row).collect(),
            totals: vec!["Semua".to_owned(), "4.950.000".to_owned()],
            company: vec!["PT Kimonet Karanganyar".repeat(9), "Jalan Melati 17".to_owned()],
            made: "Dibuat 15 Januari 2026".to_owned(),
        };
        let pdf = table.render().unwrap();
        assert!(pdf.starts_with(b"%PDF-"));
        assert!(String::from_utf8_lossy(&pdf).contains("/Count 3"), "100 rows of 36 a page are 3 pages");
        assert!(Table { rows: Vec::new(), ..table }.render().unwrap().starts_with(b"%PDF-"));
    }
}
