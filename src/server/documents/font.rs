//! The fonts of our papers: Noto Sans (SIL Open Font License, `fonts/OFL.txt`), and how wide a text becomes in them.

use crate::server::error::{Error, Result};
use krilla::text::Font;

const REGULAR: &[u8] = include_bytes!("fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/NotoSans-Bold.ttf");

/// One font, to draw with and to measure by.
pub struct Face {
    /// For drawing.
    pub font: Font,
    measure: ttf_parser::Face<'static>,
}

impl std::fmt::Debug for Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Face")
    }
}

impl Face {
    /// The plain one.
    pub fn regular() -> Result<Self> {
        Self::of(REGULAR)
    }

    /// The bold one.
    pub fn bold() -> Result<Self> {
        Self::of(BOLD)
    }

    fn of(bytes: &'static [u8]) -> Result<Self> {
        let broken = || Error::Internal("huruf untuk PDF tidak terbaca".to_owned());
        Ok(Self {
            font: Font::new(bytes.to_vec().into(), 0).ok_or_else(broken)?,
            measure: ttf_parser::Face::parse(bytes, 0).map_err(|_| broken())?,
        })
    }

    /// What the font cannot draw becomes a question mark, control characters nothing.
    pub fn drawable(&self, text: &str) -> String {
        text.chars()
            .filter(|c| !c.is_control())
            .map(|c| if self.measure.glyph_index(c).is_some() { c } else { '?' })
            .collect()
    }

    fn advance(&self, c: char) -> u16 {
        self.measure.glyph_index(c).and_then(|glyph| self.measure.glyph_hor_advance(glyph)).unwrap_or(0)
    }

    /// Width of a text in points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        let units = f32::from(self.measure.units_per_em());
        text.chars().map(|c| f32::from(self.advance(c)) * size / units).sum()
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
}
