//! What people type into forms about lines, judged field by field.

use crate::app::error::ApiError;
use crate::billing::words::parse_date_input;
use crate::server::error::{Error, Result};
use chrono::{Datelike, NaiveDate};

/// What is wrong with a form, gathered field by field, so that all of it is said at once.
#[derive(Debug, Default)]
pub(in crate::app::admin) struct Wrong(Vec<(String, String)>);

impl Wrong {
    /// What a check gave; where it complains of its field that is kept, and an empty value goes on in its place.
    pub(in crate::app::admin) fn take<T: Default>(&mut self, checked: Result<T>) -> Result<T> {
        match checked {
            Err(Error::Invalid { field, message }) => {
                self.0.push((field, message));
                Ok(T::default())
            }
            other => other,
        }
    }

    /// Keeps a complaint unless this holds.
    pub(in crate::app::admin) fn unless(&mut self, holds: bool, field: &str, message: &str) {
        if !holds {
            self.0.push((field.to_owned(), message.to_owned()));
        }
    }

    /// All complaints; nothing where there are none.
    pub(in crate::app::admin) fn said(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::several(self.0)) }
    }
}

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
