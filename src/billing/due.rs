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
    use chrono::Datelike;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn due_in_its_month_and_never_too_soon(year in 2001_i32..2100, month in 1_u32..=12, due_day in 1_u32..=31, issued in 0_u64..60, min in 0_u32..60) {
            let period = Period::new(year, month).unwrap();
            let due = due_on(period, due_day);
            prop_assert!(period.contains(due));
            prop_assert!(due.day() == due_day || (due == period.last_day() && due.day() < due_day));
            let issued_on = period.first_day() + Days::new(issued);
            let late = due_for_issue(period, due_day, issued_on, min, false);
            prop_assert!(late >= due && late >= issued_on + Days::new(u64::from(min)));
            prop_assert_eq!(due_for_issue(period, due_day, issued_on, min, true), due);
        }
    }
}
