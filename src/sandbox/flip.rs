//! Flip's simulator: its v2 and v3 "Accept Payment" over HTTP, and its notices (protocols/flip.md §9).
//!
//! Special numbers, by `customized_va_unique_numbers` (v3): bca `12345678` is paid at once, bni `12345679` a moment
//! later, mandiri `12345680` expires at once. They are the old documentation's; Flip itself knows no such numbers.

use super::flip_bills::{Bills, CANCELLED, FAILED, PENDING, SUCCESSFUL};
use super::flip_create::{Fields, complaint, complaints_json, make_bill};
use super::notices::{Delivered, Envelope, Post};
use super::reply::{Refused, json_response};
use crate::server::clock::Clock;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::form_urlencoded;

/// Secret key that the simulator takes (CONTRACT).
pub const SECRET_KEY: &str = "flip-sandbox-secret-0001";
/// Token that its notices carry (CONTRACT).
pub const VALIDATION_TOKEN: &str = "flip-sandbox-token-0001";

/// How the simulator behaves.
#[derive(Clone, Debug)]
pub struct FlipSimConfig {
    /// Origin that receives the notices; `/payment/callback/flip` is put behind it.
    pub callback_base: String,
    /// Wait between repeats of a notice that was not answered 200. Flip itself: 2 minutes.
    pub retry_delay: Duration,
    /// How long bni `12345679` stays pending.
    pub pending_delay: Duration,
    /// Whether redirect addresses on this machine are refused, as by Flip.
    pub reject_local_redirect: bool,
    /// Seed of its random numbers.
    pub seed: u64,
}

/// The simulator; clones share one state.
#[derive(Clone)]
pub struct FlipSim {
    inner: Arc<Inner>,
}

struct Inner {
    bills: Mutex<Bills>,
    clock: Clock,
    http: reqwest::Client,
    config: FlipSimConfig,
}

/// What the control door may ask of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The payer pays.
    Pay,
    /// The payment fails.
    Fail,
    /// Its time is over.
    Expire,
}

impl Deed {
    /// `pay`, `fail`, `expire`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "pay" => Some(Self::Pay),
            "fail" => Some(Self::Fail),
            "expire" => Some(Self::Expire),
            _ => None,
        }
    }

    const fn flip_status(self) -> &'static str {
        match self {
            Self::Pay => SUCCESSFUL,
            Self::Fail => FAILED,
            Self::Expire => CANCELLED,
        }
    }
}

/// How a deed's notice is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeedOptions {
    /// Copies, sent at the same time.
    pub times: usize,
    /// Wait before sending.
    pub delay: Duration,
    /// A forged notice with a wrong token. The payment itself stays as it is, and nothing is repeated.
    pub wrong_signature: bool,
    /// What was really paid, in rupiah.
    pub amount: Option<i64>,
    /// The old documentation's flat JSON, the token in header `X-Callback-Token`.
    pub seed_form: bool,
}

impl Default for DeedOptions {
    fn default() -> Self {
        Self { times: 1, delay: Duration::ZERO, wrong_signature: false, amount: None, seed_form: false }
    }
}

impl FlipSim {
    /// A simulator without bills. `http` sends its notices.
    pub fn new(config: FlipSimConfig, clock: Clock, http: reqwest::Client) -> Self {
        let bills = Mutex::new(Bills::new(StdRng::seed_from_u64(config.seed)));
        Self { inner: Arc::new(Inner { bills, clock, http, config }) }
    }

