//! MPWA, the dialect of the gateway the old system used and of its many relatives (protocols/whatsapp.md §1).
//!
//! Replies are read loosely: `status` is a boolean or a word, the text is `msg` or `message` and may be translated,
//! so the HTTP status and `status` decide and the text only refines.

use super::template::without_spin;
use super::{Accepted, DeviceStatus, Linking, SendError, Sender};
use async_trait::async_trait;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use std::fmt;
use std::time::Duration;
use url::form_urlencoded;

/// Longest wait for a send or a probe.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The back end holds `/generate-qr` for up to 30 s.
const QR_TIMEOUT: Duration = Duration::from_secs(35);
/// Largest reply read; a QR picture is some tens of kilobytes.
const REPLY_BYTES_MAX: usize = 512 * 1024;

/// Settings `whatsapp.*`.
#[derive(Clone)]
pub struct MpwaConfig {
    /// Root of the installation; no `/api` behind it.
    pub api_url: String,
    /// The device's own number, digits.
    pub device_id: String,
    /// The account's key.
    pub api_key: String,
}

impl fmt::Debug for MpwaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of logs.
        f.debug_struct("MpwaConfig")
            .field("api_url", &self.api_url)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

/// The adapter.
#[derive(Clone, Debug)]
pub struct Mpwa {
    config: MpwaConfig,
    http: reqwest::Client,
}

/// An HTTP answer of the gateway, read whole.
struct Reply {
    http_status: u16,
    retry_after_s: Option<u64>,
    body: Vec<u8>,
}

/// How an exchange failed: before or after the request may have been taken.
enum Lost {
    BeforeWriting(String),
    AfterWriting(String),
}

impl Lost {
    fn detail(self) -> String {
        match self {
            Self::BeforeWriting(detail) | Self::AfterWriting(detail) => detail,
        }
    }
}

impl Reply {
    fn json(&self) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body).ok().filter(Value::is_object)
    }

    fn excerpt(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(160).collect();
        format!("HTTP {}: {text}", self.http_status)
    }
}

impl Mpwa {
    /// An adapter with these settings, over this HTTP client.
    pub fn new(config: MpwaConfig, http: reqwest::Client) -> Self {
        Self { config, http }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.config.api_url.trim_end_matches('/'))
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Reply, Lost> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request =
            self.http.post(self.url(path)).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        exchange(request.timeout(TIMEOUT)).await
    }

    async fn get(&self, path: &str, fields: &[(&str, &str)], timeout: Duration) -> Result<Reply, Lost> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        exchange(self.http.get(format!("{}?{query}", self.url(path))).timeout(timeout)).await
    }

    /// The probe of the original: `/generate-qr` without force, where "already connected" is the good news.
    async fn status_by_qr(&self) -> DeviceStatus {
        let fields = [("device", self.config.device_id.as_str()), ("api_key", self.config.api_key.as_str())];
        let reply = match self.get("generate-qr", &fields, QR_TIMEOUT).await {
            Ok(reply) => reply,
            Err(lost) => return DeviceStatus::Unknown { problem: lost.detail() },
        };
        let Some(json) = reply.json() else { return DeviceStatus::Unknown { problem: reply.excerpt() } };
        if json.get("qrcode").is_some_and(Value::is_string) || word_of(&json, "status") == "processing" {
            return DeviceStatus::NeedsQr;
        }
        match linked_by_words(&json) {
            Some(true) => DeviceStatus::Connected,
            Some(false) => DeviceStatus::Disconnected,
            None => DeviceStatus::Unknown { problem: words(&json) },
        }
    }

    /// The old documentation's `/status`; `None` where it is absent or says nothing.
    async fn status_by_status(&self) -> Option<DeviceStatus> {
        let fields = [("device", self.config.device_id.as_str()), ("api_key", self.config.api_key.as_str())];
        let reply = self.get("status", &fields, TIMEOUT).await.ok()?;
        if reply.http_status != 200 {
            return None;
        }
        let json = reply.json()?;
        let linked = linked_by_words(&json).or_else(|| {
            let flags = ["connected", "status"].map(|name| json.get(name));
            flags.into_iter().flatten().map(truthy).next()
        })?;
        Some(if linked { DeviceStatus::Connected } else { DeviceStatus::Disconnected })
    }

    /// What an unsuccessful reply means. "Failed to send" is said both of an unlinked device and of a number without
    /// WhatsApp, so the device is asked.
    async fn refusal(&self, reply: &Reply, json: &Value) -> SendError {
        let detail = words(json);
        let low = detail.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| low.contains(part));
        if has(&["api_key", "api key", "apikey"]) {
            SendError::Auth { detail }
        } else if has(&["invalid parameter", "parameter"]) {
            SendError::BadRequest { detail }
        } else if has(&["check your connection", "periksa koneksi"]) {
            SendError::Transport { detail }
        } else if has(&["enough messages", "quota", "kuota", "permission", "subscription", "paket", "plan "]) {
            SendError::Quota { detail }
        } else if has(&["not registered", "not on whatsapp", "tidak terdaftar"]) {
            SendError::BadRecipient { detail }
        } else if reply.http_status == 200 || reply.http_status == 400 {
            match self.status().await {
                DeviceStatus::Connected => SendError::BadRecipient { detail },
                DeviceStatus::Disconnected | DeviceStatus::NeedsQr | DeviceStatus::Unknown { .. } => {
                    SendError::DeviceOffline { detail }
                }
            }
        } else {
            SendError::BadRequest { detail: format!("HTTP {}: {detail}", reply.http_status) }
        }
    }
}

