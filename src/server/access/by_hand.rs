//! One service cut or restored by hand, at any hour.

use super::ids::id_text;
use super::isolir::{LOOK_FIRST, LOOK_LONGEST};
use super::{AccessContext, wish};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::TURNS_OF_SERVICES;
use crate::server::routers::reconcile::sync_in_lane;
use crate::server::state::AppState;
use crate::{args, sql};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// How one service stands after `isolir:customer` or `isolir:restore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct OneReport {
    /// Its number.
    pub service_number: String,
    /// What it should have.
    pub desired: String,
    /// What the router was last seen to give.
    pub observed: String,
}

#[derive(sqlx::FromRow)]
struct One {
    service_number: String,
    stage: String,
    router_id: Option<i64>,
    pppoe_username: String,
    desired: String,
    past_due: i64,
}

sql!(
    ONE = "SELECT s.service_number, s.stage, s.router_id, s.pppoe_username, s.desired,
   (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
    WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND i.due_on < $2) AS past_due
 FROM service s WHERE s.id = $1"
);
sql!(ONE_STANDS = "SELECT service_number, desired, observed FROM service WHERE id = $1");
sql!(
    ONE_OWES = "SELECT router_id FROM service WHERE id = $1 AND router_id IS NOT NULL AND (kick_wanted OR desired <> observed)"
);

/// Cuts one service by hand, at any hour. The cut ends by hand, or with a payment that leaves nothing past due.
pub async fn isolate_one(
    state: &AppState,
    service_id: i64,
    reason: &str,
    by: &Who,
    wait: Option<Duration>,
) -> Result<OneReport> {
    by_hand(state, service_id, true, reason, by, wait).await
}

/// Brings one service back by hand, at any hour. While it is overdue, that holds until the next daily run.
pub async fn restore_one(
    state: &AppState,
    service_id: i64,
    reason: &str,
    by: &Who,
    wait: Option<Duration>,
) -> Result<OneReport> {
    by_hand(state, service_id, false, reason, by, wait).await
}

async fn by_hand(
    state: &AppState,
    service_id: i64,
    cut: bool,
    reason: &str,
    by: &Who,
    wait: Option<Duration>,
) -> Result<OneReport> {
    let ctx = AccessContext::now(state, by.clone()).await?;
    let given = reason.trim().to_owned();
    if given.chars().count() > 300 {
        return Err(Error::invalid("reason", "Alasan terlalu panjang, paling banyak 300 huruf."));
    }
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, given) = (ctx.clone(), given.clone());
            Box::pin(async move { wish_by_hand(tx, &ctx, service_id, cut, &given).await })
        })
        .await?;
    state.work_bell.notify_waiters();
    if let Some(wait) = wait {
        let until = Instant::now() + wait;
        let mut pause = LOOK_FIRST;
        while let Some((router_id,)) = state.db.opt::<(i64,)>(ONE_OWES, args![service_id]).await? {
            let synced = sync_in_lane(state, router_id).await?;
            let owes = state.db.opt::<(i64,)>(ONE_OWES, args![service_id]).await?.is_some();
            let reached = synced.is_some_and(|report| report.error.is_none());
            let left = until.saturating_duration_since(Instant::now());
            // A router that was reached and did not do it has said why; waiting changes nothing.
            if !owes || left.is_zero() || reached {
                break;
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LOOK_LONGEST);
        }
    }
    Ok(state.db.one(ONE_STANDS, args![service_id]).await?)
}

async fn wish_by_hand(tx: &mut Tx, ctx: &AccessContext, service_id: i64, cut: bool, given: &str) -> Result<()> {
    // His payer's turn first: a payment that is being booked is waited for, and decides before or after, never beside it.
    tx.lock(TURNS_OF_SERVICES, args![id_text(&[service_id])]).await?;
    let one: One = tx
        .opt(ONE, args![service_id, ctx.cutoff()])
        .await?
        .ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
    if !matches!(one.stage.as_str(), "aktif" | "siap_dicabut") || !matches!(one.desired.as_str(), "normal" | "isolated")
    {
        return Err(Error::Refused(format!(
            "Layanan {} tidak aktif, jadi aksesnya tidak diatur lewat isolir.",
            one.service_number
        )));
    }
    if one.router_id.is_none() || one.pppoe_username.is_empty() {
        return Err(Error::Refused(format!(
            "Layanan {} belum terhubung ke router atau belum punya akun PPPoE. Lengkapi dulu datanya.",
            one.service_number
        )));
    }
    let (desired, manual, word) = if cut {
        ("isolated", "cut", "Isolir manual")
    } else if one.past_due >= ctx.min_debt() {
        ("normal", "restored", "Dipulihkan manual")
    } else {
        ("normal", "none", "Dipulihkan manual")
    };
    let reason = if given.is_empty() { word.to_owned() } else { format!("{word}: {given}") };
    wish(tx, ctx, service_id, desired, manual, &reason).await?;
    let after = format!("{desired} ({reason})");
    let action = if cut { "isolir.customer" } else { "isolir.restore" };
    audit::record(tx, &ctx.who, ctx.now, action, &format!("service:{service_id}"), &one.desired, &after).await
}
