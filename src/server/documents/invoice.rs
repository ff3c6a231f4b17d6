//! The paper of a bill: A4, with the company's name and logo, how each amount came about, a stamp when it is paid, and the
//! payment link as a QR code. Any number of bills in one file, each from a page of its own.

use super::font::Face;
use crate::server::error::{Error, Result};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::TextDirection;

/// A4 upright, in points.
const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 48.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
/// Where amounts begin.
const AMOUNTS: f32 = 110.0;
/// Lowest line of text of a page.
const BOTTOM: f32 = HEIGHT - 70.0;
const TEXT: f32 = 9.5;
const SMALL: f32 = 7.5;
/// Largest logo.
const LOGO: (f32, f32) = (110.0, 42.0);
/// Side of the QR code.
const QR: f32 = 84.0;

/// Who sends the bills.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Its name.
    pub name: String,
    /// Address and telephone, a line each.
    pub lines: Vec<String>,
    /// The logo as PNG or JPEG.
    pub logo: Option<Vec<u8>>,
    /// Accounts that a transfer may go to.
    pub accounts: Vec<String>,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperLine {
    /// What for.
    pub text: String,
    /// How the amount came about.
    pub derivation: String,
    /// Amount, formatted.
    pub amount: String,
}

/// A bill.
#[derive(Clone, Debug, Default)]
pub struct Paper {
    /// Its number.
    pub number: String,
    /// Who pays: name, service number, address.
    pub payer: Vec<String>,
    /// Word and value: month, package, issued, due.
    pub facts: Vec<(String, String)>,
    /// Its lines.
    pub lines: Vec<PaperLine>,
    /// Word and amount, the last in bold: total, paid, left.
    pub sums: Vec<(String, String)>,
    /// What is said of the PPN; empty without.
    pub tax: String,
    /// `LUNAS`, `DIBATALKAN`, or empty.
    pub stamp: &'static str,
    /// Where it is paid; empty when nothing is open.
    pub link: String,
}

struct Pen<'a> {
    regular: &'a Face,
    bold: &'a Face,
}

fn fill(r: u8, g: u8, b: u8) -> Fill {
    Fill { paint: rgb::Color::new(r, g, b).into(), ..Fill::default() }
}

impl Pen<'_> {
    fn write(&self, surface: &mut Surface<'_>, bold: bool, size: f32, (x, y): (f32, f32), text: &str) {
        let face = if bold { self.bold } else { self.regular };
        surface.set_stroke(None);
        surface.set_fill(Some(fill(20, 24, 32)));
        let text = face.drawable(text);
        surface.draw_text(Point::from_xy(x, y), face.font.clone(), size, &text, false, TextDirection::Auto);
    }

    fn right(&self, surface: &mut Surface<'_>, bold: bool, size: f32, y: f32, text: &str) {
        let face = if bold { self.bold } else { self.regular };
        let x = WIDTH - MARGIN - face.width(&face.drawable(text), size);
        self.write(surface, bold, size, (x, y), text);
    }

    /// The text in lines that fit; a word that is wider than the line is cut.
    fn wrap(&self, bold: bool, size: f32, width: f32, text: &str) -> Vec<String> {
        let face = if bold { self.bold } else { self.regular };
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in face.drawable(text).split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if face.width(&longer, size) <= width {
                line = longer;
            } else {
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = face.fitting(word, size, width);
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// A count or a number of pixels as points; all of them are small.
fn points(n: impl TryInto<u16>) -> f32 {
    f32::from(n.try_into().unwrap_or(u16::MAX))
}

fn rule(surface: &mut Surface<'_>, y: f32) {
    let mut path = PathBuilder::new();
    path.move_to(MARGIN, y);
    path.line_to(WIDTH - MARGIN, y);
    if let Some(path) = path.finish() {
        surface.set_fill(None);
        surface.set_stroke(Some(Stroke {
            paint: rgb::Color::new(150, 156, 166).into(),
            width: 0.5,
            ..Stroke::default()
        }));
        surface.draw_path(&path);
    }
}

/// A height that fits the largest logo, and its width.
fn logo_size(image: &Image) -> Option<Size> {
    let (width, height) = image.size();
    let (width, height) = (points(width), points(height));
    let scale = (LOGO.0 / width.max(1.0)).min(LOGO.1 / height.max(1.0));
    Size::from_wh(width * scale, height * scale)
}

fn logo_of(bytes: &[u8]) -> Option<Image> {
    let data = || krilla::Data::from(bytes.to_vec());
    Image::from_png(data(), true).or_else(|_| Image::from_jpeg(data(), true)).ok()
}

/// Draws a QR code with its upper left corner at a point.
fn qr(surface: &mut Surface<'_>, (x, y): (f32, f32), text: &str) -> Result<()> {
    let code = fast_qr::QRBuilder::new(text).build().map_err(|error| Error::Internal(format!("QR: {error:?}")))?;
    let module = QR / points(code.size);
    let mut path = PathBuilder::new();
    for (row, cells) in (0_u16..).zip(code.data.chunks(code.size).take(code.size)) {
        for (column, _) in (0_u16..).zip(cells).filter(|(_, cell)| cell.value()) {
            let (left, top) = (x + f32::from(column) * module, y + f32::from(row) * module);
            path.move_to(left, top);
            path.line_to(left + module, top);
            path.line_to(left + module, top + module);
            path.line_to(left, top + module);
            path.close();
        }
    }
    if let Some(path) = path.finish() {
        surface.set_stroke(None);
        surface.set_fill(Some(fill(0, 0, 0)));
        surface.draw_path(&path);
    }
    Ok(())
}

/// The bills as one PDF.
///
/// # Errors
/// `Internal` when a font or a page can't be made.
pub fn render(title: &str, sender: &Sender, papers: &[Paper]) -> Result<Vec<u8>> {
    let (regular, bold) = (Face::regular()?, Face::bold()?);
    let pen = Pen { regular: &regular, bold: &bold };
    let logo = sender.logo.as_deref().and_then(logo_of);
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()).language("id".to_owned()));
    for paper in papers {
        pages(&mut document, &pen, sender, logo.as_ref(), paper)?;
    }
    document.finish().map_err(|error| Error::Internal(format!("PDF: {error:?}")))
}

