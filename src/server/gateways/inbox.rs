//! Notices of gateways: verified at the door, stored with their work in one transaction, answered; carried out later,
//! after the gateway was asked, since the token of a notice does not sign its status.

use super::attempts::{self, Attempt};
use super::bills;
use super::{AttemptRef, Gateway, Notice, PaymentState, Provider, Status};
use crate::args;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::ledger::{PayForm, Source};
use crate::server::state::AppState;
use crate::server::work::{self, Job, Outcome};
use crate::sql;
use http::{HeaderMap, StatusCode};

/// Refused notices kept; the oldest go first.
const REFUSED_KEPT: i64 = 2_000;
/// How long an order may be on its way to a gateway.
const CREATING_S: i64 = 60;
/// Bytes kept of a refused notice.
const REFUSED_BYTES: usize = 2_000;

sql!(STORE_NOTICE = "INSERT INTO gateway_notice (gateway, payment_ref, status, status_code, parsed, body, state, outcome, received_at)
 VALUES ($1, $2, $3, '', $4, $5, 'new', '', $6) ON CONFLICT (gateway, payment_ref, status, status_code) DO NOTHING RETURNING id");
sql!(
    STORE_REFUSED = "INSERT INTO refused_notice (gateway, reason, body_start, address, at) VALUES ($1, $2, $3, $4, $5)"
);
sql!(
    TRIM_REFUSED =
        "DELETE FROM refused_notice WHERE id <= (SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) - $1 FROM refused_notice)"
);
sql!(READ_NOTICE = "SELECT gateway, payment_ref, status, parsed, state FROM gateway_notice WHERE id = $1");
sql!(END_NOTICE = "UPDATE gateway_notice SET state = $2, outcome = $3 WHERE id = $1 AND state = 'new'");
sql!(MATCH_ATTEMPT = "SELECT id FROM payment_attempt WHERE gateway = $1 AND (($2 <> '' AND gateway_payment_id = $2) OR ($3 <> '' AND gateway_reference = $3) OR ($4 <> '' AND reference = $4))
 ORDER BY CASE WHEN gateway_payment_id = $2 THEN 0 WHEN gateway_reference = $3 THEN 1 ELSE 2 END LIMIT 1");
sql!(
    BEING_CREATED = "SELECT COUNT(*) FROM payment_attempt WHERE gateway = $1 AND gateway_reference = '' AND status = 'creating' AND created_at > $2"
);

/// What is kept of a notice, besides its body.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Parsed {
    payment_id: String,
    #[serde(default)]
    link_id: String,
    #[serde(default)]
    reference: String,
    status: Status,
    amount: Rupiah,
}

/// Takes a notice from the wire: 200 only once it is safely stored; 401 for a wrong token; 400 for what cannot be read.
/// A refusal is written down under `log_address`; `None` where too many came from there already.
pub async fn receive(
    state: &AppState,
    provider: Provider,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
    log_address: Option<&str>,
) -> Result<StatusCode> {
    let settings = state.settings().await?;
    let verdict = match provider {
        Provider::Flip => attempts::flip(state, &settings)?.verify_notice(headers, query, body),
    };
    let now = state.clock.now();
    match verdict {
        Ok(notice) => {
            let stored = store(state, notice, now).await?;
            if stored {
                state.work_bell.notify_waiters();
            }
            Ok(StatusCode::OK)
        }
        Err(refused) => {
            let status =
                StatusCode::from_u16(refused.http_status()).map_err(|error| Error::Internal(error.to_string()))?;
            let Some(address) = log_address else { return Ok(status) };
            let start = String::from_utf8_lossy(body.get(..body.len().min(REFUSED_BYTES)).unwrap_or(body)).into_owned();
            // The body may hold a token that is nearly right: only its length and kind are kept.
            let start = format!("{} byte: {}", body.len(), start.split("token").next().unwrap_or_default());
            let (reason, address) = (refused.to_string(), address.to_owned());
            tracing::warn!(gateway = provider.code(), reason, "a notice was refused");
            state
                .db
                .write::<_, Error, _>(move |tx| {
                    let (reason, start, address) = (reason.clone(), start.clone(), address.clone());
                    Box::pin(async move {
                        tx.exec_one(STORE_REFUSED, args![provider.code(), reason, start, address, now]).await?;
                        tx.exec(TRIM_REFUSED, args![REFUSED_KEPT]).await?;
                        Ok(())
                    })
                })
                .await?;
            Ok(status)
        }
    }
}

async fn store(state: &AppState, notice: Notice, now: chrono::DateTime<chrono::Utc>) -> Result<bool> {
    let parsed = serde_json::to_string(&Parsed {
        payment_id: notice.payment_id.clone(),
        link_id: notice.link_id.clone().unwrap_or_default(),
        reference: notice.reference.clone().unwrap_or_default(),
        status: notice.status,
        amount: notice.amount,
    })?;
    let gateway = notice.gateway.code();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (notice, parsed) = (notice.clone(), parsed.clone());
            Box::pin(async move {
                let args = args![gateway, &notice.payment_id, notice.status.code(), parsed, &notice.raw, now];
                let Some((notice_id,)) = tx.opt::<(i64,)>(STORE_NOTICE, args).await? else { return Ok(false) };
                work::enqueue(tx, &Job::SettleNotice { notice_id }, now, now).await?;
                Ok(true)
            })
        })
        .await
}

