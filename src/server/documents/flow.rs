//! A paper that flows over as many pages as it takes: the company's head on the first, a short one on the others, the titles
//! of a table again on each, and "Halaman 1 dari 2" at the foot.

use super::canvas::{A4, Canvas, GREY, INK, PALE, points};
use super::font::{Faces, Weight};
use super::picture::Picture;
use crate::server::error::Result;

/// White on each side.
pub const MARGIN: f32 = 48.0;
/// Size of texts.
pub const TEXT: f32 = 9.5;
/// Size of what explains them.
pub const SMALL: f32 = 7.5;
/// From one line to the next.
const LINE: f32 = 13.0;
const SMALL_LINE: f32 = 10.0;
/// Below this of the page's height no text of the body stands.
const FOOT: f32 = 46.0;
/// Largest logo.
const LOGO: (f32, f32) = (110.0, 42.0);
/// Between two columns.
const GAP: f32 = 8.0;

/// Who sends the papers.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Its name.
    pub name: String,
    /// Address, telephone, NPWP: a line each.
    pub lines: Vec<String>,
    /// Its logo.
    pub logo: Option<Picture>,
    /// Accounts that a transfer may go to.
    pub accounts: Vec<String>,
}

impl Sender {
    /// The logo's size on paper.
    fn logo_size(&self) -> Option<(f32, f32)> {
        let (width, height) = self.logo.as_ref()?.size;
        let (width, height) = (points(usize::try_from(width).ok()?), points(usize::try_from(height).ok()?));
        let scale = (LOGO.0 / width).min(LOGO.1 / height);
        Some((width * scale, height * scale))
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// Its share of the width.
    pub share: u16,
    /// Whether its texts end at one line, as amounts do.
    pub right: bool,
}

/// What stands in a column of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Text.
    pub text: String,
    /// Below it, smaller.
    pub small: String,
    /// Whether in bold.
    pub bold: bool,
}

impl Cell {
    /// A plain text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A text in bold.
    pub fn bold(text: impl Into<String>) -> Self {
        Self { text: text.into(), bold: true, ..Self::default() }
    }

    fn weight(&self) -> Weight {
        if self.bold { Weight::Bold } else { Weight::Regular }
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    x: f32,
    width: f32,
    right: bool,
    title: &'static str,
}

/// A cell in lines as wide as its column.
struct Wrapped {
    place: Place,
    text: Vec<String>,
    small: Vec<String>,
    weight: Weight,
}

/// A paper while it grows.
#[derive(Debug)]
pub struct Flow<'a> {
    sender: &'a Sender,
    faces: &'static Faces,
    title: &'a str,
    number: &'a str,
    places: Vec<Place>,
    done: Vec<Canvas>,
    /// The page that fills.
    pub page: Canvas,
    /// Baseline of the next line.
    pub y: f32,
}

