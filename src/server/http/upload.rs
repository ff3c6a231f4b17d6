//! Files that come and go: the import's upload, the export's download, the example file.

use crate::server::customers::{export, import};
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use crate::{args, sql};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

/// Largest upload that is read at all; the import itself says what is too large for it.
const UPLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;

sql!(INSERT_IMPORT = "INSERT INTO import_job (file_name, file_path, staff_id, state, rows_total, rows_done, result, created_at, finished_at)
 VALUES ($1, $2, $3, 'preview', $4, 0, $5, $6, NULL) RETURNING id");

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/impor/unggah", post(upload).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
        .route("/admin/ekspor.xlsx", get(download))
        .route("/contoh-impor.xlsx", get(example))
}

fn refused(error: Error) -> Response {
    // Back to the page, with the sentence; nothing was changed.
    let message: String = url::form_urlencoded::byte_serialize(error.to_string().as_bytes()).collect();
    if error.is_for_people() && !matches!(error, Error::Unauthenticated | Error::Forbidden) {
        Redirect::to(&format!("/admin/impor?galat={message}")).into_response()
    } else {
        super::api::JsonError::from(error).into_response()
    }
}

async fn upload(State(app): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = match guard_parts(&app, &parts, Permission::Import).await {
        Ok(asked) => asked,
        Err(error) => return refused(error),
    };
    let result = async {
        let mut form = Multipart::from_request(Request::from_parts(parts, body), &app)
            .await
            .map_err(|_| Error::invalid("file", "Pilih dahulu berkas Excel atau CSV."))?;
        while let Some(field) = form.next_field().await.map_err(|_| too_large())? {
            let name = field.file_name().unwrap_or_default().to_owned();
            if name.is_empty() {
                continue;
            }
            let bytes = field.bytes().await.map_err(|_| too_large())?.to_vec();
            let report = import::import(&app, asked.who.clone(), bytes.clone(), &name, true, |_, _| {}).await?;
            let folder = app.config.data.join("imports");
            tokio::fs::create_dir_all(&folder).await?;
            // The name on disk is ours; the one that was sent is only shown.
            let path = folder.join(format!("{}.upload", hex::encode(crate::server::secrets::random_bytes::<12>()?)));
            tokio::fs::write(&path, &bytes).await?;
            let (rows, result, now) = (report.rows, serde_json::to_string(&report)?, app.clock.now());
            let (staff_id, path) = (asked.staff.id, path.display().to_string());
            let name: String = name.chars().take(200).collect();
            return app
                .db
                .write::<_, Error, _>(move |tx| {
                    let args = args![&name, &path, staff_id, rows, &result, now];
                    Box::pin(async move { Ok(tx.number(INSERT_IMPORT, args).await?) })
                })
                .await;
        }
        Err(Error::invalid("file", "Pilih dahulu berkas Excel atau CSV."))
    }
    .await;
    match result {
        Ok(id) => Redirect::to(&format!("/admin/impor?berkas={id}")).into_response(),
        Err(error) => refused(error),
    }
}

fn too_large() -> Error {
    Error::invalid(
        "file",
        "Berkas terlalu besar atau terputus saat diunggah; paling besar 10 MB. Bagi menjadi beberapa berkas.",
    )
}

async fn download(State(app): State<AppState>, parts: Parts) -> Response {
    let result: Result<Vec<u8>> = async {
        guard_parts(&app, &parts, Permission::Export).await?;
        export::export_bytes(&app, &export::ExportFilter::default()).await
    }
    .await;
    super::download::sheet(result, "pelanggan")
}

async fn example() -> Response {
    super::download::sheet(import::example_xlsx(), "contoh-impor")
}
