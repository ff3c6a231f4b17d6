//! Reminders before and on the due day, one message a telephone and day that lists all its bills; the one on the day
//! before a cut warns of it. Source: RULES, "Messages" and `isolir.warn_days`.

use super::asking::{self, AskedBill, Letter};
use super::defaults::TemplateKind;
use crate::billing::{Period, Phone};
use crate::server::access;
use crate::server::error::{Error, Result};
use crate::server::settings::{Settings, parse_time};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The next month's bill is not mentioned earlier than so many days before it is due.
const AHEAD_DAYS_MAX: u64 = 7;
/// So far ahead an open day for cuts is looked for.
const CLOSED_DAYS_MAX: u64 = 62;

/// What a run of reminders did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderReport {
    /// Messages written, by days before the nearest due day: `h7`, `h3`, `h1`, `h0`.
    pub queued: BTreeMap<String, i64>,
    /// Telephones that were due a message and got none: no mobile number, or reminded today already.
    pub skipped: i64,
    /// Messages among all of them that warn of a cut.
    pub warned: i64,
    /// Warnings on a day that is no day of reminders.
    pub warned_apart: i64,
}

sql!(
    OPEN_BILLS = "SELECT c.phone, c.id AS customer_id, c.name, i.service_id, s.service_number, i.package_name AS package, i.id AS invoice_id,
   i.number, i.period, i.kind, i.due_on, i.total - i.paid AS left
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = i.customer_id
 WHERE i.status IN ('open', 'partial') AND (i.period <= $1 OR i.due_on <= $2) ORDER BY c.phone, i.due_on, i.id"
);
// Services that the run may cut; the others are not warned.
sql!(
    CUTTABLE = "SELECT id FROM service WHERE stage IN ('aktif', 'siap_dicabut') AND desired = 'normal' AND router_id IS NOT NULL AND pppoe_username <> ''
 AND (never_isolate = '' OR never_isolate_until < $1)
 AND NOT EXISTS (SELECT 1 FROM access_hold h WHERE h.service_id = service.id AND h.state = 'open' AND h.until_on > $1)"
);

/// The subject of a telephone's reminders: the unique key of messages then allows one a day.
pub fn reminder_subject(phone: &str) -> String {
    format!("phone:{phone}")
}

/// Writes today's reminders and warnings; the queue sends them from now on. Twice a day changes nothing; without a
/// WhatsApp gateway everything is skipped.
pub async fn remind(state: &AppState) -> Result<ReminderReport> {
    let settings = state.fresh_settings().await?;
    let today = state.clock.today();
    let days = days_of(settings.text("reminder.days"))?;
    let month = Period::of(today);
    let bills: Vec<AskedBill> = state.db.all(OPEN_BILLS, args![month, today + Days::new(AHEAD_DAYS_MAX)]).await?;
    let cuttable: BTreeSet<i64> =
        state.db.all::<(i64,)>(CUTTABLE, args![today]).await?.into_iter().map(|row| row.0).collect();
    let mut report = ReminderReport::default();
    // The four of the documentation always stand in the answer.
    for day in days.iter().chain(&[7, 3, 1, 0]) {
        report.queued.insert(format!("h{day}"), 0);
    }
    let none = settings.text("whatsapp.provider") == "none";
    let mut letters: BTreeMap<Option<u64>, Vec<Letter>> = BTreeMap::new();
    for bills in asking::by_phone(bills) {
        let near = days.iter().copied().find(|day| bills.iter().any(|bill| bill.due_on == today + Days::new(*day)));
        let warns = warned_services(&settings, today, &bills, &cuttable);
        if near.is_none() && !warns {
            continue;
        }
        let Some(first) = bills.first() else { continue };
        if none || !Phone::normalise(&first.phone).is_ok_and(|phone| phone.is_mobile()) {
            report.skipped += 1;
            continue;
        }
        let subject = reminder_subject(&first.phone);
        let template = if warns { TemplateKind::Warning } else { TemplateKind::Reminder };
        letters.entry(near).or_default().push(Letter { kind: TemplateKind::Reminder, template, subject, bills });
    }
    let now = state.clock.now();
    for (near, letters) in letters {
        let (warnings, reminders): (Vec<Letter>, Vec<Letter>) =
            letters.into_iter().partition(|letter| letter.template == TemplateKind::Warning);
        let wanted = i64::try_from(warnings.len() + reminders.len()).unwrap_or(i64::MAX);
        // Who may still pay before a cut hears of it first.
        let warned = asking::send(state, &settings, warnings, now).await?;
        let written = warned + asking::send(state, &settings, reminders, now).await?;
        report.warned += warned;
        report.skipped += wanted - written;
        match near {
            Some(day) => *report.queued.entry(format!("h{day}")).or_default() += written,
            None => report.warned_apart += written,
        }
    }
    Ok(report)
}

/// The days of `reminder.days`, nearest first.
fn days_of(text: &str) -> Result<Vec<u64>> {
    let mut days = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<u64>().map_err(|_| Error::Corrupt(format!("reminder.days {text:?}"))))
        .collect::<Result<Vec<u64>>>()?;
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

/// Whether one of the services of these bills would be cut `isolir.warn_days` from today if nothing is paid.
fn warned_services(settings: &Settings, today: NaiveDate, bills: &[AskedBill], cuttable: &BTreeSet<i64>) -> bool {
    let warn_days = u64::try_from(settings.int("isolir.warn_days")).unwrap_or(0);
    if warn_days == 0 {
        return false;
    }
    let min_debt = settings.int("isolir.min_debt").max(1);
    let grace = u64::try_from(settings.int("isolir.grace_days")).unwrap_or(0);
    let mut past_due: HashMap<i64, i64> = HashMap::new();
    bills.iter().any(|bill| {
        if !cuttable.contains(&bill.service_id) {
            return false;
        }
        let sum = past_due.entry(bill.service_id).or_default();
        let before = *sum;
        *sum += bill.left;
        // The bill that makes the debt large enough says which day.
        before < min_debt
            && *sum >= min_debt
            && cut_day(settings, bill.due_on + Days::new(grace + 1)) == Some(today + Days::new(warn_days))
    })
}

/// The first day from `first` on that is no weekday or holiday without cuts.
fn cut_day(settings: &Settings, first: NaiveDate) -> Option<NaiveDate> {
    let time = parse_time(settings.text("isolir.time")).or(NaiveTime::from_hms_opt(8, 0, 0))?;
    (0..CLOSED_DAYS_MAX).map(|n| first + Days::new(n)).find(|day| access::closed(settings, *day, time).is_none())
}

#[cfg(test)]
#[path = "reminders_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "reminders_random.rs"]
mod random;
