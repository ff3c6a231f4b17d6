//! Every report as a spreadsheet and as a paper, narrowed down as on the screen.

use super::download::{PDF, XLSX, file};
use crate::server::guard::{Permission, guard_export};
use crate::server::reports::{self, Wish};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/laporan/{name}/xlsx", get(sheet)).route("/admin/laporan/{name}/pdf", get(paper))
}

async fn sheet(state: State<AppState>, name: Path<String>, query: RawQuery, parts: Parts) -> Response {
    taken(XLSX, state, name, query, parts).await
}

async fn paper(state: State<AppState>, name: Path<String>, query: RawQuery, parts: Parts) -> Response {
    taken(PDF, state, name, query, parts).await
}

async fn taken(
    media: &'static str,
    State(app): State<AppState>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Response {
    let result = async {
        let asked = guard_export(&app, &parts, Permission::ViewReports).await?;
        let wish = Wish::of(&name, query.as_deref().unwrap_or_default());
        if media == PDF { reports::pdf(&asked, &wish).await } else { reports::xlsx(&asked, &wish).await }
    };
    file(result.await, &name, media)
}
