//! The simulators' own door (CONTRACT "Sandbox control"): what is there, and what shall happen to it.
//!
//! Orders come as JSON, answered in JSON, or as the control page's forms, answered by going back to the page.

use super::flip::{Deed, DeedOptions};
use super::http::Sandbox;
use super::reply::{Refused, json_response};
use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use std::time::Duration;
use url::form_urlencoded;

/// Most copies of one notice.
const TIMES_MAX: u64 = 1_000;
/// Longest delay of a notice: ten minutes.
const DELAY_MS_MAX: u64 = 600_000;

/// A simulated router, as the control door sees it; the binary puts `RouterSim` behind it.
#[async_trait]
pub trait RouterDoor: Send + Sync {
    /// `r0`, `r1`, …
    fn name(&self) -> &str;

    /// `{"name","secrets":[{"name","profile","disabled"}],"active":[{"name","profile","since"}]}`.
    async fn state_json(&self) -> Value;

    /// Takes an order as `/control/routers/{name}` documents it; the text of an error where it is not understood.
    async fn control(&self, order: Value) -> Result<(), String>;
}

/// Routes under `/control`.
pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/control/state", get(state))
        .route("/control/payments/{gateway}/{reference}/{deed}", post(payment))
        .route("/control/routers/{name}", post(router_order))
        .route("/control/whatsapp", post(whatsapp))
}

/// A truth value of an order, if it is there.
pub(crate) fn flag(order: &Value, name: &str) -> Result<Option<bool>, String> {
    match order.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(format!("{name}: true atau false, bukan {other}")),
    }
}

/// A count of an order, if it is there.
pub(crate) fn count(order: &Value, name: &str) -> Result<Option<u64>, String> {
    match order.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("{name}: bilangan bulat, bukan {value}")),
    }
}

/// One of the words an order may use, if it is there.
fn word(order: &Value, name: &str, allowed: &[&str]) -> Result<Option<String>, String> {
    match order.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if allowed.contains(&text.as_str()) => Ok(Some(text.clone())),
        Some(other) => Err(format!("{name}: salah satu dari {}, bukan {other}", allowed.join(", "))),
    }
}

impl DeedOptions {
    /// Reads `{"times","delay_ms","signature":"wrong","amount","form":"seed"}`.
    pub fn read(order: &Value) -> Result<Self, String> {
        let times = count(order, "times")?.unwrap_or(1);
        if !(1..=TIMES_MAX).contains(&times) {
            return Err(format!("times: 1 sampai {TIMES_MAX}"));
        }
        let delay_ms = count(order, "delay_ms")?.unwrap_or(0);
        if delay_ms > DELAY_MS_MAX {
            return Err(format!("delay_ms: paling banyak {DELAY_MS_MAX}"));
        }
        let amount = count(order, "amount")?;
        if amount == Some(0) {
            return Err("amount: paling sedikit 1".to_owned());
        }
        Ok(Self {
            times: usize::try_from(times).map_err(|error| error.to_string())?,
            delay: Duration::from_millis(delay_ms),
            wrong_signature: word(order, "signature", &["wrong", "right"])?.as_deref() == Some("wrong"),
            amount: amount.map(i64::try_from).transpose().map_err(|error| error.to_string())?,
            seed_form: word(order, "form", &["seed", "real"])?.as_deref() == Some("seed"),
        })
    }
}

/// An order and how it wants to be answered.
struct Order {
    value: Value,
    from_page: bool,
}

impl Order {
    /// An empty body is an order without options.
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refused> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let text = body.trim_ascii();
        if text.is_empty() || text.starts_with(b"{") {
            let text = if text.is_empty() { b"{}" } else { text };
            return match serde_json::from_slice(text) {
                // A form without fields is still a form.
                Ok(value) => Ok(Self { value, from_page: kind.starts_with("application/x-www-form-urlencoded") }),
                Err(error) => {
                    Err(problem(StatusCode::BAD_REQUEST, &format!("JSON tidak dapat dibaca: {error}")).into())
                }
            };
        }
        if kind.starts_with("application/x-www-form-urlencoded") {
            return Ok(Self { value: form_order(body), from_page: true });
        }
        Err(problem(StatusCode::BAD_REQUEST, "Isi harus objek JSON.").into())
    }

    fn answer(&self, body: &Value) -> Response {
        if self.from_page { Redirect::to("/").into_response() } else { json_response(StatusCode::OK, body) }
    }
}

