//! What the next daily run would do under settings that nobody has saved yet: the same judgement, without a deed.

use super::isolir::{active_services, judge};
use super::{AccessContext, closed};
use crate::billing::access::brakes;
use crate::server::audit::Who;
use crate::server::error::Result;
use crate::server::settings::{Settings, parse_time};
use crate::server::state::AppState;
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::sync::Arc;

/// What the next run would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The day of the run.
    pub day: NaiveDate,
    /// Its instant.
    pub at: DateTime<Utc>,
    /// Services that would be cut.
    pub cut: i64,
    /// Services that are overdue and would be left alone.
    pub held: i64,
    /// Why nobody is cut on that day, if so.
    pub closed: Option<String>,
    /// Whether so many would be cut that a person is asked first.
    pub braked: bool,
}

/// The next run after now under `settings`.
pub async fn preview(state: &AppState, settings: Settings) -> Result<Preview> {
    let time = parse_time(settings.text("isolir.time")).unwrap_or_default();
    let today = state.clock.today();
    let day = if state.clock.time() < time { today } else { today + Days::new(1) };
    let at = state.clock.instant(day, time);
    let shut = closed(&settings, day, time);
    let (percent, min) = (settings.int("isolir.brake_percent"), settings.int("isolir.brake_min"));
    let ctx = AccessContext { settings: Arc::new(settings), today: day, now: at, who: Who::system() };
    let (report, to_cut) = judge(state, &ctx, shut.as_deref()).await?;
    let cut = i64::try_from(to_cut.len()).unwrap_or(i64::MAX);
    let held = i64::try_from(report.held.len()).unwrap_or(i64::MAX);
    let braked = brakes(cut, active_services(state).await?, percent, min);
    Ok(Preview { day, at, cut, held, closed: shut, braked })
}
