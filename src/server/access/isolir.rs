//! The daily run that slows down who is overdue.

use super::holds::END_PROMISES;
use super::ids::{IDS_MAX, id_text};
use super::{AccessContext, closed, stage_when_normal};
use crate::billing::Rupiah;
use crate::billing::access::{Decision, Facts, brakes, decide};
use crate::billing::words::date_short;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::ledger::TURNS_OF_SERVICES;
use crate::server::routers::reconcile::sync_in_lane;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, id_list, sql};
use chrono::NaiveDate;
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// First and longest pause between two looks at the routers while a command waits.
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(250);
pub(super) const LOOK_LONGEST: Duration = Duration::from_secs(4);

/// What a run is told.
#[derive(Clone, Debug)]
pub struct RunIsolir {
    /// The business day.
    pub today: NaiveDate,
    /// Only count.
    pub dry_run: bool,
    /// Go on where the brake would stop.
    pub approve: bool,
    /// Who runs it.
    pub by: Who,
    /// `None`: leave the routers to the worker. `Some`: do the router work here, and wait up to so long for what does
    /// not answer at once. Zero: once round. A command with `--date` always gives this, since the worker's clock is
    /// another.
    pub wait: Option<Duration>,
}

/// A service that would be cut, and why it is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub service_number: String,
    /// Why not, in words.
    pub reason: String,
}

/// A service whose router was reached and could not carry out the wish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Its number.
    pub service_number: String,
    /// What stands in the way, in words.
    pub problem: String,
}

/// What a run found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IsolirReport {
    /// Services overdue by RULES.
    pub overdue: i64,
    /// Services that are proven isolated after the run: read back from the router.
    pub isolated: i64,
    /// Overdue, and left alone.
    pub held: Vec<Held>,
    /// Services that this run wished back to normal.
    pub restored: i64,
    /// Services wished isolated whose router has not confirmed. In a dry run also those that would be cut.
    pub pending: i64,
    /// Services wished isolated whose router says no.
    pub failed: Vec<Failed>,
    /// Whether so many would have been cut that a person must say yes first; then nobody was.
    pub braked: bool,
}

#[derive(Clone, sqlx::FromRow)]
struct Overdue {
    id: i64,
    service_number: String,
    on_router: bool,
    desired: String,
    observed: String,
    manual: String,
    never_isolate: String,
    past_due: i64,
    hold: Option<String>,
}

