//! Who did what: a row for every change by a person, in the transaction of the change.

use crate::args;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::sql;
use chrono::{DateTime, Utc};

/// Who is behind a change: a member of staff, the command line, a gateway, or the system itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The member of staff, if it was one.
    pub staff_id: Option<i64>,
    /// What screens show: a name, `Perintah`, `Flip`, `Sistem`.
    pub name: String,
    /// Address the change came from; empty for the system.
    pub address: String,
}

impl Who {
    /// The system itself (schedules, workers).
    pub fn system() -> Self {
        Self { staff_id: None, name: "Sistem".to_owned(), address: String::new() }
    }

    /// The command line.
    pub fn command() -> Self {
        Self { staff_id: None, name: "Perintah".to_owned(), address: String::new() }
    }
}

sql!(
    INSERT_AUDIT = "INSERT INTO audit_event (at, who, staff_id, action, subject, before_value, after_value, address)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
);

/// Writes the row. `action` is a verb of the program (`payment.record`), `subject` names the thing (`service:17`).
/// Never give it a secret.
pub async fn record(
    tx: &mut Tx,
    who: &Who,
    now: DateTime<Utc>,
    action: &str,
    subject: &str,
    before: &str,
    after: &str,
) -> Result<()> {
    tx.exec_one(INSERT_AUDIT, args![now, &who.name, who.staff_id, action, subject, before, after, &who.address])
        .await?;
    Ok(())
}
