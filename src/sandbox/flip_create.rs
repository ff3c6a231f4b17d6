//! Flip's simulator: reading and checking a create request (protocols/flip.md §2, §4, §5).

use super::flip_bills::{Bill, Bills, PENDING, Payment, default_expiry, qris};
use crate::server::clock::Clock;
use crate::server::gateways::methods::{self, MethodKind};
use chrono::{NaiveDateTime, TimeZone, Utc};
use chrono_tz::Asia::Jakarta;
use rand::Rng as _;
use serde_json::{Map, Value, json};

/// Least sum of a bill.
const AMOUNT_MIN: i64 = 10_000;
/// Channels Flip does not take in this account: Indomaret, which its documents do not name.
const DISABLED: &[&str] = &["indomaret"];

/// One complaint of a 422.
pub(crate) struct Complaint {
    attribute: &'static str,
    code: i64,
    message: String,
}

/// The 422 body.
pub(crate) fn complaints_json(complaints: &[Complaint]) -> Value {
    let errors: Vec<_> =
        complaints.iter().map(|c| json!({"attribute": c.attribute, "code": c.code, "message": c.message})).collect();
    json!({"code": "VALIDATION_ERROR", "errors": errors})
}

/// One complaint. Only codes 1050 and 1091 are Flip's; the rest are this simulator's.
pub(crate) fn complaint(attribute: &'static str, code: i64, message: impl Into<String>) -> Complaint {
    Complaint { attribute, code, message: message.into() }
}

/// The request's fields as texts, whatever their JSON type was.
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Checks a request and makes the bill of it, unsaved.
pub(crate) fn make_bill(
    bills: &mut Bills,
    clock: &Clock,
    v3: bool,
    reject_local_redirect: bool,
    fields: &Fields,
) -> Result<Bill, Vec<Complaint>> {
    let mut wrong = Vec::new();
    let now = clock.now();
    let title = fields.text("title").unwrap_or_default();
    if title.trim().is_empty() {
        wrong.push(complaint("title", 1001, "Title cannot be blank."));
    }
    let step = read_step(v3, fields.text("step").as_deref()).unwrap_or_else(|| {
        wrong.push(complaint("step", 1002, "Step is invalid."));
        0
    });
    let single = match fields.text("type").unwrap_or_default().to_ascii_uppercase().as_str() {
        "SINGLE" => true,
        "MULTIPLE" if step != 3 => false,
        "MULTIPLE" => {
            wrong.push(complaint("type", 1003, "Type must be SINGLE for this step."));
            false
        }
        _ => {
            wrong.push(complaint("type", 1003, "Type is invalid."));
            false
        }
    };
    let amount = match fields.text("amount") {
        None if step == 1 => None,
        None => {
            wrong.push(complaint("amount", 1004, "Amount cannot be blank."));
            None
        }
        Some(text) => match text.parse::<i64>() {
            Ok(amount) if amount >= AMOUNT_MIN => Some(amount),
            Ok(_) => {
                wrong.push(complaint("amount", 1005, "Amount must be no less than 10000."));
                None
            }
            Err(_) => {
                wrong.push(complaint("amount", 1005, "Amount must be an integer."));
                None
            }
        },
    };
    let expires_at = match fields.text("expired_date") {
        None => default_expiry(clock),
        Some(text) => read_expiry(&text).filter(|at| *at > now).unwrap_or_else(|| {
            wrong.push(complaint("expired_date", 1006, "Expired date must be a future time as YYYY-MM-DD HH:mm."));
            now
        }),
    };
    let redirect_url = fields.text("redirect_url");
    if reject_local_redirect && redirect_url.as_deref().is_some_and(is_local) {
        wrong.push(complaint("redirect_url", 1007, "Redirect Url is not a valid URL."));
    }
    if step >= 2 {
        for name in ["sender_name", "sender_email"] {
            if fields.text(name).is_none() {
                wrong.push(complaint(name, 1008, "This field cannot be blank."));
            }
        }
    }
    let unique = fields.text("customized_va_unique_numbers");
    let suffix_ok = |text: &String| (7..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if unique.as_ref().is_some_and(|text| !suffix_ok(text)) {
        wrong.push(complaint("customized_va_unique_numbers", 1009, "Must be 7 to 9 digits."));
    }
    let bank = fields.text("sender_bank").unwrap_or_default();
    let bank_type = fields.text("sender_bank_type").unwrap_or_default();
    let method = methods::by_flip_channel(&bank, &bank_type).filter(|_| !DISABLED.contains(&bank.as_str()));
    if step == 3 && method.is_none() {
        let message = "Cannot create transaction with chosen bank because it's not enabled";
        wrong.push(complaint("sender_bank", 1091, message));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let payment = method.filter(|_| step == 3).map(|method| {
        let amount = amount.unwrap_or(AMOUNT_MIN);
        let suffix = unique.unwrap_or_else(|| format!("{:08}", bills.rng.random_range(0..100_000_000_u32)));
        let (account_number, qr) = match method.kind {
            MethodKind::VirtualAccount => (Some(format!("{}{suffix}", va_prefix(&bank))), None),
            MethodKind::Retail => (Some(format!("FLIP{suffix}")), None),
            MethodKind::Qris => (None, Some(qris(amount, &suffix))),
            MethodKind::Ewallet => (None, None),
        };
        Payment {
            id: bills.new_payment_id(now),
            bank: bank.clone(),
            bank_type: bank_type.clone(),
            account_number,
            qr,
            status: PENDING,
            amount,
            created_at: now,
            completed_at: None,
        }
    });
    Ok(Bill {
        link_id: bills.new_link_id(v3, now),
        v3,
        title,
        single,
        amount,
        expires_at,
        active: true,
        step,
        redirect_url,
        name: fields.text("sender_name").unwrap_or_default(),
        email: fields.text("sender_email").unwrap_or_default(),
        phone: fields.text("sender_phone_number").unwrap_or_default(),
        address: fields.text("sender_address").unwrap_or_default(),
        reference_id: fields.text("reference_id").filter(|_| v3),
        payment,
    })
}

/// Numbers in v2, words in v3.
fn read_step(v3: bool, text: Option<&str>) -> Option<u8> {
    match (v3, text?) {
        (true, "checkout") | (false, "1") => Some(1),
        (true, "checkout_seamless") | (false, "2") => Some(2),
        (true, "direct_api") | (false, "3") => Some(3),
        _ => None,
    }
}

/// `YYYY-MM-DD HH:mm`, WIB; seconds are refused, as by Flip.
fn read_expiry(text: &str) -> Option<chrono::DateTime<Utc>> {
    if text.len() != "2026-01-03 10:00".len() {
        return None;
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok()?;
    Jakarta.from_local_datetime(&naive).single().map(|at| at.with_timezone(&Utc))
}

/// Addresses Flip's validation refuses.
fn is_local(url: &str) -> bool {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host.is_empty()
        || host == "localhost"
        || host.starts_with("127.")
        || host.ends_with(".test")
        || host.ends_with(".local")
}

/// The company code that stands before the payer's own digits.
fn va_prefix(bank: &str) -> &'static str {
    match bank {
        "bca" => "39358",
        "bni" => "8001",
        "bri" => "14045",
        "mandiri" => "89325",
        "permata" => "8214",
        "cimb" => "1899",
        "danamon" => "7915",
        "bsm" => "6059",
        _ => "9000",
    }
}
