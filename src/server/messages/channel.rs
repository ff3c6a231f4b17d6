//! The device that sends: messages in bulk are spread in time, and a device that fails again and again rests, with an
//! alert, while the queue is kept. Source: protocols/whatsapp.md §8, rules 2 and 4.

use super::SendError;
use crate::args;
use crate::server::alerts;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::secrets::random_bytes;
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Duration, Utc};

/// The one device of this version.
pub const WHATSAPP: &str = "whatsapp";
/// Kind of the alert of a device that rests.
pub const ALERT: &str = "whatsapp_down";
/// Failures of the device in a row after which it rests.
const FAILURES_MAX: i64 = 3;
/// First and longest rest, in minutes.
const REST_FIRST_MIN: i64 = 5;
const REST_LONGEST_MIN: i64 = 60;
/// So many of a batch go out without a pause.
const BURST: usize = 5;

/// The state of the device as the queue knows it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Channel {
    /// Failures in a row.
    pub failures: i64,
    /// Until when it rests.
    pub paused_until: Option<DateTime<Utc>>,
    /// Since when it fails.
    pub down_since: Option<DateTime<Utc>>,
    /// When it last took a message.
    pub last_ok_at: Option<DateTime<Utc>>,
    /// What it said when it last failed.
    pub last_problem: String,
}

sql!(
    ADD_CHANNEL = "INSERT INTO channel (name, failures, last_problem) VALUES ($1, 0, '') ON CONFLICT (name) DO NOTHING"
);
sql!(CHANNEL = "SELECT failures, paused_until, down_since, last_ok_at, last_problem FROM channel WHERE name = $1");
sql!(SPREAD_UNTIL = "SELECT spread_until FROM channel WHERE name = $1");
sql!(PUT_SPREAD = "UPDATE channel SET spread_until = $2 WHERE name = $1");
sql!(
    NOTE_OK =
        "UPDATE channel SET failures = 0, paused_until = NULL, down_since = NULL, last_ok_at = $2 WHERE name = $1"
);
sql!(
    NOTE_FAILURE = "UPDATE channel SET failures = failures + 1, down_since = COALESCE(down_since, $2), last_problem = $3 WHERE name = $1"
);
sql!(REST = "UPDATE channel SET paused_until = $2 WHERE name = $1");

/// The device, if it was ever used.
pub async fn read(state: &AppState) -> Result<Option<Channel>> {
    Ok(state.db.opt(CHANNEL, args![WHATSAPP]).await?)
}

/// Times for `count` messages in bulk, from `from` on and behind those that are spread already: the first few at once,
/// then with `whatsapp.pace_min_s` to `whatsapp.pace_max_s` seconds between them.
pub async fn spread(tx: &mut Tx, settings: &Settings, from: DateTime<Utc>, count: usize) -> Result<Vec<DateTime<Utc>>> {
    tx.exec(ADD_CHANNEL, args![WHATSAPP]).await?;
    let (until,): (Option<DateTime<Utc>>,) = tx.one(SPREAD_UNTIL, args![WHATSAPP]).await?;
    let low = settings.int("whatsapp.pace_min_s");
    let width = (settings.int("whatsapp.pace_max_s") - low).max(0);
    let (mut at, mut at_once) = match until {
        Some(until) if until > from => (until, 0),
        _ => (from, BURST),
    };
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        if at_once > 0 {
            at_once -= 1;
        } else {
            let dice = i64::from(u16::from_be_bytes(random_bytes::<2>()?));
            at += Duration::seconds(low + dice % (width + 1));
        }
        times.push(at);
    }
    tx.exec_one(PUT_SPREAD, args![WHATSAPP, at]).await?;
    Ok(times)
}

/// The device took a message: it is well again.
pub async fn worked(state: &AppState) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                tx.exec(ADD_CHANNEL, args![WHATSAPP]).await?;
                tx.exec_one(NOTE_OK, args![WHATSAPP, now]).await?;
                alerts::close(tx, ALERT, WHATSAPP, now).await
            })
        })
        .await
}

/// The device failed. After some in a row it rests: until when.
pub async fn failed(state: &AppState, error: &SendError) -> Result<Option<DateTime<Utc>>> {
    let (now, problem) = (state.clock.now(), error.to_string());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let problem = problem.clone();
            Box::pin(async move {
                tx.exec(ADD_CHANNEL, args![WHATSAPP]).await?;
                tx.exec_one(NOTE_FAILURE, args![WHATSAPP, now, &problem]).await?;
                let channel: Channel = tx.one(CHANNEL, args![WHATSAPP]).await?;
                let beyond = channel.failures - FAILURES_MAX;
                if beyond < 0 {
                    return Ok(None);
                }
                let minutes = (REST_FIRST_MIN << beyond.min(8)).min(REST_LONGEST_MIN);
                let until = now + Duration::minutes(minutes);
                tx.exec_one(REST, args![WHATSAPP, until]).await?;
                let problem = problem.trim_end_matches('.');
                let text = format!("WhatsApp tidak dapat mengirim: {problem}. Pesan tetap mengantre.");
                alerts::open(tx, ALERT, WHATSAPP, &text, now).await?;
                Ok(Some(until))
            })
        })
        .await
}

sql!(WAKE = "UPDATE channel SET paused_until = NULL, failures = 0, down_since = NULL WHERE name = $1");
// What waits for the end of the rest need not wait any longer.
sql!(
    HURRY = "UPDATE work SET run_at = $2 WHERE kind = 'send_message' AND state IN ('ready', 'retry') AND run_at > $2
 AND run_at = (SELECT c.paused_until FROM channel c WHERE c.name = $1)"
);

/// Somebody linked the device: its rest is over, its alert closed, and the queue goes on.
pub async fn linked(state: &AppState, who: Who) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                tx.exec(HURRY, args![WHATSAPP, now]).await?;
                tx.exec(WAKE, args![WHATSAPP]).await?;
                alerts::close(tx, ALERT, WHATSAPP, now).await?;
                audit::record(tx, &who, now, "whatsapp.link", WHATSAPP, "", "terhubung").await
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}
