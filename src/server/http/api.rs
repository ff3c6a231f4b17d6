//! The JSON API as the old documentation promised it (CONTRACT, "HTTP").

use super::{ClientAddress, Site, bill};
use crate::server::error::Error;
use crate::server::gateways::{Provider, attempts, inbox};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An error in the shape that callers of this API expect.
pub struct JsonError(StatusCode, String);

impl IntoResponse for JsonError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "success": false, "message": self.1 }))).into_response()
    }
}

impl From<Error> for JsonError {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Unauthenticated => StatusCode::UNAUTHORIZED,
            Error::Forbidden => StatusCode::FORBIDDEN,
            Error::Db(_) | Error::Corrupt(_) | Error::Internal(_) => {
                let message = crate::app::error::ApiError::from(error).to_string();
                return Self(StatusCode::INTERNAL_SERVER_ERROR, message);
            }
        };
        Self(status, error.to_string())
    }
}

/// A body that did not come through: too long, or cut off.
impl From<BytesRejection> for JsonError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self(StatusCode::PAYLOAD_TOO_LARGE, "Isi permintaan terlalu besar.".to_owned())
            }
            _ => Self(StatusCode::BAD_REQUEST, "Isi permintaan tidak terbaca.".to_owned()),
        }
    }
}

impl From<QueryRejection> for JsonError {
    fn from(_: QueryRejection) -> Self {
        Self(StatusCode::BAD_REQUEST, "Alamat permintaan tidak terbaca.".to_owned())
    }
}

/// Which gateway's methods.
#[derive(Deserialize)]
pub struct MethodsQuery {
    gateway: Option<String>,
}

/// `GET /api/payment-methods?gateway=flip`.
pub async fn payment_methods(
    State(site): State<Site>,
    query: Result<Query<MethodsQuery>, QueryRejection>,
) -> Result<Json<Value>, JsonError> {
    let Query(query) = query?;
    if let Some(unknown) = query.gateway.as_deref().filter(|code| Provider::parse(code).is_none()) {
        return Err(Error::NotFound(format!("Gateway {unknown:?} tidak dikenal.")).into());
    }
    let settings = site.app.settings().await?;
    let mut data = Vec::new();
    for provider in Provider::ALL {
        if query.gateway.as_deref().is_some_and(|wanted| wanted != provider.code()) {
            continue;
        }
        for method in attempts::enabled_methods(&settings, provider) {
            let mut entry = json!({ "code": method.code, "name": method.name, "type": method.kind.code(), "fee": 0 });
            if let (None, Some(object)) = (&query.gateway, entry.as_object_mut()) {
                object.insert("gateway".to_owned(), json!(provider.code()));
            }
            data.push(entry);
        }
    }
    Ok(Json(json!({ "success": true, "data": data })))
}

fn parse_object(body: &[u8]) -> Result<serde_json::Map<String, Value>, Error> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Error::invalid("body", "Isi permintaan harus objek JSON.")),
    }
}

/// Fields that may be written as text or number. All that are missing are named at once.
fn fields<const N: usize>(object: &serde_json::Map<String, Value>, names: [&str; N]) -> Result<[String; N], Error> {
    let values = names.map(|name| match object.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    });
    let missing: Vec<&str> =
        names.iter().zip(&values).filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
    match missing.first() {
        None => Ok(values),
        Some(first) => Err(Error::invalid(*first, format!("Isian {} wajib diisi.", missing.join(", ")))),
    }
}

