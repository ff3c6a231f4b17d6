//! What is critical and still holds, one row a kind and subject; who is told, and how, is `jobs::alerts`' business.

use crate::args;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, Utc};

/// An alert that is open.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Alert {
    /// Its row.
    pub id: i64,
    /// What kind.
    pub kind: String,
    /// About what.
    pub subject: String,
    /// In words.
    pub text: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// When somebody was told of it.
    pub told_at: Option<DateTime<Utc>>,
}

sql!(
    OPEN_ALERT =
        "INSERT INTO alert (kind, subject, text, state, opened_at, told_how) VALUES ($1, $2, $3, 'open', $4, '')
 ON CONFLICT (kind, subject) WHERE state = 'open' DO NOTHING"
);
sql!(
    CLOSE_ALERT =
        "UPDATE alert SET state = 'closed', closed_at = $3 WHERE kind = $1 AND subject = $2 AND state = 'open'"
);
sql!(OPEN_ALERTS = "SELECT id, kind, subject, text, opened_at, told_at FROM alert WHERE state = 'open' ORDER BY id");

/// Opens an alert; one that is open already stays as it is. Whether it is new.
pub async fn open(tx: &mut Tx, kind: &str, subject: &str, text: &str, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.exec(OPEN_ALERT, args![kind, subject, text, now]).await? == 1)
}

/// Closes it, if it is open.
pub async fn close(tx: &mut Tx, kind: &str, subject: &str, now: DateTime<Utc>) -> Result<()> {
    tx.exec(CLOSE_ALERT, args![kind, subject, now]).await?;
    Ok(())
}

/// All that are open, oldest first.
pub async fn open_ones(state: &AppState) -> Result<Vec<Alert>> {
    Ok(state.db.all(OPEN_ALERTS, args![]).await?)
}
