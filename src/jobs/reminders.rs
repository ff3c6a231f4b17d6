//! The daily reminders, as scheduled.

use crate::server::error::Result;
use crate::server::messages::reminders;
use crate::server::state::AppState;

/// Its name in the schedule: daily at `reminder.time`.
pub const NAME: &str = "reminders";

/// Writes today's reminders; the queue sends them. Answers the counts as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    Ok(serde_json::to_string(&reminders::remind(state).await?)?)
}
