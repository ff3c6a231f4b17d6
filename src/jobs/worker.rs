//! Looks for due work and carries it out, until told to stop.

use super::{carry::carry_out, sweep};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Claimed, Ending};
use crate::{args, sql};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How often the worker looks when no bell rings.
const POLL: Duration = Duration::from_secs(1);
/// Items at once, router visits not counted.
const GENERAL_MAX: usize = 4;
/// Router visits at once; one a router by its lane.
const ROUTERS_MAX: usize = 32;
/// How long work that runs may go on after the stop; what is not done then is claimed again after its lease.
const GRACE: Duration = Duration::from_secs(8);

/// What a drain did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drained {
    /// Items carried out.
    pub done: i64,
    /// Tries that failed and come again.
    pub retry: i64,
    /// Items given up.
    pub dead: i64,
    /// Items that are still open, due or not.
    pub left: i64,
}

sql!(LEFT = "SELECT COUNT(*) FROM work WHERE state IN ('ready', 'retry', 'running')");

/// What runs at this moment.
#[derive(Default)]
struct Running {
    tasks: JoinSet<(bool, Result<Ending>)>,
    general: usize,
    routers: usize,
    drained: Drained,
}

impl Running {
    /// Claims what is due and fits, and starts it; how many.
    async fn start_due(&mut self, state: &AppState) -> Result<usize> {
        let mut started = 0;
        if self.general >= GENERAL_MAX && self.routers >= ROUTERS_MAX {
            return Ok(0);
        }
        let now = state.clock.now();
        for candidate in work::candidates(state, now).await? {
            let is_router = candidate.kind == "sync_router";
            let (busy, max) =
                if is_router { (&mut self.routers, ROUTERS_MAX) } else { (&mut self.general, GENERAL_MAX) };
            if *busy >= max {
                continue;
            }
            match work::claim(state, candidate.id, now).await {
                Ok(Some(claimed)) => {
                    *busy += 1;
                    started += 1;
                    self.tasks.spawn(carry(state.clone(), claimed, is_router));
                }
                Ok(None) => {}
                // One item that cannot be read must not stop the others.
                Err(error) => tracing::error!(work = candidate.id, %error, "work cannot be claimed"),
            }
        }
        Ok(started)
    }

    /// Takes note of one that ended.
    fn ended(&mut self, joined: std::result::Result<(bool, Result<Ending>), tokio::task::JoinError>) {
        let (is_router, ending) = match joined {
            Ok(ended) => ended,
            Err(error) => {
                // `carry` catches the deed's own panics, so this is ours; the lease brings the item back.
                tracing::error!(%error, "worker task ended badly");
                self.general = self.general.saturating_sub(1);
                return;
            }
        };
        let busy = if is_router { &mut self.routers } else { &mut self.general };
        *busy = busy.saturating_sub(1);
        match ending {
            Ok(Ending::Done) => self.drained.done += 1,
            Ok(Ending::Retry) => self.drained.retry += 1,
            Ok(Ending::Dead) => self.drained.dead += 1,
            Ok(Ending::Lost) => {}
            Err(error) => tracing::error!(%error, "work could not be finished"),
        }
    }
}

async fn carry(state: AppState, claimed: Claimed, is_router: bool) -> (bool, Result<Ending>) {
    let deed = carry_out(state.clone(), claimed.clone());
    (is_router, work::carry(&state, &claimed, deed).await)
}

/// The worker of a server, until `state.stop` is cancelled; then it claims nothing more and gives
/// what runs 8 seconds.
pub async fn run(state: AppState) {
    // What the routers were told while nothing listened is looked at once, not in five minutes.
    if let Err(error) = sweep::run(&state).await {
        tracing::error!(%error, "routers could not be swept at the start; the schedule does it");
    }
    let mut running = Running::default();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    while !state.stop.is_cancelled() {
        // Interest is registered before the look, so that a bell between look and wait is not missed.
        let bell = state.work_bell.notified();
        tokio::pin!(bell);
        bell.as_mut().enable();
        if let Err(error) = running.start_due(&state).await {
            tracing::error!(%error, "worker cannot look for work");
        }
        tokio::select! {
            () = state.stop.cancelled() => break,
            () = bell => {}
            _ = poll.tick() => {}
            Some(joined) = running.tasks.join_next(), if !running.tasks.is_empty() => running.ended(joined),
        }
    }
    let until = Instant::now() + GRACE;
    while let Ok(Some(joined)) = tokio::time::timeout_at(until, running.tasks.join_next()).await {
        running.ended(joined);
    }
    running.tasks.shutdown().await;
}

/// Carries out everything that is due now, also what that makes due, for at most `timeout`; in this process, beside
/// whatever other processes do.
pub async fn drain(state: &AppState, timeout: Duration) -> Result<Drained> {
    let until = Instant::now() + timeout;
    let mut running = Running::default();
    loop {
        let late = Instant::now() >= until;
        if !late {
            running.start_due(state).await?;
        }
        if running.tasks.is_empty() {
            break;
        }
        match tokio::time::timeout_at(until, running.tasks.join_next()).await {
            Ok(Some(joined)) => running.ended(joined),
            Ok(None) => {}
            Err(_) => {
                running.tasks.shutdown().await;
                break;
            }
        }
    }
    let mut drained = running.drained;
    drained.left = state.db.number(LEFT, args![]).await.map_err(Error::from)?;
    Ok(drained)
}