    /// Its routes, to be nested under `/flip`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{version}/pwf/bill", post(create).get(list_bills))
            .route("/{version}/pwf/payment", get(list_all))
            .route("/{version}/pwf/{link_id}/bill", get(show_bill).put(edit_bill))
            .route("/{version}/pwf/{link_id}/payment", get(list_payments))
            .route("/{version}/general/balance", get(balance))
            .route("/{version}/general/maintenance", get(maintenance))
            .with_state(self.clone())
    }

    /// Rows of `/control/state`, newest first.
    pub fn state_json(&self) -> Vec<Value> {
        let bills = self.bills();
        bills.newest().filter_map(super::flip_bills::Bill::state_row).collect()
    }

    /// Lets a payment be paid, fail or expire, and sends its notices; returns when each copy's first attempt is
    /// answered. `None`: no such payment. `reference`: our reference, Flip's link id or payment id, or the title.
    ///
    /// A payment once paid stays paid; what follows only sends the notice (duplicates, notices out of order).
    pub async fn act(&self, reference: &str, deed: Deed, options: &DeedOptions) -> Option<Vec<Delivered>> {
        let document = self.change(reference, deed, options)?;
        if !options.delay.is_zero() {
            tokio::time::sleep(options.delay).await;
        }
        let post = self.post(document, options);
        Some(post.send_copies(options.times).await)
    }

    /// Sends the notices of bills whose time is over; called every second while the sandbox serves.
    pub fn expire_due(&self) {
        let ended = self.bills().expire(self.inner.clock.now());
        for id in ended {
            self.act_later(id, Deed::Expire, Duration::ZERO);
        }
    }

    fn act_later(&self, reference: String, deed: Deed, delay: Duration) {
        let sim = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if sim.act(&reference, deed, &DeedOptions::default()).await.is_none() {
                tracing::warn!(reference, "flip simulator: the payment is gone");
            }
        });
    }

    /// Changes the payment and gives the document of its notice.
    fn change(&self, reference: &str, deed: Deed, options: &DeedOptions) -> Option<Value> {
        let now = self.inner.clock.now();
        let mut bills = self.bills();
        bills.start_payment(reference, now);
        let bill = bills.find_mut(reference)?;
        let (single, payment) = (bill.single, bill.payment.as_mut()?);
        if payment.status != SUCCESSFUL && !options.wrong_signature {
            payment.status = deed.flip_status();
            if deed == Deed::Pay {
                payment.amount = options.amount.unwrap_or(payment.amount);
                payment.completed_at = Some(now);
            }
            bill.active = bill.active && !single;
        }
        let payment = bill.payment.as_ref()?;
        Some(bill.notice(payment, deed.flip_status(), options.amount.unwrap_or(payment.amount)))
    }

    fn post(&self, document: Value, options: &DeedOptions) -> Post {
        let token = if options.wrong_signature { "wrong-token" } else { VALIDATION_TOKEN };
        let envelope = if options.seed_form {
            let mut flat = Map::new();
            for name in ["id", "bill_link_id", "status", "amount", "sender_bank", "created_at"] {
                flat.insert(name.to_owned(), document[name].clone());
            }
            flat.insert("bill_link_id".to_owned(), json!(document["bill_link_id"].to_string()));
            Envelope::Json {
                body: Value::Object(flat).to_string(),
                headers: vec![("X-Callback-Token", token.to_owned())],
            }
        } else {
            let form = form_urlencoded::Serializer::new(String::new())
                .append_pair("data", &document.to_string())
                .append_pair("token", token)
                .finish();
            Envelope::Form { body: form }
        };
        Post {
            http: self.inner.http.clone(),
            url: format!("{}/payment/callback/flip", self.inner.config.callback_base.trim_end_matches('/')),
            envelope,
            retries: if options.wrong_signature { 0 } else { 5 },
            retry_delay: self.inner.config.retry_delay,
        }
    }

    fn bills(&self) -> MutexGuard<'_, Bills> {
        self.inner.bills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Flip's answer to wrong credentials, or the dialect of the path.
fn enter(version: &str, headers: &HeaderMap) -> Result<bool, Refused> {
    let v3 = match version {
        "v2" => false,
        "v3" => true,
        _ => return Err(not_found().into()),
    };
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{SECRET_KEY}:"));
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given != format!("Basic {expected}") {
        let body = json!({"name": "Unauthorized", "message": "Your request was made with invalid credentials.", "status": 401});
        return Err(json_response(StatusCode::UNAUTHORIZED, &body).into());
    }
    Ok(v3)
}

fn not_found() -> Response {
    json_response(StatusCode::NOT_FOUND, &json!({"name": "Not Found", "message": "Page not found.", "status": 404}))
}

fn no_such_bill() -> Response {
    let wrong = [complaint("id", 1050, "Product Bill Link ID Not Found")];
    json_response(StatusCode::UNPROCESSABLE_ENTITY, &complaints_json(&wrong))
}

/// JSON in v3; forms, or the JSON of one SDK, in v2.
fn read_fields(v3: bool, headers: &HeaderMap, body: &[u8]) -> Result<Fields, Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = kind.starts_with("application/json");
    if is_json {
        if let Ok(Value::Object(map)) = serde_json::from_slice(body) {
            return Ok(Fields(map));
        }
    } else if !v3 {
        let pairs = form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), json!(value)));
        return Ok(Fields(pairs.collect()));
    }
    let wrong = [complaint("body", 1000, "Request body cannot be read.")];
    Err(json_response(StatusCode::UNPROCESSABLE_ENTITY, &complaints_json(&wrong)).into())
}