/// A line of the body: what is left, what is right, how high.
enum Body {
    Line(Vec<String>, Vec<String>, String),
}

fn pages(document: &mut Document, pen: &Pen<'_>, sender: &Sender, logo: Option<&Image>, paper: &Paper) -> Result<()> {
    let no_page = || Error::Internal("ukuran halaman PDF".to_owned());
    let body: Vec<Body> = paper
        .lines
        .iter()
        .map(|line| {
            let width = INNER - AMOUNTS;
            Body::Line(
                pen.wrap(false, TEXT, width, &line.text),
                pen.wrap(false, SMALL, width, &line.derivation),
                line.amount.clone(),
            )
        })
        .collect();
    let (mut rest, mut number) = (body.as_slice(), 1);
    loop {
        let mut page = document.start_page_with(PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(no_page)?);
        let mut surface = page.surface();
        let mut y = head(&mut surface, pen, sender, logo, paper, number);
        while let Some((Body::Line(texts, derivation, amount), more)) = rest.split_first() {
            let height = points(texts.len()) * 13.0 + points(derivation.len()) * 10.0 + 6.0;
            if y + height > BOTTOM {
                break;
            }
            pen.right(&mut surface, false, TEXT, y, amount);
            for text in texts {
                pen.write(&mut surface, false, TEXT, (MARGIN, y), text);
                y += 13.0;
            }
            for text in derivation {
                pen.write(&mut surface, false, SMALL, (MARGIN, y - 2.0), text);
                y += 10.0;
            }
            rule(&mut surface, y - 5.0);
            y += 6.0;
            rest = more;
        }
        // Sums, link and stamp stand together: on a page of their own where this one has no room.
        let over = rest.is_empty() && y + foot_height(paper) <= BOTTOM + 40.0;
        if over {
            foot(&mut surface, pen, sender, paper, y)?;
        }
        let foot_line = format!("{} · halaman {number}", paper.number);
        pen.write(&mut surface, false, SMALL, (MARGIN, HEIGHT - 28.0), &foot_line);
        surface.finish();
        page.finish();
        if over {
            return Ok(());
        }
        number += 1;
    }
}

/// The head of a page; answers where the first line stands.
fn head(
    surface: &mut Surface<'_>,
    pen: &Pen<'_>,
    sender: &Sender,
    logo: Option<&Image>,
    paper: &Paper,
    number: i32,
) -> f32 {
    let mut y = 58.0;
    if let Some((image, size)) = logo.and_then(|image| Some((image.clone(), logo_size(image)?))) {
        surface.push_transform(&Transform::from_translate(WIDTH - MARGIN - size.width(), 36.0));
        surface.draw_image(image, size);
        surface.pop();
    }
    pen.write(surface, true, 14.0, (MARGIN, y), &pen.bold.fitting(&sender.name, 14.0, INNER - 130.0));
    for line in sender.lines.iter().flat_map(|line| pen.wrap(false, SMALL, INNER - 130.0, line)).take(4) {
        y += 11.0;
        pen.write(surface, false, SMALL, (MARGIN, y), &line);
    }
    y += 30.0;
    pen.write(surface, true, 12.0, (MARGIN, y), "Tagihan");
    pen.right(surface, true, 12.0, y, &paper.number);
    y += 8.0;
    rule(surface, y);
    y += 16.0;
    if number == 1 {
        let (top, half) = (y, INNER / 2.0 - 10.0);
        for (place, line) in paper.payer.iter().enumerate() {
            for text in pen.wrap(place == 0, TEXT, half, line).into_iter().take(3) {
                pen.write(surface, place == 0, TEXT, (MARGIN, y), &text);
                y += 13.0;
            }
        }
        let mut beside = top;
        for (word, value) in &paper.facts {
            pen.write(surface, false, TEXT, (MARGIN + half + 20.0, beside), word);
            let value = pen.regular.fitting(value, TEXT, half - 70.0);
            pen.right(surface, false, TEXT, beside, &value);
            beside += 13.0;
        }
        y = y.max(beside) + 10.0;
    }
    pen.write(surface, true, SMALL, (MARGIN, y), "Untuk");
    pen.right(surface, true, SMALL, y, "Jumlah");
    rule(surface, y + 5.0);
    y + 20.0
}

