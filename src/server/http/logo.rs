//! The company's logo: uploaded in the office, shown to everybody.

use crate::app::admin::settings::query as stored;
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, guard_parts};
use crate::server::state::AppState;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

/// Largest picture.
const LOGO_BYTES_MAX: usize = 1024 * 1024;
/// Room for the form around it.
const FORM_BYTES_MAX: usize = LOGO_BYTES_MAX + 64 * 1024;
/// Where files of ours lie in the data folder.
const FOLDER: &str = "files";

/// The upload.
pub fn routes() -> Router<AppState> {
    Router::new().route("/admin/pengaturan/logo", post(upload).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)))
}

/// The picture, for the public site.
pub fn public() -> Router<AppState> {
    Router::new().route("/logo", get(show))
}

/// What a picture is by its first bytes: what its name or its sender says does not count.
fn kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(("png", "image/png")),
        [0xff, 0xd8, 0xff, ..] => Some(("jpg", "image/jpeg")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("webp", "image/webp")),
        _ => None,
    }
}

async fn upload(State(app): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = match guard_parts(&app, &parts, Permission::ManageSettings).await {
        Ok(asked) => asked,
        Err(error) => return super::api::JsonError::from(error).into_response(),
    };
    let result: Result<()> = async {
        let mut form = Multipart::from_request(Request::from_parts(parts, body), &app).await.map_err(|_| missing())?;
        while let Some(field) = form.next_field().await.map_err(|_| too_large())? {
            if field.name() != Some("logo") {
                continue;
            }
            let bytes = field.bytes().await.map_err(|_| too_large())?;
            if bytes.is_empty() {
                return Err(missing());
            }
            if bytes.len() > LOGO_BYTES_MAX {
                return Err(too_large());
            }
            let (ending, _) = kind(&bytes).ok_or_else(|| {
                Error::invalid(
                    "logo",
                    "Berkas itu bukan gambar PNG, JPEG, atau WebP. Simpan ulang sebagai PNG, lalu unggah lagi.",
                )
            })?;
            let folder = app.config.data.join(FOLDER);
            tokio::fs::create_dir_all(&folder).await?;
            let name = format!("logo-{}.{ending}", hex::encode(crate::server::secrets::random_bytes::<6>()?));
            tokio::fs::write(folder.join(&name), &bytes).await?;
            return stored::set(&app, asked.who, "company.logo", name).await;
        }
        Err(missing())
    }
    .await;
    match result {
        Ok(()) => Redirect::to("/admin/pengaturan/perusahaan").into_response(),
        Err(error) if error.is_for_people() => {
            let message: String = url::form_urlencoded::byte_serialize(error.to_string().as_bytes()).collect();
            Redirect::to(&format!("/admin/pengaturan/perusahaan?galat={message}")).into_response()
        }
        Err(error) => super::api::JsonError::from(error).into_response(),
    }
}

fn missing() -> Error {
    Error::invalid("logo", "Pilih dahulu gambar logo.")
}

fn too_large() -> Error {
    Error::invalid("logo", "Gambar lebih besar dari 1 MB. Kecilkan dahulu, lalu unggah lagi.")
}

/// The company's logo as it was uploaded, if there is one.
pub async fn bytes(app: &AppState) -> Result<Option<Vec<u8>>> {
    let settings = app.settings().await?;
    let name = settings.text("company.logo");
    // The name is ours, and still only ever a plain name in our folder.
    if name.is_empty() || name.contains(['/', '\\']) {
        return Ok(None);
    }
    match tokio::fs::read(app.config.data.join(FOLDER).join(name)).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn show(State(app): State<AppState>) -> Response {
    let result: Result<Option<(&'static str, Vec<u8>)>> =
        bytes(&app).await.map(|found| found.and_then(|bytes| kind(&bytes).map(|(_, media)| (media, bytes))));
    match result {
        Ok(Some((media, bytes))) => {
            ([(CONTENT_TYPE, media), (CACHE_CONTROL, "public, max-age=300")], bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => super::pages::problem(error),
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n..").map(|k| k.0), Some("png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0").map(|k| k.0), Some("jpg"));
        assert_eq!(kind(b"RIFF....WEBPVP8 ").map(|k| k.0), Some("webp"));
        assert_eq!(kind(b"<svg xmlns="), None);
        assert_eq!(kind(b"GIF89a"), None);
    }
}
