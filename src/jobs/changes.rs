//! Planned stops and package changes, on their day. The monthly run carries them out as well, so that no bill is made for
//! what ended the day before, whichever of the two comes first.

use crate::server::access::AccessContext;
use crate::server::audit::Who;
use crate::server::customers::planned;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;

/// Daily, shortly after midnight.
pub const NAME: &str = "planned_changes";
/// Changes of one transaction.
const CHUNK: i64 = 200;

/// Carries out what is due. Answers how many, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let context = AccessContext {
        settings: state.fresh_settings().await?,
        today: state.clock.today(),
        now: state.clock.now(),
        who: Who::system(),
    };
    let mut done = 0;
    loop {
        let context = context.clone();
        let some = state
            .db
            .write::<_, Error, _>(move |tx| {
                let context = context.clone();
                Box::pin(async move { planned::carry_due(tx, &context, CHUNK).await })
            })
            .await?;
        done += some;
        if some < CHUNK {
            break;
        }
    }
    state.work_bell.notify_waiters();
    Ok(serde_json::json!({ "done": done }).to_string())
}
