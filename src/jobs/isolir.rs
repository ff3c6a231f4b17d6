//! The daily isolir run, as scheduled.

use crate::server::access::{RunIsolir, run_isolir};
use crate::server::audit::Who;
use crate::server::error::Result;
use crate::server::state::AppState;

/// Its name in the schedule.
pub const NAME: &str = "isolir";

/// Runs for today; the routers follow as work of their own. A braked run is a result, not a failure: the dashboard
/// asks a person. Answers the counts as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let today = state.clock.today();
    let run = RunIsolir { today, dry_run: false, approve: false, by: Who::system(), wait: None };
    let report = run_isolir(state, run).await?;
    Ok(serde_json::json!({
        "overdue": report.overdue, "isolated": report.isolated, "held": report.held.len(), "restored": report.restored,
        "pending": report.pending, "failed": report.failed.len(), "braked": report.braked,
    })
    .to_string())
}