async fn create(
    State(sim): State<FlipSim>,
    Path(version): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let v3 = enter(&version, &headers)?;
    let fields = read_fields(v3, &headers, &body)?;
    let special = (fields.text("sender_bank"), fields.text("customized_va_unique_numbers"));
    let mut bill = {
        let mut bills = sim.bills();
        let made = make_bill(&mut bills, &sim.inner.clock, v3, sim.inner.config.reject_local_redirect, &fields);
        let bill = made.map_err(|wrong| json_response(StatusCode::UNPROCESSABLE_ENTITY, &complaints_json(&wrong)))?;
        bills.add(bill.clone());
        bill
    };
    if let Some(payment) = &mut bill.payment {
        let id = payment.id.clone();
        match (special.0.as_deref(), special.1.as_deref()) {
            (Some("bca"), Some("12345678")) => sim.act_later(id, Deed::Pay, Duration::ZERO),
            (Some("bni"), Some("12345679")) => sim.act_later(id, Deed::Pay, sim.inner.config.pending_delay),
            (Some("mandiri"), Some("12345680")) => {
                sim.change(&id, Deed::Expire, &DeedOptions::default());
                payment.status = CANCELLED;
                bill.active = false;
                sim.act_later(id, Deed::Expire, Duration::ZERO);
            }
            _ => {}
        }
    }
    Ok(json_response(StatusCode::OK, &bill.json()))
}

async fn list_bills(
    State(sim): State<FlipSim>,
    Path(version): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    sim.expire_due();
    let rows: Vec<_> = sim.bills().newest().map(super::flip_bills::Bill::json).collect();
    Ok(json_response(StatusCode::OK, &json!(rows)))
}

async fn show_bill(
    State(sim): State<FlipSim>,
    Path((version, link_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    sim.expire_due();
    let found = sim.bills().by_link(&link_id).map(super::flip_bills::Bill::json);
    Ok(found.map_or_else(no_such_bill, |bill| json_response(StatusCode::OK, &bill)))
}

/// Closes a bill (`status` = `INACTIVE`); direct bills cannot be closed, they expire.
async fn edit_bill(
    State(sim): State<FlipSim>,
    Path((version, link_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let v3 = enter(&version, &headers)?;
    let fields = read_fields(v3, &headers, &body)?;
    let mut bills = sim.bills();
    if bills.by_link(&link_id).is_none() {
        return Ok(no_such_bill());
    }
    let Some(bill) = bills.find_mut(&link_id) else { return Ok(no_such_bill()) };
    if bill.step == 3 {
        let wrong = [complaint("step", 1002, "A direct bill cannot be edited.")];
        return Ok(json_response(StatusCode::UNPROCESSABLE_ENTITY, &complaints_json(&wrong)));
    }
    match fields.text("status").as_deref() {
        Some("INACTIVE") => {
            bill.active = false;
            if let Some(payment) = bill.payment.as_mut().filter(|payment| payment.status == PENDING) {
                payment.status = CANCELLED;
            }
        }
        Some("ACTIVE") => bill.active = true,
        _ => {}
    }
    if let Some(title) = fields.text("title") {
        bill.title = title;
    }
    Ok(json_response(StatusCode::OK, &bill.json()))
}

async fn list_payments(
    State(sim): State<FlipSim>,
    Path((version, link_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    sim.expire_due();
    let bills = sim.bills();
    let Some(bill) = bills.by_link(&link_id) else { return Ok(no_such_bill()) };
    let rows: Vec<_> = bill.payment.iter().map(|payment| bill.payment_row(payment)).collect();
    let body = json!({
        "link_id": bill.link_id, "total_data": rows.len(), "data_per_page": 10, "total_page": 1, "page": 1, "data": rows,
    });
    Ok(json_response(StatusCode::OK, &body))
}

async fn list_all(
    State(sim): State<FlipSim>,
    Path(version): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    sim.expire_due();
    let query = query.unwrap_or_default();
    let wanted = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "reference_id")
        .map(|(_, value)| value.into_owned());
    let bills = sim.bills();
    let rows: Vec<_> = bills
        .newest()
        .filter(|bill| wanted.is_none() || bill.reference_id == wanted)
        .filter_map(|bill| Some(bill.payment_row(bill.payment.as_ref()?)))
        .collect();
    let body = json!({"total_data": rows.len(), "data_per_page": rows.len(), "total_page": 1, "page": 1, "data": rows});
    Ok(json_response(StatusCode::OK, &body))
}

async fn balance(Path(version): Path<String>, headers: HeaderMap) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    Ok(json_response(StatusCode::OK, &json!({"balance": 100_000_000})))
}

async fn maintenance(Path(version): Path<String>, headers: HeaderMap) -> Result<Response, Refused> {
    enter(&version, &headers)?;
    Ok(json_response(StatusCode::OK, &json!({"maintenance": false})))
}
