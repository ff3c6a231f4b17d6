//! Checks of what many forms give.

use crate::billing::words::parse_date_input;
use crate::server::error::{Error, Result};
use chrono::{Datelike, NaiveDate};
use std::ops::RangeInclusive;

/// Letters of a reason at most.
pub const REASON_CHARS_MAX: usize = 200;

/// Years that a filter knows: a day outside of them was mistyped.
const FILTER_YEARS: RangeInclusive<i32> = 2000..=2100;

/// The day that a filter names, or `otherwise` where nothing is typed.
///
/// # Errors
/// `Invalid` beside `field` for what is no day, or one that no books have.
pub fn filter_day(field: &str, typed: &str, today: NaiveDate, otherwise: NaiveDate) -> Result<NaiveDate> {
    if typed.trim().is_empty() {
        return Ok(otherwise);
    }
    let day = parse_date_input(typed, today.year())
        .ok_or_else(|| Error::invalid(field, format!("Tanggal {typed:?} tidak terbaca; tulis misalnya 15/1/2026.")))?;
    if FILTER_YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        Err(Error::invalid(field, format!("Tahun {} di luar pembukuan; isi tahun 2000 sampai 2100.", day.year())))
    }
}

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
