//! Flip's words on the wire: statuses, dates, request fields, answers (protocols/flip.md §2, §3, §5, §8).

use super::lenient::{field, rupiah};
use super::methods::FlipChannel;
use super::{Created, GatewayError, Order, PaymentState, Status};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Asia::Jakarta;
use serde_json::{Value, json};

/// Longest title sent; a third-party client cuts there.
const TITLE_CHARS_MAX: usize = 55;

/// Which of Flip's two dialects is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlipVersion {
    /// Forms; steps are numbers; no merchant reference, so the title begins with it.
    V2,
    /// JSON; steps are words; `reference_id`.
    #[default]
    V3,
}

impl FlipVersion {
    /// `v2`, `v3`: setting `gateway.flip.version` and path segment.
    pub const fn code(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }

    /// Reads `v2`, `v3`, `2`, `3`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "v2" | "2" => Some(Self::V2),
            "v3" | "3" => Some(Self::V3),
            _ => None,
        }
    }
}

/// Flip's status in our words; some words are known from third parties only (§8).
pub(crate) fn status(word: &str) -> Option<Status> {
    match word.trim().to_ascii_uppercase().as_str() {
        "PENDING" => Some(Status::Pending),
        "SUCCESSFUL" | "SUCCESS" | "PAID" | "COMPLETED" | "DONE" => Some(Status::Paid),
        "CANCELLED" | "CANCELED" | "EXPIRED" => Some(Status::Expired),
        "FAILED" => Some(Status::Failed),
        _ => None,
    }
}

/// `2026-01-03 10:00`, in WIB, without seconds: with them Flip answers a validation error.
pub(crate) fn expiry_text(at: DateTime<Utc>) -> String {
    at.with_timezone(&Jakarta).format("%Y-%m-%d %H:%M").to_string()
}

/// Reads Flip's dates, WIB by convention: with seconds, without, or a bare day, which ends at 23:59.
pub(crate) fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
        .ok()
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::from_hms_opt(23, 59, 0)?))
        })?;
    Jakarta.from_local_datetime(&naive).single().map(|at| at.with_timezone(&Utc))
}

/// The fields of a direct bill, in a fixed order, as texts but for the amount of v3, which is a number there.
pub(crate) fn create_fields(version: FlipVersion, order: &Order, channel: FlipChannel) -> Vec<(&'static str, Value)> {
    let title = match version {
        FlipVersion::V3 => order.title.clone(),
        // v2 has no reference_id: the title carries our reference home, in the notice and in the list.
        FlipVersion::V2 => format!("{} {}", order.reference, order.title),
    };
    let step = match version {
        FlipVersion::V2 => json!(3),
        FlipVersion::V3 => json!("direct_api"),
    };
    let mut fields = vec![
        ("title", json!(title.trim().chars().take(TITLE_CHARS_MAX).collect::<String>())),
        ("type", json!("SINGLE")),
        ("amount", json!(order.amount.0)),
        ("expired_date", json!(expiry_text(order.expires_at))),
        ("step", step),
        ("sender_name", json!(order.payer_name)),
        ("sender_email", json!(order.payer_email)),
        ("sender_bank", json!(channel.bank)),
        ("sender_bank_type", json!(channel.bank_type)),
    ];
    if let Some(phone) = &order.payer_phone {
        fields.push(("sender_phone_number", json!(phone)));
    }
    if version == FlipVersion::V3 {
        fields.push(("reference_id", json!(order.reference)));
    }
    fields
}

