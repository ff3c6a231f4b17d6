//! WhatsApp's simulator in the MPWA dialect (protocols/whatsapp.md §1): key check, device states, faults, spin, and
//! an inbox of what was "sent".

use super::reply::{Refused, json_response};
use crate::server::clock::Clock;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, SecondsFormat, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::form_urlencoded;

/// Device number that the simulator knows (CONTRACT).
pub const DEVICE: &str = "6281200000001";
/// Key that it takes (CONTRACT).
pub const API_KEY: &str = "wa-sandbox-key-0001";
/// Messages kept; the oldest goes first.
const INBOX_MAX: usize = 10_000;
/// A picture of one pixel: stands for the QR code of a device that nobody will scan.
const QR_PICTURE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// A message that would have been delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Recipient, digits.
    pub to: String,
    /// Text after spin.
    pub text: String,
    /// When it was taken.
    pub at: DateTime<Utc>,
}

impl Message {
    /// `{"to","text","at"}`, the time in RFC 3339.
    pub fn json(&self) -> Value {
        json!({"to": self.to, "text": self.text, "at": self.at.to_rfc3339_opts(SecondsFormat::Millis, true)})
    }
}

/// The simulator; clones share one state.
#[derive(Clone)]
pub struct WhatsappSim {
    state: Arc<Mutex<Phone>>,
    clock: Clock,
}

struct Phone {
    connected: bool,
    fail_next: u64,
    /// Calls a minute before 429; `None`: no limit.
    per_minute: Option<usize>,
    calls: VecDeque<DateTime<Utc>>,
    qr_asked: bool,
    inbox: VecDeque<Message>,
    rng: StdRng,
}

impl WhatsappSim {
    /// A linked device with an empty inbox.
    pub fn new(clock: Clock, seed: u64) -> Self {
        let phone = Phone {
            connected: true,
            fail_next: 0,
            per_minute: None,
            calls: VecDeque::new(),
            qr_asked: false,
            inbox: VecDeque::new(),
            rng: StdRng::seed_from_u64(seed),
        };
        Self { state: Arc::new(Mutex::new(phone)), clock }
    }

    /// Its routes, to be nested under `/whatsapp`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/send-message", get(send_message).post(send_message))
            .route("/info-devices", get(info_devices).post(info_devices))
            .route("/generate-qr", get(generate_qr).post(generate_qr))
            .route("/status", get(status))
            .route("/logout-device", post(logout))
            .with_state(self.clone())
    }

    /// The inbox, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.phone().inbox.iter().cloned().collect()
    }

    /// Whether the device is linked.
    pub fn is_connected(&self) -> bool {
        self.phone().connected
    }

    /// `{"connected":bool,"fail_next":n,"per_minute":n|null}`, each optional: the text of an error else.
    pub fn control(&self, order: &Value) -> Result<(), String> {
        let connected = super::control::flag(order, "connected")?;
        let fail_next = super::control::count(order, "fail_next")?;
        let per_minute = super::control::count(order, "per_minute")?;
        let mut phone = self.phone();
        if let Some(connected) = connected {
            phone.connected = connected;
            phone.qr_asked = false;
        }
        if let Some(count) = fail_next {
            phone.fail_next = count;
        }
        if order.get("per_minute").is_some() {
            phone.per_minute = per_minute.and_then(|count| usize::try_from(count).ok());
        }
        Ok(())
    }

    fn phone(&self) -> MutexGuard<'_, Phone> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(msg: &str) -> Response {
    json_response(StatusCode::BAD_REQUEST, &json!({"status": false, "msg": msg}))
}

/// Fields of query, form and JSON alike.
fn fields(query: Option<&str>, headers: &HeaderMap, body: &[u8]) -> HashMap<String, String> {
    let mut fields: HashMap<String, String> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        if let Ok(Value::Object(map)) = serde_json::from_slice::<Value>(body) {
            fields.extend(map.into_iter().filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                Value::Number(number) => Some((name, number.to_string())),
                Value::Bool(flag) => Some((name, flag.to_string())),
                _ => None,
            }));
        }
    } else {
        fields.extend(form_urlencoded::parse(body).into_owned());
    }
    fields.retain(|_, value| !value.is_empty());
    fields
}

/// The named fields, or "Invalid parameters!".
fn need<const N: usize>(fields: &HashMap<String, String>, names: [&str; N]) -> Result<[String; N], Refused> {
    let found = names.map(|name| fields.get(name).cloned());
    if found.iter().any(Option::is_none) {
        return Err(refused("Invalid parameters!").into());
    }
    Ok(found.map(Option::unwrap_or_default))
}

/// Wrong key, then unknown device, in MPWA's own words.
fn check(key: &str, device: &str) -> Result<(), Refused> {
    if key != API_KEY {
        return Err(refused("Invalid api_key or sender,please check again").into());
    }
    if device != DEVICE {
        return Err(refused("Invali api_key or sender,please check again (2)").into());
    }
    Ok(())
}

