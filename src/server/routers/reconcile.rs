//! Brings a router to what the database says: read all, compare, send only the difference, end the sessions that must
//! start anew, read back, record. A read that fails changes nothing. Source: DESIGN §6; RULES, "Isolir".

mod record;
mod tell;
#[cfg(test)]
mod tests;
mod visit;

use super::store::{self, RouterRow};
use super::strategy::{ServiceView, Want};
use crate::server::access::closed_now;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Ending, Job, Outcome};
use crate::{args, sql};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};

/// Where PPPoE passwords are sealed.
pub const PPPOE_PLACE: &str = "service.pppoe_password";

/// What one visit did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// The router.
    pub name: String,
    /// Accounts read.
    pub read: i64,
    /// Services whose account was changed or created.
    pub changed: i64,
    /// Sessions ended.
    pub kicked: i64,
    /// Accounts of no service.
    pub unmatched: i64,
    /// Why the visit failed, in words for people.
    pub error: Option<String>,
    /// Changes and sessions left to the next visit, which comes at once: a visit does so many at most, so that a restore
    /// need not wait.
    #[serde(skip)]
    pub(crate) left: i64,
    /// Why the router should be visited again soon though it answered (it claimed what it did not do, or lacks the
    /// isolation profile).
    #[serde(skip)]
    pub(crate) again: Option<String>,
}

/// A service as this visit loaded it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Loaded {
    id: i64,
    pppoe_username: String,
    profile: String,
    desired: String,
    manual: String,
    observed: String,
    observed_profile: String,
    remembered_profile: String,
    disabled_by_us: bool,
    kick_wanted: bool,
    router_problem: String,
}

impl Loaded {
    /// What the router shall give, if Kimonet has a say.
    fn want(&self) -> Option<Want> {
        match self.desired.as_str() {
            "normal" => Some(Want::Normal),
            "isolated" => Some(Want::Isolated),
            "disabled" => Some(Want::Disabled),
            _ => None,
        }
    }

    fn view(&self, want: Want, password: Option<String>) -> ServiceView {
        ServiceView {
            service_id: self.id,
            secret_name: self.pppoe_username.clone(),
            password,
            package_profile: self.profile.clone(),
            want,
            disabled_by_us: self.disabled_by_us,
            remembered_profile: Some(self.remembered_profile.clone()).filter(|profile| !profile.is_empty()),
            kick_wanted: self.kick_wanted,
        }
    }
}

// Accounts that services left behind come as rows with a negative id: wished disabled, known to no service.
sql!(
    LOAD = "SELECT s.id, s.pppoe_username, p.profile, s.desired, s.manual, s.observed, s.observed_profile,
   s.remembered_profile, s.disabled_by_us, s.kick_wanted, s.router_problem
 FROM service s JOIN package p ON p.id = s.package_id WHERE s.router_id = $1
 UNION ALL SELECT -l.id, l.pppoe_username, '', 'disabled', 'none', 'unknown', '', '', TRUE, FALSE, '' FROM router_leftover l
 WHERE l.router_id = $1 AND l.done_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM service o WHERE o.router_id = l.router_id AND o.pppoe_username = l.pppoe_username)
 ORDER BY 1"
);

/// Visits one router. A router that cannot be reached, or breaks off, is an `error` in the report, and its services
/// stay as they were; `Err` is the database's.
pub async fn sync_router(state: &AppState, router_id: i64) -> Result<SyncReport> {
    let router = store::get(state, router_id).await?;
    let settings = state.settings().await?;
    // Cuts that nobody ordered by hand wait for the hours in which cuts are made, also when the router comes back late.
    let shut = closed_now(&settings, &state.clock).is_some();
    let visited = async {
        // Reached first: a router that is down costs a knock, not the reading of all its services.
        let mut connection = visit::reach(state, &router).await?;
        let loaded: Vec<Loaded> = state.db.all(LOAD, args![router_id]).await.map_err(Error::from)?;
        let seen = visit::visit(state, &router, &mut connection, &loaded, shut).await?;
        Ok((loaded, seen))
    };
    match visited.await {
        Ok((loaded, seen)) => record::success(state, &router, &loaded, seen).await,
        Err(visit::Failure::Server(error)) => Err(error),
        Err(visit::Failure::Router(error)) => {
            tracing::warn!(router = router.name, %error, "router visit failed");
            let problem = error.problem();
            record::failure(state, &router, &problem).await?;
            Ok(SyncReport { name: router.name, error: Some(problem), ..SyncReport::default() })
        }
    }
}

/// [`sync_router`] as work says it: what the queue shall do next.
pub async fn carry_out(state: &AppState, router_id: i64) -> Result<Outcome> {
    match sync_router(state, router_id).await {
        Ok(report) => outcome(state, router_id, &report).await,
        // The router was deleted.
        Err(Error::NotFound(_)) => Ok(Outcome::Done),
        Err(error) => Err(error),
    }
}

async fn outcome(state: &AppState, router_id: i64, report: &SyncReport) -> Result<Outcome> {
    if let Some(reason) = report.error.clone().or_else(|| report.again.clone()) {
        return Ok(Outcome::Retry { reason });
    }
    if report.left > 0 {
        let now = state.clock.now();
        state
            .db
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move { work::enqueue(tx, &Job::SyncRouter { router_id }, now, now).await })
            })
            .await?;
        state.work_bell.notify_waiters();
    }
    Ok(Outcome::Done)
}

/// Visits a router now, in this process, as the queue's work: taking turns with every other process. `None` when
/// another one is visiting it.
pub async fn sync_in_lane(state: &AppState, router_id: i64) -> Result<Option<SyncReport>> {
    let now = state.clock.now();
    let job = Job::SyncRouter { router_id };
    let lane = job.lane();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let job = job.clone();
            Box::pin(async move { work::enqueue(tx, &job, now, now).await })
        })
        .await?;
    let Some(claimed) = work::claim_lane(state, &lane).await? else { return Ok(None) };
    let answer = Arc::new(Mutex::new(None));
    let (for_task, its_state) = (Arc::clone(&answer), state.clone());
    let ending = work::carry(state, &claimed, async move {
        let report = sync_router(&its_state, router_id).await?;
        let outcome = outcome(&its_state, router_id, &report).await?;
        if let Ok(mut answer) = for_task.lock() {
            *answer = Some(report);
        }
        Ok(outcome)
    })
    .await?;
    let report = answer.lock().ok().and_then(|mut answer| answer.take());
    match (report, ending) {
        (_, Ending::Lost) => Ok(None),
        (Some(report), _) => Ok(Some(report)),
        (None, _) => Err(Error::Internal(format!("kunjungan ke router {router_id} gagal; lihat log"))),
    }
}

/// `router:sync`: visits one router or all, side by side; a router that another process is visiting says so.
pub async fn sync_routers(state: &AppState, only: Option<&RouterRow>) -> Result<Vec<SyncReport>> {
    let routers = match only {
        Some(router) => vec![router.clone()],
        None => store::list(state).await?,
    };
    let visits = routers.iter().map(|router| async move {
        Ok(sync_in_lane(state, router.id).await?.unwrap_or_else(|| SyncReport {
            name: router.name.clone(),
            error: Some("Router sedang disinkronkan proses lain; coba lagi sebentar.".to_owned()),
            ..SyncReport::default()
        }))
    });
    futures::future::join_all(visits).await.into_iter().collect()
}
