//! What people type into forms about lines, judged field by field.

use crate::billing::words::parse_date_input;
use crate::server::error::{Error, Result};
use chrono::{Datelike, NaiveDate};

/// Text of at most so many characters, without control characters.
pub(in crate::app::admin) fn text_of(field: &str, label: &str, text: &str, max: usize) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > max || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("{label} paling banyak {max} huruf, dalam satu baris.")));
    }
    Ok(text.to_owned())
}

/// A day as typed; nothing typed is none.
pub(in crate::app::admin) fn date_of(field: &str, text: &str, today: NaiveDate) -> Result<Option<NaiveDate>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    parse_date_input(text, today.year())
        .map(Some)
        .ok_or_else(|| Error::invalid(field, "Tanggal tidak terbaca. Tulis seperti 15/1 atau 15/01/2026."))
}

/// A due day as typed.
pub(in crate::app::admin) fn due_day_of(text: &str) -> Result<i64> {
    match text.trim().parse::<i64>() {
        Ok(day) if (1..=31).contains(&day) => Ok(day),
        _ => Err(Error::invalid("due_day", "Tanggal jatuh tempo adalah angka 1 sampai 31.")),
    }
}

/// Whether a text may be an account name or a password on a router.
pub(in crate::app::admin) fn account_text(field: &str, label: &str, text: &str) -> Result<String> {
    let text = text_of(field, label, text, 64)?;
    if text.chars().any(char::is_whitespace) {
        return Err(Error::invalid(field, format!("{label} ditulis tanpa spasi.")));
    }
    Ok(text)
}
