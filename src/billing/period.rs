//! A calendar month, the unit of billing.

use super::words;
use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A calendar month between January 2000 and December 2999, written `2026-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The first day of the month; the only day stored, so that every value is valid.
    first: NaiveDate,
}

/// A text that is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Bulan {0:?} tidak terbaca; tulis seperti 2026-01.")]
pub struct PeriodError(pub String);

const fn first_of(year: i32, month: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, 1) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

impl Period {
    /// January 2000.
    pub const FIRST: Self = Self { first: first_of(2000, 1) };
    /// December 2999.
    pub const LAST: Self = Self { first: first_of(2999, 12) };

    /// The month of that number, if it lies within the bounds.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        let period = Self { first: NaiveDate::from_ymd_opt(year, month, 1)? };
        (Self::FIRST..=Self::LAST).contains(&period).then_some(period)
    }

    /// The month of a day. Days outside the bounds are taken to the nearest bound.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: first_of(day.year(), day.month()) }.clamp(Self::FIRST, Self::LAST)
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// Its month, 1 to 12.
    pub fn month(self) -> u32 {
        self.first.month()
    }

    /// The month after; December 2999 stays.
    #[must_use]
    pub fn next(self) -> Self {
        self.add_months(1)
    }

    /// The month before; January 2000 stays.
    #[must_use]
    pub fn prev(self) -> Self {
        self.add_months(-1)
    }

    /// So many months on, or back; held within the bounds.
    #[must_use]
    pub fn add_months(self, months: i32) -> Self {
        let by = Months::new(months.unsigned_abs());
        let moved = if months < 0 { self.first.checked_sub_months(by) } else { self.first.checked_add_months(by) };
        moved.map_or(if months < 0 { Self::FIRST } else { Self::LAST }, Self::of)
    }

    /// How many months from `self` to `later`; negative if it is earlier.
    pub fn months_until(self, later: Self) -> i32 {
        (later.year() - self.year()) * 12 + i32::try_from(later.month()).unwrap_or(0)
            - i32::try_from(self.month()).unwrap_or(0)
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        self.first + Months::new(1) - Days::new(1)
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        self.last_day().day()
    }

    /// Whether the day is in it.
    pub fn contains(self, day: NaiveDate) -> bool {
        day.year() == self.year() && day.month() == self.month()
    }

    /// `Januari 2026`.
    pub fn words(self) -> String {
        format!("{} {}", words::month_name(self.month()), self.year())
    }

    /// `Jan 2026`.
    pub fn short(self) -> String {
        format!("{} {}", words::month_short(self.month()), self.year())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let error = || PeriodError(text.chars().take(20).collect());
        let (year, month) = text.trim().split_once('-').ok_or_else(error)?;
        let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(error());
        }
        Self::new(year.parse().map_err(|_| error())?, month.parse().map_err(|_| error())?).ok_or_else(error)
    }
}

impl Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn months_follow_each_other() {
        let period: Period = "2025-12".parse().unwrap();
        assert_eq!(period.next().to_string(), "2026-01");
        assert_eq!(period.next().prev(), period);
        assert_eq!(period.days(), 31);
        assert_eq!("2028-02".parse::<Period>().unwrap().last_day().to_string(), "2028-02-29");
        assert_eq!(period.months_until("2026-03".parse().unwrap()), 3);
        assert_eq!(period.words(), "Desember 2025");
        for text in ["2026-13", "2026-1", "1999-12", "3000-01", "2026", "", "20x6-01"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn months_hold_at_the_bounds() {
        assert_eq!(Period::FIRST.prev(), Period::FIRST);
        assert_eq!(Period::LAST.next(), Period::LAST);
        assert_eq!(Period::FIRST.add_months(i32::MAX), Period::LAST);
        assert_eq!(Period::LAST.add_months(i32::MIN), Period::FIRST);
        assert_eq!(Period::of(NaiveDate::MIN), Period::FIRST);
        assert_eq!(Period::of(NaiveDate::MAX), Period::LAST);
        assert_eq!(Period::LAST.last_day().to_string(), "2999-12-31");
    }

    proptest! {
        #[test]
        fn months_are_written_counted_and_ordered(year in 2001_i32..2999, month in 1_u32..=12, by in -11_i32..=11) {
            let period = Period::new(year, month).unwrap();
            let moved = period.add_months(by);
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
            prop_assert_eq!(serde_json::from_str::<Period>(&serde_json::to_string(&period).unwrap()).unwrap(), period);
            prop_assert_eq!(period.months_until(moved), by);
            prop_assert_eq!(moved.cmp(&period), by.cmp(&0));
            prop_assert_eq!(moved.to_string().cmp(&period.to_string()), by.cmp(&0));
            prop_assert!(period.contains(period.first_day()) && period.contains(period.last_day()));
            prop_assert_eq!(period.last_day() + Days::new(1), period.next().first_day());
            prop_assert_eq!(Period::of(period.last_day()), period);
        }
    }
}
