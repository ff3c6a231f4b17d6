//! The office: log-in and log-out as plain forms, pages behind the door, Leptos behind that.

use super::pages::problem;
use super::{ClientAddress, Site, activity_file, entrance, files, isolir_files, logo, paper_files, papers, upload};
use crate::app::admin::menu;
use crate::app::{App, shell};
use crate::server::error::Error;
use crate::server::rights::Permission;
use crate::server::session;
use crate::server::staff::first;
use axum::Router;
use axum::extract::{Extension, Form, Request, State};
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, SET_COOKIE, USER_AGENT,
};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use leptos::config::{Env, LeptosOptions};
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use serde::Deserialize;
use std::sync::LazyLock;
use tower_http::services::ServeDir;

/// The addresses of the app's pages, found once in a process: while Leptos walks the app for them, no resource
/// loads in any thread (a flag of the whole process), so a page that renders at that moment would never be answered.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// The office's routes, with every server function under `/api/admin`.
pub fn router(site: &Site) -> Router {
    let config = &site.app.config;
    let options = LeptosOptions::builder()
        .output_name("kimonet")
        .site_root(config.site_root.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(config.listen)
        .env(Env::PROD)
        .build();
    let (app, for_shell) = (site.app.clone(), options.clone());
    let pages = Router::<LeptosOptions>::new()
        .leptos_routes_with_context(
            &options,
            ROUTES.clone(),
            move || provide_context(app.clone()),
            move || shell(for_shell.clone()),
        )
        .with_state(options);
    let files = ServeDir::new(config.site_root.join("pkg")).precompressed_br().precompressed_gzip();
    let pkg = Router::new().nest_service("/pkg", files).layer(middleware::from_fn(revalidate));
    let forms = Router::new()
        .route("/admin/masuk", post(log_in))
        .route("/admin/keluar", post(log_out))
        .merge(entrance::routes())
        .with_state(site.clone());
    pages
        .merge(upload::routes().with_state(site.app.clone()))
        .merge(files::routes().with_state(site.app.clone()))
        .merge(activity_file::routes().with_state(site.app.clone()))
        .merge(isolir_files::routes().with_state(site.app.clone()))
        .merge(super::backup::routes().with_state(site.app.clone()))
        .merge(super::cash_files::routes().with_state(site.app.clone()))
        .merge(super::rehearsal_file::routes().with_state(site.app.clone()))
        .merge(super::report_files::routes().with_state(site.app.clone()))
        .merge(papers::routes().with_state(site.app.clone()))
        .merge(paper_files::routes().with_state(site.app.clone()))
        .merge(logo::routes().with_state(site.app.clone()))
        .layer(middleware::from_fn_with_state(site.clone(), door))
        .merge(forms)
        .merge(pkg)
}

/// Pages of the office open only to those who are logged in; others are sent to the log-in and back.
async fn door(State(site): State<Site>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/admin/masuk" {
        return match first::is_missing(&site.app).await {
            Ok(true) => Redirect::to("/admin/siapkan").into_response(),
            Ok(false) => next.run(request).await,
            Err(error) => problem(error),
        };
    }
    if !path.starts_with("/admin") {
        return next.run(request).await;
    }
    match session::staff_of(&site.app, request.headers()).await {
        // The site asks owners for a second factor: first that, then the rest.
        Ok(Some(staff)) if staff.must_secure && path != menu::ACCOUNT => Redirect::to(menu::ACCOUNT).into_response(),
        // Beranda is not everybody's: whoever has none starts on the first page that is his.
        Ok(Some(staff)) if path.trim_end_matches('/') == "/admin" && !staff.may(Permission::ViewDashboard) => {
            Redirect::to(&menu::start(staff.role, staff.rights)).into_response()
        }
        Ok(Some(_)) => next.run(request).await,
        Ok(None) => {
            let wanted = request.uri().path_and_query().map_or("/admin", |path| path.as_str());
            let wanted: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
            Redirect::to(&format!("/admin/masuk?lanjut={wanted}")).into_response()
        }
        Err(error) => problem(error),
    }
}

#[derive(Deserialize)]
struct LogIn {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    lanjut: String,
}

async fn log_in(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    Form(form): Form<LogIn>,
) -> Response {
    let address = address.0.to_string();
    let key = format!("{}|{address}", form.email.trim().to_lowercase());
    let back = |word: &str| {
        let lanjut: String = url::form_urlencoded::byte_serialize(form.lanjut.as_bytes()).collect();
        Redirect::to(&format!("/admin/masuk?{word}=1&lanjut={lanjut}")).into_response()
    };
    if !site.limits.login.allows(&key) || !site.limits.login_address.allows(&address) {
        return problem(Error::TooMany("Terlalu banyak percobaan masuk. Coba lagi 15 menit lagi.".to_owned()));
    }
    // Counted before the password is looked at, so that many tries at once are many tries.
    site.limits.login.count(&key);
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match session::log_in(&site.app, &form.email, &form.password, &address, agent).await {
        Ok(Some(entered)) => {
            site.limits.login.forget(&key);
            // Whoever had a session in this browser leaves it.
            if let Some(old) = session::token_of(&site.app, &headers)
                && let Err(error) = session::log_out(&site.app, &old).await
            {
                tracing::warn!(%error, "the old session stays until it runs out");
            }
            let to = if entered.half {
                let lanjut: String = url::form_urlencoded::byte_serialize(form.lanjut.as_bytes()).collect();
                format!("/admin/masuk/kode?lanjut={lanjut}")
            } else {
                office_address(&form.lanjut).to_owned()
            };
            with_cookie(Redirect::to(&to).into_response(), &session::set_cookie(&site.app, &entered.token))
        }
        Ok(None) => {
            site.limits.login_address.count(&address);
            back("galat")
        }
        Err(error) => problem(error),
    }
}

async fn log_out(State(site): State<Site>, headers: HeaderMap) -> Response {
    if let Some(token) = session::token_of(&site.app, &headers)
        && let Err(error) = session::log_out(&site.app, &token).await
    {
        return problem(error);
    }
    with_cookie(Redirect::to("/admin/masuk").into_response(), &session::set_cookie(&site.app, ""))
}

/// Back to a page of the office only; never to another site.
pub(super) fn office_address(wanted: &str) -> &str {
    if wanted.starts_with("/admin") && !wanted.contains(['\\', '\r', '\n']) { wanted } else { "/admin" }
}

pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    match HeaderValue::from_str(cookie) {
        Ok(value) => {
            response.headers_mut().append(SET_COOKIE, value);
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Files of the build are asked about each time, and sent only when they changed.
async fn revalidate(request: Request, next: Next) -> Response {
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let mut response = next.run(request).await;
    let stamp =
        response.headers().get(axum::http::header::LAST_MODIFIED).and_then(|value| value.to_str().ok()).map(|stamp| {
            let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let length = response
                .headers()
                .get(axum::http::header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            format!("\"{}\"", &crate::server::secrets::token_hash(&format!("{stamp}{kind}{length}"))[..24])
        });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(tag) = stamp.and_then(|stamp| HeaderValue::from_str(&stamp).ok()) {
        if known.as_ref() == Some(&tag) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
        }
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
