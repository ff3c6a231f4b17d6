//! The doors before the office's door: the code of a second factor, an invitation's password, the first owner. Plain
//! forms; what was typed stays, passwords excepted.

use super::admin::{office_address, with_cookie};
use super::pages::{company, problem};
use super::{ClientAddress, PUBLIC_POLICY, Site};
use crate::app::public::{self, FormProblem};
use crate::server::error::{Error, Result};
use crate::server::session;
use crate::server::staff::first::{self, FirstOwner};
use crate::server::staff::{PASSWORD_MIN, invite};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Form, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;

/// Largest form.
const BYTES_MAX: usize = 16 * 1024;
/// What a link says that opens nothing.
const SPENT: &str = "Tautan ini sudah dipakai atau sudah lewat 72 jam. Minta tautan baru kepada pemilik.";

/// The routes.
pub fn routes() -> Router<Site> {
    Router::new()
        .route("/admin/masuk/kode", get(ask_code).post(take_code))
        .route("/admin/undangan/{token}", get(ask_password).post(take_password))
        .route("/admin/siapkan", get(ask_first).post(take_first))
        .layer(DefaultBodyLimit::max(BYTES_MAX))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PUBLIC_POLICY)))
}

fn shown(page: Result<Response>) -> Response {
    page.unwrap_or_else(problem)
}

fn again(html: String) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response()
}

fn about(error: Error) -> Result<FormProblem> {
    match error {
        Error::Invalid { field, message } => Ok(FormProblem { field, message }),
        Error::Refused(message) | Error::Conflict(message) => Ok(FormProblem { field: String::new(), message }),
        other => Err(other),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Next {
    lanjut: String,
}

async fn ask_code(State(site): State<Site>, headers: HeaderMap, Query(next): Query<Next>) -> Response {
    let page = async {
        if session::half_of(&site.app, &headers).await?.is_none() {
            return Ok(Redirect::to("/admin/masuk").into_response());
        }
        Ok(Html(public::code_page(&company(&site).await?, "", &next.lanjut)).into_response())
    };
    shown(page.await)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Code {
    kode: String,
    lanjut: String,
}

async fn take_code(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Response {
    let page = async {
        let Some(half) = session::half_of(&site.app, &headers).await? else {
            return Ok(Redirect::to("/admin/masuk").into_response());
        };
        // By person, whatever the session: whoever knows the password begins as many half sessions as he likes.
        let key = format!("kode|{}", half.id);
        if !site.limits.login.allows(&key) {
            return Err(Error::TooMany("Terlalu banyak kode yang salah. Coba lagi 15 menit lagi.".to_owned()));
        }
        site.limits.login.count(&key);
        match session::complete(&site.app, &headers, &form.kode, &address.0.to_string()).await? {
            Some(token) => {
                site.limits.login.forget(&key);
                let to = Redirect::to(office_address(&form.lanjut)).into_response();
                Ok(with_cookie(to, &session::set_cookie(&site.app, &token)))
            }
            None => {
                let wrong =
                    "Kode tidak cocok atau sudah dipakai. Tunggu angka berikutnya di aplikasi, lalu ketik lagi.";
                Ok(again(public::code_page(&company(&site).await?, wrong, &form.lanjut)))
            }
        }
    };
    shown(page.await)
}

async fn ask_password(State(site): State<Site>, Path(token): Path<String>) -> Response {
    shown(password_page(&site, &token, FormProblem::default()).await.map(|html| match html {
        Some(html) => Html(html).into_response(),
        None => spent(),
    }))
}

fn spent() -> Response {
    let company = public::Company { name: "Kimonet".to_owned(), ..public::Company::default() };
    (StatusCode::NOT_FOUND, Html(public::entrance_message(&company, "Tautan tidak berlaku", SPENT))).into_response()
}

async fn password_page(site: &Site, token: &str, problem: FormProblem) -> Result<Option<String>> {
    let Some(invited) = invite::invited(&site.app, token).await? else { return Ok(None) };
    let company = company(site).await?;
    let page =
        public::invitation_page(&company, token, &invited.name, &invited.email, invited.again, &problem, PASSWORD_MIN);
    Ok(Some(page))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NewPassword {
    password: String,
    repeated: String,
}

async fn take_password(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(token): Path<String>,
    Form(form): Form<NewPassword>,
) -> Response {
    let page = async {
        let address = address.0.to_string();
        if !site.limits.login_address.allows(&address) {
            return Err(Error::TooMany("Terlalu banyak percobaan. Coba lagi 15 menit lagi.".to_owned()));
        }
        match invite::accept(&site.app, &token, &form.password, &form.repeated, &address).await {
            Ok(()) => Ok(Redirect::to("/admin/masuk?siap=1").into_response()),
            Err(Error::NotFound(_)) => {
                site.limits.login_address.count(&address);
                Ok(spent())
            }
            Err(error) => match password_page(&site, &token, about(error)?).await? {
                Some(html) => Ok(again(html)),
                None => Ok(spent()),
            },
        }
    };
    shown(page.await)
}

/// Whether the form comes from the machine itself, straight: then whoever sends it may read the data folder anyway.
fn is_at_the_machine(site: &Site, address: ClientAddress, headers: &HeaderMap) -> bool {
    address.0.is_loopback() && site.app.config.is_loopback() && !headers.contains_key("x-forwarded-for")
}

async fn ask_first(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        // The code lies in its file before anybody is asked for it.
        if first::code(&site.app).await?.is_none() {
            return Ok(Redirect::to("/admin/masuk").into_response());
        }
        let code = !is_at_the_machine(&site, address, &headers);
        let company = company(&site).await?;
        let page = public::first_owner_page(&company, "", "", code, &FormProblem::default(), PASSWORD_MIN);
        Ok(Html(page).into_response())
    };
    shown(page.await)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct First {
    name: String,
    email: String,
    password: String,
    repeated: String,
    code: String,
}

async fn take_first(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    Form(form): Form<First>,
) -> Response {
    let page = async {
        let trusted = is_at_the_machine(&site, address, &headers);
        let address = address.0.to_string();
        let key = format!("siapkan|{address}");
        if !site.limits.login.allows(&key) {
            return Err(Error::TooMany("Terlalu banyak percobaan. Coba lagi 15 menit lagi.".to_owned()));
        }
        let typed = FirstOwner {
            name: form.name.clone(),
            email: form.email.clone(),
            password: form.password,
            repeated: form.repeated,
            code: form.code,
        };
        match first::create(&site.app, typed, trusted, &address).await {
            Ok(()) => Ok(Redirect::to("/admin/masuk?siap=1&lanjut=/admin/siap").into_response()),
            Err(error) => {
                let problem = about(error)?;
                if problem.field == "code" {
                    site.limits.login.count(&key);
                }
                let company = company(&site).await?;
                let page =
                    public::first_owner_page(&company, &form.name, &form.email, !trusted, &problem, PASSWORD_MIN);
                Ok(again(page))
            }
        }
    };
    shown(page.await)
}
