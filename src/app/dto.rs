//! What several screens get from the server. Money and dates arrive as text, so that both sides write the same.

use serde::{Deserialize, Serialize};

/// What a word means: its colour goes with it, never instead of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// Good.
    Ok,
    /// Needs an eye.
    Warn,
    /// Wrong.
    Bad,
    /// Information.
    #[default]
    Note,
    /// Neither good nor bad.
    Plain,
}

/// A status as a word of the trade with its tone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Badge {
    /// The word.
    pub word: String,
    /// Its meaning.
    pub tone: Tone,
}

impl Badge {
    /// A badge.
    pub fn new(word: impl Into<String>, tone: Tone) -> Self {
        Self { word: word.into(), tone }
    }
}

/// Where a list stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageInfo {
    /// This page, from 1.
    pub page: i64,
    /// How many pages there are, at least 1.
    pub pages: i64,
    /// How many rows in all pages.
    pub total: i64,
    /// Whether there are more rows than anybody pages through: `total` is [`COUNT_MAX`], and the rest is found by filters.
    pub more: bool,
}

/// Rows of a page of a list.
pub const PAGE_ROWS: i64 = 50;

/// Rows to which histories are counted; an even number of pages.
pub const COUNT_MAX: i64 = 10_000;

impl PageInfo {
    /// Page `wanted` of `total` rows; a page beyond the end is the last one.
    pub fn of(wanted: i64, total: i64) -> Self {
        let pages = (total.max(0) + PAGE_ROWS - 1).div_euclid(PAGE_ROWS).max(1);
        Self { page: wanted.clamp(1, pages), pages, total, more: false }
    }

    /// The same of a list that is counted to [`COUNT_MAX`] and one further.
    pub fn capped(wanted: i64, counted: i64) -> Self {
        Self { more: counted > COUNT_MAX, ..Self::of(wanted, counted.min(COUNT_MAX)) }
    }

    /// How many rows, in words.
    pub fn words(self) -> String {
        let number = crate::app::text::count(self.total);
        if self.more { format!("lebih dari {number}") } else { number }
    }

    /// Rows before this page.
    pub fn offset(self) -> i64 {
        (self.page - 1) * PAGE_ROWS
    }
}

/// One entry of a select: value and word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What goes into the URL.
    pub value: String,
    /// What people read.
    pub word: String,
}

impl Choice {
    /// An entry.
    pub fn new(value: impl Into<String>, word: impl Into<String>) -> Self {
        Self { value: value.into(), word: word.into() }
    }
}

/// An amount for people, never broken over two lines: `Rp 164.516` with a no-break space.
pub fn money(amount: i64) -> String {
    crate::billing::Rupiah(amount).html()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_every_row_and_stay_within_bounds() {
        assert_eq!(PageInfo::of(1, 0), PageInfo { page: 1, pages: 1, total: 0, more: false });
        assert_eq!(PageInfo::of(2, 50).page, 1);
        assert_eq!(PageInfo::of(2, 51), PageInfo { page: 2, pages: 2, total: 51, more: false });
        assert_eq!(PageInfo::of(-3, 51).page, 1);
        assert_eq!(PageInfo::of(3, 500).offset(), 100);
        assert_eq!(PageInfo::capped(900, COUNT_MAX + 1).page, 200);
        assert_eq!(PageInfo::capped(1, COUNT_MAX + 1).words(), "lebih dari 10.000");
        assert_eq!(PageInfo::capped(1, COUNT_MAX).words(), "10.000");
    }
}