/// Carries a stored notice out: asks the gateway, then settles what it says was paid. Twice does nothing more.
pub async fn carry_out_notice(state: &AppState, notice_id: i64) -> Result<Outcome> {
    let Some((gateway, _, _, parsed, progress)) =
        state.db.opt::<(String, String, String, String, String)>(READ_NOTICE, args![notice_id]).await?
    else {
        return Ok(Outcome::Fail { reason: format!("pemberitahuan {notice_id} tidak ada") });
    };
    if progress != "new" {
        return Ok(Outcome::Done);
    }
    let parsed: Parsed = serde_json::from_str(&parsed)?;
    let found: Option<(i64,)> =
        state.db.opt(MATCH_ATTEMPT, args![&gateway, &parsed.payment_id, &parsed.link_id, &parsed.reference]).await?;
    let Some((attempt_id,)) = found else {
        // The gateway may be faster than its own answer to our order, which holds the ids by which we would know it.
        let since = state.clock.now() - chrono::Duration::seconds(CREATING_S);
        if state.db.number(BEING_CREATED, args![&gateway, since]).await? > 0 {
            return Ok(Outcome::Retry { reason: "pembayaran yang cocok sedang dibuat".to_owned() });
        }
        end(state, notice_id, "review", "tidak ada pembayaran yang cocok").await?;
        return Ok(Outcome::Done);
    };
    let attempt = attempts::get(state, attempt_id).await?;
    match parsed.status {
        Status::Pending => {
            end(state, notice_id, "ignored", "masih menunggu").await?;
            Ok(Outcome::Done)
        }
        Status::Expired | Status::Failed => {
            let status = if parsed.status == Status::Expired { "expired" } else { "failed" };
            attempts::close(state, attempt.id, status, "").await?;
            end(state, notice_id, "settled", status).await?;
            Ok(Outcome::Done)
        }
        Status::Paid => {
            let told = ask(state, &attempt, &parsed.payment_id, &parsed.link_id).await?;
            match told.into_iter().find(|payment| payment.payment_id == parsed.payment_id) {
                Some(payment) if payment.status == Status::Paid => {
                    settle(state, &attempt, &payment, Some(notice_id)).await?;
                    Ok(Outcome::Done)
                }
                Some(_) => Ok(Outcome::Retry { reason: "gateway belum menyatakan pembayaran ini berhasil".to_owned() }),
                None => {
                    end(state, notice_id, "review", "gateway tidak mengenal pembayaran ini").await?;
                    Ok(Outcome::Done)
                }
            }
        }
    }
}

