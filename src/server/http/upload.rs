//! Files in and out of the office: the customers' workbook. Server functions cap bodies at 2 MB and streams at nothing,
//! so these are handlers with limits of their own.

use crate::app::error::ApiError;
use crate::server::customers::export::{ExportFilter, export as write_export};
use crate::server::customers::import;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission, guard};
use crate::server::state::AppState;
use crate::{args, sql};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::request::Parts;
use leptos::prelude::{Owner, provide_context};
use leptos::reactive::computed::ScopedFuture;
use std::path::{Path, PathBuf};
use tokio_util::io::ReaderStream;

/// A workbook of 100,000 customers has some 15 MB.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Letters of a file's name that are kept.
const NAME_CHARS_MAX: usize = 120;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

sql!(INSERT_IMPORT = "INSERT INTO import_job (file_name, file_path, staff_id, state, rows_total, rows_done, result, created_at, finished_at)
 VALUES ($1, $2, $3, 'preview', $4, 0, $5, $6, NULL) RETURNING id");

/// `POST /admin/impor/unggah` and `GET /admin/ekspor.xlsx`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/impor/unggah", post(upload).layer(DefaultBodyLimit::max(FILE_BYTES_MAX)))
        .route("/admin/ekspor.xlsx", get(export))
}

/// The same guard as every server function has, for a plain handler.
async fn asked(state: &AppState, parts: &Parts, permission: Permission) -> Result<Asked, ApiError> {
    let owner = Owner::new();
    owner
        .with(|| {
            provide_context(state.clone());
            provide_context(parts.clone());
            provide_context(leptos_axum::ResponseOptions::default());
            ScopedFuture::new(guard(permission))
        })
        .await
}

/// Back to the page, with what went wrong.
fn back(message: &str) -> Response {
    let query = serde_urlencoded::to_string([("galat", message)]).unwrap_or_default();
    Redirect::to(&format!("/admin/impor?{query}")).into_response()
}

/// What a person is told about an error; the cause goes to the log.
fn tell(error: &Error) -> Response {
    if error.is_for_people() {
        return back(&error.to_string());
    }
    tracing::error!(%error, "upload or export failed");
    back("Ada yang salah di server; belum ada yang diubah. Coba lagi, dan hubungi teknisi bila terulang.")
}

/// Takes a file, looks at it without changing anything, and shows what would happen.
async fn upload(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = match asked(&state, &parts, Permission::Import).await {
        Ok(asked) => asked,
        Err(error) => return back(&error.to_string()),
    };
    let form = match Multipart::from_request(Request::from_parts(parts, body), &state).await {
        Ok(form) => form,
        Err(rejection) => return back(&format!("Berkas tidak terbaca: {}", rejection.body_text())),
    };
    let result = match take_file(form).await {
        Ok((name, bytes)) => preview(&state, asked, name, bytes).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(id) => Redirect::to(&format!("/admin/impor?berkas={id}")).into_response(),
        Err(error) => tell(&error),
    }
}

/// The one file of the form: its name and its bytes.
async fn take_file(mut form: Multipart) -> Result<(String, Vec<u8>)> {
    let unreadable = |error: axum::extract::multipart::MultipartError| {
        Error::invalid("berkas", format!("Berkas tidak terbaca atau lebih besar dari 64 MB: {}", error.body_text()))
    };
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() != Some("berkas") {
            continue;
        }
        let name: String = field.file_name().unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
        let bytes = field.bytes().await.map_err(unreadable)?;
        if bytes.is_empty() {
            break;
        }
        return Ok((name, bytes.to_vec()));
    }
    Err(Error::invalid("berkas", "Pilih berkas Excel (.xlsx) atau CSV dahulu."))
}

/// Keeps the file, counts what it would change, and writes the import's row; its id.
async fn preview(state: &AppState, asked: Asked, name: String, bytes: Vec<u8>) -> Result<i64> {
    let extension = match name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).as_deref() {
        Some("xlsx") => "xlsx",
        Some("csv") => "csv",
        _ => return Err(Error::invalid("berkas", "Berkas harus berakhiran .xlsx atau .csv.")),
    };
    let report = import::import(state, asked.who.clone(), bytes.clone(), &name, true, |_, _| {}).await?;
    let path = fresh_path(&state.config.data.join("uploads"), extension).await?;
    tokio::fs::write(&path, &bytes).await?;
    let result = serde_json::to_string(&report)?;
    let (rows, now) = (report.rows, state.clock.now());
    let staff_id = asked.who.staff_id.unwrap_or_default();
    let path = path.display().to_string();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let arguments = args![&name, &path, staff_id, rows, &result, now];
            Box::pin(async move { Ok(tx.number(INSERT_IMPORT, arguments).await?) })
        })
        .await
}

/// A path in `folder` (made if missing) that nobody can guess and nothing has yet.
async fn fresh_path(folder: &Path, extension: &str) -> Result<PathBuf> {
    tokio::fs::create_dir_all(folder).await?;
    Ok(folder.join(format!("{}.{extension}", hex::encode(crate::server::secrets::random_bytes::<16>()?))))
}

/// All customers as a workbook that the import reads back.
async fn export(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = asked(&state, &parts, Permission::Export).await {
        return back(&error.to_string());
    }
    match workbook(&state).await {
        Ok(response) => response,
        Err(error) => tell(&error),
    }
}

/// Writes the workbook to a file of its own and streams it; the file is gone as soon as nobody reads it.
async fn workbook(state: &AppState) -> Result<Response> {
    let path = fresh_path(&state.config.data.join("exports"), "xlsx").await?;
    let filter =
        ExportFilter { status: String::new(), package: String::new(), router: String::new(), area: String::new() };
    let written = write_export(state, &filter, &path).await;
    let opened = match written {
        Ok(_) => tokio::fs::File::open(&path).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    // The open handle goes on reading; on a failure this takes away what was half written.
    if let Err(error) = tokio::fs::remove_file(&path).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "an export's file stays behind");
    }
    let name = format!("attachment; filename=\"pelanggan-{}.xlsx\"", state.clock.today());
    let headers =
        [(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, name), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Body::from_stream(ReaderStream::new(opened?))).into_response())
}
