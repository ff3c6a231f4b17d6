//! Flip for Business, "Accept Payment", direct bills (protocols/flip.md): virtual account, QRIS, wallet, retail.

pub use super::flip_wire::FlipVersion;
use super::lenient;
use super::methods;
use super::{AttemptRef, Created, Gateway, GatewayError, Notice, NoticeRefused, Order, PaymentState, Provider};
use super::{flip_wire as wire, notice};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Flip's edge answers some clients without a name with 403, so a name is always sent (the vendor's plugin does).
const AGENT: &str = concat!("Kimonet/", env!("CARGO_PKG_VERSION"));

/// Flip's base address of the test environment, up to but without `/v2`, `/v3`.
pub const SANDBOX_BASE_URL: &str = "https://bigflip.id/big_sandbox_api";
/// Flip's base address of the live environment, up to but without `/v2`, `/v3`.
pub const PRODUCTION_BASE_URL: &str = "https://bigflip.id/api";

/// Settings `gateway.flip.*`.
#[derive(Clone)]
pub struct FlipConfig {
    /// What stands before `/v2`, `/v3`; a slash at the end does not matter.
    pub base_url: String,
    /// Dialect.
    pub version: FlipVersion,
    /// Opaque; may hold `/ + =` and is never trimmed or decoded.
    pub secret_key: String,
    /// Opaque; every notice must carry it. Empty: every notice is refused.
    pub validation_token: String,
}

impl fmt::Debug for FlipConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets stay out of logs.
        f.debug_struct("FlipConfig")
            .field("base_url", &self.base_url)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The client.
#[derive(Clone, Debug)]
pub struct Flip {
    config: FlipConfig,
    http: reqwest::Client,
}

impl Flip {
    /// A client with these settings, over this HTTP client.
    pub fn new(config: FlipConfig, http: reqwest::Client) -> Self {
        Self { config, http }
    }

    /// `{base}/v3/{path}`.
    fn url(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.config.base_url.trim_end_matches('/'), self.config.version.code())
    }

    /// Sends with credentials; the JSON of a 200, else what the answer means.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, GatewayError> {
        // The colon after the key is part of Basic: secret as user name, empty password.
        let credentials = STANDARD.encode(format!("{}:", self.config.secret_key));
        let mut answer = request
            .header(AUTHORIZATION, format!("Basic {credentials}"))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, AGENT)
            .timeout(TIMEOUT)
            .send()
            .await
            .map_err(transport)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(GatewayError::Malformed { detail: format!("answer above {ANSWER_BYTES_MAX} bytes") });
            }
            body.extend_from_slice(&chunk);
        }
        if status != 200 && status != 201 {
            return Err(wire::refusal(status, &body));
        }
        serde_json::from_slice(&body)
            .map_err(|error| GatewayError::Malformed { detail: format!("{error}: {}", wire::excerpt(&body)) })
    }

    /// Whether Flip says it is under maintenance: a probe that also tests the key.
    pub async fn maintenance(&self) -> Result<bool, GatewayError> {
        let answer = self.send(self.http.get(self.url("general/maintenance"))).await?;
        match lenient::field(&answer, "maintenance").as_deref() {
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            other => Err(GatewayError::Malformed { detail: format!("maintenance {other:?}") }),
        }
    }
}

/// What a failed exchange means; the address is left out, the cause is kept.
fn transport(error: reqwest::Error) -> GatewayError {
    if error.is_timeout() {
        return GatewayError::Timeout;
    }
    let error = error.without_url();
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        detail = format!("{detail}: {cause}");
        source = cause.source();
    }
    GatewayError::Unavailable { detail }
}

#[async_trait]
impl Gateway for Flip {
    fn provider(&self) -> Provider {
        Provider::Flip
    }

    async fn create(&self, order: &Order) -> Result<Created, GatewayError> {
        let channel = methods::method(&order.method)
            .and_then(|method| method.flip)
            .ok_or_else(|| GatewayError::UnknownMethod { method: order.method.clone() })?;
        let fields = wire::create_fields(self.config.version, order, channel);
        let request = self.http.post(self.url("pwf/bill"));
        let request = match self.config.version {
            FlipVersion::V3 => {
                let body: serde_json::Map<_, _> =
                    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                request.json(&body)
            }
            FlipVersion::V2 => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                for (name, value) in &fields {
                    form.append_pair(name, &lenient::text(value).unwrap_or_default());
                }
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.finish())
            }
        };
        wire::created(&self.send(request).await?, order)
    }

    async fn query(&self, attempt: &AttemptRef) -> Result<Vec<PaymentState>, GatewayError> {
        let link_id = &attempt.gateway_reference;
        // It becomes a path segment, so it must be one.
        if link_id.is_empty() || !link_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(GatewayError::Malformed { detail: format!("link_id {link_id:?}") });
        }
        let answer = self.send(self.http.get(self.url(&format!("pwf/{link_id}/payment")))).await?;
        wire::payments(&answer)
    }

    fn verify_notice(&self, headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Result<Notice, NoticeRefused> {
        notice::verify_flip(&self.config.validation_token, headers, query, body)
    }
}