/// Asks the gateway what became of an attempt, and acts on the answer. For attempts whose time is over, and for
/// payers who say that they have paid.
pub async fn ask_attempt(state: &AppState, attempt_id: i64) -> Result<Outcome> {
    let attempt = attempts::get(state, attempt_id).await?;
    if attempt.status == "paid" {
        return Ok(Outcome::Done);
    }
    let over = attempt.expires_at <= state.clock.now();
    if attempt.gateway_reference.is_empty() {
        if over {
            attempts::close(state, attempt.id, "failed", "gateway tidak menjawab").await?;
        }
        return Ok(Outcome::Done);
    }
    let told = ask(state, &attempt, &attempt.gateway_payment_id, "").await?;
    if let Some(paid) = told.iter().find(|payment| payment.status == Status::Paid) {
        settle(state, &attempt, paid, None).await?;
    } else if told.iter().any(|payment| payment.status == Status::Failed) {
        attempts::close(state, attempt.id, "failed", "").await?;
    } else if over || told.iter().any(|payment| payment.status == Status::Expired) {
        attempts::close(state, attempt.id, "expired", "").await?;
    }
    Ok(Outcome::Done)
}

/// Asks about an attempt. `link_id` is the gateway's order as a notice names it, for an attempt that does not know it:
/// the gateway took the order, and its answer was lost.
async fn ask(state: &AppState, attempt: &Attempt, payment_id: &str, link_id: &str) -> Result<Vec<PaymentState>> {
    let settings = state.settings().await?;
    // An attempt in flight is carried to its end also when its gateway has been switched off since.
    let client = match Provider::parse(&attempt.gateway) {
        Some(Provider::Flip) => attempts::flip(state, &settings)?,
        None => return Err(Error::Corrupt(format!("gateway {}", attempt.gateway))),
    };
    let question = AttemptRef {
        reference: attempt.reference.clone(),
        gateway_reference: if attempt.gateway_reference.is_empty() { link_id } else { &attempt.gateway_reference }
            .to_owned(),
        payment_id: (!payment_id.is_empty()).then(|| payment_id.to_owned()),
    };
    client.query(&question).await.map_err(|error| Error::Unavailable(format!("{error} ({})", error.detail())))
}

/// Books what the gateway says was paid; the notice and the attempt end in the same transaction.
async fn settle(state: &AppState, attempt: &Attempt, payment: &PaymentState, notice_id: Option<i64>) -> Result<()> {
    let chosen: Vec<i64> = bills::of_attempt(state, attempt.id).await?.iter().map(|bill| bill.invoice_id).collect();
    let who = Who { staff_id: None, name: "Flip".to_owned(), address: String::new() };
    let ledger = state.ledger(who).await?;
    let form = PayForm {
        service_id: attempt.service_id,
        amount: payment.amount,
        source: Source::Gateway {
            gateway: attempt.gateway.clone(),
            reference: payment.payment_id.clone(),
            channel: attempt.method.clone(),
        },
        chosen,
        received_on: ledger.today(),
        received_by: "Flip".to_owned(),
        holder_id: None,
        reference: attempt.reference.clone(),
        note: String::new(),
        request_id: None,
        attempt_id: Some(attempt.id),
    };
    let expected = Rupiah(attempt.amount);
    let outcome = if payment.amount == expected {
        "lunas".to_owned()
    } else {
        format!("jumlah {} dari {expected}", payment.amount)
    };
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ledger, form, outcome) = (ledger.clone(), form.clone(), outcome.clone());
            Box::pin(async move {
                ledger.settle_in(tx, form).await?;
                if let Some(notice_id) = notice_id {
                    tx.exec(END_NOTICE, args![notice_id, "settled", outcome]).await?;
                }
                Ok(())
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}

async fn end(state: &AppState, notice_id: i64, how: &'static str, outcome: &str) -> Result<()> {
    let outcome = outcome.to_owned();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let outcome = outcome.clone();
            Box::pin(async move {
                tx.exec(END_NOTICE, args![notice_id, how, outcome]).await?;
                Ok(())
            })
        })
        .await
}
