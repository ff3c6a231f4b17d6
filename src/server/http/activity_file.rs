//! Log Aktivitas as a spreadsheet, filtered as on the screen.

use super::download;
use crate::app::admin::activity::{ActivityFilter, query};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/log.xlsx", get(log_file))
}

async fn log_file(State(app): State<AppState>, Query(filter): Query<ActivityFilter>, parts: Parts) -> Response {
    let bytes = async {
        let asked = guard_parts(&app, &parts, Permission::ViewAudit).await?;
        query::xlsx(&asked.app, &filter).await
    };
    download::sheet(bytes.await, "log-aktivitas")
}
