//! Time, as a parameter. Nothing else in the crate reads the machine's clock (clippy.toml bans it).

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, SubsecRound, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use std::sync::{Arc, Mutex};

/// Says what time it is, and what business day. Instants are UTC, truncated to milliseconds (both databases keep
/// those exactly); business days are days in the configured zone.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Tz,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clock plus an offset (rehearsals: `KIMONET_CLOCK_OFFSET_S`).
    Real { offset: Duration },
    /// A clock that stands still until a test moves it.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The machine's clock, moved by `offset_s` seconds.
    pub fn real(zone: Tz, offset_s: i64) -> Self {
        Self { zone, source: Source::Real { offset: Duration::seconds(offset_s) } }
    }

    /// A clock that stands at `at` until [`Clock::set`] moves it.
    pub fn fixed(zone: Tz, at: DateTime<Utc>) -> Self {
        Self { zone, source: Source::Fixed(Arc::new(Mutex::new(at))) }
    }

    /// A clock that stands at 09:00 business time of `date` (the commands' `--date`).
    pub fn at_business_date(zone: Tz, date: NaiveDate) -> Self {
        let clock = Self::fixed(zone, DateTime::<Utc>::MIN_UTC);
        let at = clock.instant(date, nine());
        clock.set(at);
        clock
    }

    /// The current instant in UTC, truncated to milliseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.source {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
            Source::Real { offset } => (Utc::now() + *offset).trunc_subsecs(3),
            Source::Fixed(at) => match at.lock() {
                Ok(at) => *at,
                Err(poisoned) => *poisoned.into_inner(),
            },
        }
    }

    /// Moves a fixed clock; a real clock cannot be moved and stays as it is.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Fixed(at) = &self.source {
            match at.lock() {
                Ok(mut at) => *at = to.trunc_subsecs(3),
                Err(poisoned) => *poisoned.into_inner() = to.trunc_subsecs(3),
            }
        }
    }

    /// Moves a fixed clock on by `by`.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Whether this clock follows the machine's, moved by nothing.
    pub fn offset_s(&self) -> i64 {
        match &self.source {
            Source::Real { offset } => offset.num_seconds(),
            Source::Fixed(_) => 0,
        }
    }

    /// The business zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The business day now.
    pub fn today(&self) -> NaiveDate {
        self.day_of(self.now())
    }

    /// The business day of an instant.
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The wall time in the business zone now.
    pub fn time(&self) -> NaiveTime {
        self.now().with_timezone(&self.zone).time()
    }

    /// The instant of a business day and time. A time that a zone change skips is taken an hour later.
    pub fn instant(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let naive = day.and_time(time);
        self.zone
            .from_local_datetime(&naive)
            .earliest()
            .or_else(|| self.zone.from_local_datetime(&(naive + Duration::hours(1))).earliest())
            .map_or_else(|| naive.and_utc(), |at| at.with_timezone(&Utc))
    }

    /// `15 Januari 2026 pukul 09:00 WIB`, in the business zone.
    pub fn words(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone);
        let zone = match local.format("%Z").to_string().as_str() {
            other if other.starts_with('+') || other.starts_with('-') => format!("UTC{other}"),
            name => name.to_owned(),
        };
        format!(
            "{} {} {} pukul {:02}:{:02} {zone}",
            local.day(),
            crate::billing::words::month_name(local.month()),
            local.year(),
            local.hour(),
            local.minute()
        )
    }
}

fn nine() -> NaiveTime {
    NaiveTime::from_hms_opt(9, 0, 0).unwrap_or(NaiveTime::MIN)
}
