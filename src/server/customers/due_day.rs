//! The due day of a service moves: bills that were issued keep theirs, the next one has the new day. What that does is shown
//! before.

use crate::billing::due::due_for_issue;
use crate::billing::{Period, Rupiah};
use crate::server::access::{self, AccessContext};
use crate::server::audit::{self, Who};
use crate::server::checks;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::settings::{Settings, parse_time};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{Days, NaiveDate};

/// Days looked ahead for one on which somebody may be cut.
const DAYS_AHEAD_MAX: u64 = 60;

/// A bill that keeps its due day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeps {
    /// Its number.
    pub number: String,
    /// Its month.
    pub period: Period,
    /// Its due day.
    pub due_on: NaiveDate,
    /// What is left of it.
    pub left: Rupiah,
}

/// What moving the due day does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The day before.
    pub before: i64,
    /// Open bills, which stay as they are.
    pub keeps: Vec<Keeps>,
    /// The first month whose bill has the new day.
    pub first: Period,
    /// That bill's due day.
    pub due_on: NaiveDate,
    /// The first day on which the line would be cut for it.
    pub cut_on: Option<NaiveDate>,
}

sql!(STANDING = "SELECT s.due_day, s.stage, s.started_on, s.covered_until,
   COALESCE((SELECT MAX(l.period) FROM invoice_line l WHERE l.service_id = s.id AND l.kind IN ('subscription', 'prorate') AND NOT l.void), '')
 FROM service s WHERE s.id = $1");
sql!(
    OPEN = "SELECT number, period, due_on, total - paid FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial') ORDER BY due_on, number"
);
sql!(SET = "UPDATE service SET due_day = $2 WHERE id = $1");

/// Moves the due day of a service, or shows what that would do.
///
/// # Errors
/// `Invalid` beside `due_day` or `reason`; `Refused` for a service that doesn't run.
pub async fn move_to(
    state: &AppState,
    who: Who,
    (service_id, day): (i64, i64),
    reason: &str,
    preview: bool,
) -> Result<Moved> {
    let ctx = AccessContext::now(state, who).await?;
    let reason = reason.to_owned();
    if preview {
        let mut tx = state.db.begin().await?;
        let result = inside(&mut tx, &ctx, service_id, day, &reason).await;
        tx.rollback().await?;
        return result;
    }
    state
        .db
        .write(move |tx| {
            let (ctx, reason) = (ctx.clone(), reason.clone());
            Box::pin(async move { inside(tx, &ctx, service_id, day, &reason).await })
        })
        .await
}

async fn inside(tx: &mut Tx, ctx: &AccessContext, service_id: i64, day: i64, reason: &str) -> Result<Moved> {
    let wrong = |message: &str| Err(Error::invalid("due_day", message));
    let due_day = match u32::try_from(day) {
        Ok(day) if (1..=31).contains(&day) => day,
        _ => return wrong("Tanggal jatuh tempo adalah angka 1 sampai 31."),
    };
    let reason = checks::reason(reason)?;
    let gone = || Error::NotFound("Layanan itu tidak ada.".to_owned());
    let (before, stage, started_on, covered, billed): (i64, String, NaiveDate, String, String) =
        tx.opt(STANDING, args![service_id]).await?.ok_or_else(gone)?;
    if stage == "berhenti" {
        return Err(Error::Refused("Layanan ini sudah berhenti.".to_owned()));
    }
    if before == day {
        return wrong("Tanggalnya sudah itu; pilih tanggal lain.");
    }
    let in_arrears = ctx.settings.text("invoice.billing") == "di_akhir";
    let current = Period::of(ctx.today);
    let earliest = if in_arrears { current.prev() } else { current };
    let after = |text: &str| text.parse::<Period>().ok().map(Period::next);
    let first =
        [after(&billed), after(&covered), Some(Period::of(started_on))].into_iter().flatten().fold(earliest, Ord::max);
    let month = if in_arrears { first.next() } else { first };
    let min_days = u32::try_from(ctx.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
    let issued_on = ctx.today.max(month.first_day());
    let due_on = due_for_issue(month, due_day, issued_on, min_days, issued_on == month.first_day());
    let keeps = tx
        .all::<(String, String, NaiveDate, i64)>(OPEN, args![service_id])
        .await?
        .into_iter()
        .map(|(number, period, due_on, left)| {
            let period = period.parse().map_err(|_| Error::Corrupt(format!("periode {period} dari {number}")))?;
            Ok(Keeps { number, period, due_on, left: Rupiah(left) })
        })
        .collect::<Result<Vec<_>>>()?;
    tx.exec_one(SET, args![service_id, day]).await?;
    let subject = format!("service:{service_id}");
    let (old, new) = (format!("tanggal {before}"), format!("tanggal {day} mulai {}; {reason}", first.words()));
    audit::record(tx, &ctx.who, ctx.now, "service.due_day", &subject, &old, &new).await?;
    Ok(Moved { before, keeps, first, due_on, cut_on: cut_on(&ctx.settings, due_on) })
}

/// The first day on which a line is cut for a bill that was due on `due_on`: past the grace days, on a day that is free.
pub(crate) fn cut_on(settings: &Settings, due_on: NaiveDate) -> Option<NaiveDate> {
    let grace = u64::try_from(settings.int("isolir.grace_days")).unwrap_or(0);
    let time = parse_time(settings.text("isolir.time"))?;
    (1..=DAYS_AHEAD_MAX)
        .map(|n| due_on + Days::new(grace + n))
        .find(|day| access::closed(settings, *day, time).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    async fn moved(t: &TestApp, service: i64, day: i64, preview: bool) -> Result<Moved> {
        move_to(&t.state, Who::command(), (service, day), "gajian tanggal 25", preview).await
    }

    #[tokio::test]
    async fn issued_bills_keep_their_day_and_the_next_has_the_new_one() {
        for t in TestApp::each("2026-01-01 00:01").await {
            // The 26th is a holiday, and there is a day of grace: due on the 25th, cut on the 27th … or the 28th.
            t.set(&[("isolir.holidays", "2026-02-27"), ("isolir.grace_days", "1")]).await;
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("Siti", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.at("2026-01-15 10:00");
            let seen = moved(&t, siti, 25, true).await.unwrap();
            assert_eq!(seen, moved(&t, siti, 25, false).await.unwrap(), "a preview keeps nothing");
            let day = |text: &str| text.parse::<NaiveDate>().unwrap();
            assert_eq!((seen.keeps.len(), seen.keeps[0].due_on), (1, day("2026-01-10")));
            assert_eq!((seen.first.to_string().as_str(), seen.due_on), ("2026-02", day("2026-02-25")));
            assert_eq!(seen.cut_on, Some(day("2026-02-28")));
            t.at("2026-02-01 00:01");
            t.issue("2026-02").await;
            let due: Vec<(NaiveDate,)> = t.state.db.all(DUE_DAYS, args![siti]).await.unwrap();
            assert_eq!(due, [(day("2026-01-10"),), (day("2026-02-25"),)], "on {}", t.state.db.engine());
            for (wish, field) in [(0, "due_day"), (32, "due_day"), (25, "due_day")] {
                let refused = moved(&t, siti, wish, false).await;
                assert!(matches!(refused, Err(Error::Invalid { field: of, .. }) if of == field), "{wish}");
            }
            t.assert_books().await;
        }
    }

    #[tokio::test]
    async fn who_paid_ahead_has_the_new_day_from_the_month_after() {
        for t in TestApp::each("2026-01-01 00:01").await {
            let package = t.package("Home 20M", 300_000, 1).await;
            let siti = t.service("Siti", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.cash(siti, 300_000).await;
            let seen = moved(&t, siti, 31, false).await.unwrap();
            // February was issued by the payment and keeps the 10th; the 31st is March's.
            assert_eq!(
                (seen.keeps[0].period.to_string().as_str(), seen.first.to_string().as_str()),
                ("2026-02", "2026-03")
            );
            assert_eq!(seen.due_on.to_string(), "2026-03-31");
        }
    }

    sql!(DUE_DAYS = "SELECT due_on FROM invoice WHERE service_id = $1 ORDER BY id");
}
