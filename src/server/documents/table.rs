//! A table over as many pages as it takes: a heading, the columns' titles and the page's number on each.

use super::font::Face;
use crate::server::error::{Error, Result};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::TextDirection;

/// A4 across, in points.
const WIDTH: f32 = 841.89;
const HEIGHT: f32 = 595.28;
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
    pub fn render(&self) -> Result<Vec<u8>> {
        let (regular, bold) = (Face::regular()?, Face::bold()?);
        let places = self.places();
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(self.title.clone()).language("id".to_owned()));
        let pages: Vec<&[Vec<String>]> =
            if self.rows.is_empty() { vec![&[]] } else { self.rows.chunks(PAGE_ROWS).collect() };
        let count = pages.len();
        for (number, rows) in pages.into_iter().enumerate() {
            let settings =
                PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| Error::Internal("ukuran halaman PDF".to_owned()))?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            let whole = WIDTH - 2.0 * MARGIN;
            write(&mut surface, &bold, TITLE_SIZE, (MARGIN, 42.0), &bold.fitting(&self.title, TITLE_SIZE, whole / 2.0));
            self.corner(&mut surface, &regular, &bold);
            let subtitle = regular.fitting(&self.subtitle, TEXT_SIZE, whole);
            write(&mut surface, &regular, TEXT_SIZE, (MARGIN, 57.0), &subtitle);
            for (column, place) in self.columns.iter().zip(&places) {
                cell(&mut surface, &bold, place, FIRST_ROW - ROW, &column.title);
            }
            line(&mut surface, FIRST_ROW - ROW + 4.0, 0.8);
            let mut y = FIRST_ROW;
            for row in rows {
                for (text, place) in row.iter().zip(&places) {
                    cell(&mut surface, &regular, place, y, text);
                }
                line(&mut surface, y + 4.0, 0.2);
                y += ROW;
            }
            if number + 1 == count && !self.totals.is_empty() {
                line(&mut surface, y - ROW + 4.0, 0.8);
                for (text, place) in self.totals.iter().zip(&places) {
                    cell(&mut surface, &bold, place, y, text);
                }
            }
            write(&mut surface, &regular, TEXT_SIZE, (MARGIN, HEIGHT - 22.0), &regular.drawable(&self.made));
            let foot = format!("Halaman {} dari {count}", number + 1);
            let x = WIDTH - MARGIN - regular.width(&foot, TEXT_SIZE);
            write(&mut surface, &regular, TEXT_SIZE, (x, HEIGHT - 22.0), &foot);
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| Error::Internal(format!("PDF: {error:?}")))
    }

    /// The company, ending at the right edge beside the title.
    fn corner(&self, surface: &mut Surface<'_>, regular: &Face, bold: &Face) {
        let mut y = 24.0;
        for (at, text) in self.company.iter().take(3).enumerate() {
            let face = if at == 0 { bold } else { regular };
            let text = face.fitting(text, TEXT_SIZE, (WIDTH - 2.0 * MARGIN) / 2.0 - GAP);
            write(surface, face, TEXT_SIZE, (WIDTH - MARGIN - face.width(&text, TEXT_SIZE), y), &text);
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

fn ink() -> Fill {
    Fill { paint: rgb::Color::new(20, 24, 32).into(), ..Fill::default() }
}

fn write(surface: &mut Surface<'_>, face: &Face, size: f32, (x, y): (f32, f32), text: &str) {
    surface.set_stroke(None);
    surface.set_fill(Some(ink()));
    surface.draw_text(Point::from_xy(x, y), face.font.clone(), size, text, false, TextDirection::Auto);
}

fn cell(surface: &mut Surface<'_>, face: &Face, place: &Place, y: f32, text: &str) {
    let text = face.fitting(text, TEXT_SIZE, place.width);
    if text.is_empty() {
        return;
    }
    let x = if place.right { place.x + place.width - face.width(&text, TEXT_SIZE) } else { place.x };
    write(surface, face, TEXT_SIZE, (x, y), &text);
}

fn line(surface: &mut Surface<'_>, y: f32, width: f32) {
    let mut path = PathBuilder::new();
    path.move_to(MARGIN, y);
    path.line_to(WIDTH - MARGIN, y);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke { paint: rgb::Color::new(150, 156, 166).into(), width, ..Stroke::default() }));
        surface.draw_path(&path);
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
        let pages = pdf.windows(11).filter(|part| part == b"/Type /Page" || part == b"/Type/Page/").count();
        let plain = String::from_utf8_lossy(&pdf);
        assert!(pages >= 3 || plain.contains("/Count 3"), "100 rows of 36 a page are 3 pages");
        assert!(Table { rows: Vec::new(), ..table }.render().unwrap().starts_with(b"%PDF-"));
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let face = Face::regular().unwrap();
        assert_eq!(face.fitting("Siti", 8.0, 100.0), "Siti");
        let cut = face.fitting("Siti Aminah binti Abdullah", 8.0, 50.0);
        assert!(cut.ends_with('…') && face.width(&cut, 8.0) <= 50.0, "{cut}");
        assert_eq!(face.drawable("a\u{1F6F0}\nb"), "a?b");
    }
}