/// `POST /billing/check`.
pub async fn check(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Checked>, JsonError> {
    let [number] = fields(&parse_object(&body?)?, ["customer_number"])?;
    let key = address.0.to_string();
    if !site.limits.lookup.allows(&key) {
        return Err(Error::TooMany("Terlalu banyak pencarian. Coba lagi sebentar.".to_owned()).into());
    }
    let Some(found) = site.look_ups.find(&number).await? else {
        site.limits.lookup.count(&key);
        return Err(Error::NotFound("Nomor layanan tidak ditemukan.".to_owned()).into());
    };
    let mut invoices = Vec::with_capacity(found.bills.len());
    for bill in found.bills {
        invoices.push(CheckedBill {
            id: site.app.secrets.public_id("invoice", bill.id)?,
            bill: if bill.is_open() { bill.left.0 } else { 0 },
            status: if bill.status == "open" { "pending".to_owned() } else { bill.status },
            invoice_no: bill.number,
            periode: bill.period,
        });
    }
    let customer =
        CheckedCustomer { nomor_layanan: found.service_number, nama_pelanggan: found.name, telepphone: found.phone };
    Ok(Json(Checked { success: true, customer, invoices }))
}

/// The answer to a look-up; names and spelling are the old documentation's.
#[derive(Serialize)]
pub struct Checked {
    success: bool,
    customer: CheckedCustomer,
    invoices: Vec<CheckedBill>,
}

#[derive(Serialize)]
struct CheckedCustomer {
    nomor_layanan: String,
    nama_pelanggan: String,
    telepphone: String,
}

#[derive(Serialize)]
struct CheckedBill {
    id: i64,
    invoice_no: String,
    periode: String,
    bill: i64,
    status: String,
}

/// Bills that one call may name.
const INVOICES_MAX: usize = 50;

/// `invoice_ids`, and `invoice_id` beside it.
fn invoice_ids(object: &serde_json::Map<String, Value>) -> Result<Vec<i64>, Error> {
    let wrong =
        || Error::invalid("invoice_ids", format!("Isian invoice_ids harus daftar 1 sampai {INVOICES_MAX} angka."));
    let listed = object.get("invoice_ids").and_then(Value::as_array).ok_or_else(wrong)?;
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let alone = object.get("invoice_id").filter(|value| !value.is_null());
    let ids: Vec<i64> =
        listed.iter().chain(alone).map(|value| number(value).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    if ids.is_empty() || ids.len() > INVOICES_MAX { Err(wrong()) } else { Ok(ids) }
}

/// `POST /billing/pay`. The amount is never the caller's.
pub async fn pay(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, JsonError> {
    let object = parse_object(&body?)?;
    let several = object.get("invoice_ids").is_some_and(|ids| !ids.is_null());
    let ([gateway, method], publics) = if several {
        (fields(&object, ["gateway", "method"])?, invoice_ids(&object)?)
    } else {
        let [invoice, gateway, method] = fields(&object, ["invoice_id", "gateway", "method"])?;
        let public = invoice.parse().map_err(|_| Error::invalid("invoice_id", "Isian invoice_id harus angka."))?;
        ([gateway, method], vec![public])
    };
    let key = address.0.to_string();
    if !site.limits.pay.allows(&key) {
        return Err(Error::TooMany("Terlalu banyak permintaan. Coba lagi beberapa menit lagi.".to_owned()).into());
    }
    site.limits.pay.count(&key);
    let unknown = || Error::NotFound("Tagihan tidak ditemukan.".to_owned());
    let mut chosen = Vec::with_capacity(publics.len());
    for public in publics {
        let id = site.app.secrets.row_id("invoice", public).map_err(|_| unknown())?;
        if !chosen.contains(&id) {
            chosen.push(id);
        }
    }
    let first = chosen.first().copied().ok_or_else(unknown)?;
    bill::service_of_invoice(&site.app, first).await?.ok_or_else(unknown)?;
    let attempt = attempts::begin(&site.app, &chosen, &gateway, &method).await?;
    Ok(Json(json!({
        "success": true,
        "payment_url": if attempt.payment_url.is_empty() { format!("{}/bayar/{}", site.app.config.base(), attempt.reference) } else { attempt.payment_url },
        "payment_code": attempt.payment_code,
        "transaction_id": if attempt.gateway_payment_id.is_empty() { attempt.reference } else { attempt.gateway_payment_id },
        "amount": attempt.amount,
        "fee": attempt.fee,
        "expires_at": attempt.expires_at,
        "qr_string": attempt.qr_string,
    })))
}

/// `POST /payment/callback/{gateway}`: 200 only once the notice is safely stored.
pub async fn callback(
    State(site): State<Site>,
    Extension(address): Extension<ClientAddress>,
    Path(gateway): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, JsonError> {
    let provider =
        Provider::parse(&gateway).ok_or_else(|| Error::NotFound(format!("Gateway {gateway:?} tidak dikenal.")))?;
    let (key, body) = (address.0.to_string(), body?);
    // The limit is on writing refusals down, never on genuine notices: behind a proxy they may share an address.
    let log = site.limits.callback.allows(&key);
    let status =
        inbox::receive(&site.app, provider, &headers, query.as_deref(), &body, log.then_some(key.as_str())).await?;
    if status.is_success() {
        return Ok((status, Json(json!({ "success": true }))).into_response());
    }
    site.limits.callback.count(&key);
    if log {
        Err(JsonError(status, "Pemberitahuan ditolak.".to_owned()))
    } else {
        Err(Error::TooMany("Terlalu banyak pemberitahuan yang ditolak.".to_owned()).into())
    }
}
