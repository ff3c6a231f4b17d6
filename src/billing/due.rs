//! Due dates: a day of the month, held to the month's end, never drifting. Source: RULES, "Bills".

use super::Period;
use chrono::{Days, NaiveDate};

/// The due date of a month for a due day of 1 to 31: the 31st is the last day of shorter months.
pub fn due_on(period: Period, due_day: u32) -> NaiveDate {
    let day = due_day.clamp(1, period.days());
    period.first_day() + Days::new(u64::from(day - 1))
}

/// The due date of a bill of `period` issued on `issued_on`. Unless it is the punctual run on the 1st, there are at
/// least `min_days` between issue and due date.
pub fn due_for_issue(period: Period, due_day: u32, issued_on: NaiveDate, min_days: u32, punctual: bool) -> NaiveDate {
    let due = due_on(period, due_day);
    if punctual { due } else { due.max(issued_on + Days::new(u64::from(min_days))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_thirty_first_never_drifts() {
        let dues: Vec<String> = ["2026-01", "2026-02", "2026-03", "2028-02", "2026-04"]
            .iter()
            .map(|period| due_on(period.parse().unwrap(), 31).to_string())
            .collect();
        assert_eq!(dues, ["2026-01-31", "2026-02-28", "2026-03-31", "2028-02-29", "2026-04-30"]);
    }

    #[test]
    fn a_late_bill_leaves_days_to_pay() {
        let january: Period = "2026-01".parse().unwrap();
        assert_eq!(due_for_issue(january, 5, day("2026-01-01"), 7, true), day("2026-01-05"));
        assert_eq!(due_for_issue(january, 5, day("2026-01-01"), 7, false), day("2026-01-08"));
        assert_eq!(due_for_issue(january, 10, day("2026-01-20"), 7, false), day("2026-01-27"));
        assert_eq!(due_for_issue(january, 31, day("2026-01-03"), 7, false), day("2026-01-31"));
    }
}