async fn send_message(
    State(sim): State<WhatsappSim>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = fields(query.as_deref(), &headers, &body);
    let now = sim.clock.now();
    let mut phone = sim.phone();
    if let Some(limit) = phone.per_minute {
        phone.calls.retain(|at| *at > now - chrono::Duration::minutes(1));
        if phone.calls.len() >= limit {
            let body = json!({"message": "Too Many Attempts."}).to_string();
            return Ok((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], body).into_response());
        }
        phone.calls.push_back(now);
    }
    let [key, sender, number, message] = need(&fields, ["api_key", "sender", "number", "message"])?;
    check(&key, &sender)?;
    if phone.fail_next > 0 {
        phone.fail_next -= 1;
        return Ok(refused("Failed to send message!, Check your connection!"));
    }
    let mut numbers: Vec<_> = number.split('|').map(recipient).collect();
    numbers.dedup();
    if !phone.connected || numbers.iter().any(|number| !(8..=15).contains(&number.len())) {
        return Ok(refused("Failed to send message!"));
    }
    let mut last = json!({"status": true, "msg": "Message sent successfully!"});
    for to in numbers {
        let text = spin(&message, &to, &mut phone.rng);
        if fields.get("full").is_some_and(|full| full == "1" || full == "true") {
            let id = format!("3EB0{:016X}", phone.rng.random::<u64>());
            last = json!({"status": true, "data": {
                "key": {"remoteJid": format!("{to}@s.whatsapp.net"), "fromMe": true, "id": id},
                "message": {"extendedTextMessage": {"text": text}},
                "messageTimestamp": now.timestamp().to_string(),
            }});
        }
        if phone.inbox.len() >= INBOX_MAX {
            phone.inbox.pop_front();
        }
        phone.inbox.push_back(Message { to, text, at: now });
    }
    Ok(json_response(StatusCode::OK, &last))
}

/// Digits only; `08…` becomes `628…`, a leading `00` goes.
fn recipient(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if let Some(rest) = digits.strip_prefix("08") {
        format!("628{rest}")
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        digits
    }
}

/// MPWA's spin: `{a|b}` picks one, `{number}` is the recipient, `{random_text}` and `{random_num}` are random.
fn spin(text: &str, to: &str, rng: &mut StdRng) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inside, after)) = from.split_once('}') else {
            out.push('{');
            rest = from;
            continue;
        };
        match inside {
            "number" => out.push_str(to),
            "random_num" => out.push_str(&rng.random_range(100_000..1_000_000_u32).to_string()),
            "random_text" => out.push_str(&format!("{:08x}", rng.random::<u32>())),
            _ if inside.contains('|') => {
                let choices: Vec<_> = inside.split('|').collect();
                out.push_str(choices.get(rng.random_range(0..choices.len())).copied().unwrap_or_default());
            }
            _ => out.push_str(&format!("{{{inside}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

async fn info_devices(
    State(sim): State<WhatsappSim>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = fields(query.as_deref(), &headers, &body);
    let [key] = need(&fields, ["api_key"])?;
    let number = fields.get("number").map_or(DEVICE, String::as_str);
    check(&key, number)?;
    let phone = sim.phone();
    let status = if phone.connected { "Connected" } else { "Disconnect" };
    let sent = phone.inbox.len();
    let row = json!({"id": 1, "body": DEVICE, "status": status, "message_sent": sent});
    Ok(json_response(StatusCode::OK, &json!({"status": true, "info": [row]})))
}

/// First "processing", then the picture, until the control door links the device.
async fn generate_qr(
    State(sim): State<WhatsappSim>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = fields(query.as_deref(), &headers, &body);
    let [device, key] = need(&fields, ["device", "api_key"])?;
    if key != API_KEY {
        return Ok(refused("Invalid api key!"));
    }
    if device != DEVICE {
        return Ok(refused("Device not found!"));
    }
    let mut phone = sim.phone();
    if phone.connected {
        return Ok(refused("Device already connected!"));
    }
    let body = if phone.qr_asked {
        json!({"status": "qrcode", "qrcode": QR_PICTURE, "message": "Scan this QR code with your WhatsApp"})
    } else {
        json!({"status": "processing", "qrcode": null, "message": "Processing"})
    };
    phone.qr_asked = true;
    Ok(json_response(StatusCode::OK, &body))
}

async fn status(
    State(sim): State<WhatsappSim>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = fields(query.as_deref(), &headers, &body);
    let [device, key] = need(&fields, ["device", "api_key"])?;
    check(&key, &device)?;
    let connected = sim.is_connected();
    let word = if connected { "connected" } else { "disconnected" };
    Ok(json_response(StatusCode::OK, &json!({"status": connected, "state": word, "device": device})))
}

async fn logout(
    State(sim): State<WhatsappSim>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let fields = fields(query.as_deref(), &headers, &body);
    let [sender, key] = need(&fields, ["sender", "api_key"])?;
    check(&key, &sender)?;
    let mut phone = sim.phone();
    phone.connected = false;
    phone.qr_asked = false;
    Ok(json_response(StatusCode::OK, &json!({"status": true, "message": "Device logged out successfully"})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spin_alters_braces_as_mpwa_does() {
        let mut rng = StdRng::seed_from_u64(1);
        let out = spin("Hai {a|a} {number} {x} {", "628", &mut rng);
        assert_eq!(out, "Hai a 628 {x} {");
        assert_eq!(recipient("0812-3456-789"), "628123456789");
        assert_eq!(recipient("006281234567"), "6281234567");
    }
}