/// A form's texts as JSON: truth values and numbers as such, empty fields left out.
fn form_order(body: &[u8]) -> Value {
    let mut order = Map::new();
    for (name, text) in form_urlencoded::parse(body) {
        let value = match text.as_ref() {
            "" => continue,
            "true" => json!(true),
            "false" => json!(false),
            other => other.parse::<u64>().map_or_else(|_| json!(other), |number| json!(number)),
        };
        order.insert(name.into_owned(), value);
    }
    Value::Object(order)
}

fn problem(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({"success": false, "message": message}))
}

async fn state(State(sandbox): State<Sandbox>) -> Response {
    let messages: Vec<_> = sandbox.whatsapp.messages().iter().map(super::whatsapp::Message::json).collect();
    let body = json!({
        "payments": sandbox.flip.state_json(),
        "messages": messages,
        "routers": sandbox.router_states().await,
    });
    json_response(StatusCode::OK, &body)
}

async fn payment(
    State(sandbox): State<Sandbox>,
    Path((gateway, reference, deed)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let order = match Order::read(&headers, &body) {
        Ok(order) => order,
        Err(refused) => return refused.into_response(),
    };
    if gateway != "flip" {
        return problem(StatusCode::NOT_FOUND, "Gateway ini tidak ada di sandbox.");
    }
    let Some(deed) = Deed::parse(&deed) else {
        return problem(StatusCode::NOT_FOUND, "Perbuatan yang dikenal: pay, fail, expire.");
    };
    let options = match DeedOptions::read(&order.value) {
        Ok(options) => options,
        Err(message) => return problem(StatusCode::UNPROCESSABLE_ENTITY, &message),
    };
    match sandbox.flip.act(&reference, deed, &options).await {
        None => problem(StatusCode::NOT_FOUND, "Pembayaran itu tidak ada."),
        Some(delivered) => {
            let rows: Vec<_> = delivered.iter().map(super::notices::Delivered::json).collect();
            order.answer(&json!({ "delivered": rows }))
        }
    }
}

async fn router_order(
    State(sandbox): State<Sandbox>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let order = match Order::read(&headers, &body) {
        Ok(order) => order,
        Err(refused) => return refused.into_response(),
    };
    let Some(door) = sandbox.routers.iter().find(|door| door.name() == name) else {
        return problem(StatusCode::NOT_FOUND, "Router itu tidak ada.");
    };
    match door.control(order.value.clone()).await {
        Ok(()) => order.answer(&json!({ "success": true })),
        Err(message) => problem(StatusCode::UNPROCESSABLE_ENTITY, &message),
    }
}

async fn whatsapp(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let order = match Order::read(&headers, &body) {
        Ok(order) => order,
        Err(refused) => return refused.into_response(),
    };
    match sandbox.whatsapp.control(&order.value) {
        Ok(()) => order.answer(&json!({ "success": true })),
        Err(message) => problem(StatusCode::UNPROCESSABLE_ENTITY, &message),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn options_are_read_and_nonsense_is_named() {
        let options =
            DeedOptions::read(&json!({"times": 20, "delay_ms": 5, "signature": "wrong", "amount": 5, "form": "seed"}))
                .expect("options");
        assert_eq!((options.times, options.amount), (20, Some(5)));
        assert!(options.wrong_signature && options.seed_form);
        assert_eq!(DeedOptions::read(&json!({})), Ok(DeedOptions::default()));
        for nonsense in [json!({"times": 0}), json!({"signature": "x"}), json!({"amount": -1}), json!({"form": 1})] {
            assert!(DeedOptions::read(&nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn forms_become_orders() {
        let order = form_order(b"up=false&latency_ms=250&drop_profile=ISOLIR&amount=");
        assert_eq!(order, json!({"up": false, "latency_ms": 250, "drop_profile": "ISOLIR"}));
    }
}
