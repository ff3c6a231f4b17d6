//! Payment attempts: one order at a gateway for one or several open bills of a payer, of one or several of his services.
//!
//! The row is there before the gateway is called, the call runs in a task of its own (a browser that leaves must not
//! orphan an order), and the same wish while it is open is the same attempt, by a unique key.

use super::bills::{pick, whole};
use super::flip::{Flip, FlipConfig, FlipVersion, PRODUCTION_BASE_URL, SANDBOX_BASE_URL};
use super::methods::{self, Method};
use super::{Created, Gateway, GatewayError, Order, Provider};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::phone::Phone;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::secrets::random_bytes;
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::sql;
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// A row that has waited longer than this for its gateway is given up.
const CREATING_MAX_S: i64 = 60;

/// An attempt as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// Its row.
    pub id: i64,
    /// Our reference at the gateway, and in the address of its page: not to be guessed.
    pub reference: String,
    /// The service it was made for.
    pub service_id: i64,
    /// `flip`.
    pub gateway: String,
    /// Our method code.
    pub method: String,
    /// The whole to pay.
    pub amount: i64,
    /// What of it is a fee.
    pub fee: i64,
    /// `creating`, `open`, `paid`, `expired`, `failed`, `review`.
    pub status: String,
    /// The gateway's order.
    pub gateway_reference: String,
    /// The gateway's payment, when known.
    pub gateway_payment_id: String,
    /// Virtual account or retail code.
    pub payment_code: String,
    /// QRIS payload.
    pub qr_string: String,
    /// The gateway's own page, where the method needs one.
    pub payment_url: String,
    /// Why it failed.
    pub problem: String,
    /// When it can no longer be paid.
    pub expires_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl Attempt {
    /// Its state as a payer should read it now: what waits past its time, for a gateway or for money, is over.
    pub fn shown_status(&self, now: DateTime<Utc>) -> &str {
        match self.status.as_str() {
            "creating" if now - self.created_at > Duration::seconds(CREATING_MAX_S) => "failed",
            "open" if self.expires_at <= now => "expired",
            status => status,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Payer {
    customer_id: i64,
    name: String,
    email: String,
    phone: String,
    service_number: String,
}

sql!(FIND_OPEN = "SELECT id, reference, service_id, gateway, method, amount, fee, status, gateway_reference, gateway_payment_id, payment_code, qr_string, payment_url, problem, expires_at, created_at
 FROM payment_attempt WHERE gateway = $1 AND method = $2 AND wish = $3 AND status IN ('creating', 'open')");
sql!(FIND_ATTEMPT = "SELECT id, reference, service_id, gateway, method, amount, fee, status, gateway_reference, gateway_payment_id, payment_code, qr_string, payment_url, problem, expires_at, created_at
 FROM payment_attempt WHERE reference = $1");
sql!(FIND_ATTEMPT_ID = "SELECT id, reference, service_id, gateway, method, amount, fee, status, gateway_reference, gateway_payment_id, payment_code, qr_string, payment_url, problem, expires_at, created_at
 FROM payment_attempt WHERE id = $1");
// One of two equal wishes at once gets the row; the other finds it.
sql!(INSERT_ATTEMPT = "INSERT INTO payment_attempt (reference, customer_id, service_id, gateway, method, amount, fee, wish, status, gateway_reference,
   gateway_payment_id, payment_code, qr_string, payment_url, problem, expires_at, created_at, updated_at)
 VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 'creating', '', '', '', '', '', '', $8, $9, $9)
 ON CONFLICT (gateway, method, wish) WHERE status IN ('creating', 'open') DO NOTHING RETURNING id");
sql!(INSERT_ATTEMPT_BILL = "INSERT INTO payment_attempt_invoice (attempt_id, invoice_id, amount) VALUES ($1, $2, $3)");
sql!(
    CLOSE_ATTEMPT = "UPDATE payment_attempt SET status = $2, problem = $3, updated_at = $4 WHERE id = $1 AND status IN ('creating', 'open')"
);
sql!(OPEN_ATTEMPT = "UPDATE payment_attempt SET status = 'open', gateway_reference = $2, gateway_payment_id = $3, payment_code = $4, qr_string = $5,
   payment_url = $6, expires_at = $7, updated_at = $8 WHERE id = $1 AND status = 'creating'");
sql!(
    KNOW_ATTEMPT = "UPDATE payment_attempt SET gateway_reference = $2, gateway_payment_id = $3 WHERE id = $1 AND gateway_reference = ''"
);
sql!(
    PAYER = "SELECT s.customer_id, c.name, c.email, c.phone, s.service_number FROM service s JOIN customer c ON c.id = s.customer_id WHERE s.id = $1"
);

/// The Flip client as the settings describe it; refused where Flip is off.
pub fn flip(state: &AppState, settings: &Settings) -> Result<Flip> {
    let base_url = match settings.text("gateway.flip.base_url") {
        "" if settings.text("gateway.flip.environment") == "production" => PRODUCTION_BASE_URL,
        "" => SANDBOX_BASE_URL,
        set => set,
    };
    let version = FlipVersion::parse(settings.text("gateway.flip.version"))
        .ok_or_else(|| Error::Corrupt("gateway.flip.version".to_owned()))?;
    let config = FlipConfig {
        base_url: base_url.to_owned(),
        version,
        secret_key: settings.secret("gateway.flip.secret_key")?,
        validation_token: settings.secret("gateway.flip.validation_token")?,
    };
    Ok(Flip::new(config, state.http.clone()))
}

/// The client of an enabled gateway.
pub fn gateway(state: &AppState, settings: &Settings, code: &str) -> Result<Arc<dyn Gateway>> {
    match Provider::parse(code) {
        Some(Provider::Flip) if settings.flag("gateway.flip.enabled") => Ok(Arc::new(flip(state, settings)?)),
        Some(_) => Err(Error::Refused("Gateway pembayaran itu sedang tidak dipakai.".to_owned())),
        None => Err(Error::Refused(format!("Gateway pembayaran {code:?} tidak dikenal."))),
    }
}

/// The methods of an enabled gateway, in the order of the table; none where it is off.
pub fn enabled_methods(settings: &Settings, provider: Provider) -> Vec<&'static Method> {
    if !settings.flag(&format!("gateway.{}.enabled", provider.code())) {
        return Vec::new();
    }
    let chosen = settings.text(&format!("gateway.{}.methods", provider.code()));
    let listed: Vec<&str> = chosen.split([',', ' ']).filter(|code| !code.is_empty()).collect();
    let defaults = methods::default_methods(provider);
    methods::METHODS
        .iter()
        .filter(|method| method.offered_by(provider))
        .filter(
            |method| if listed.is_empty() { defaults.contains(&method.code) } else { listed.contains(&method.code) },
        )
        .collect()
}

/// The attempt of that reference.
pub async fn find(state: &AppState, reference: &str) -> Result<Option<Attempt>> {
    Ok(state.db.opt(FIND_ATTEMPT, args![reference]).await?)
}

/// The attempt of that row.
pub async fn get(state: &AppState, id: i64) -> Result<Attempt> {
    Ok(state.db.one(FIND_ATTEMPT_ID, args![id]).await?)
}

/// Begins an attempt for the chosen bills of a payer, or answers the one that is open for the same wish. An older open
/// bill that was left out, a bill that is paid, and a sum below the method's minimum are refused.
pub async fn begin(state: &AppState, chosen: &[i64], gateway_code: &str, method_code: &str) -> Result<Attempt> {
    let settings = state.settings().await?;
    let client = gateway(state, &settings, gateway_code)?;
    let method = enabled_methods(&settings, client.provider())
        .into_iter()
        .find(|method| method.code == method_code)
        .ok_or_else(|| Error::Refused("Cara bayar itu sedang tidak tersedia. Silakan pilih cara lain.".to_owned()))?;
    let bills = whole(pick(state, chosen).await?)?;
    let service_id = bills.first().map_or(0, |bill| bill.service_id);
    let amount: i64 = bills.iter().map(|bill| bill.left).sum();
    let minimum = method.minimum(client.provider());
    if Rupiah(amount) < minimum {
        return Err(Error::Refused(format!(
            "{} melayani pembayaran mulai {minimum}; jumlah Anda {}. Silakan pilih cara lain.",
            method.name,
            Rupiah(amount)
        )));
    }
    // In whichever order they were named: the same wish has one text.
    let mut parts: Vec<(i64, i64)> = bills.iter().map(|bill| (bill.id, bill.left)).collect();
    parts.sort_unstable();
    let wish: String = parts.iter().map(|(id, left)| format!("{id}:{left}")).collect::<Vec<_>>().join(",");
    let hours = settings.int(&format!("gateway.{gateway_code}.expiry_hours"));

    for _ in 0..3 {
        let now = state.clock.now();
        if let Some(open) = state.db.opt::<Attempt>(FIND_OPEN, args![gateway_code, method_code, &wish]).await? {
            let stale = open.status == "creating" && now - open.created_at > Duration::seconds(CREATING_MAX_S);
            if stale || open.expires_at <= now {
                if stale {
                    close(state, open.id, "failed", "gateway tidak menjawab").await?;
                } else {
                    expire(state, open.id).await?;
                }
                continue;
            }
            return wait_until_open(state, open).await;
        }
        let payer: Payer = state.db.one(PAYER, args![service_id]).await?;
        let reference = format!("KIM{}", hex::encode_upper(random_bytes::<10>()?));
        let expires_at = now + Duration::hours(hours);
        let rows: Vec<(i64, i64)> = bills.iter().map(|bill| (bill.id, bill.left)).collect();
        let row = (gateway_code.to_owned(), method_code.to_owned(), wish.clone(), reference.clone());
        let customer_id = payer.customer_id;
        let inserted = state
            .db
            .write::<_, Error, _>(move |tx| {
                let ((gateway, method, wish, reference), rows) = (row.clone(), rows.clone());
                Box::pin(async move {
                    let args =
                        args![reference, customer_id, service_id, gateway, method, amount, wish, expires_at, now];
                    insert(tx, args, &rows).await
                })
            })
            .await?;
        let Some(attempt_id) = inserted else { continue };
        let first = bills.first().map(|bill| bill.number.clone()).unwrap_or_default();
        let several = bills.iter().any(|bill| bill.service_id != service_id);
        let more = if bills.len() > 1 { format!(" +{} tagihan", bills.len() - 1) } else { String::new() };
        let order = Order {
            reference,
            // Of several lines none is named: whoever pays may know another of them only.
            title: format!("{first}{more} {}", if several { "" } else { payer.service_number.as_str() })
                .trim_end()
                .to_owned(),
            amount: Rupiah(amount),
            method: method.code.to_owned(),
            payer_name: payer.name,
            payer_email: if payer.email.is_empty() { settings.text("company.email").to_owned() } else { payer.email },
            payer_phone: Phone::parse(&payer.phone).ok().map(|phone| phone.display().replace('-', "")),
            expires_at,
        };
        let (task_state, task_client) = (state.clone(), Arc::clone(&client));
        let task = tokio::spawn(async move {
            let created = task_client.create(&order).await;
            finish(&task_state, attempt_id, created).await
        });
        return task.await.map_err(|error| Error::Internal(error.to_string()))?;
    }
    Err(Error::Unavailable("Nomor pembayaran belum dapat dibuat. Silakan coba lagi.".to_owned()))
}

async fn insert(tx: &mut Tx, attempt: Vec<crate::server::db::Val>, bills: &[(i64, i64)]) -> Result<Option<i64>> {
    let Some((attempt_id,)) = tx.opt::<(i64,)>(INSERT_ATTEMPT, attempt).await? else { return Ok(None) };
    for (invoice_id, amount) in bills {
        tx.exec_one(INSERT_ATTEMPT_BILL, args![attempt_id, *invoice_id, *amount]).await?;
    }
    Ok(Some(attempt_id))
}

/// Waits while another request creates the same attempt.
async fn wait_until_open(state: &AppState, mut attempt: Attempt) -> Result<Attempt> {
    for _ in 0..100 {
        match attempt.status.as_str() {
            "creating" => {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                attempt = get(state, attempt.id).await?;
            }
            "failed" => return Err(Error::Unavailable(attempt.problem)),
            _ => return Ok(attempt),
        }
    }
    Err(Error::Unavailable(
        "Gateway pembayaran tidak menjawab tepat waktu. Silakan coba beberapa saat lagi.".to_owned(),
    ))
}

async fn finish(state: &AppState, attempt_id: i64, created: Result<Created, GatewayError>) -> Result<Attempt> {
    match created {
        Ok(created) => {
            let now = state.clock.now();
            state
                .db
                .write::<_, Error, _>(move |tx| {
                    let c = created.clone();
                    Box::pin(async move {
                        let payment_id = c.payment_id.unwrap_or_default();
                        // Also where it was given up or paid meanwhile: the gateway has the order, and may tell of it.
                        tx.exec(KNOW_ATTEMPT, args![attempt_id, &c.gateway_reference, &payment_id]).await?;
                        tx.exec(
                            OPEN_ATTEMPT,
                            args![
                                attempt_id,
                                c.gateway_reference,
                                payment_id,
                                c.payment_code.unwrap_or_default(),
                                c.qr_string.unwrap_or_default(),
                                c.payment_url.unwrap_or_default(),
                                c.expires_at,
                                now
                            ],
                        )
                        .await?;
                        Ok(())
                    })
                })
                .await?;
            get(state, attempt_id).await
        }
        Err(error) => {
            tracing::warn!(attempt_id, detail = error.detail(), "the gateway made no order");
            close(state, attempt_id, "failed", &error.to_string()).await?;
            Err(if error.is_transient() {
                Error::Unavailable(error.to_string())
            } else {
                Error::Refused(error.to_string())
            })
        }
    }
}

/// Ends an attempt that is not paid. A paid one stays paid.
pub async fn close(state: &AppState, attempt_id: i64, status: &'static str, problem: &str) -> Result<()> {
    let (problem, now) = (problem.to_owned(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let problem = problem.clone();
            Box::pin(async move {
                tx.exec(CLOSE_ATTEMPT, args![attempt_id, status, problem, now]).await?;
                Ok(())
            })
        })
        .await
}

/// Ends an attempt whose time is over, and has the gateway asked whether it was paid in the last moment.
async fn expire(state: &AppState, attempt_id: i64) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                tx.exec(CLOSE_ATTEMPT, args![attempt_id, "expired", "", now]).await?;
                work::enqueue(tx, &Job::AskAttempt { attempt_id }, now, now).await
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}