impl<'a> Flow<'a> {
    /// A paper with its head.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn begin(sender: &'a Sender, size: (f32, f32), title: &'a str, number: &'a str) -> Result<Self> {
        let mut flow = Self {
            sender,
            faces: Faces::get()?,
            title,
            number,
            places: Vec::new(),
            done: Vec::new(),
            page: Canvas::new(size)?,
            // Half a sheet has less white above.
            y: if size.1 < A4.1 / 1.5 { 46.0 } else { 58.0 },
        };
        flow.head();
        Ok(flow)
    }

    /// Right edge of what is written.
    pub fn right(&self) -> f32 {
        self.page.size.0 - MARGIN
    }

    /// Width of what is written.
    pub fn inner(&self) -> f32 {
        self.page.size.0 - 2.0 * MARGIN
    }

    fn head(&mut self) {
        let (top, mut bottom, mut width) = (self.y - 22.0, 0.0_f32, self.inner());
        if let Some((wide, high)) = self.sender.logo_size() {
            self.page.logo((self.right() - wide, top), (wide, high));
            bottom = top + high;
            width -= LOGO.0 + 20.0;
        }
        for line in self.faces.bold.wrap(&self.sender.name, 14.0, width).into_iter().take(3) {
            self.page.text(Weight::Bold, 14.0, (MARGIN, self.y), &line);
            self.y += 17.0;
        }
        self.y -= 5.0;
        let lines = self.sender.lines.iter().flat_map(|line| self.faces.regular.wrap(line, SMALL, width));
        for line in lines.take(8) {
            self.page.text_in(GREY, Weight::Regular, SMALL, (MARGIN, self.y), &line);
            self.y += SMALL_LINE;
        }
        self.y = self.y.max(bottom) + 18.0;
        self.page.text(Weight::Bold, 13.0, (MARGIN, self.y), self.title);
        self.page.text_to(INK, Weight::Bold, 13.0, (self.right(), self.y), self.number);
        self.y += 8.0;
        self.page.rule(INK, 1.0, self.y, MARGIN, self.right());
        self.y += 18.0;
    }

    /// A new page where less than this is left of the old one.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn room(&mut self, height: f32) -> Result<()> {
        if self.y + height <= self.page.size.1 - FOOT {
            return Ok(());
        }
        let fresh = Canvas::new(self.page.size)?;
        self.done.push(std::mem::replace(&mut self.page, fresh));
        let number = self.faces.regular.fitting(self.number, TEXT, self.inner() / 2.0);
        let title =
            self.faces.bold.fitting(&format!("{} · {}", self.sender.name, self.title), TEXT, self.inner() / 2.0);
        self.page.text(Weight::Bold, TEXT, (MARGIN, 50.0), &title);
        self.page.text_to(INK, Weight::Regular, TEXT, (self.right(), 50.0), &number);
        self.page.rule(INK, 1.0, 57.0, MARGIN, self.right());
        self.y = 76.0;
        self.titles();
        Ok(())
    }

    /// On the left who it is for, his name first; on the right what there is to know: word and value.
    pub fn beside(&mut self, payer: &[String], facts: &[(String, String)]) {
        let (top, half) = (self.y, self.inner() / 2.0 - 12.0);
        for (place, line) in payer.iter().enumerate() {
            let weight = if place == 0 { Weight::Bold } else { Weight::Regular };
            for text in self.faces.of(weight).wrap(line, TEXT, half) {
                self.page.text(weight, TEXT, (MARGIN, self.y), &text);
                self.y += LINE;
            }
        }
        let (mut beside, left) = (top, MARGIN + half + 24.0);
        for (word, value) in facts {
            self.page.text_in(GREY, Weight::Regular, TEXT, (left, beside), word);
            let wide = self.faces.regular.width(&self.faces.regular.drawable(word), TEXT);
            for text in self.faces.regular.wrap(value, TEXT, (half - wide - 12.0).max(60.0)) {
                self.page.text_to(INK, Weight::Regular, TEXT, (self.right(), beside), &text);
                beside += LINE;
            }
        }
        self.y = self.y.max(beside) + 10.0;
    }

    /// Begins a table; every further page has its titles again.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn table(&mut self, columns: &[Column]) -> Result<()> {
        self.end_table();
        self.room(50.0)?;
        let shares: f32 = columns.iter().map(|column| f32::from(column.share)).sum();
        let mut x = MARGIN;
        for column in columns {
            let whole = self.inner() * f32::from(column.share) / shares.max(1.0);
            // The last one ends with the page's text, the others leave a gap.
            let gap = if x + whole > self.right() - 1.0 { 0.0 } else { GAP };
            self.places.push(Place { x, width: whole - gap, right: column.right, title: column.title });
            x += whole;
        }
        self.titles();
        Ok(())
    }

    /// Ends the table.
    pub fn end_table(&mut self) {
        self.places.clear();
    }

    fn titles(&mut self) {
        if self.places.is_empty() {
            return;
        }
        for place in &self.places {
            let title = self.faces.bold.fitting(place.title, SMALL, place.width);
            if place.right {
                self.page.text_to(GREY, Weight::Bold, SMALL, (place.x + place.width, self.y), &title);
            } else {
                self.page.text_in(GREY, Weight::Bold, SMALL, (place.x, self.y), &title);
            }
        }
        self.page.rule(INK, 0.6, self.y + 5.0, MARGIN, self.right());
        self.y += 19.0;
    }

    /// A row of the table. It stays on one page unless it is longer than half of one.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn row(&mut self, cells: &[Cell]) -> Result<()> {
        let faces = self.faces;
        let lines: Vec<Wrapped> = self
            .places
            .iter()
            .zip(cells)
            .map(|(place, cell)| Wrapped {
                place: *place,
                text: faces.of(cell.weight()).wrap(&cell.text, TEXT, place.width),
                small: faces.regular.wrap(&cell.small, SMALL, place.width),
                weight: cell.weight(),
            })
            .collect();
        let texts = lines.iter().map(|line| line.text.len()).max().unwrap_or(0);
        let smalls = lines.iter().map(|line| line.small.len()).max().unwrap_or(0);
        let height = points(texts) * LINE + points(smalls) * SMALL_LINE;
        self.room(if height > self.page.size.1 / 2.0 { LINE } else { height })?;
        for at in 0..texts {
            self.room(LINE)?;
            for line in &lines {
                if let Some(text) = line.text.get(at) {
                    self.cell(line.place, INK, line.weight, TEXT, self.y, text);
                }
            }
            self.y += LINE;
        }
        for at in 0..smalls {
            self.room(SMALL_LINE)?;
            for line in &lines {
                if let Some(text) = line.small.get(at) {
                    self.cell(line.place, GREY, Weight::Regular, SMALL, self.y - 2.0, text);
                }
            }
            self.y += SMALL_LINE;
        }
        self.page.rule(PALE, 0.4, self.y - 8.0, MARGIN, self.right());
        self.y += 4.5;
        Ok(())
    }

    fn cell(&mut self, place: Place, colour: super::canvas::Colour, weight: Weight, size: f32, y: f32, text: &str) {
        if place.right {
            self.page.text_to(colour, weight, size, (place.x + place.width, y), text);
        } else {
            self.page.text_in(colour, weight, size, (place.x, y), text);
        }
    }

    /// Words and amounts in the right half, a pair a line; those whose third part is true in bold.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn sums(&mut self, sums: &[(String, String, bool)]) -> Result<()> {
        let left = MARGIN + self.inner() * 0.42;
        for (word, amount, bold) in sums {
            let weight = if *bold { Weight::Bold } else { Weight::Regular };
            let face = self.faces.of(weight);
            let wide = face.width(&face.drawable(amount), TEXT);
            let lines = face.wrap(word, TEXT, self.right() - left - wide - 10.0);
            self.room(points(lines.len()) * LINE + 4.0)?;
            self.page.text_to(INK, weight, TEXT, (self.right(), self.y), amount);
            for line in lines {
                self.page.text(weight, TEXT, (left, self.y), &line);
                self.y += LINE;
            }
            self.y += 3.0;
        }
        Ok(())
    }

    /// A paragraph.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn words(&mut self, weight: Weight, size: f32, text: &str) -> Result<()> {
        let width = self.inner();
        for line in self.faces.of(weight).wrap(text, size, width) {
            self.room(size * 1.36)?;
            self.page.text(weight, size, (MARGIN, self.y), &line);
            self.y += size * 1.36;
        }
        Ok(())
    }

    /// A QR code at the left, with a title and lines beside it.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn pay_at(&mut self, title: &str, link: &str, lines: &[String], side: f32) -> Result<()> {
        let width = self.inner() - side - 18.0;
        let mut texts = vec![(Weight::Bold, title.to_owned())];
        let more = lines.iter().flat_map(|line| self.faces.regular.wrap(line, TEXT, width));
        texts.extend(more.map(|line| (Weight::Regular, line)));
        let height = (points(texts.len()) * LINE).max(side) + 8.0;
        self.room(height)?;
        let top = self.y;
        self.page.qr((MARGIN, top), side, link)?;
        self.y += 10.0;
        for (weight, text) in texts {
            self.page.text(weight, TEXT, (MARGIN + side + 18.0, self.y), &text);
            self.y += LINE;
        }
        self.y = self.y.max(top + side) + 16.0;
        Ok(())
    }

    /// The pages, each with its foot.
    pub fn finish(mut self, foot: &str) -> Vec<Canvas> {
        self.done.push(self.page);
        let count = self.done.len();
        let face = &self.faces.regular;
        for (page, canvas) in (1..).zip(&mut self.done) {
            let (width, height) = canvas.size;
            let number = format!("Halaman {page} dari {count}");
            let foot = face.fitting(foot, SMALL, width - 2.0 * MARGIN - 100.0);
            canvas.text_in(GREY, Weight::Regular, SMALL, (MARGIN, height - 32.0), &foot);
            canvas.text_to(GREY, Weight::Regular, SMALL, (width - MARGIN, height - 32.0), &number);
        }
        self.done
    }
}
