//! Checks of what many forms give.

use crate::server::error::{Error, Result};

/// Letters of a reason at most.
pub const REASON_CHARS_MAX: usize = 200;

/// A reason without spaces around it.
///
/// # Errors
/// `Invalid` beside `reason` when it is empty or too long.
pub fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > REASON_CHARS_MAX {
        return Err(Error::invalid("reason", format!("Tulis alasannya, paling banyak {REASON_CHARS_MAX} huruf.")));
    }
    Ok(text.to_owned())
}

/// The id that a page gave its form, so that the form sent twice is one deed: 16 to 64 hexadecimal digits.
///
/// # Errors
/// `Invalid` when it is something else, so that the page is loaded anew.
pub fn form_id(id: String) -> Result<String> {
    if (16..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(id)
    } else {
        Err(Error::invalid("request_id", "Muat ulang halaman ini, lalu isi kembali."))
    }
}