fn foot_height(paper: &Paper) -> f32 {
    let sums = points(paper.sums.len()) * 16.0;
    sums + if paper.link.is_empty() { 40.0 } else { QR + 60.0 }
}

fn foot(surface: &mut Surface<'_>, pen: &Pen<'_>, sender: &Sender, paper: &Paper, mut y: f32) -> Result<()> {
    let last = paper.sums.len().saturating_sub(1);
    for (place, (word, amount)) in paper.sums.iter().enumerate() {
        y += 4.0;
        pen.write(surface, place == last, TEXT, (MARGIN + INNER / 2.0, y), word);
        pen.right(surface, place == last, TEXT, y, amount);
        y += 12.0;
    }
    if !paper.tax.is_empty() {
        pen.write(surface, false, SMALL, (MARGIN, y), &pen.regular.fitting(&paper.tax, SMALL, INNER));
        y += 12.0;
    }
    y += 12.0;
    if !paper.stamp.is_empty() {
        pen.write(surface, true, 26.0, (MARGIN, y + 20.0), paper.stamp);
    }
    if paper.link.is_empty() {
        return Ok(());
    }
    qr(surface, (WIDTH - MARGIN - QR, y), &paper.link)?;
    let width = INNER - QR - 20.0;
    let mut at = y + 12.0;
    pen.write(surface, true, TEXT, (MARGIN, at), "Bayar lewat");
    for text in pen.wrap(false, TEXT, width, &paper.link) {
        at += 13.0;
        pen.write(surface, false, TEXT, (MARGIN, at), &text);
    }
    for account in sender.accounts.iter().take(3) {
        at += 13.0;
        pen.write(surface, false, TEXT, (MARGIN, at), &pen.regular.fitting(account, TEXT, width));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper(lines: usize) -> Paper {
        Paper {
            number: "INV/2026/01/000123".to_owned(),
            payer: vec![
                "Ny. Ñi Lúh Pütu Ayu Śrī Dewi d'Ombak-Segara binti Abdul Rahman bin Haji Mohammad Saleh".to_owned(),
                "No. layanan 1000000123".to_owned(),
                "Jalan Melati Raya Gang Kenanga Dalam Nomor 17 RT 003 RW 011 ".repeat(4),
            ],
            facts: vec![
                ("Bulan".to_owned(), "Januari 2026".to_owned()),
                ("Jatuh tempo".to_owned(), "10/01/2026".to_owned()),
            ],
            lines: (0..lines)
                .map(|n| PaperLine {
                    text: format!("Paket Home 20M bagian {n}"),
                    derivation: "Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516".to_owned(),
                    amount: "Rp 164.516".to_owned(),
                })
                .collect(),
            sums: vec![("Jumlah".to_owned(), "Rp 164.516".to_owned()), ("Sisa".to_owned(), "Rp 164.516".to_owned())],
            tax: String::new(),
            stamp: "",
            link: "https://1000000123.tagihan.example".to_owned(),
        }
    }

    fn page_count(pdf: &[u8]) -> usize {
        let text = String::from_utf8_lossy(pdf);
        text.matches("/Type /Page\n").count()
            + text.matches("/Type /Page/").count()
            + text.matches("/Type /Page ").count()
    }

    #[test]
    fn a_bill_is_a_page_and_a_long_one_is_more() {
        let sender = Sender { name: "Kimonet".to_owned(), lines: vec!["Karanganyar".to_owned()], ..Sender::default() };
        let one = render("INV", &sender, &[paper(2)]).unwrap();
        assert!(one.starts_with(b"%PDF-"));
        let long = render("INV", &sender, &[paper(40)]).unwrap();
        let many =
            render("Januari", &sender, &[paper(1), Paper { stamp: "LUNAS", link: String::new(), ..paper(1) }]).unwrap();
        assert!(
            page_count(&one) <= 1 || page_count(&one) < page_count(&long),
            "{} {}",
            page_count(&one),
            page_count(&long)
        );
        assert!(long.len() > one.len() && many.len() > one.len());
    }

    #[test]
    fn words_wrap_inside_their_width() {
        let (regular, bold) = (Face::regular().unwrap(), Face::bold().unwrap());
        let pen = Pen { regular: &regular, bold: &bold };
        for line in pen.wrap(
            false,
            TEXT,
            120.0,
            "Jalan Melati Raya Gang Kenanga https://sangat.panjang.sekali.contoh.example/alamat",
        ) {
            assert!(regular.width(&line, TEXT) <= 120.5, "{line}");
        }
    }
}
