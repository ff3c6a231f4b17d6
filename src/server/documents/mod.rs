//! Papers: PDF with a font of our own inside, so that they look alike on every machine, and sheets for Excel.
//!
//! `pdf` writes the file, `canvas` draws a page, `flow` lets a paper run over pages; the rest are the papers.

pub mod bills;
pub mod canvas;
pub mod flow;
pub mod font;
pub mod invoice;
pub mod month;
pub mod pdf;
pub mod picture;
pub mod receipt;
pub mod sender;
pub mod several;
pub mod sheet;
pub mod statement;
pub mod table;

#[cfg(test)]
pub(crate) mod paper_tests;

use crate::server::error::{Error, Result};

/// Pages as one file, drawn beside the server's own work.
///
/// # Errors
/// `Internal` when a page can't be drawn.
pub async fn file<F>(title: String, sender: flow::Sender, draw: F) -> Result<Vec<u8>>
where
    F: FnOnce(&flow::Sender) -> Result<Vec<canvas::Canvas>> + Send + 'static,
{
    tokio::task::spawn_blocking(move || {
        let mut pdf = pdf::Pdf::begin(Vec::new(), &title, sender.logo.clone())?;
        for page in draw(&sender)? {
            pdf.page(page)?;
        }
        pdf.finish()
    })
    .await
    .map_err(|error| Error::Internal(format!("PDF: {error}")))?
}

/// A spreadsheet's number of an amount, by its two halves: exact below 2^53, without a cast.
pub fn sheet_number(amount: i64) -> f64 {
    let high = i32::try_from(amount.div_euclid(1_000_000)).unwrap_or(i32::MAX);
    let low = i32::try_from(amount.rem_euclid(1_000_000)).unwrap_or(0);
    f64::from(high) * 1_000_000.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::sheet_number;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(format!("{}", sheet_number(164_516)), "164516");
        assert_eq!(format!("{}", sheet_number(9_007_199_254)), "9007199254");
        assert_eq!(format!("{}", sheet_number(-1)), "-1");
    }
}