/// Runs a request and reads its reply, telling apart what surely never left from what may have been taken.
async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, Lost> {
    let mut answer = request.send().await.map_err(|error| {
        let never_left = error.is_connect() || error.is_builder();
        let detail = chain(error);
        if never_left { Lost::BeforeWriting(detail) } else { Lost::AfterWriting(detail) }
    })?;
    let http_status = answer.status().as_u16();
    let retry_after_s =
        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Lost::AfterWriting(chain(error)))? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(Lost::AfterWriting(format!("balasan di atas {REPLY_BYTES_MAX} bita")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { http_status, retry_after_s, body })
}

/// An error with its causes, without the address: its query string may hold the key.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// `msg`, else `message`, else `reason`, as text.
fn words(json: &Value) -> String {
    ["msg", "message", "reason", "error"]
        .into_iter()
        .find_map(|name| json.get(name).and_then(Value::as_str))
        .unwrap_or("tanpa keterangan")
        .to_owned()
}

fn word_of(json: &Value, name: &str) -> String {
    json.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

/// `true`, `"true"`, `1`, `"success"`, `"connected"` and their like.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(word) => {
            matches!(word.to_lowercase().as_str(), "true" | "1" | "ok" | "success" | "sent" | "connected")
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether one of the reply's texts says connected or not connected.
fn linked_by_words(json: &Value) -> Option<bool> {
    ["state", "status", "msg", "message", "device_status"].into_iter().find_map(|name| {
        let word = word_of(json, name);
        if word.contains("disconnect") || word.contains("not connected") || word.contains("tidak terhubung") {
            Some(false)
        } else if word.contains("connected") || word.contains("terhubung") {
            Some(true)
        } else {
            None
        }
    })
}

#[async_trait]
impl Sender for Mpwa {
    async fn send_text(&self, to: &str, text: &str) -> Result<Accepted, SendError> {
        if !(8..=15).contains(&to.len()) || !to.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SendError::BadRecipient { detail: "nomor harus berupa angka 62…".to_owned() });
        }
        let text = without_spin(text);
        let fields = [
            ("api_key", self.config.api_key.as_str()),
            ("sender", self.config.device_id.as_str()),
            ("number", to),
            ("message", text.as_str()),
            // The only way to learn the message's id.
            ("full", "1"),
        ];
        let reply = match self.post("send-message", &fields).await {
            Ok(reply) => reply,
            Err(Lost::BeforeWriting(detail)) => return Err(SendError::Transport { detail }),
            Err(Lost::AfterWriting(detail)) => return Err(SendError::Unknown { detail }),
        };
        match reply.http_status {
            429 => return Err(SendError::RateLimited { retry_after_s: reply.retry_after_s }),
            401 | 403 => return Err(SendError::Auth { detail: reply.excerpt() }),
            // A proxy that gave up waiting does not know what the gateway did.
            504 | 524 => return Err(SendError::Unknown { detail: reply.excerpt() }),
            500..=599 => return Err(SendError::Transport { detail: reply.excerpt() }),
            _ => {}
        }
        let Some(json) = reply.json() else {
            let detail = reply.excerpt();
            return Err(if reply.http_status == 200 {
                SendError::Unknown { detail }
            } else {
                SendError::BadRequest { detail }
            });
        };
        let accepted = (200..300).contains(&reply.http_status) && json.get("status").is_some_and(truthy);
        if !accepted {
            return Err(self.refusal(&reply, &json).await);
        }
        let provider_id = json.pointer("/data/key/id").and_then(Value::as_str).map(str::to_owned);
        Ok(Accepted { provider_id })
    }

    async fn status(&self) -> DeviceStatus {
        let fields = [("api_key", self.config.api_key.as_str()), ("number", self.config.device_id.as_str())];
        let reply = match self.post("info-devices", &fields).await {
            Ok(reply) => reply,
            Err(lost) => return DeviceStatus::Unknown { problem: lost.detail() },
        };
        if let Some(json) = reply.json().filter(|_| reply.http_status == 200) {
            let rows = json.get("info").and_then(Value::as_array);
            let row = rows.and_then(|rows| rows.iter().find(|row| word_of(row, "body") == self.config.device_id));
            if let Some(linked) = row.and_then(linked_by_words) {
                return if linked { DeviceStatus::Connected } else { DeviceStatus::Disconnected };
            }
        } else if reply.http_status == 400 {
            let problem = reply.json().map_or_else(|| reply.excerpt(), |json| words(&json));
            return DeviceStatus::Unknown { problem };
        }
        match self.status_by_status().await {
            Some(status) => status,
            None => self.status_by_qr().await,
        }
    }

    async fn link(&self) -> Linking {
        // With force, an account that does not know the number yet makes a device for it.
        let fields =
            [("device", self.config.device_id.as_str()), ("api_key", self.config.api_key.as_str()), ("force", "true")];
        let reply = match self.get("generate-qr", &fields, QR_TIMEOUT).await {
            Ok(reply) => reply,
            Err(lost) => return Linking::Failed { problem: lost.detail() },
        };
        let Some(json) = reply.json() else { return Linking::Failed { problem: reply.excerpt() } };
        // The picture decides, whatever `status` says.
        if let Some(picture) = json.get("qrcode").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            return picture_address(picture).map_or_else(
                || Linking::Failed { problem: "gateway mengirim gambar yang tidak dikenal".to_owned() },
                Linking::Qr,
            );
        }
        if word_of(&json, "status") == "processing" {
            return Linking::Wait;
        }
        if linked_by_words(&json) == Some(true) {
            return Linking::Connected;
        }
        // The back end gave up waiting for the telephone, or starts anew: the next question gets the next picture.
        let low = words(&json).to_lowercase();
        if reply.http_status == 200 && (low.contains("timeout") || low.contains("disconnect")) {
            return Linking::Wait;
        }
        Linking::Failed { problem: words(&json) }
    }

    async fn unlink(&self) -> Result<(), SendError> {
        let fields = [("api_key", self.config.api_key.as_str()), ("sender", self.config.device_id.as_str())];
        let reply = match self.post("logout-device", &fields).await {
            Ok(reply) => reply,
            Err(lost) => return Err(SendError::Transport { detail: lost.detail() }),
        };
        let Some(json) = reply.json() else { return Err(SendError::BadRequest { detail: reply.excerpt() }) };
        let done = (200..300).contains(&reply.http_status) && json.get("status").is_some_and(truthy);
        if done {
            return Ok(());
        }
        let detail = words(&json);
        let key = detail.to_lowercase().contains("api_key");
        Err(if key { SendError::Auth { detail } } else { SendError::BadRequest { detail } })
    }
}

/// The picture as an address that a page can show: base64 with or without its heading, and nothing else.
fn picture_address(picture: &str) -> Option<String> {
    let (heading, data) = match picture.split_once(',') {
        Some((heading, data)) => (heading, data),
        None => ("data:image/png;base64", picture),
    };
    let known = matches!(heading, "data:image/png;base64" | "data:image/jpeg;base64" | "data:image/webp;base64");
    let plain = data.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
    (known && plain && !data.is_empty()).then(|| format!("{heading},{data}"))
}
