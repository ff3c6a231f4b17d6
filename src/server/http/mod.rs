//! The web: host switch, public pages, JSON API, callbacks, the office, health.

mod activity_file;
mod admin;
mod api;
mod backup;
mod bill;
mod cash_files;
mod cron;
mod download;
mod entrance;
mod events;
mod files;
mod health;
mod isolir_files;
pub mod limits;
mod logo;
pub(crate) use logo::bytes as logo_bytes;
mod lookup;
mod metrics;
mod pages;
mod paper_files;
mod papers;
mod public_papers;
mod qr;
mod rehearsal_file;
mod report_files;
pub mod upload;

#[cfg(test)]
mod tests;

use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use limits::Limits;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, Predicate, predicate::DefaultPredicate, predicate::NotForContentType};
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Largest callback body.
const CALLBACK_BYTES_MAX: usize = 64 * 1024;
/// Largest form or JSON body.
const FORM_BYTES_MAX: usize = 256 * 1024;

/// The public pages run no inline script and no inline style, and nobody frames them.
const PUBLIC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the public site's handlers share. Cloned for each request and each layer, so all of it is behind one pointer.
#[derive(Clone, Debug)]
pub struct Site(Arc<Parts>);

impl Deref for Site {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What [`Site`] holds.
#[derive(Debug)]
pub struct Parts {
    /// The application.
    pub app: AppState,
    /// Limits on tries.
    pub limits: Limits,
    /// Look-ups of bills.
    pub look_ups: lookup::LookUps,
    /// Live states of payments.
    pub live: events::Live,
    /// When this process began to serve.
    pub started: Instant,
    /// Answers so far, by the first digit of their status.
    pub answers: [AtomicU64; 6],
    /// Requests so far: with the name of the process they make a request's id.
    pub requests: AtomicU64,
}

/// The address a request came from, proxies taken into account.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Which site a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Base,
    Admin,
    Portal(String),
    Unknown,
}

fn host_of(app: &AppState, headers: &HeaderMap) -> Host {
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else { return Host::Unknown };
    let host = host.to_ascii_lowercase();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let base = app.config.base_host();
    // A host that is an IPv6 address stands in brackets in addresses.
    let base = base.trim_start_matches('[').trim_end_matches(']');
    if app.config.admin_host.as_deref() == Some(name) {
        return Host::Admin;
    }
    if name == base || (app.config.is_loopback() && matches!(name, "localhost" | "127.0.0.1" | "::1")) {
        return Host::Base;
    }
    match name.strip_suffix(base).and_then(|rest| rest.strip_suffix('.')) {
        Some(slug) if !slug.is_empty() && !slug.contains('.') => Host::Portal(slug.to_owned()),
        _ => Host::Unknown,
    }
}

/// The whole site as a router.
pub fn router(app: AppState) -> Router {
    let look_ups = lookup::LookUps::start(app.clone());
    let site = Site(Arc::new(Parts {
        app: app.clone(),
        limits: Limits::default(),
        look_ups,
        live: events::Live::new(),
        started: Instant::now(),
        answers: Default::default(),
        requests: AtomicU64::new(0),
    }));
    tokio::spawn(events::poll(app.clone(), site.live.clone()));

    let anywhere = Router::new()
        .route("/payment/callback/{gateway}", post(api::callback).layer(DefaultBodyLimit::max(CALLBACK_BYTES_MAX)))
        .route("/health", get(health::health))
        .route("/cron.php", get(cron::cron))
        .route("/metrics", get(metrics::metrics))
        .with_state(site.clone());
    let public = Router::new()
        .route("/api/payment-methods", get(api::payment_methods))
        .route("/billing/check", post(api::check))
        .route("/billing/pay", post(api::pay))
        .merge(pages::routes())
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(SetResponseHeaderLayer::overriding(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PUBLIC_POLICY)))
        .with_state(site.clone())
        .merge(logo::public().with_state(app.clone()));
    let office = admin::router(&site);
    let office_here = if app.config.admin_host.is_some() { Router::new() } else { office.clone() };
    let base = anywhere.clone().merge(public).merge(office_here).fallback(not_found);
    let styles = Router::new().route("/public.css", get(pages::style)).merge(logo::public().with_state(app.clone()));
    let admin = anywhere.clone().merge(office).merge(styles).fallback(not_found);
    let elsewhere = anywhere.fallback(|| async { (StatusCode::NOT_FOUND, "Alamat ini tidak dikenal.\n") });

    let sites = Arc::new((base, admin, elsewhere));
    let here = site.clone();
    let switch = Router::new().fallback(move |request: Request| {
        let host = host_of(&here.app, request.headers());
        let portal_site = matches!(host, Host::Portal(_)).then(|| here.clone());
        let chosen = match host {
            Host::Base => sites.0.clone(),
            Host::Admin => sites.1.clone(),
            Host::Unknown | Host::Portal(_) => sites.2.clone(),
        };
        async move {
            if let (Host::Portal(slug), Some(site), "/") = (host, portal_site, request.uri().path()) {
                return portal(&site, &slug).await;
            }
            match chosen.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    });
    let compress = CompressionLayer::new().compress_when(
        DefaultPredicate::new()
            .and(NotForContentType::const_new("text/event-stream"))
            // Squeezed already; and a transfer that broke off goes on only where its length is known.
            .and(NotForContentType::const_new(download::PDF))
            .and(NotForContentType::const_new(download::XLSX)),
    );
    switch
        .layer(middleware::from_fn_with_state(site, observe))
        .layer(compress)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CsrfLayer::new().with_insecure_bypass(needs_no_cookie).with_rejection_response(|_| {
            (
                StatusCode::FORBIDDEN,
                "Permintaan ini datang dari situs lain, jadi tidak dijalankan. Muat ulang halaman, lalu coba lagi.\n",
            )
                .into_response()
        }))
}

