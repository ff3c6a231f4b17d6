//! Who may use the line: the wish for each service, changed by money, by the daily run and by people. What a router
//! then does about it is `routers::reconcile`'s business. Source: RULES, "Isolir".

mod by_hand;
pub mod holds;
pub(crate) mod ids;
pub mod isolir;
mod preview;
#[cfg(test)]
mod tests;

pub use by_hand::{OneReport, isolate_one, restore_one};
pub use isolir::{Failed, Held, IsolirReport, RunIsolir, approve_brake, run_isolir};
pub use preview::{Preview, preview};

use crate::args;
use crate::billing::access::{parse_dates, parse_weekdays, within_window};
use crate::billing::words::{date_words, day_name};
use crate::server::audit::Who;
use crate::server::clock::Clock;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::sql;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use std::sync::Arc;

/// For one deed: under which settings, on which business day, at which instant, by whom.
#[derive(Clone, Debug)]
pub struct AccessContext {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The business day.
    pub today: NaiveDate,
    /// The instant.
    pub now: DateTime<Utc>,
    /// Who does it.
    pub who: Who,
}

impl AccessContext {
    /// For a deed of `who`, now, under the settings in force.
    pub async fn now(state: &AppState, who: Who) -> Result<Self> {
        Ok(Self { settings: state.settings().await?, today: state.clock.today(), now: state.clock.now(), who })
    }

    /// Bills due before this day are past due: `isolir.grace_days` before today.
    pub fn cutoff(&self) -> NaiveDate {
        let grace = u64::try_from(self.settings.int("isolir.grace_days")).unwrap_or(0);
        self.today.checked_sub_days(Days::new(grace)).unwrap_or(self.today)
    }

    /// What must be past due at least before a line is cut: `isolir.min_debt`, and never nothing.
    pub fn min_debt(&self) -> i64 {
        self.settings.int("isolir.min_debt").max(1)
    }
}

/// Why nobody is cut automatically on that day at that time, if so: weekday, holiday, or outside `isolir.window`.
pub fn closed(settings: &Settings, day: NaiveDate, time: NaiveTime) -> Option<String> {
    // Both lists were checked when they were set; one that cannot be read cuts nobody.
    let (Ok(weekdays), Ok(holidays)) =
        (parse_weekdays(settings.text("isolir.skip_weekdays")), parse_dates(settings.text("isolir.holidays")))
    else {
        return Some("daftar hari libur di pengaturan tidak terbaca".to_owned());
    };
    let window = settings.text("isolir.window");
    if weekdays.contains(&day.weekday()) {
        Some(format!("hari {} tanpa isolir", day_name(day.weekday())))
    } else if holidays.contains(&day) {
        Some(format!("{} hari libur isolir", date_words(day)))
    } else if !within_window(time, window) {
        Some(format!("di luar jam isolir {window}"))
    } else {
        None
    }
}

/// [`closed`], by the clock of this process.
pub fn closed_now(settings: &Settings, clock: &Clock) -> Option<String> {
    closed(settings, clock.today(), clock.time())
}

#[derive(sqlx::FromRow)]
struct Isolated {
    id: i64,
    manual: String,
    past_due: i64,
}

sql!(
    ISOLATED_OF_PAYER = "SELECT s.id, s.manual,
   (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i
    WHERE i.service_id = s.id AND i.status IN ('open', 'partial') AND i.due_on < $2) AS past_due
 FROM service s WHERE s.customer_id = $1 AND s.desired = 'isolated' AND s.stage IN ('aktif', 'siap_dicabut')"
);