// One walk over the unpaid bills.
sql!(OVERDUE = "SELECT s.id, s.service_number, s.router_id IS NOT NULL AND s.pppoe_username <> '' AS on_router, s.desired, s.observed, s.manual,
   CASE WHEN s.never_isolate_until < $3 THEN '' ELSE s.never_isolate END AS never_isolate, d.past_due,
   (SELECT h.kind || '|' || CAST(h.until_on AS TEXT) || '|' || h.reason FROM access_hold h WHERE h.service_id = s.id AND h.state = 'open' AND h.from_on <= $3 AND h.until_on >= $3 ORDER BY h.kind DESC LIMIT 1) AS hold
 FROM (SELECT service_id, CAST(SUM(total - paid) AS BIGINT) AS past_due FROM invoice
   WHERE status IN ('open', 'partial') AND due_on < $1 GROUP BY service_id) d
 JOIN service s ON s.id = d.service_id
 WHERE d.past_due >= $2 AND s.stage IN ('aktif', 'siap_dicabut') AND s.desired IN ('normal', 'isolated')
 ORDER BY s.service_number");
sql!(
    NO_LONGER_OVERDUE = "SELECT s.id FROM service s
 WHERE s.desired = 'isolated' AND s.manual <> 'cut' AND s.stage IN ('aktif', 'siap_dicabut')
   AND (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
     WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND i.due_on < $1) < $2"
);
sql!(ACTIVE_SERVICES = "SELECT COUNT(*) FROM service WHERE stage = 'aktif'");
sql!(END_MANUAL_RESTORES = "UPDATE service SET manual = 'none' WHERE manual = 'restored'");
sql!(END_OLD_BRAKES = "UPDATE isolir_brake SET state = 'over' WHERE state = 'waiting' AND day < $1");
sql!(BRAKE_OF_DAY = "SELECT state FROM isolir_brake WHERE day = $1");
sql!(PUT_BRAKE = "INSERT INTO isolir_brake (day, would_cut, active, state, who, at) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (day) DO UPDATE SET would_cut = excluded.would_cut, active = excluded.active, state = excluded.state, who = excluded.who, at = excluded.at");
sql!(
    APPROVE_BRAKE =
        "UPDATE isolir_brake SET state = 'approved', who = $2, at = $3 WHERE day = $1 AND state = 'waiting'"
);
sql!(CUT = concat!("UPDATE service SET desired = 'isolated', manual = 'none', desired_reason = 'Lewat jatuh tempo', desired_since = $4, isolated_on = $5, kick_wanted = (observed <> 'isolated')
 WHERE id IN ", id_list!(), " AND desired = 'normal' AND stage IN ('aktif', 'siap_dicabut')
   AND (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
     WHERE i.service_id = service.id AND i.status IN ('open', 'partial') AND i.due_on < $2) >= $3
   AND NOT EXISTS (SELECT 1 FROM access_hold h WHERE h.service_id = service.id AND h.state = 'open' AND h.from_on <= $5 AND h.until_on >= $5)
 RETURNING id, router_id"));
// Judged again here: who was cut by hand since our look stays cut.
sql!(RESTORE = concat!("UPDATE service SET desired = 'normal', manual = 'none', desired_reason = 'Tidak ada tunggakan lagi', desired_since = $4, isolated_on = NULL,
   kick_wanted = (observed NOT IN ('normal', 'unknown', 'missing')), ", stage_when_normal!(), "
 WHERE id IN ", id_list!(), " AND desired = 'isolated' AND manual <> 'cut' AND stage IN ('aktif', 'siap_dicabut')
   AND (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
     WHERE i.service_id = service.id AND i.status IN ('open', 'partial') AND i.due_on < $2) < $3
 RETURNING id, router_id"));
sql!(
    WISH_EVENTS = concat!(
        "INSERT INTO access_event (service_id, what, reason, profile_before, profile_after, who, at)
 SELECT s.id, $2, s.desired_reason, '', '', $3, $4 FROM service s WHERE s.id IN ",
        id_list!()
    )
);
sql!(
    WISHED_ISOLATED = "SELECT service_number, observed, kick_wanted, router_problem, manual FROM service WHERE desired = 'isolated' ORDER BY service_number"
);
// Routers that still owe something; $1: also where a service's own problem stands in the way.
sql!(
    OWING_ROUTERS = "SELECT DISTINCT router_id FROM service
 WHERE router_id IS NOT NULL AND ($1 OR router_problem = '') AND (kick_wanted
   OR (desired = 'isolated' AND observed NOT IN ('isolated', 'disabled') AND ($2 OR manual = 'cut'))
   OR (desired = 'normal' AND observed IN ('isolated', 'disabled')))"
);

/// Judges everybody who is overdue: the report so far (overdue and held), and who is to be cut. Changes nothing.
pub(super) async fn judge(
    state: &AppState,
    ctx: &AccessContext,
    shut: Option<&str>,
) -> Result<(IsolirReport, Vec<i64>)> {
    let overdue: Vec<Overdue> = state.db.all(OVERDUE, args![ctx.cutoff(), ctx.min_debt(), ctx.today]).await?;
    let mut report = IsolirReport { overdue: count(overdue.len()), ..IsolirReport::default() };

    let mut to_cut = Vec::new();
    for service in &overdue {
        let proven = matches!(service.observed.as_str(), "isolated" | "disabled");
        let facts = Facts {
            overdue_left: Rupiah(service.past_due),
            min_debt: Rupiah(ctx.min_debt()),
            never_isolate: service.never_isolate.clone(),
            hold: service.hold.as_deref().map(hold_words).unwrap_or_default(),
            cut_by_hand: service.desired == "isolated" && service.manual == "cut",
        };
        let hold = |reason: String| Held { service_number: service.service_number.clone(), reason };
        match decide(&facts, shut) {
            Decision::Held(reason) if service.desired == "normal" || !proven => report.held.push(hold(reason)),
            Decision::Isolate if service.desired == "normal" && !service.on_router => {
                report.held.push(hold("belum terhubung ke router atau belum punya akun PPPoE".to_owned()));
            }
            Decision::Isolate if service.desired == "normal" => to_cut.push(service.id),
            Decision::Held(_) | Decision::Isolate | Decision::Normal => {}
        }
    }
    Ok((report, to_cut))
}

/// `promise|2026-01-20|reason` in words.
fn hold_words(text: &str) -> String {
    let mut parts = text.splitn(3, '|');
    let (kind, until, reason) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let day = until.parse().map_or_else(|_| until.to_owned(), date_short);
    match kind {
        Some("promise") => format!("janji bayar sampai {day}"),
        _ => format!("ditahan petugas sampai {day}: {reason}"),
    }
}

/// Active services, which the brake counts against.
pub(super) async fn active_services(state: &AppState) -> Result<i64> {
    Ok(state.db.number(ACTIVE_SERVICES, args![]).await?)
}

/// The daily run. Set-based; chunks of the cut are their own transactions, so that payments get the writer in between.
pub async fn run_isolir(state: &AppState, run: RunIsolir) -> Result<IsolirReport> {
    let settings = state.fresh_settings().await?;
    let ctx = AccessContext { settings, today: run.today, now: state.clock.now(), who: run.by.clone() };
    let shut = closed(&ctx.settings, run.today, state.clock.time());
    if !run.dry_run {
        end_promises(state, &ctx).await?;
    }
    let (mut report, to_cut) = judge(state, &ctx, shut.as_deref()).await?;

    let active = active_services(state).await?;
    let would_cut = count(to_cut.len());
    let too_many =
        brakes(would_cut, active, ctx.settings.int("isolir.brake_percent"), ctx.settings.int("isolir.brake_min"));
    let approved = run.approve || brake_state(state, run.today).await?.as_deref() == Some("approved");
    report.braked = too_many && !approved;
    let to_restore: Vec<i64> = still_isolated_without_cause(state, &ctx).await?;

    if run.dry_run {
        report.restored = count(to_restore.len());
        prove(state, &mut report, shut.is_some()).await?;
        if !report.braked {
            report.pending += would_cut;
        }
        return Ok(report);
    }

    note_brake(state, &ctx, too_many, approved, would_cut, active).await?;
    if !report.braked {
        for chunk in to_cut.chunks(IDS_MAX) {
            change(state, &ctx, Direction::Cut, chunk.to_vec()).await?;
        }
    }
    // After the cut: who paid between our look and the cut comes back at once.
    let to_restore = if report.braked { to_restore } else { still_isolated_without_cause(state, &ctx).await? };
    for chunk in to_restore.chunks(IDS_MAX) {
        report.restored += change(state, &ctx, Direction::Restore, chunk.to_vec()).await?;
    }
    state.work_bell.notify_waiters();
    if let Some(wait) = run.wait {
        route(state, wait, shut.is_none()).await?;
    }
    prove(state, &mut report, shut.is_some()).await?;
    Ok(report)
}

/// A person says that the day's braked run shall go on; it runs as work, and the dashboard sees it.
pub async fn approve_brake(state: &AppState, by: &Who) -> Result<()> {
    let (today, now, by) = (state.clock.today(), state.clock.now(), by.clone());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                if tx.exec(APPROVE_BRAKE, args![today, &by.name, now]).await? == 0 {
                    return Err(Error::Conflict("Tidak ada isolir yang menunggu persetujuan hari ini.".to_owned()));
                }
                audit::record(tx, &by, now, "isolir.approve", &format!("day:{today}"), "waiting", "approved").await?;
                let slot = format!("{}", now.format("%Y-%m-%dT%H:%M:%SZ"));
                work::enqueue(tx, &Job::RunJob { job: "isolir".to_owned(), slot }, now, now).await
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    Ok(())
}

async fn brake_state(state: &AppState, day: NaiveDate) -> Result<Option<String>> {
    Ok(state.db.opt::<(String,)>(BRAKE_OF_DAY, args![day]).await?.map(|row| row.0))
}

async fn still_isolated_without_cause(state: &AppState, ctx: &AccessContext) -> Result<Vec<i64>> {
    let rows: Vec<(i64,)> = state.db.all(NO_LONGER_OVERDUE, args![ctx.cutoff(), ctx.min_debt()]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Ends the promises and holds whose days are over, and the promises that were kept.
async fn end_promises(state: &AppState, ctx: &AccessContext) -> Result<()> {
    let ctx = ctx.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let values = args![ctx.today, ctx.min_debt(), ctx.now];
            Box::pin(async move {
                tx.exec(END_PROMISES, values).await?;
                Ok(())
            })
        })
        .await
}

async fn note_brake(
    state: &AppState,
    ctx: &AccessContext,
    too_many: bool,
    approved: bool,
    would_cut: i64,
    active: i64,
) -> Result<()> {
    let ctx = ctx.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move {
                tx.exec(END_OLD_BRAKES, args![ctx.today]).await?;
                // A restore by hand held until now.
                tx.exec(END_MANUAL_RESTORES, args![]).await?;
                if too_many {
                    let word = if approved { "approved" } else { "waiting" };
                    tx.exec(PUT_BRAKE, args![ctx.today, would_cut, active, word, &ctx.who.name, ctx.now]).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Which way the run changes a wish.
#[derive(Clone, Copy)]
enum Direction {
    Cut,
    Restore,
}

/// Changes the wish of those that still deserve it, writes the isolir log and tells their routers; how many it were.
async fn change(state: &AppState, ctx: &AccessContext, direction: Direction, ids: Vec<i64>) -> Result<i64> {
    let ctx = ctx.clone();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, text) = (ctx.clone(), id_text(&ids));
            Box::pin(async move {
                // The payers' turns first: a payment that is being booked is waited for, and then seen by CUT.
                tx.lock(TURNS_OF_SERVICES, args![&text]).await?;
                let (done, event): (Vec<(i64, Option<i64>)>, &str) = match direction {
                    Direction::Cut => {
                        let args = args![&text, ctx.cutoff(), ctx.min_debt(), ctx.now, ctx.today];
                        (tx.all(CUT, args).await?, "wish_isolated")
                    }
                    Direction::Restore => {
                        (tx.all(RESTORE, args![&text, ctx.cutoff(), ctx.min_debt(), ctx.now]).await?, "wish_normal")
                    }
                };
                if done.is_empty() {
                    return Ok(0);
                }
                let ids: Vec<i64> = done.iter().map(|row| row.0).collect();
                tx.exec(WISH_EVENTS, args![id_text(&ids), event, &ctx.who.name, ctx.now]).await?;
                let routers: BTreeSet<i64> = done.iter().filter_map(|row| row.1).collect();
                for router_id in routers {
                    work::enqueue(tx, &Job::SyncRouter { router_id }, ctx.now, ctx.now).await?;
                }
                Ok(count(done.len()))
            })
        })
        .await
}

/// Does the routers' work here until all confirmed, only lasting problems are left, or the time is over. A router
/// whose lane another process holds is left to that and looked at again.
async fn route(state: &AppState, wait: Duration, may_cut: bool) -> Result<()> {
    let until = Instant::now() + wait;
    let (mut pause, mut first) = (LOOK_FIRST, true);
    loop {
        let routers: Vec<(i64,)> = state.db.all(OWING_ROUTERS, args![first, may_cut]).await?;
        if routers.is_empty() {
            return Ok(());
        }
        let mut goes_on = false;
        for report in join_all(routers.iter().map(|row| sync_in_lane(state, row.0))).await {
            goes_on |= report?.is_some_and(|report| report.left > 0);
        }
        first = false;
        if state.db.all::<(i64,)>(OWING_ROUTERS, args![false, may_cut]).await?.is_empty() {
            return Ok(());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        // A visit that only paused between sessions is gone on with at once.
        if !goes_on {
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LOOK_LONGEST);
        }
    }
}

/// Counts what is proven. Services that were cut before and are held now (`shut`) stand under `held` already.
async fn prove(state: &AppState, report: &mut IsolirReport, shut: bool) -> Result<()> {
    let wished: Vec<(String, String, bool, String, String)> = state.db.all(WISHED_ISOLATED, args![]).await?;
    for (service_number, observed, kick_wanted, problem, manual) in wished {
        if matches!(observed.as_str(), "isolated" | "disabled") && !kick_wanted {
            report.isolated += 1;
        } else if !problem.is_empty() {
            report.failed.push(Failed { service_number, problem });
        } else if !shut || manual == "cut" {
            report.pending += 1;
        }
    }
    Ok(())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
