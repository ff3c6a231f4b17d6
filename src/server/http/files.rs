//! A customer's files: in by a form, out only to who may, never kept by a browser.

use crate::server::customers::files;
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

/// What is read of a form at most: a file and its frame.
const FORM_BYTES_MAX: usize = files::FILE_BYTES_MAX + 64 * 1024;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/pelanggan/{id}/berkas", post(upload).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)))
        .route("/admin/berkas/{id}", get(download))
}

async fn upload(State(app): State<AppState>, Path(id): Path<i64>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::EditCustomers).await?;
        if !asked.staff.may(Permission::ViewFiles) {
            return Err(Error::Forbidden);
        }
        asked.reaches_customer(id).await?;
        let broken =
            |_| Error::invalid("file", "Berkas terlalu besar atau terputus saat diunggah; paling besar 10 MB.");
        let mut form = Multipart::from_request(Request::from_parts(parts, body), &app)
            .await
            .map_err(|_| Error::invalid("file", "Pilih dahulu foto atau berkasnya."))?;
        let mut kind = "lain".to_owned();
        while let Some(field) = form.next_field().await.map_err(broken)? {
            if field.name() == Some("jenis") {
                kind = field.text().await.map_err(broken)?;
                continue;
            }
            let name = field.file_name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(broken)?.to_vec();
            return files::store(&app, asked.who, id, &kind, &name, bytes).await;
        }
        Err(Error::invalid("file", "Pilih dahulu foto atau berkasnya."))
    }
    .await;
    match result {
        Ok(_) => Redirect::to(&format!("/admin/pelanggan/{id}")).into_response(),
        Err(error) if error.is_for_people() && !matches!(error, Error::Unauthenticated | Error::Forbidden) => {
            // Back to the page, with the sentence; nothing was changed.
            let message: String = url::form_urlencoded::byte_serialize(error.to_string().as_bytes()).collect();
            Redirect::to(&format!("/admin/pelanggan/{id}?galat={message}")).into_response()
        }
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}

async fn download(State(app): State<AppState>, Path(id): Path<i64>, parts: Parts) -> Response {
    let result: Result<_> = async {
        let asked = guard_parts(&app, &parts, Permission::ViewFiles).await?;
        let stored = files::find(&app, id).await?;
        asked.reaches_customer(stored.customer_id).await?;
        Ok((files::read(&app, &stored).await?, stored))
    }
    .await;
    match result {
        Ok((bytes, stored)) => {
            let ending = match stored.media_type.as_str() {
                "image/jpeg" => "jpg",
                "image/png" => "png",
                "image/webp" => "webp",
                _ => "pdf",
            };
            (
                [
                    (CONTENT_TYPE, stored.media_type),
                    // A name of ours: what was sent may hold anything.
                    (CONTENT_DISPOSITION, format!("inline; filename=\"berkas-{id}.{ending}\"")),
                    (CACHE_CONTROL, "no-store".to_owned()),
                    (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
                ],
                bytes,
            )
                .into_response()
        }
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}