/// Judges the payer's isolated services again, after a payment: those that are no longer overdue are wished normal,
/// and their routers told. A cut by hand ends only when nothing at all is past due. Answers the restored services.
pub async fn after_money(tx: &mut Tx, ctx: &AccessContext, customer_id: i64) -> Result<Vec<i64>> {
    let isolated: Vec<Isolated> = tx.all(ISOLATED_OF_PAYER, args![customer_id, ctx.cutoff()]).await?;
    let mut restored = Vec::new();
    for service in isolated {
        let stays = if service.manual == "cut" { service.past_due > 0 } else { service.past_due >= ctx.min_debt() };
        if !stays {
            wish(tx, ctx, service.id, "normal", "none", "Tunggakan sudah dibayar").await?;
            restored.push(service.id);
        }
    }
    Ok(restored)
}

#[derive(sqlx::FromRow)]
struct Standing {
    router_id: Option<i64>,
    desired: String,
    manual: String,
    observed: String,
    isolated_on: Option<NaiveDate>,
}

sql!(STANDING = "SELECT router_id, desired, manual, observed, isolated_on FROM service WHERE id = $1");
/// A line that runs again is billed again: who was to be taken down and comes back is active.
macro_rules! stage_when_normal {
    () => {
        "stage = CASE WHEN stage = 'siap_dicabut' THEN 'aktif' ELSE stage END"
    };
}
use stage_when_normal;

sql!(
    PUT_WISH = "UPDATE service SET desired = $2, manual = $3, desired_reason = $4, desired_since = $5, isolated_on = $6, kick_wanted = $7 WHERE id = $1"
);
sql!(BACK_IN_USE = concat!("UPDATE service SET ", stage_when_normal!(), " WHERE id = $1"));
sql!(PUT_MANUAL = "UPDATE service SET manual = $2, desired_reason = $3 WHERE id = $1");
sql!(
    INSERT_EVENT = "INSERT INTO access_event (service_id, what, reason, profile_before, profile_after, who, at)
 VALUES ($1, $2, $3, '', '', $4, $5)"
);

/// Sets what a service should have: `desired` is `normal`, `isolated`, `disabled`, `absent` or `as_is`; `manual` is
/// `none`, `cut` or `restored`. Writes the isolir log and tells the router. The same wish again changes nothing.
pub async fn wish(
    tx: &mut Tx,
    ctx: &AccessContext,
    service_id: i64,
    desired: &str,
    manual: &str,
    reason: &str,
) -> Result<()> {
    let event = match desired {
        "normal" => Some("wish_normal"),
        "isolated" => Some("wish_isolated"),
        "disabled" => Some("wish_disabled"),
        "absent" | "as_is" => None,
        other => return Err(Error::Internal(format!("akses {other:?} tidak dikenal"))),
    };
    let standing: Standing = tx
        .opt(STANDING, args![service_id])
        .await?
        .ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
    if standing.desired == desired {
        if standing.manual != manual {
            tx.exec_one(PUT_MANUAL, args![service_id, manual, reason]).await?;
            // A cut that waited for the hours of cuts waits no longer when a hand orders it.
            if let Some(router_id) = standing.router_id.filter(|_| standing.observed != desired) {
                work::enqueue(tx, &Job::SyncRouter { router_id }, ctx.now, ctx.now).await?;
            }
        }
        return Ok(());
    }
    let isolated_on = if desired == "isolated" { standing.isolated_on.or(Some(ctx.today)) } else { None };
    // Where the router never heard of the last wish, no session has to end for this one.
    let kick = match desired {
        "normal" => !matches!(standing.observed.as_str(), "normal" | "unknown" | "missing"),
        _ => event.is_some() && standing.observed != desired,
    };
    tx.exec_one(PUT_WISH, args![service_id, desired, manual, reason, ctx.now, isolated_on, kick]).await?;
    if desired == "normal" {
        tx.exec_one(BACK_IN_USE, args![service_id]).await?;
    }
    if let Some(event) = event {
        tx.exec_one(INSERT_EVENT, args![service_id, event, reason, &ctx.who.name, ctx.now]).await?;
        if let Some(router_id) = standing.router_id {
            work::enqueue(tx, &Job::SyncRouter { router_id }, ctx.now, ctx.now).await?;
        }
    }
    Ok(())
}
