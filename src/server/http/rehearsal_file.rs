//! Everybody of Pratinjau Tagihan as a spreadsheet.

use super::download;
use crate::app::admin::rehearsal;
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/pratinjau.xlsx", get(sheet))
}

/// What the address may say.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wish {
    bulan: String,
}

async fn sheet(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::RunBilling).await?;
        rehearsal::query::sheet(&asked, &wish.bulan).await
    };
    download::sheet(result.await, "pratinjau")
}
