//! The daily backup and the nightly drill, as scheduled.

use super::run;
use crate::server::backup;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};

/// Daily at `backup.time`.
pub const BACKUP: &str = "backup";
/// Nightly, after the backup.
pub const DRILL: &str = "drill";

sql!(WHO_RAN = "SELECT who FROM job_run WHERE job = $1 AND slot = $2");

/// Makes a backup. Answers its file and size, as JSON.
pub async fn run(state: &AppState, slot: &str) -> Result<String> {
    let who = state.db.opt::<(String,)>(WHO_RAN, args![BACKUP, slot]).await?.map(|row| row.0).unwrap_or_default();
    let made = backup::make(state, run::is_by_hand(slot), &who).await?;
    Ok(serde_json::json!({ "file": made.file, "bytes": made.bytes, "copy_problem": made.copy_problem }).to_string())
}

/// Tries the newest backup. A red drill is a result, not a failure: its alert stands until one is green. Answers it as
/// JSON.
pub async fn run_drill(state: &AppState) -> Result<String> {
    let drilled = backup::drill(state).await?;
    Ok(serde_json::json!({ "file": drilled.file, "green": drilled.green, "text": drilled.text }).to_string())
}
