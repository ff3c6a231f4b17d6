//! Messages that wait to be sent: a row and its work item, in the transaction of their cause.

use super::defaults::TemplateKind;
use super::deliver::BEGUN;
use super::reminders::reminder_subject;
use crate::args;
use crate::billing::Phone;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::Job;
use crate::sql;
use chrono::{DateTime, NaiveDate, Utc};

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// [`super::defaults::TemplateKind::code`].
    pub kind: &'static str,
    /// What it is about, `payment:17`: with kind and day the key that makes it once only.
    pub subject: String,
    /// The business day it belongs to.
    pub day: NaiveDate,
    /// Who gets it.
    pub customer_id: i64,
    /// The service it is about, if one.
    pub service_id: Option<i64>,
    /// His number, in any form.
    pub phone: String,
    /// The finished text.
    pub text: String,
}

// The messages ($1) and the work of sending them ($3…$7), whose payload and key name the message where $8 stands. A message that
// stands already is neither. On SQLite the newest messages are these, since nobody else writes meanwhile.
macro_rules! insert_messages {
    ($new:literal) => {
        concat!("INSERT INTO message (kind, subject, day, customer_id, service_id, phone, text, state, reason, provider_id, created_at, sent_at)
 SELECT f.kind, f.subject, f.day, f.customer_id, f.service_id, f.phone, f.text, 'queued', '', '', $2, NULL FROM ", $new, " WHERE TRUE
 ON CONFLICT (kind, subject, day) DO NOTHING RETURNING id")
    };
}
macro_rules! insert_work {
    ($from:literal) => {
        concat!("INSERT INTO work (kind, payload, dedup, lane, run_at, lease_by, lease_until, attempt, state, last_error, created_at, finished_at)
 SELECT $3, REPLACE($4, $8, CAST(m.id AS TEXT)), REPLACE($5, $8, CAST(m.id AS TEXT)), $6, $7, '', NULL, 0, 'ready', '', $2, NULL FROM ", $from)
    };
}
sql!(
    QUEUE = sqlite concat!(
        insert_messages!("(SELECT value ->> 'kind' AS kind, value ->> 'subject' AS subject, value ->> 'day' AS day, value ->> 'customer_id' AS customer_id,
  value ->> 'service_id' AS service_id, value ->> 'phone' AS phone, value ->> 'text' AS text FROM json_each($1)) f"), ";\n",
        insert_work!("message m WHERE m.id > (SELECT MAX(id) FROM message) - CHANGES()")
    ),
    postgres concat!(
        "WITH m AS (",
        insert_messages!("JSONB_TO_RECORDSET(CAST($1 AS JSONB)) AS f(kind TEXT, subject TEXT, day DATE, customer_id BIGINT, service_id BIGINT, phone TEXT, text TEXT)"),
        "),\n w AS (", insert_work!("m"), ")\n SELECT id FROM m"
    )
);
/// Stands for the message's id until it has one.
const ITS_ID: i64 = i64::MAX;

/// Queues a message to be sent at once; its id, or `None` where there is nothing to send: the same message stands
/// already, or the number is no mobile number.
pub async fn queue(tx: &mut Tx, message: Outgoing, now: DateTime<Utc>) -> Result<Option<i64>> {
    queue_at(tx, message, &[], now, now).await
}

/// Queues a message that asks for `bills`, to be sent at `run_at`. Once they are all paid it is not sent any more.
pub async fn queue_at(
    tx: &mut Tx,
    message: Outgoing,
    bills: &[i64],
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<i64>> {
    let inserted = queue_all(tx, std::slice::from_ref(&message), run_at, now).await?;
    let Some(&message_id) = inserted.first() else { return Ok(None) };
    if !bills.is_empty() {
        let rows = bills.iter().map(|bill| args![message_id, *bill]).collect();
        tx.insert_many("INSERT INTO message_bill (message_id, invoice_id)", rows).await?;
    }
    Ok(Some(message_id))
}

/// Queues messages to be sent at `run_at`; their ids, without those that stand already or whose number is no mobile number.
pub async fn queue_all(
    tx: &mut Tx,
    messages: &[Outgoing],
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    let new: Vec<serde_json::Value> = messages
        .iter()
        .filter_map(|message| {
            let phone = Phone::normalise(&message.phone).ok().filter(Phone::is_mobile)?;
            Some(serde_json::json!({
                "kind": message.kind, "subject": message.subject, "day": message.day, "customer_id": message.customer_id,
                "service_id": message.service_id, "phone": phone.as_str(), "text": message.text,
            }))
        })
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let job = Job::SendMessage { message_id: ITS_ID };
    let values = args![
        serde_json::to_string(&new)?,
        now,
        job.kind(),
        serde_json::to_string(&job)?,
        job.dedup(),
        job.lane(),
        run_at,
        ITS_ID.to_string()
    ];
    Ok(tx.all::<(i64,)>(QUEUE, values).await?.into_iter().map(|(id,)| id).collect())
}

/// Why a reminder that comes to another telephone is not sent.
const HAS_ITS_REMINDER: &str = "Nomor yang baru sudah mendapat pengingat hari itu.";

sql!(REDIRECT = "UPDATE message SET phone = $2 WHERE customer_id = $1 AND state = 'queued'");
// `$4`: what a message says whose sending has begun.
sql!(DROP_SECOND_REMINDERS = "UPDATE message SET state = 'cancelled', reason = $3 WHERE customer_id = $1 AND state = 'queued' AND kind = 'reminder' AND reason <> $4
 AND EXISTS (SELECT 1 FROM message o WHERE o.kind = 'reminder' AND o.subject = $2 AND o.day = message.day AND o.id <> message.id)");
sql!(
    COUNT_REMINDERS_THERE =
        "UPDATE message SET subject = $2 WHERE customer_id = $1 AND state = 'queued' AND kind = 'reminder'
 AND NOT EXISTS (SELECT 1 FROM message o WHERE o.kind = 'reminder' AND o.subject = $2 AND o.day = message.day)"
);

/// Sends what waits for a customer to his new telephone. That telephone still gets one reminder a day: one that has its
/// own gets no second, and what comes to it counts as its own.
pub async fn redirect(tx: &mut Tx, customer_id: i64, phone: &str) -> Result<()> {
    let subject = reminder_subject(phone);
    tx.exec(DROP_SECOND_REMINDERS, args![customer_id, &subject, HAS_ITS_REMINDER, BEGUN]).await?;
    tx.exec(COUNT_REMINDERS_THERE, args![customer_id, &subject]).await?;
    tx.exec(REDIRECT, args![customer_id, phone]).await?;
    Ok(())
}

sql!(
    STOP_MESSAGE =
        "UPDATE message SET state = 'cancelled', reason = $2 WHERE id = $1 AND state = 'queued' AND reason <> $3"
);
sql!(
    SENT_BEFORE = "SELECT m.kind, m.customer_id, m.service_id, c.phone, m.text, m.state
 FROM message m JOIN customer c ON c.id = m.customer_id WHERE m.id = $1"
);
sql!(BILLS_OF_MESSAGE = "SELECT invoice_id FROM message_bill WHERE message_id = $1 ORDER BY invoice_id");

/// Takes a message out of the queue by hand. One whose sending has begun can no longer be stopped.
pub async fn cancel(state: &AppState, who: Who, message_id: i64) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let reason = format!("Dibatalkan oleh {}.", who.name);
                if tx.exec(STOP_MESSAGE, args![message_id, reason, BEGUN]).await? == 0 {
                    let words =
                        "Pesan ini sudah dikirim, sedang dikirim, atau sudah dibatalkan. Muat ulang halaman ini.";
                    return Err(Error::Conflict(words.to_owned()));
                }
                audit::record(tx, &who, now, "message.cancel", &format!("message:{message_id}"), "antre", "dibatalkan")
                    .await
            })
        })
        .await
}

