//! Messages that wait to be sent: a row and its work item, in the transaction of their cause.

use crate::args;
use crate::billing::Phone;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::server::work::{self, Job};
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

sql!(INSERT_MESSAGE = "INSERT INTO message (kind, subject, day, customer_id, service_id, phone, text, state, reason, provider_id, created_at, sent_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', '', '', $8, NULL)
 ON CONFLICT (kind, subject, day) DO NOTHING RETURNING id");

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
    let Some(phone) = Phone::normalise(&message.phone).ok().filter(Phone::is_mobile) else { return Ok(None) };
    let inserted: Option<(i64,)> = tx
        .opt(
            INSERT_MESSAGE,
            args![
                message.kind,
                message.subject,
                message.day,
                message.customer_id,
                message.service_id,
                phone.as_str(),
                message.text,
                now
            ],
        )
        .await?;
    let Some((message_id,)) = inserted else { return Ok(None) };
    let rows = bills.iter().map(|bill| args![message_id, *bill]).collect();
    tx.insert_many("INSERT INTO message_bill (message_id, invoice_id)", rows).await?;
    work::enqueue(tx, &Job::SendMessage { message_id }, run_at, now).await?;
    Ok(Some(message_id))
}
