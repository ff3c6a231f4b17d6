//! Which report is wanted, and what its address says.

use super::Filter;
use crate::app::dto::Choice;
use crate::billing::Period;
use crate::server::checks::filter_day;
use crate::server::error::{Error, Result};
use chrono::{Datelike, NaiveDate};

/// In an address: the empty name (no area, no receiver).
pub const NAMELESS: &str = "-";
/// Months that a filter offers.
const MONTHS_OFFERED: i32 = 36;
/// Months that a report spans at most.
const MONTHS_MAX: i32 = 24;
/// Days that a list of rows spans at most.
const DAYS_MAX: i64 = 800;

/// Which report, and what its address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The report.
    pub name: String,
    pairs: Vec<(String, String)>,
}

impl Wish {
    /// Reads the query of an address; what cannot be read of it is as if it were not there.
    pub fn of(name: &str, query: &str) -> Self {
        let pairs = serde_urlencoded::from_str(query.trim_start_matches('?')).unwrap_or_default();
        Self { name: name.to_owned(), pairs }
    }

    /// What the address says under `key`; empty where nothing.
    pub fn get(&self, key: &str) -> &str {
        self.pairs.iter().find(|pair| pair.0 == key).map_or("", |pair| pair.1.trim())
    }

    /// The page, from 1.
    pub fn page(&self) -> i64 {
        self.get("page").parse().unwrap_or(1)
    }

    /// A name as SQL takes it: whether one is asked for, and which.
    pub fn name_of(&self, key: &str) -> (i64, &str) {
        match self.get(key) {
            "" => (0, ""),
            NAMELESS => (1, ""),
            name => (1, name),
        }
    }

    /// An id: 0 where none is asked for, -1 where it is none.
    pub fn id_of(&self, key: &str) -> i64 {
        let text = self.get(key);
        if text.is_empty() { 0 } else { text.parse().unwrap_or(-1) }
    }

    /// A month of the address, or `otherwise`.
    ///
    /// # Errors
    /// `Invalid` beside it when it is none, or lies before 2000 or beyond next year.
    pub fn month(&self, key: &str, otherwise: Period, today: NaiveDate) -> Result<Period> {
        let typed = self.get(key);
        if typed.is_empty() {
            return Ok(otherwise);
        }
        let wrong = || Error::invalid(key, format!("Bulan {typed:?} tidak terbaca; pilih dari daftar."));
        let month: Period = typed.parse().map_err(|_| wrong())?;
        if (2000..=today.year() + 1).contains(&month.year()) { Ok(month) } else { Err(wrong()) }
    }

    /// `dari` and `sampai` as months.
    ///
    /// # Errors
    /// `Invalid` beside the one that cannot be.
    pub fn months(&self, first: Period, last: Period, today: NaiveDate) -> Result<(Period, Period)> {
        let from = self.month("dari", first, today)?;
        let to = self.month("sampai", last.max(from), today)?;
        if from > to {
            return Err(Error::invalid("dari", "Bulan pertama sesudah bulan terakhir. Tukar keduanya."));
        }
        if from.months_until(to) >= MONTHS_MAX {
            return Err(Error::invalid("dari", format!("Pilih paling lama {MONTHS_MAX} bulan.")));
        }
        Ok((from, to))
    }

    /// A day as typed, or `otherwise`.
    ///
    /// # Errors
    /// `Invalid` beside it.
    pub fn day(&self, key: &str, otherwise: NaiveDate, today: NaiveDate) -> Result<NaiveDate> {
        filter_day(key, self.get(key), today, otherwise)
    }

    /// `dari` and `sampai` as days; this month where they are not said.
    ///
    /// # Errors
    /// `Invalid` beside the one that cannot be.
    pub fn days(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
        let month = Period::of(today);
        let from = self.day("dari", month.first_day(), today)?;
        let to = self.day("sampai", month.last_day().max(from), today)?;
        if from > to {
            return Err(Error::invalid("dari", "Tanggal pertama sesudah tanggal terakhir. Tukar keduanya."));
        }
        if (to - from).num_days() > DAYS_MAX {
            return Err(Error::invalid("dari", "Pilih paling lama dua tahun."));
        }
        Ok((from, to))
    }

    /// The filters as they were chosen or typed, the one called `field` among them; months are offered up to `last`.
    pub fn as_typed(&self, field: &str, last: Period) -> Vec<Filter> {
        let known = [("dari", "Dari"), ("sampai", "Sampai"), ("bulan", "Bulan"), ("tanggal", "Tanggal")];
        known
            .into_iter()
            .filter(|(name, _)| *name == field || !self.get(name).is_empty())
            .map(|(name, label)| match self.get(name).parse::<Period>() {
                Ok(month) => month_filter(name, label, month, last.max(month)),
                Err(_) => Filter { name, label, value: self.get(name).to_owned(), ..Filter::default() },
            })
            .collect()
    }
}

/// Address of a report with what it is to show; what is empty is left out.
pub fn href(name: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|pair| !pair.1.is_empty()));
    match pairs.finish() {
        query if query.is_empty() => format!("/admin/laporan/{name}"),
        query => format!("/admin/laporan/{name}?{query}"),
    }
}

/// A name in an address.
pub fn named(name: &str) -> &str {
    if name.is_empty() { NAMELESS } else { name }
}

/// A choice of months, the newest first, from `last` back.
pub fn month_filter(name: &'static str, label: &'static str, chosen: Period, last: Period) -> Filter {
    let mut months: Vec<Period> = (0..MONTHS_OFFERED).map(|back| last.add_months(-back)).collect();
    if !months.contains(&chosen) {
        months.push(chosen);
        months.sort_unstable_by(|a, b| b.cmp(a));
    }
    let choices = months.into_iter().map(|month| Choice::new(month.to_string(), month.short())).collect();
    Filter { name, label, value: chosen.to_string(), choices, all: "" }
}

/// `dari` and `sampai` as months.
pub fn span_filters((from, to): (Period, Period), last: Period) -> Vec<Filter> {
    vec![month_filter("dari", "Dari bulan", from, last), month_filter("sampai", "Sampai bulan", to, last)]
}

/// A day to type.
pub fn day_filter(name: &'static str, label: &'static str, day: NaiveDate) -> Filter {
    Filter { name, label, value: crate::billing::words::date_short(day), ..Filter::default() }
}

/// `dari` and `sampai` as days.
pub fn days_filters((from, to): (NaiveDate, NaiveDate)) -> Vec<Filter> {
    vec![day_filter("dari", "Dari tanggal", from), day_filter("sampai", "Sampai tanggal", to)]
}

/// Something that is chosen, or not.
pub fn choice_filter(name: &'static str, label: &'static str, chosen: &str, choices: Vec<Choice>) -> Filter {
    let mut choices = choices;
    if chosen == NAMELESS {
        choices.push(Choice::new(NAMELESS, "Tanpa nama"));
    }
    Filter { name, label, value: chosen.to_owned(), choices, all: crate::app::text::ALL }
}

/// A month under a bar: `Jan`; the words of the bar say the year.
pub fn label(month: Period) -> String {
    crate::billing::words::month_short(month.month()).to_owned()
}

/// Every month from one to another.
pub fn each_month((from, to): (Period, Period)) -> impl Iterator<Item = Period> {
    (0..=from.months_until(to)).map(move |n| from.add_months(n))
}