/// Sends a message again, as a message of its own, to the customer's number of today; once a day. Its id.
pub async fn resend(state: &AppState, who: Who, message_id: i64) -> Result<i64> {
    let (now, day) = (state.clock.now(), state.clock.today());
    let id = state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                type Row = (String, i64, Option<i64>, String, String, String);
                let row: Option<Row> = tx.opt(SENT_BEFORE, args![message_id]).await?;
                let Some((kind, customer_id, service_id, phone, text, state)) = row else {
                    return Err(Error::NotFound("Pesan itu tidak ada.".to_owned()));
                };
                if state == "queued" {
                    return Err(Error::Conflict("Pesan ini masih mengantre; tidak perlu dikirim ulang.".to_owned()));
                }
                let Some(kind) = TemplateKind::parse(&kind) else {
                    return Err(Error::Refused("Pesan jenis ini tidak dapat dikirim ulang.".to_owned()));
                };
                if !Phone::normalise(&phone).is_ok_and(|phone| phone.is_mobile()) {
                    let words =
                        "Pelanggan ini tidak punya nomor HP. Perbaiki nomornya di halaman pelanggan, lalu kirim ulang.";
                    return Err(Error::Refused(words.to_owned()));
                }
                let bills: Vec<(i64,)> = tx.all(BILLS_OF_MESSAGE, args![message_id]).await?;
                let bills: Vec<i64> = bills.into_iter().map(|row| row.0).collect();
                let subject = format!("ulang:{message_id}");
                let message = Outgoing { kind: kind.code(), subject, day, customer_id, service_id, phone, text };
                let Some(id) = queue_at(tx, message, &bills, now, now).await? else {
                    let words = "Pesan ini sudah dikirim ulang hari ini; lihat di daftar.";
                    return Err(Error::Conflict(words.to_owned()));
                };
                let subject = format!("message:{message_id}");
                audit::record(tx, &who, now, "message.resend", &subject, "", &format!("message:{id}")).await?;
                Ok(id)
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(id)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
