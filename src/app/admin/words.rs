//! Stored values as people read them; the server's side only, since days depend on the business zone.

use crate::billing::Phone;
use crate::server::clock::Clock;
use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

/// A telephone number as people write it; what cannot be one stays as it is.
pub fn phone(stored: &str) -> String {
    Phone::parse(stored).map_or_else(|_| stored.to_owned(), |phone| phone.display())
}

/// `15 Jan 2026`.
pub fn day(date: NaiveDate) -> String {
    crate::billing::words::date_short(date)
}

/// `15 Jan 2026 09.30`, in the business zone.
pub fn instant(clock: &Clock, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&clock.zone());
    format!("{} {:02}.{:02}", day(local.date_naive()), local.hour(), local.minute())
}

/// `09.30.05`, in the business zone: when a live page was read.
pub fn time(clock: &Clock, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&clock.zone());
    format!("{:02}.{:02}.{:02}", local.hour(), local.minute(), local.second())
}

/// How long ago, roughly: `34 menit`, `3 jam`, `2 hari`.
pub fn since(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes().max(0);
    match minutes {
        0 => "kurang dari 1 menit".to_owned(),
        1..=119 => format!("{minutes} menit"),
        120..=2879 => format!("{} jam", minutes / 60),
        _ => format!("{} hari", minutes / 1440),
    }
}

/// `Januari 2026` of `2026-01`; anything else as it is.
pub fn period(stored: &str) -> String {
    crate::billing::Period::parse(stored).map_or_else(|_| stored.to_owned(), |period| period.words())
}

/// `Kamis, 15 Januari 2026`.
pub fn long_day(date: NaiveDate) -> String {
    let weekday = match date.weekday() {
        chrono::Weekday::Mon => "Senin",
        chrono::Weekday::Tue => "Selasa",
        chrono::Weekday::Wed => "Rabu",
        chrono::Weekday::Thu => "Kamis",
        chrono::Weekday::Fri => "Jumat",
        chrono::Weekday::Sat => "Sabtu",
        chrono::Weekday::Sun => "Minggu",
    };
    format!("{weekday}, {}", crate::billing::words::date_words(date))
}
