//! Every router is visited every few minutes, whether or not anything is known to have changed.

use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};

/// Its name in the schedule.
pub const NAME: &str = "router_sweep";

// A router that is down has its retries already; another item would only wait beside them.
sql!(
    IDLE_ROUTERS = "SELECT r.id FROM router r WHERE NOT EXISTS (
   SELECT 1 FROM work w WHERE w.state = 'retry' AND w.dedup = 'sync_router:' || CAST(r.id AS TEXT)) ORDER BY r.id"
);

/// Enqueues a visit to every router. Answers how many, as JSON.
pub async fn run(state: &AppState) -> Result<String> {
    let routers: Vec<(i64,)> = state.db.all(IDLE_ROUTERS, args![]).await?;
    let (n, now) = (routers.len(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let routers = routers.clone();
            Box::pin(async move {
                for (router_id,) in routers {
                    work::enqueue(tx, &Job::SyncRouter { router_id }, now, now).await?;
                }
                Ok(())
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(serde_json::json!({ "routers": n }).to_string())
}