/// What other sites may send: look-ups that read no cookie, and notices that prove themselves by their token.
fn needs_no_cookie(_: &Method, uri: &Uri) -> bool {
    uri.path() == "/billing/check" || uri.path().starts_with("/payment/callback/")
}

/// Whether a caller's token is the one that is set; constant time. Where none is set, nothing fits.
fn token_fits(expected: &str, given: &str) -> bool {
    use crate::server::secrets::token_hash;
    use subtle::ConstantTimeEq;
    !expected.is_empty() && bool::from(token_hash(expected).as_bytes().ct_eq(token_hash(given).as_bytes()))
}

/// A customer's own subdomain: his bills.
async fn portal(site: &Site, slug: &str) -> Response {
    match bill::number_of_slug(&site.app, slug).await {
        Ok(Some(number)) => {
            let path: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
            Redirect::to(&format!("{}/billing?nomor_layanan={path}", site.app.config.base())).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "Alamat ini tidak dikenal.\n").into_response(),
        Err(error) => pages::problem(error),
    }
}

async fn not_found() -> Response {
    (
        StatusCode::NOT_FOUND,
        axum::response::Html(crate::app::public::message_page(
            "Halaman tidak ada",
            "Periksa lagi alamatnya, atau cek tagihan dari halaman depan.",
        )),
    )
        .into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    (StatusCode::INTERNAL_SERVER_ERROR, "Terjadi kesalahan di server. Silakan coba lagi.\n").into_response()
}

/// Finds out who is asking, gives the request an id, and writes one log line: no query string, no number in full.
async fn observe(
    axum::extract::State(site): axum::extract::State<Site>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip());
    let app = &site.app;
    let address = client_address(app, peer, request.headers());
    request.extensions_mut().insert(ClientAddress(address));
    let id = format!("{}-{}", app.process, site.requests.fetch_add(1, Ordering::Relaxed));
    let (method, path) = (request.method().clone(), masked_path(request.uri().path()));
    let start = Instant::now();
    let mut response = next.run(request).await;
    let ms = start.elapsed().as_millis();
    let status = response.status().as_u16();
    if let Some(counter) = site.answers.get(usize::from(status / 100)) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
    if status >= 500 {
        tracing::error!(id, %method, path, status, %ms, "request");
    } else {
        tracing::debug!(id, %method, path, status, %ms, "request");
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if app.config.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// `X-Forwarded-For` counts only behind a proxy that we trust: its last address that is no such proxy.
fn client_address(app: &AppState, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !app.config.trusted_proxies.contains(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.trim().parse::<IpAddr>().ok())
        .rfind(|address| !app.config.trusted_proxies.contains(address))
        .unwrap_or(peer)
}

/// A path for the log: numbers of services, telephones and payments lose all but their start.
fn masked_path(path: &str) -> String {
    path.split('/')
        .map(|part| {
            let digits = part.bytes().filter(u8::is_ascii_digit).count();
            if digits >= 8 || part.len() >= 20 {
                format!("{}…", part.chars().take(3).collect::<String>())
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Serves the site on `listener` until the state is told to stop.
pub async fn serve(app: AppState, listener: TcpListener) -> Result<()> {
    let stop = app.stop.clone();
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    });
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let graceful = axum::serve(listener, service).with_graceful_shutdown(async move { stop.cancelled().await });
    let forced = async {
        app.stop.cancelled().await;
        // Streams end by themselves; a client that keeps a connection open is not waited for.
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    };
    tokio::select! {
        result = graceful => result.map_err(|error| Error::Internal(format!("server: {error}"))),
        () = forced => Ok(()),
    }
}
