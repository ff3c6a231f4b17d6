//! Who may use the line, and how fast. Source: RULES, "Isolir".

use super::Rupiah;
use super::invoice::text_enum;
use chrono::{Days, NaiveDate, NaiveTime, Weekday};
use std::fmt;

use serde::{Deserialize, Serialize};

text_enum! {
    /// Where a service is in its life.
    Stage {
        /// Asked for.
        Calon = "calon",
        /// To be installed.
        MenungguPemasangan = "menunggu_pemasangan",
        /// In use.
        Aktif = "aktif",
        /// On leave.
        Cuti = "cuti",
        /// Isolated for long; to be taken down.
        SiapDicabut = "siap_dicabut",
        /// Ended.
        Berhenti = "berhenti",
    }
}

impl Stage {
    /// The trade's word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Calon => "Calon",
            Self::MenungguPemasangan => "Menunggu Pemasangan",
            Self::Aktif => "Aktif",
            Self::Cuti => "Cuti",
            Self::SiapDicabut => "Siap Dicabut",
            Self::Berhenti => "Berhenti",
        }
    }
}

text_enum! {
    /// The access a service should have.
    Access {
        /// The package's profile.
        Normal = "normal",
        /// The slow profile.
        Isolated = "isolated",
        /// No session at all.
        Disabled = "disabled",
        /// No secret on the router.
        Absent = "absent",
        /// Whatever the router has; Kimonet keeps its hands off.
        AsIs = "as_is",
    }
}

/// Whether a bill is overdue on `today`: past its due date and the grace days.
pub fn is_overdue(due_on: NaiveDate, grace_days: u64, today: NaiveDate) -> bool {
    today > due_on + Days::new(grace_days)
}

/// The share of a day's run that a person must look at first.
///
/// True when the run would cut more than `percent` of the active services and at least `min` of them.
pub fn brakes(would_cut: i64, active: i64, percent: i64, min: i64) -> bool {
    would_cut >= min.max(1) && would_cut.saturating_mul(100) > active.saturating_mul(percent)
}

/// What the daily run knows of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What is left of its past-due bills.
    pub overdue_left: Rupiah,
    /// `isolir.min_debt`.
    pub min_debt: Rupiah,
    /// Why it is never isolated, if so.
    pub never_isolate: String,
    /// The promise or the hold under which it stands, in words; empty for none.
    pub hold: String,
    /// Whether it was cut by hand.
    pub cut_by_hand: bool,
}

/// What the daily run decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Slow it down.
    Isolate,
    /// Leave it, or bring it back.
    Normal,
    /// It would be slowed down, but for this reason.
    Held(String),
}

/// Judges one service; `day_is_free` says why nobody is cut today, if so.
pub fn decide(facts: &Facts, day_is_free: Option<&str>) -> Decision {
    if facts.cut_by_hand {
        return Decision::Isolate;
    }
    if !facts.overdue_left.is_positive() || facts.overdue_left < facts.min_debt {
        return Decision::Normal;
    }
    if !facts.never_isolate.is_empty() {
        return Decision::Held(format!("jangan diisolir: {}", facts.never_isolate));
    }
    if !facts.hold.is_empty() {
        return Decision::Held(facts.hold.clone());
    }
    match day_is_free {
        Some(reason) => Decision::Held(reason.to_owned()),
        None => Decision::Isolate,
    }
}

/// A list in a setting that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError(String);

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ListError {}

/// Reads `minggu,sabtu`; English names too, and numbers as cron has them (0 and 7 are Sunday).
pub fn parse_weekdays(text: &str) -> Result<Vec<Weekday>, ListError> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| match part.to_lowercase().as_str() {
            "senin" | "monday" | "mon" | "1" => Ok(Weekday::Mon),
            "selasa" | "tuesday" | "tue" | "2" => Ok(Weekday::Tue),
            "rabu" | "wednesday" | "wed" | "3" => Ok(Weekday::Wed),
            "kamis" | "thursday" | "thu" | "4" => Ok(Weekday::Thu),
            "jumat" | "jum'at" | "friday" | "fri" | "5" => Ok(Weekday::Fri),
            "sabtu" | "saturday" | "sat" | "6" => Ok(Weekday::Sat),
            "minggu" | "ahad" | "sunday" | "sun" | "0" | "7" => Ok(Weekday::Sun),
            _ => Err(ListError(format!("hari {part:?} tidak dikenal; tulis misalnya minggu,sabtu"))),
        })
        .collect()
}