/// Reads the answer to a create: the bill, and in it what the payer needs.
pub(crate) fn created(answer: &Value, order: &Order) -> Result<Created, GatewayError> {
    let link_id = field(answer, "link_id").ok_or_else(|| missing("link_id"))?;
    let payment = answer.get("bill_payment").unwrap_or(&Value::Null);
    let account = payment.get("receiver_bank_account").unwrap_or(&Value::Null);
    let qr_string = field(account, "qr_code_data");
    // Some QRIS answers repeat the wallet's name or the code as an account number; a payer has no use for it.
    let payment_code = field(account, "account_number").filter(|_| qr_string.is_none());
    let payment_url = field(answer, "payment_url").or_else(|| field(answer, "link_url")).map(|url| with_scheme(&url));
    if payment_code.is_none() && qr_string.is_none() && payment_url.is_none() {
        return Err(missing("receiver_bank_account, payment_url"));
    }
    Ok(Created {
        gateway_reference: link_id,
        payment_id: field(payment, "id"),
        amount: payment
            .get("amount")
            .and_then(rupiah)
            .or_else(|| answer.get("amount").and_then(rupiah))
            .unwrap_or(order.amount),
        payment_code,
        qr_string,
        payment_url,
        expires_at: field(answer, "expired_date").and_then(|text| date(&text)).unwrap_or(order.expires_at),
    })
}

/// Reads the list of a bill's payments.
pub(crate) fn payments(answer: &Value) -> Result<Vec<PaymentState>, GatewayError> {
    let rows = answer.get("data").and_then(Value::as_array).ok_or_else(|| missing("data"))?;
    let outer_link = field(answer, "link_id");
    rows.iter()
        .map(|row| {
            let word = field(row, "status").ok_or_else(|| missing("data.status"))?;
            Ok(PaymentState {
                payment_id: field(row, "id").ok_or_else(|| missing("data.id"))?,
                link_id: field(row, "link_id").or_else(|| outer_link.clone()),
                reference: field(row, "reference_id"),
                amount: row.get("amount").and_then(rupiah).ok_or_else(|| missing("data.amount"))?,
                status: status(&word)
                    .ok_or_else(|| GatewayError::Malformed { detail: format!("unknown status {word:?}") })?,
            })
        })
        .collect()
}

/// What an answer other than 200 means.
pub(crate) fn refusal(http_status: u16, body: &[u8]) -> GatewayError {
    match http_status {
        401 | 403 => GatewayError::Unauthorized,
        408 | 425 | 429 | 500..=599 => {
            GatewayError::Unavailable { detail: format!("HTTP {http_status}: {}", excerpt(body)) }
        }
        _ => {
            let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            let (code, message) = first_error(&answer).unwrap_or_else(|| {
                (http_status.to_string(), field(&answer, "message").unwrap_or_else(|| excerpt(body)))
            });
            GatewayError::Refused { code, message }
        }
    }
}

/// Code and text of a 422: `errors` as a list of objects, or as `{field: [text]}`.
fn first_error(answer: &Value) -> Option<(String, String)> {
    let outer = field(answer, "code").unwrap_or_else(|| "422".to_owned());
    match answer.get("errors")? {
        Value::Array(errors) => {
            let code = errors.iter().find_map(|error| field(error, "code")).unwrap_or(outer);
            let texts: Vec<_> = errors
                .iter()
                .filter_map(|error| {
                    let text = field(error, "message")?;
                    Some(field(error, "attribute").map_or_else(|| text.clone(), |name| format!("{name}: {text}")))
                })
                .collect();
            Some((code, texts.join("; ")))
        }
        Value::Object(errors) => {
            let texts: Vec<_> = errors
                .iter()
                .map(|(name, list)| {
                    let text = match list {
                        Value::Array(list) => {
                            list.iter().filter_map(super::lenient::text).collect::<Vec<_>>().join(", ")
                        }
                        other => super::lenient::text(other).unwrap_or_default(),
                    };
                    format!("{name}: {text}")
                })
                .collect();
            Some((outer, texts.join("; ")))
        }
        _ => None,
    }
}

/// Flip leaves the scheme out of `link_url`.
fn with_scheme(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("https://{url}") }
}

fn missing(what: &str) -> GatewayError {
    GatewayError::Malformed { detail: format!("missing or unreadable: {what}") }
}

/// The beginning of a body, for the log.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(200).collect()
}
