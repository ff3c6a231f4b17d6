//! Pelanggan Terisolir and Log Isolir as spreadsheets, filtered as on the screen.

use super::download;
use crate::app::admin::isolated::{self, IsolatedFilter};
use crate::app::admin::isolir_log::{self, LogFilter};
use crate::server::documents::sheet;
use crate::server::guard::{Permission, guard_export};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

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
        let asked = guard_export(&app, &parts, Permission::ViewCustomers).await?;
        let filter = IsolatedFilter { q: wish.q, state: wish.state, sort: wish.sort, page: 1 };
        sheet::file("Pelanggan Terisolir", isolated::query::table(&asked, &filter).await?).await
    };
    download::sheet(result.await, "terisolir")
}

async fn log_file(State(app): State<AppState>, Query(wish): Query<Wish>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_export(&app, &parts, Permission::ViewRouters).await?;
        let filter = LogFilter { q: wish.q, what: wish.what, from: wish.from, to: wish.to, page: 1 };
        sheet::file("Log Isolir", isolir_log::query::table(&asked, &filter).await?).await
    };
    download::sheet(result.await, "log-isolir")
}
