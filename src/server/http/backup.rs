//! Download of a backup: for whoever has the right to backups, streamed.

use super::api::JsonError;
use crate::server::audit;
use crate::server::backup::path_of;
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use crate::{args, sql};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::io::ReaderStream;

/// Bytes sent at a time.
const BLOCK: usize = 128 * 1024;

sql!(FIND_BACKUP = "SELECT file FROM backup WHERE id = $1 AND state = 'done'");

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/cadangan/{id}/unduh", get(download))
}

async fn download(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    match open(&app, &parts, id).await {
        Ok(response) => response,
        Err(error) => JsonError::from(error).into_response(),
    }
}

async fn open(app: &AppState, parts: &Parts, id: i64) -> Result<Response> {
    let asked = guard_parts(app, parts, Permission::Backup).await?;
    let gone = || Error::NotFound("Berkas cadangan itu tidak ada di server ini.".to_owned());
    // The path comes from the database, never from who asks.
    let (name,): (String,) = app.db.opt(FIND_BACKUP, args![id]).await?.ok_or_else(gone)?;
    let file = match tokio::fs::File::open(path_of(app, &name)).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(gone()),
        Err(error) => return Err(error.into()),
    };
    let bytes = file.metadata().await?.len();
    let (now, who, subject) = (app.clock.now(), asked.who, format!("backup:{id}"));
    let logged = name.clone();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, subject, logged) = (who.clone(), subject.clone(), logged.clone());
            Box::pin(async move { audit::record(tx, &who, now, "backup.download", &subject, "", &logged).await })
        })
        .await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (CONTENT_LENGTH, bytes.to_string()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, BLOCK))).into_response())
}
