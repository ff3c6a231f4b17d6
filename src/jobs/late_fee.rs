//! The fees for paying late, daily; off unless the owner wants them.

use crate::server::error::Result;
use crate::server::ledger::issue_late_fees;
use crate::server::state::AppState;

/// Its name in the schedule.
pub const NAME: &str = "late_fee";

/// Issues what is due today. Answers the counts as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    state.fresh_settings().await?;
    let (issued, total) = issue_late_fees(state).await?;
    Ok(serde_json::json!({ "issued": issued, "total": total }).to_string())
}
