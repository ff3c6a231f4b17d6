//! The fonts of our papers: Noto Sans (SIL Open Font License, `fonts/OFL.txt`), how wide a text becomes in them, and what is
//! written for a letter that they do not have.

use crate::server::error::{Error, Result};
use deunicode::deunicode_char;
use std::fmt::Write as _;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

const REGULAR: &[u8] = include_bytes!("fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/NotoSans-Bold.ttf");

/// Both fonts, read once in a process.
static FACES: LazyLock<Option<Faces>> =
    LazyLock::new(|| Some(Faces { regular: Face::of(REGULAR)?, bold: Face::of(BOLD)? }));

/// The plain and the bold font.
#[derive(Debug)]
pub struct Faces {
    /// The plain one.
    pub regular: Face,
    /// The bold one.
    pub bold: Face,
}

/// One of our two fonts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Plain.
    #[default]
    Regular,
    /// Bold.
    Bold,
}

impl Faces {
    /// Both fonts.
    ///
    /// # Errors
    /// `Internal` when the program's own fonts can't be read.
    pub fn get() -> Result<&'static Self> {
        FACES.as_ref().ok_or_else(|| Error::Internal("huruf untuk PDF tidak terbaca".to_owned()))
    }

    /// The font of a weight.
    pub fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

/// One font: its file, and how it measures.
pub struct Face {
    /// The file as it is.
    pub bytes: &'static [u8],
    /// Its tables.
    pub tables: ttf_parser::Face<'static>,
    units: f32,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Face")
    }
}

impl Face {
    fn of(bytes: &'static [u8]) -> Option<Self> {
        let tables = ttf_parser::Face::parse(bytes, 0).ok()?;
        let units = f32::from(tables.units_per_em());
        Some(Self { bytes, tables, units })
    }

    /// Number of the glyph that draws a letter, where the font has one.
    pub fn glyph(&self, c: char) -> Option<u16> {
        self.tables.glyph_index(c).map(|glyph| glyph.0)
    }

    /// A text in letters that the font has: a letter and its mark become one, line breaks become spaces, other control
    /// characters nothing, and a letter of another script is written in Latin ones (`Ж` would be drawn, `محمد` becomes
    /// `mHmd`). What has no Latin form either is named by its code, so that nothing is lost unseen.
    pub fn drawable(&self, text: &str) -> String {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return text.to_owned();
        }
        let mut drawn = String::with_capacity(text.len());
        for c in text.nfc() {
            match c {
                '\n' | '\r' | '\t' => drawn.push(' '),
                c if c.is_control() => {}
                c if self.glyph(c).is_some() => drawn.push(c),
                c => match deunicode_char(c) {
                    Some(latin) => drawn.push_str(latin),
                    None => {
                        let _ = write!(drawn, "[U+{:04X}]", u32::from(c));
                    }
                },
            }
        }
        drawn
    }

    fn advance(&self, c: char) -> u16 {
        self.tables.glyph_index(c).and_then(|glyph| self.tables.glyph_hor_advance(glyph)).unwrap_or(0)
    }

    /// Width of a text in points; of letters that the font has.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| f32::from(self.advance(c)) * size / self.units).sum()
    }

    /// Width of a glyph in thousandths of the size, as PDF counts.
    pub fn glyph_width(&self, glyph: u16) -> f32 {
        let advance = self.tables.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
        f32::from(advance) * 1000.0 / self.units
    }

    /// A measure of the font in thousandths of the size.
    pub fn thousandths(&self, units: i16) -> f32 {
        f32::from(units) * 1000.0 / self.units
    }

    /// The text, or as much of it as fits with an ellipsis behind.
    pub fn fitting(&self, text: &str, size: f32, width: f32) -> String {
        let text = self.drawable(text);
        if self.width(&text, size) <= width {
            return text;
        }
        let mut left = width - self.width("…", size);
        let mut kept = String::new();
        for c in text.chars() {
            left -= self.width(c.encode_utf8(&mut [0; 4]), size);
            if left < 0.0 {
                break;
            }
            kept.push(c);
        }
        format!("{}…", kept.trim_end())
    }

    /// The text in lines that fit. A no-break space holds; a word that is wider than a line goes on in the next.
    pub fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let (mut lines, mut line, mut filled) = (Vec::new(), String::new(), 0.0);
        let space = self.width(" ", size);
        for word in self.drawable(text).split(' ').filter(|word| !word.is_empty()) {
            let mut wide = self.width(word, size);
            if !line.is_empty() {
                if filled + space + wide <= width - 0.01 {
                    line.push(' ');
                    line.push_str(word);
                    filled += space + wide;
                    continue;
                }
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(word);
            while wide > width {
                let (head, tail) = self.cut(&line, size, width);
                lines.push(head);
                wide = self.width(&tail, size);
                line = tail;
            }
            filled = wide;
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// As many letters as fit, at least one, and the rest.
    fn cut(&self, word: &str, size: f32, width: f32) -> (String, String) {
        let mut left = width;
        for (place, c) in word.char_indices() {
            left -= self.width(c.encode_utf8(&mut [0; 4]), size);
            if left < 0.0 && place > 0 {
                let (head, tail) = word.split_at(place);
                return (head.to_owned(), tail.to_owned());
            }
        }
        (word.to_owned(), String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_is_lost_and_none_is_an_empty_box() {
        let face = &Faces::get().unwrap().regular;
        let names = "Ñi Lúh Pütu Śrī Dewi Łukasz Öztürk Şahin Nguyễn Đặng Ÿ Þór Ǻsa";
        assert_eq!(face.drawable(names), names, "Latin letters with marks are drawn as they are");
        assert_eq!(face.drawable("Jose\u{301}"), "José", "a mark typed apart joins its letter");
        for text in ["محمد يوسف", "陈伟", "ꦱꦶꦠꦶ", "सीता", "ᬲᬶᬢᬶ", "\u{E000}", "🛰 Budi", "a\u{0}\tb"]
        {
            let drawn = face.drawable(text);
            assert!(drawn.chars().all(|c| face.glyph(c).is_some()), "{text}: {drawn}");
            let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
            assert!(drawn.chars().filter(|c| c.is_alphanumeric()).count() >= letters, "{text}: {drawn}");
        }
        assert_eq!(face.drawable("\u{E000}"), "[U+E000]");
    }

    #[test]
    fn words_wrap_inside_their_width_and_none_is_cut_off() {
        let face = &Faces::get().unwrap().regular;
        let text = "Jalan Melati Raya https://sangat.panjang.sekali.contoh.example/alamat Rp\u{a0}300.000";
        for width in [30.0, 60.0, 120.0, 240.0] {
            let lines = face.wrap(text, 9.5, width);
            assert!(lines.iter().all(|line| face.width(line, 9.5) <= width), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
        assert!(
            face.wrap(text, 9.5, 80.0).iter().any(|line| line.contains("Rp\u{a0}300.000")),
            "an amount stays whole"
        );
        assert!(face.wrap("  ", 9.5, 80.0).is_empty());
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let face = &Faces::get().unwrap().regular;
        assert_eq!(face.fitting("Siti", 8.0, 100.0), "Siti");
        let cut = face.fitting("Siti Aminah binti Abdullah", 8.0, 50.0);
        assert!(cut.ends_with('…') && face.width(&cut, 8.0) <= 50.0, "{cut}");
    }
}
