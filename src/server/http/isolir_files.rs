//! Pelanggan Terisolir and Log Isolir as spreadsheets, filtered as on the screen.

use crate::app::admin::isolated::{self, IsolatedFilter};
use crate::app::admin::isolir_log::{self, LogFilter};
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::Deserialize;

/// Content type of XLSX.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/terisolir.xlsx", get(isolated_file)).route("/admin/log-isolir.xlsx", get(log_file))
}

/// What the address may say; everything may be missing.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    q: String,
    state: String,
    sort: String,
    what: String,
    from: String,
    to: String,
}

async fn isolated_file(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::Export).await?;
        let filter = IsolatedFilter { q: wish.q, state: wish.state, sort: wish.sort, page: 1 };
        let (titles, rows) = isolated::query::table(&asked, &filter).await?;
        sheet(titles, rows).await
    };
    file(result.await, "terisolir.xlsx")
}

async fn log_file(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::Export).await?;
        let filter = LogFilter { q: wish.q, what: wish.what, from: wish.from, to: wish.to, page: 1 };
        let (titles, rows) = isolir_log::query::table(&asked, &filter).await?;
        sheet(titles, rows).await
    };
    file(result.await, "log-isolir.xlsx")
}

/// A sheet of these titles and rows.
pub(super) async fn sheet(titles: Vec<&'static str>, rows: Vec<Vec<String>>) -> Result<Vec<u8>> {
    let written = tokio::task::spawn_blocking(move || write(&titles, &rows)).await;
    written
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))?
        .map_err(|error| Error::Internal(format!("ekspor: {error}")))
}

fn write(titles: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (bold, text) = (Format::new().set_bold(), Format::new().set_num_format("@"));
    let sheet = book.add_worksheet_with_constant_memory()?;
    for (column, title) in (0..).zip(titles) {
        sheet.set_column_width(column, 18)?;
        sheet.write_string_with_format(0, column, *title, &bold)?;
    }
    for (at, row) in (1..).zip(rows) {
        for (column, value) in (0..).zip(row) {
            // Always text: what begins with `=` is no formula.
            sheet.write_string_with_format(at, column, value, &text)?;
        }
    }
    book.save_to_buffer()
}

/// The file, or why there is none.
pub(super) fn file(bytes: Result<Vec<u8>>, name: &str) -> Response {
    match bytes {
        Ok(bytes) => {
            let as_file = format!("attachment; filename=\"{name}\"");
            ([(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, as_file)], bytes).into_response()
        }
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}
