//! `GET /cron.php`: for hosts that keep their old cron lines. They call it with wget and read plain text.

use super::Site;
use crate::app::admin::words;
use crate::jobs::run::{Called, called};
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// What the line asks for.
#[derive(Debug, Deserialize)]
pub struct Line {
    #[serde(default)]
    command: String,
    #[serde(default)]
    token: String,
}

/// Enqueues the command's job, once in a slot.
pub async fn cron(State(site): State<Site>, method: Method, Query(line): Query<Line>) -> Response {
    let app = &site.app;
    let expected = match app.settings().await.and_then(|settings| settings.secret("cron.token")) {
        Ok(token) => token,
        Err(error) => return failed(&error),
    };
    if !super::token_fits(&expected, &line.token) {
        return (StatusCode::FORBIDDEN, "Ditolak: token salah atau belum diatur (Pengaturan, Keamanan).\n")
            .into_response();
    }
    // A look is not a call.
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    match called(app, &line.command).await {
        Ok(Called::Started(slot)) => {
            format!("OK: {} dijalankan untuk jadwal {}.\n", line.command, words::instant(&app.clock, slot))
                .into_response()
        }
        Ok(Called::Already(slot)) => {
            let at = words::instant(&app.clock, slot);
            format!("OK: {} untuk jadwal {at} sudah dijalankan, tidak diulang.\n", line.command).into_response()
        }
        Ok(Called::Unknown) => (
            StatusCode::BAD_REQUEST,
            "Perintah tidak dikenal. Yang ada: generate-invoice, auto-isolir, whatsapp-reminder.\n",
        )
            .into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &crate::server::error::Error) -> Response {
    tracing::error!(%error, "cron.php");
    (StatusCode::INTERNAL_SERVER_ERROR, "Gagal: kesalahan di server, tidak ada yang dijalankan.\n").into_response()
}
