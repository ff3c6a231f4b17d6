//! A file on its way out: its type, its name, and that nobody keeps a copy on the way.

use super::api::JsonError;
use crate::server::error::Result;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Content type of XLSX.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Content type of PDF.
pub(super) const PDF: &str = "application/pdf";

/// A file that the browser keeps (`attachment`) or shows (`inline`), under `name` and the ending of its type; letters that
/// no file's name should have become `-`.
pub(super) fn download(name: &str, media: &'static str, how: &str, body: impl Into<Body>) -> Response {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let ending = if media == PDF { "pdf" } else { "xlsx" };
    (
        [
            (CONTENT_TYPE, media.to_owned()),
            (CONTENT_DISPOSITION, format!("{how}; filename=\"{name}.{ending}\"")),
            (CACHE_CONTROL, "no-store".to_owned()),
        ],
        body.into(),
    )
        .into_response()
}

/// A file to keep, or why there is none.
pub(super) fn file(bytes: Result<Vec<u8>>, name: &str, media: &'static str) -> Response {
    match bytes {
        Ok(bytes) => download(name, media, "attachment", bytes),
        Err(error) => JsonError::from(error).into_response(),
    }
}

/// A spreadsheet to keep, or why there is none.
pub(super) fn sheet(bytes: Result<Vec<u8>>, name: &str) -> Response {
    file(bytes, name, XLSX)
}
