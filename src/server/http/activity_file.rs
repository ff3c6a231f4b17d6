//! Log Aktivitas as a spreadsheet, filtered as on the screen.

use crate::app::admin::activity::{ActivityFilter, query};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Content type of XLSX.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/log.xlsx", get(log_file))
}

async fn log_file(State(app): State<AppState>, Query(filter): Query<ActivityFilter>, parts: Parts) -> Response {
    let bytes = async {
        let asked = guard_parts(&app, &parts, Permission::ViewAudit).await?;
        query::xlsx(&asked.app, &filter).await
    };
    match bytes.await {
        Ok(bytes) => {
            let as_file = "attachment; filename=\"log-aktivitas.xlsx\"";
            ([(CONTENT_TYPE, XLSX), (CONTENT_DISPOSITION, as_file)], bytes).into_response()
        }
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}
