//! `GET /health`: 200 while the database answers; queue, routers and gateways inside as `ok` or `degraded`.

use super::Site;
use crate::{args, sql};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

sql!(HEALTH = "SELECT (SELECT COUNT(*) FROM work WHERE state = 'dead'), (SELECT COUNT(*) FROM work WHERE state IN ('ready', 'retry') AND run_at < $1),
   (SELECT COUNT(*) FROM router WHERE state = 'down'), (SELECT COUNT(*) FROM gateway_notice WHERE state = 'review')");

/// The answer.
pub async fn health(State(site): State<Site>) -> Response {
    let late = site.app.clock.now() - chrono::Duration::minutes(10);
    let word = |fine: bool| if fine { "ok" } else { "degraded" };
    match site.app.db.one::<(i64, i64, i64, i64)>(HEALTH, args![late]).await {
        Ok((dead, waiting, down, review)) => {
            let fine = dead == 0 && waiting == 0 && down == 0 && review == 0;
            Json(json!({
                "status": word(fine), "database": "ok", "engine": site.app.db.engine(), "queue": word(dead == 0 && waiting == 0),
                "routers": word(down == 0), "gateways": word(review == 0), "version": env!("CARGO_PKG_VERSION"),
            }))
            .into_response()
        }
        Err(error) => {
            tracing::error!(%error, "health: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "down", "database": "down" }))).into_response()
        }
    }
}
