//! The web from outside: requests in, answers out, on a database of each engine where money is concerned.

mod access;
mod api;
mod bad_input;
mod callback;
mod crowd;
mod doors;
mod explained;
mod machines;
mod menu;
mod pages;
mod papers;
mod search;

use super::router;
use crate::sandbox::flip::{FlipSim, SECRET_KEY, VALIDATION_TOKEN};
use crate::sandbox::http::{Sandbox, SandboxConfig};
use crate::server::guard::Role;
use crate::server::secrets::{hash_password, token_hash};
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt;

sql!(
    TEST_STAFF = "INSERT INTO staff (email, name, role, password_hash, active, created_at) VALUES ($1, $2, $3, $4, TRUE, $5) RETURNING id"
);
sql!(TEST_SESSION = "INSERT INTO session (token_hash, subject_kind, subject_id, step, address, agent, created_at, expires_at, last_seen_at)
 VALUES ($1, 'staff', $2, 'whole', '', '', $3, $4, $3)");
sql!(TEST_INVOICE_IDS = "SELECT id FROM invoice WHERE service_id = $1 ORDER BY id");

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends a request to a router; one that is not answered fails by name.
async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let what = format!("{} {}", request.method(), request.uri());
    let patience = std::time::Duration::from_secs(30);
    let late = |part: &str| format!("{what}: no {part}");
    let response = tokio::time::timeout(patience, router.clone().oneshot(request)).await;
    let (parts, body) = response.unwrap_or_else(|_| panic!("{}", late("answer"))).unwrap().into_parts();
    let bytes = tokio::time::timeout(patience, axum::body::to_bytes(body, 10_000_000)).await;
    let bytes = bytes.unwrap_or_else(|_| panic!("{}", late("end"))).unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "localhost:3000").body(Body::empty()).unwrap()
}

fn post_json(path: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header("host", "localhost:3000")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn post_form(path: &str, form: &str) -> Request<Body> {
    Request::post(path)
        .header("host", "localhost:3000")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap()
}

/// A member of staff with a session; answers its cookie.
async fn log_in_as(app: &TestApp, role: Role) -> String {
    let now = app.state.clock.now();
    let token = format!("token-of-{role}");
    let mut tx = app.state.db.begin().await.unwrap();
    let staff = tx
        .number(TEST_STAFF, args![format!("{role}@kantor.test"), role.as_str(), role.as_str(), "-", now])
        .await
        .unwrap();
    tx.exec_one(TEST_SESSION, args![token_hash(&token), staff, now, now + chrono::Duration::hours(1)]).await.unwrap();
    tx.commit().await.unwrap();
    format!("kimonet_sid={token}")
}

/// A member of staff with a password.
async fn hire(app: &TestApp, email: &str, role: Role, password: &str) {
    let mut tx = app.state.db.begin().await.unwrap();
    let hash = hash_password(password).unwrap();
    tx.number(TEST_STAFF, args![email, "Rina", role.as_str(), hash, app.state.clock.now()]).await.unwrap();
    tx.commit().await.unwrap();
}

/// The site on a port, and Flip's simulator on another, each with the other's address.
struct Town {
    app: TestApp,
    router: Router,
    flip: FlipSim,
}

impl Town {
    async fn each(at: &str) -> Vec<Self> {
        let mut towns = Vec::new();
        for app in TestApp::each(at).await {
            towns.push(Self::with(app).await);
        }
        towns
    }

    async fn with(app: TestApp) -> Self {
        let ours = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut config = SandboxConfig::new(format!("http://{}", ours.local_addr().unwrap()));
        config.retry_delay = std::time::Duration::from_millis(20);
        let sandbox = Sandbox::new(config, app.state.clock.clone(), client, Vec::new());
        let flip = sandbox.flip.clone();
        let theirs = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/flip", theirs.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(theirs, sandbox.router()).await.unwrap() });
        tokio::spawn(super::serve(app.state.clone(), ours));
        app.set(&[
            ("gateway.flip.enabled", "true"),
            ("gateway.flip.base_url", &base),
            ("gateway.flip.secret_key", SECRET_KEY),
            ("gateway.flip.validation_token", VALIDATION_TOKEN),
        ])
        .await;
        let router = router(app.state.clone());
        Self { app, router, flip }
    }

    /// Public id of a service's n-th bill.
    async fn bill(&self, service_id: i64, n: usize) -> i64 {
        let ids: Vec<(i64,)> = self.app.state.db.all(TEST_INVOICE_IDS, args![service_id]).await.unwrap();
        self.app.state.secrets.public_id("invoice", ids[n].0).unwrap()
    }

    /// `POST /billing/pay`.
    async fn pay(&self, invoice_id: i64, method: &str) -> Answer {
        let body = serde_json::json!({ "invoice_id": invoice_id, "gateway": "flip", "method": method });
        ask(&self.router, post_json("/billing/pay", &body)).await
    }
}