/// Reads `2026-03-20,2026-03-21`.
pub fn parse_dates(text: &str) -> Result<Vec<NaiveDate>, ListError> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.parse().map_err(|_| ListError(format!("tanggal {part:?} tidak terbaca; tulis misalnya 2026-03-20")))
        })
        .collect()
}

/// Reads `07:00-20:00`.
pub fn parse_window(text: &str) -> Option<(NaiveTime, NaiveTime)> {
    let (from, to) = text.split_once('-')?;
    let read = |part: &str| NaiveTime::parse_from_str(part.trim(), "%H:%M").ok();
    Some((read(from)?, read(to)?)).filter(|(from, to)| from < to)
}

/// Whether the time is in the window, its first minute included, its last not. A window that cannot be read is shut.
pub fn within_window(time: NaiveTime, window: &str) -> bool {
    parse_window(window).is_some_and(|(from, to)| from <= time && time < to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_brake_needs_share_and_number() {
        assert!(!brakes(19, 40, 35, 20));
        assert!(brakes(20, 40, 35, 20));
        assert!(!brakes(35, 100, 35, 20));
        assert!(brakes(36, 100, 35, 20));
    }

    #[test]
    fn a_part_payment_below_the_minimum_debt_opens_the_line() {
        let mut facts = Facts {
            overdue_left: Rupiah(200_000),
            min_debt: Rupiah(10_000),
            never_isolate: String::new(),
            hold: String::new(),
            cut_by_hand: false,
        };
        assert_eq!(decide(&facts, None), Decision::Isolate);
        assert!(matches!(decide(&facts, Some("hari libur")), Decision::Held(_)));
        facts.overdue_left = Rupiah(9_999);
        assert_eq!(decide(&facts, None), Decision::Normal);
        facts.overdue_left = Rupiah(200_000);
        facts.never_isolate = "kantor desa".to_owned();
        assert!(matches!(decide(&facts, None), Decision::Held(_)));
        facts.never_isolate.clear();
        facts.hold = "janji bayar sampai 20 Jan 2026".to_owned();
        assert_eq!(decide(&facts, None), Decision::Held(facts.hold.clone()));
        facts.cut_by_hand = true;
        assert_eq!(decide(&facts, Some("hari libur")), Decision::Isolate);
    }

    proptest! {
        #[test]
        fn nobody_without_debt_is_cut_by_a_run(left in -1_000_i64..1_000_000, min in 0_i64..100_000, free in any::<bool>(), never in any::<bool>()) {
            let facts = Facts {
                overdue_left: Rupiah(left),
                min_debt: Rupiah(min),
                never_isolate: if never { "masjid".to_owned() } else { String::new() },
                hold: String::new(),
                cut_by_hand: false,
            };
            let owes = left > 0 && left >= min;
            let decision = decide(&facts, free.then_some("hari libur"));
            prop_assert_eq!(decision == Decision::Normal, !owes);
            prop_assert_eq!(decision == Decision::Isolate, owes && !free && !never);
        }

        #[test]
        fn a_larger_cut_never_releases_the_brake(cut in 0_i64..10_000, active in 0_i64..10_000, percent in 1_i64..=100, min in 0_i64..100) {
            if brakes(cut, active, percent, min) {
                prop_assert!(cut >= min && cut * 100 > active * percent);
                prop_assert!(brakes(cut + 1, active, percent, min));
            }
            prop_assert!(!brakes(0, active, percent, min));
        }
    }

    #[test]
    fn windows_days_and_lists() {
        let at = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
        assert!(within_window(at("07:00"), "07:00-20:00"));
        assert!(!within_window(at("20:00"), "07:00-20:00"));
        assert!(!within_window(at("12:00"), "20:00-07:00"));
        assert_eq!(parse_weekdays("minggu, Sabtu").unwrap(), [Weekday::Sun, Weekday::Sat]);
        assert_eq!(parse_weekdays("0,6,Jum'at").unwrap(), [Weekday::Sun, Weekday::Sat, Weekday::Fri]);
        assert!(parse_weekdays("").unwrap().is_empty());
        assert!(parse_weekdays("ahad besar").is_err());
        assert!(parse_weekdays("8").is_err());
        assert_eq!(parse_dates("2026-03-20, 2026-03-21").unwrap().len(), 2);
        assert!(is_overdue("2026-01-10".parse().unwrap(), 0, "2026-01-11".parse().unwrap()));
        assert!(!is_overdue("2026-01-10".parse().unwrap(), 1, "2026-01-11".parse().unwrap()));
    }
}
