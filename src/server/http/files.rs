//! A customer's files: in by a form, out only to who may, never kept by a browser.

use super::download::{PDF, XLSX, file};
use crate::app::admin::customers::{self, CustomerFilter};
use crate::server::customers::files;
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, RawQuery, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use leptos_router::params::ParamsMap;

/// What is read of a form at most: a file and its frame.
const FORM_BYTES_MAX: usize = files::FILE_BYTES_MAX + 64 * 1024;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin/pelanggan/{id}/berkas", post(upload).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)))
        .route("/admin/berkas/{id}", get(download))
        .route("/admin/pelanggan/ekspor.xlsx", get(taken_as_xlsx))
        .route("/admin/pelanggan/ekspor.pdf", get(taken_as_pdf))
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

async fn taken_as_xlsx(State(app): State<AppState>, RawQuery(query): RawQuery, parts: Parts) -> Response {
    taken(app, XLSX, query, parts).await
}

async fn taken_as_pdf(State(app): State<AppState>, RawQuery(query): RawQuery, parts: Parts) -> Response {
    taken(app, PDF, query, parts).await
}

/// The filtered list with the columns that were ticked.
async fn taken(app: AppState, media: &'static str, query: Option<String>, parts: Parts) -> Response {
    let result = async {
        let asked = guard_parts(&app, &parts, Permission::Export).await?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.as_deref().unwrap_or_default())
            .map_err(|_| Error::invalid("q", "Alamat ini tidak terbaca. Ulangi dari halaman ekspor."))?;
        let (columns, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| pair.0 == "kolom");
        let columns: Vec<String> = columns.into_iter().map(|pair| pair.1).collect();
        let mut map = ParamsMap::new();
        rest.into_iter().for_each(|(key, value)| map.insert(key, value));
        let filter = CustomerFilter::of(&map);
        if media == PDF {
            customers::export::pdf(&asked, &filter, &columns).await
        } else {
            customers::export::xlsx(&asked, &filter, &columns).await
        }
    };
    file(result.await, "pelanggan", media)
}
