//! Carries out the sending of one queued message. Source: protocols/whatsapp.md §8; RULES, "Messages".

use super::defaults::TemplateKind;
use super::mpwa::{Mpwa, MpwaConfig};
use super::{SendError, Sender, channel};
use crate::billing::phone::mask_stored;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::server::work::Outcome;
use crate::{args, sql};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// Marks a message whose sending has begun. One that is found so was cut off, and may have gone out.
pub(super) const BEGUN: &str = "sedang dikirim";
/// Hours (business time) between which only what the customer waits for is sent.
const QUIET_FROM_H: u32 = 20;
const QUIET_UNTIL_H: u32 = 8;
/// Tries, as the queue counts them.
const TRIES_MAX: i64 = 5;

#[derive(sqlx::FromRow)]
struct Stored {
    kind: String,
    day: NaiveDate,
    phone: String,
    text: String,
    state: String,
    reason: String,
}

sql!(FIND_MESSAGE = "SELECT kind, day, phone, text, state, reason FROM message WHERE id = $1");
// Bills that the message asks for, and those of them that are still open.
sql!(
    ASKED_BILLS =
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN i.status IN ('open', 'partial') THEN 1 ELSE 0 END), 0) AS BIGINT)
 FROM message_bill b JOIN invoice i ON i.id = b.invoice_id WHERE b.message_id = $1"
);
sql!(BEGIN_SENDING = "UPDATE message SET reason = $2 WHERE id = $1 AND state = 'queued'");
sql!(
    END_SENDING =
        "UPDATE message SET state = $2, reason = $3, provider_id = $4, sent_at = $5 WHERE id = $1 AND state = 'queued'"
);

/// The WhatsApp gateway of the settings; `None` when none is chosen.
pub fn sender(state: &AppState, settings: &Settings) -> Result<Option<Box<dyn Sender>>> {
    if settings.text("whatsapp.provider") != "mpwa" {
        return Ok(None);
    }
    let config = MpwaConfig {
        api_url: settings.text("whatsapp.api_url").to_owned(),
        device_id: settings.text("whatsapp.device_id").to_owned(),
        api_key: settings.secret("whatsapp.api_key")?,
    };
    Ok(Some(Box::new(Mpwa::new(config, state.http.clone()))))
}

/// Sends message `message_id`. `attempt` is the queue's count: the last failed try makes the message failed. What was
/// written to the gateway without a known result is never sent again by itself.
pub async fn deliver(state: &AppState, message_id: i64, attempt: i64) -> Result<Outcome> {
    let Some(message) = state.db.opt::<Stored>(FIND_MESSAGE, args![message_id]).await? else {
        return Ok(Outcome::Done);
    };
    if message.state != "queued" {
        return Ok(Outcome::Done);
    }
    if message.reason == BEGUN {
        let reason = "Hasil pengiriman tidak diketahui: program berhenti saat mengirim.";
        end(state, message_id, "failed", reason, "").await?;
        return Ok(Outcome::Done);
    }
    // A key that was just changed holds from the very next message on.
    let settings = state.fresh_settings().await?;
    let Some(sender) = sender(state, &settings)? else {
        end(state, message_id, "cancelled", "Gateway WhatsApp belum diatur.", "").await?;
        return Ok(Outcome::Done);
    };
    if let Some(reason) = pointless(state, message_id, &message).await? {
        end(state, message_id, "cancelled", reason, "").await?;
        return Ok(Outcome::Done);
    }
    if let Some(until) =
        channel::read(state).await?.and_then(|device| device.paused_until).filter(|at| *at > state.clock.now())
    {
        return Ok(Outcome::Later { at: until, reason: "perangkat WhatsApp bermasalah".to_owned() });
    }
    if let Some(at) = quiet_until(state, &message.kind) {
        return Ok(Outcome::Later { at, reason: "jam tenang".to_owned() });
    }
    begin(state, message_id, BEGUN).await?;
    match sender.send_text(&message.phone, &message.text).await {
        Ok(accepted) => {
            channel::worked(state).await?;
            end(state, message_id, "sent", "", &accepted.provider_id.unwrap_or_default()).await?;
            Ok(Outcome::Done)
        }
        Err(error) => {
            let to = mask_stored(&message.phone);
            tracing::warn!(message = message_id, to, code = error.code(), %error, "message not sent");
            not_sent(state, message_id, attempt, &error).await
        }
    }
}

/// Why a message need not go out any more, if so: what it asks for is paid, or its moment has passed.
async fn pointless(state: &AppState, message_id: i64, message: &Stored) -> Result<Option<&'static str>> {
    let (bills, open): (i64, i64) = state.db.one(ASKED_BILLS, args![message_id]).await?;
    if bills > 0 && open == 0 {
        return Ok(Some("Sudah dibayar sebelum pesan dikirim."));
    }
    let today_only = matches!(TemplateKind::parse(&message.kind), Some(TemplateKind::Reminder | TemplateKind::Warning));
    Ok((today_only && message.day < state.clock.today()).then_some("Waktunya sudah lewat."))
}

async fn not_sent(state: &AppState, message_id: i64, attempt: i64, error: &SendError) -> Result<Outcome> {
    let reason = error.to_string();
    // A device that rests keeps its queue: the message waits with the others, and its tries are not used up.
    if error.is_device_level()
        && let Some(until) = channel::failed(state, error).await?
    {
        begin(state, message_id, &reason).await?;
        return Ok(Outcome::Later { at: until, reason });
    }
    if !error.is_retryable() {
        end(state, message_id, "failed", &reason, "").await?;
        return Ok(if error.is_device_level() { Outcome::Fail { reason } } else { Outcome::Done });
    }
    if attempt >= TRIES_MAX {
        end(state, message_id, "failed", &reason, "").await?;
    } else {
        begin(state, message_id, &reason).await?;
    }
    Ok(Outcome::Retry { reason })
}

/// Until when this kind of message must wait, if it must.
fn quiet_until(state: &AppState, kind: &str) -> Option<DateTime<Utc>> {
    if TemplateKind::parse(kind).is_some_and(TemplateKind::ignores_quiet_hours) {
        return None;
    }
    let (from, until) = (NaiveTime::from_hms_opt(QUIET_FROM_H, 0, 0)?, NaiveTime::from_hms_opt(QUIET_UNTIL_H, 0, 0)?);
    let (today, time) = (state.clock.today(), state.clock.time());
    if time >= from {
        Some(state.clock.instant(today + Days::new(1), until))
    } else if time < until {
        Some(state.clock.instant(today, until))
    } else {
        None
    }
}

async fn begin(state: &AppState, message_id: i64, reason: &str) -> Result<()> {
    let reason = reason.to_owned();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let reason = reason.clone();
            Box::pin(async move { Ok(tx.exec_one(BEGIN_SENDING, args![message_id, reason]).await?) })
        })
        .await
}

async fn end(state: &AppState, message_id: i64, word: &'static str, reason: &str, provider_id: &str) -> Result<()> {
    let (reason, provider_id) = (reason.to_owned(), provider_id.to_owned());
    let sent_at = (word == "sent").then(|| state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (reason, provider_id) = (reason.clone(), provider_id.clone());
            Box::pin(async move {
                tx.exec(END_SENDING, args![message_id, word, reason, provider_id, sent_at]).await?;
                Ok(())
            })
        })
        .await
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
