//! Stored values as people read them; the server's side only, since days depend on the business zone.

use crate::billing::Period;
use crate::server::clock::Clock;
use crate::server::config::Config;
use chrono::{DateTime, NaiveDate, Timelike, Utc};

/// A telephone number as people write it; empty stays empty.
pub fn phone(stored: &str) -> String {
    crate::billing::phone::display_stored(stored)
}

/// `15/01/2026`.
pub fn day(date: NaiveDate) -> String {
    crate::billing::words::date_short(date)
}

/// `15/01/2026 09:30`, in the business zone.
pub fn instant(clock: &Clock, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&clock.zone());
    format!("{} {:02}:{:02}", day(local.date_naive()), local.hour(), local.minute())
}

/// `09:30:05`, in the business zone: when a live page was read.
pub fn time(clock: &Clock, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&clock.zone());
    format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
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

/// What a bill is for: its month, or what stands on it where it is no month's bill.
pub fn bill(kind: &str, month: &str, text: Option<&str>) -> String {
    match (kind, text) {
        ("charge", Some(text)) => text.to_owned(),
        ("adjustment", _) => format!("Penyesuaian {}", period(month)),
        ("opening", _) => "Tunggakan awal".to_owned(),
        _ => period(month),
    }
}

/// `Januari 2026` of `2026-01`; anything else as it is.
pub fn period(stored: &str) -> String {
    stored.parse::<Period>().map_or_else(|_| stored.to_owned(), Period::words)
}

/// Address of a service's portal: its slug before the host of the public address.
pub fn portal(config: &Config, slug: &str) -> String {
    let url = &config.base_url;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{slug}.{}{port}/", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    /// The trade writes 08:00; a dot between hours and minutes would read as an amount.
    #[test]
    fn a_clock_time_has_a_colon_everywhere() {
        let at = Utc.with_ymd_and_hms(2026, 1, 15, 1, 5, 9).unwrap();
        let clock = Clock::fixed(chrono_tz::Asia::Jakarta, at);
        assert_eq!(instant(&clock, at), "15/01/2026 08:05");
        assert_eq!(time(&clock, at), "08:05:09");
        assert_eq!(clock.words(at), "15 Januari 2026 pukul 08:05 WIB");
    }
}
