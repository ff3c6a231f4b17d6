//! The monthly bills, and daily the first bills of those who started.

use crate::billing::Period;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::ledger::{IssueWish, Scope};
use crate::server::state::AppState;
use chrono::{DateTime, Utc};

/// Monthly, on the 1st at 00:01 business time.
pub const INVOICING: &str = "invoicing";
/// Daily, for services that started inside the month.
pub const PRORATE: &str = "prorate";

/// Issues the month of `slot` (an RFC 3339 instant), whenever that happens: issued late, the bills bear today's date.
/// Answers the report as JSON.
pub async fn run(state: &AppState, slot: &str) -> Result<String> {
    let due = DateTime::parse_from_rfc3339(slot)
        .map_err(|_| Error::Corrupt(format!("waktu tugas {slot:?}")))?
        .with_timezone(&Utc);
    let month = Period::of(state.clock.day_of(due));
    let settings = state.fresh_settings().await?;
    let period = if settings.text("invoice.billing") == "di_akhir" { month.prev() } else { month };
    issue(state, IssueWish { period: Some(period), scope: Scope::All, notify: true, dry_run: false }).await
}

/// Issues the first bills of services that started since.
pub async fn run_starters(state: &AppState) -> Result<String> {
    issue(state, IssueWish { period: None, scope: Scope::Starters, notify: true, dry_run: false }).await
}

async fn issue(state: &AppState, wish: IssueWish) -> Result<String> {
    let report = state.ledger(Who::system()).await?.issue(wish).await?;
    // The skipped of a large company fill megabytes; the run's screen shows their number.
    Ok(serde_json::json!({
        "period": report.period, "issued": report.issued, "already": report.already,
        "skipped": report.skipped.len(), "total": report.total, "parked": report.parked,
    })
    .to_string())
}
