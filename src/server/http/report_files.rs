//! Every report as a spreadsheet and as a paper, narrowed down as on the screen.

use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::reports::{self, Wish};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Content type of XLSX.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/laporan/{name}/xlsx", get(sheet)).route("/admin/laporan/{name}/pdf", get(paper))
}

async fn sheet(state: State<AppState>, name: Path<String>, query: RawQuery, parts: Parts) -> Response {
    taken("xlsx", state, name, query, parts).await
}

async fn paper(state: State<AppState>, name: Path<String>, query: RawQuery, parts: Parts) -> Response {
    taken("pdf", state, name, query, parts).await
}

async fn taken(
    kind: &'static str,
    State(app): State<AppState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Response {
    let result: Result<(Vec<u8>, &str)> = async {
        let asked = guard_parts(&app, &parts, Permission::Export).await?;
        if !asked.staff.may(Permission::ViewReports) {
            return Err(Error::Forbidden);
        }
        let wish = Wish::of(&name, query.as_deref().unwrap_or_default());
        match kind {
            "xlsx" => Ok((reports::xlsx(&asked, &wish).await?, XLSX)),
            _ => Ok((reports::pdf(&asked, &wish).await?, "application/pdf")),
        }
    }
    .await;
    match result {
        Ok((bytes, media)) => (
            [
                (CONTENT_TYPE, media.to_owned()),
                // The name is one of ours: an unknown one was not found above.
                (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{kind}\"")),
                (CACHE_CONTROL, "no-store".to_owned()),
            ],
            bytes,
        )
            .into_response(),
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}
