//! Closed months (Tutup Buku): what was reported of a month stays as it was. Nothing is dated into one any more; what takes
//! something of it back is dated on its own day. Source: RULES, "Money in".

use super::Ledger;
use crate::billing::Period;
use crate::server::audit::{self, Who};
use crate::server::checks;
use crate::server::error::{Error, Result};
use crate::server::settings::{self, Settings};
use crate::server::state::AppState;
use chrono::NaiveDate;

/// The setting that holds the last closed month.
pub const KEY: &str = "books.closed_until";
/// What the log calls the books.
const SUBJECT: &str = "books";

/// Refuses a day of a month that is closed, beside `field`.
pub fn must_be_open(settings: &Settings, day: NaiveDate, field: &str) -> Result<()> {
    match settings.text(KEY).parse::<Period>() {
        Ok(closed) if Period::of(day) <= closed => Err(Error::invalid(
            field,
            format!("Bulan {} sudah ditutup; isi tanggal sesudahnya.", Period::of(day).words()),
        )),
        _ => Ok(()),
    }
}

impl Ledger {
    /// The same, under the settings of this deed.
    pub(crate) fn must_be_open(&self, day: NaiveDate, field: &str) -> Result<()> {
        must_be_open(&self.settings, day, field)
    }

    /// Refuses what is dated today where this month is closed.
    pub(super) fn must_be_open_today(&self) -> Result<()> {
        self.must_be_open(self.today, "books").map_err(|_| {
            Error::Refused(format!(
                "Bulan {} sudah ditutup, jadi tidak ada yang dapat dicatat di dalamnya. Minta pemilik membukanya di Tutup Buku.",
                self.current().words()
            ))
        })
    }
}

async fn put(
    state: &AppState,
    who: Who,
    action: &'static str,
    until: Option<Period>,
    note: String,
    allowed: fn(Option<Period>, Option<Period>) -> Result<()>,
) -> Result<()> {
    let (secrets, now) = (state.secrets.clone(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (secrets, who, note) = (secrets.clone(), who.clone(), note.clone());
            Box::pin(async move {
                let before = Settings::load_in(tx, &secrets).await?.text(KEY).to_owned();
                allowed(before.parse().ok(), until)?;
                let after = until.map(|month| month.to_string()).unwrap_or_default();
                settings::put(tx, &secrets, KEY, &after, now).await?;
                let word = |month: &str| {
                    month.parse::<Period>().map_or_else(
                        |_| "tidak ada bulan yang ditutup".to_owned(),
                        |month| format!("ditutup sampai {}", month.words()),
                    )
                };
                let after = if note.is_empty() { word(&after) } else { format!("{}; {note}", word(&after)) };
                audit::record(tx, &who, now, action, SUBJECT, &word(&before), &after).await
            })
        })
        .await?;
    state.fresh_settings().await?;
    Ok(())
}

/// Closes every month up to one that is over.
///
/// # Errors
/// `Invalid` beside `until` for a month that is not over, or is closed already; beside `note` when it is too long.
pub async fn close_books(state: &AppState, who: Who, until: Period, note: &str) -> Result<()> {
    if until >= Period::of(state.clock.today()) {
        return Err(Error::invalid("until", "Hanya bulan yang sudah lewat dapat ditutup."));
    }
    let note = note.trim().to_owned();
    if note.chars().count() > checks::REASON_CHARS_MAX {
        return Err(Error::invalid(
            "note",
            format!("Terlalu panjang, paling banyak {} huruf.", checks::REASON_CHARS_MAX),
        ));
    }
    put(state, who, "books.close", Some(until), note, |before, until| match (before, until) {
        (Some(before), Some(until)) if until <= before => {
            Err(Error::invalid("until", format!("Buku sudah ditutup sampai {}.", before.words())))
        }
        _ => Ok(()),
    })
    .await
}

/// Opens again every month after `until`; without one, all of them. The owner's deed alone, which the caller checks.
///
/// # Errors
/// `Invalid` without a reason, or beside `until` for a month that is open anyway.
pub async fn reopen_books(state: &AppState, who: Who, until: Option<Period>, reason: &str) -> Result<()> {
    let reason = checks::reason(reason)?;
    put(state, who, "books.open", until, reason, |before, until| match (before, until) {
        (None, _) => Err(Error::Refused("Tidak ada bulan yang ditutup.".to_owned())),
        (Some(before), Some(until)) if until >= before => {
            Err(Error::invalid("until", format!("Buku ditutup sampai {}; pilih bulan sebelumnya.", before.words())))
        }
        _ => Ok(()),
    })
    .await
}
