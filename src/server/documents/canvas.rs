//! One page to draw on. Measured in points from its upper left corner; PDF counts from the lower left.

use super::font::{Faces, Weight};
use crate::server::error::{Error, Result};
use pdf_writer::{Content, Name, Str};
use std::collections::BTreeMap;

/// A4 upright, in points.
pub const A4: (f32, f32) = (595.28, 841.89);
/// A4 across.
pub const A4_ACROSS: (f32, f32) = (A4.1, A4.0);
/// A5 across: half of A4.
pub const A5_ACROSS: (f32, f32) = (595.28, 419.53);

/// A colour: red, green, blue from 0 to 1.
pub type Colour = (f32, f32, f32);
/// What texts are drawn with.
pub const INK: Colour = (0.08, 0.09, 0.13);
/// What is less important.
pub const GREY: Colour = (0.38, 0.41, 0.46);
/// Lines between rows.
pub const PALE: Colour = (0.72, 0.74, 0.78);
/// A stamp that says good.
pub const GREEN: Colour = (0.05, 0.47, 0.25);
/// A stamp that says bad.
pub const RED: Colour = (0.72, 0.11, 0.11);

/// Letters of a font that were used: number of the glyph and what it stands for.
pub type Used = BTreeMap<u16, char>;

/// A page.
pub struct Canvas {
    content: Content,
    faces: &'static Faces,
    /// Width and height.
    pub size: (f32, f32),
    /// Letters used of the plain font, and of the bold one.
    pub used: [Used; 2],
    /// Whether it shows the logo.
    pub has_logo: bool,
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canvas").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Canvas {
    /// An empty page of this size.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn new(size: (f32, f32)) -> Result<Self> {
        Ok(Self {
            content: Content::new(),
            faces: Faces::get()?,
            size,
            used: [Used::new(), Used::new()],
            has_logo: false,
        })
    }

    /// What was drawn, as PDF has it.
    pub fn into_content(self) -> Vec<u8> {
        self.content.finish().into_vec()
    }

    /// A text in ink, its baseline at `y`.
    pub fn text(&mut self, weight: Weight, size: f32, at: (f32, f32), text: &str) {
        self.text_in(INK, weight, size, at, text);
    }

    /// The same in a colour.
    pub fn text_in(&mut self, colour: Colour, weight: Weight, size: f32, (x, y): (f32, f32), text: &str) {
        self.tilted(colour, weight, size, [1.0, 0.0, 0.0, 1.0, x, self.size.1 - y], text);
    }

    /// A text that ends at `right`.
    pub fn text_to(&mut self, colour: Colour, weight: Weight, size: f32, (right, y): (f32, f32), text: &str) {
        let face = self.faces.of(weight);
        let x = right - face.width(&face.drawable(text), size);
        self.text_in(colour, weight, size, (x, y), text);
    }

    fn tilted(&mut self, colour: Colour, weight: Weight, size: f32, matrix: [f32; 6], text: &str) {
        let face = self.faces.of(weight);
        let text = face.drawable(text);
        let (used, name): (&mut Used, &[u8]) = match weight {
            Weight::Regular => (&mut self.used[0], b"F0"),
            Weight::Bold => (&mut self.used[1], b"F1"),
        };
        let mut codes = Vec::with_capacity(text.len() * 2);
        for c in text.chars() {
            // To whoever copies the text, a space that does not break is a space.
            let c = if c == '\u{a0}' { ' ' } else { c };
            let Some(glyph) = face.glyph(c) else { continue };
            used.entry(glyph).or_insert(c);
            codes.extend(glyph.to_be_bytes());
        }
        if codes.is_empty() {
            return;
        }
        self.content.set_fill_rgb(colour.0, colour.1, colour.2);
        self.content.begin_text().set_font(Name(name), size).set_text_matrix(matrix).show(Str(&codes)).end_text();
    }

    /// A line across.
    pub fn rule(&mut self, colour: Colour, width: f32, y: f32, from: f32, to: f32) {
        let y = self.size.1 - y;
        self.content.set_stroke_rgb(colour.0, colour.1, colour.2).set_line_width(width);
        self.content.move_to(from, y).line_to(to, y).stroke();
    }

    /// An empty box with its upper left corner at a point.
    pub fn frame(&mut self, colour: Colour, line: f32, (x, y): (f32, f32), (width, height): (f32, f32)) {
        self.content.set_stroke_rgb(colour.0, colour.1, colour.2).set_line_width(line);
        self.content.rect(x, self.size.1 - y - height, width, height).stroke();
    }

    /// A word in a frame, a little tilted, as a rubber stamp leaves it; `middle` is its middle.
    pub fn stamp(&mut self, colour: Colour, size: f32, middle: (f32, f32), word: &str, under: &str) {
        // Eight degrees.
        const COS: f32 = 0.990_27;
        const SIN: f32 = 0.139_17;
        let (bold, plain) = (&self.faces.bold, &self.faces.regular);
        let small = size * 0.36;
        let (wide, below) = (bold.width(&bold.drawable(word), size), plain.width(&plain.drawable(under), small));
        let half = wide.max(below) / 2.0 + size * 0.4;
        let deep = if under.is_empty() { 0.0 } else { small * 1.25 };
        self.content.save_state();
        self.content.transform([COS, SIN, -SIN, COS, middle.0, self.size.1 - middle.1]);
        self.content.set_stroke_rgb(colour.0, colour.1, colour.2).set_line_width(size * 0.075);
        let height = size * 1.28 + deep;
        self.content.rect(-half, -height / 2.0, half * 2.0, height).stroke();
        let line = height / 2.0 - size * 1.02;
        self.tilted(colour, Weight::Bold, size, [1.0, 0.0, 0.0, 1.0, -wide / 2.0, line], word);
        self.tilted(colour, Weight::Regular, small, [1.0, 0.0, 0.0, 1.0, -below / 2.0, line - small * 1.45], under);
        self.content.restore_state();
    }

    /// The logo, with its upper left corner at a point.
    pub fn logo(&mut self, (x, y): (f32, f32), (width, height): (f32, f32)) {
        self.has_logo = true;
        self.content.save_state();
        self.content.transform([width, 0.0, 0.0, height, x, self.size.1 - y - height]);
        self.content.x_object(Name(b"Logo"));
        self.content.restore_state();
    }

    /// A QR code of this side, with its upper left corner at a point; white around it is the caller's.
    ///
    /// # Errors
    /// `Internal` when the text is too long for one.
    pub fn qr(&mut self, (x, y): (f32, f32), side: f32, text: &str) -> Result<()> {
        let code = fast_qr::QRBuilder::new(text).build().map_err(|error| Error::Internal(format!("QR: {error:?}")))?;
        let module = side / points(code.size);
        self.content.set_fill_gray(0.0);
        for (row, cells) in code.data.chunks(code.size).take(code.size).enumerate() {
            let bottom = self.size.1 - y - points(row + 1) * module;
            let mut column = 0;
            // Neighbours are one box: smaller, and no seam shows between them.
            while let Some(rest) = cells.get(column..).filter(|rest| !rest.is_empty()) {
                let dark = rest.iter().take_while(|cell| cell.value()).count();
                if dark > 0 {
                    self.content.rect(x + points(column) * module, bottom, points(dark) * module, module);
                }
                column += dark.max(1);
            }
        }
        self.content.fill_nonzero();
        Ok(())
    }
}

/// A small count as points.
pub fn points(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}
