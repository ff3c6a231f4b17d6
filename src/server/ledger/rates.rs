//! What a price is made of besides the package: the PPN of the day, a price of one's own, what is rented.

use crate::args;
use crate::billing::Rupiah;
use crate::billing::pricing::{AddOn, FirstMonth, PriceRules, Tax, TaxMode, TaxRate};
use crate::billing::words::date_short;
use crate::server::audit::{self, Who};
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::sql;
use chrono::NaiveDate;

sql!(RATE_OF = "SELECT rate, base_num, base_den FROM tax_rate WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1");

/// Whether prices hold the PPN under these settings; nothing where the company is no PKP.
pub(super) fn tax_mode(settings: &Settings) -> Option<TaxMode> {
    settings.flag("invoice.tax.pkp").then(|| match settings.text("invoice.tax.mode") {
        "inclusive" => TaxMode::Inclusive,
        _ => TaxMode::Exclusive,
    })
}

/// What pricing reads of these settings, and the PPN of the day.
pub(super) fn price_rules(settings: &Settings, tax: Option<Tax>) -> PriceRules {
    PriceRules {
        first_month: match settings.text("invoice.first_month") {
            "full" => FirstMonth::Full,
            "free" => FirstMonth::Free,
            _ => FirstMonth::Prorate,
        },
        join_after_day: u32::try_from(settings.int("invoice.join_after_day")).unwrap_or(0),
        round_to: settings.int("invoice.round_to").max(1),
        tax,
    }
}

/// The PPN of bills issued on `day` under these settings; none where the company is no PKP.
///
/// # Errors
/// `Refused` when no rate holds on that day.
pub async fn tax_on(db: &Db, settings: &Settings, day: NaiveDate) -> Result<Option<Tax>> {
    let Some(mode) = tax_mode(settings) else { return Ok(None) };
    let (rate, base_num, base_den): (i64, i64, i64) = db
        .opt(RATE_OF, args![day])
        .await?
        .ok_or_else(|| Error::Refused("Tarif PPN untuk tanggal itu belum diisi.".to_owned()))?;
    Ok(Some(Tax { mode, rate: TaxRate { rate, base_num, base_den } }))
}

/// What a service rents, as [`add_ons_of!`] wrote it: `25000:Sewa alat|50000:IP publik`.
pub(super) fn add_ons(text: &str) -> Result<Vec<AddOn>> {
    text.split('|')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let found = part.split_once(':').and_then(|(amount, text)| Some((amount.parse().ok()?, text)));
            let (amount, text): (i64, &str) = found.ok_or_else(|| Error::Corrupt(format!("biaya bulanan {part:?}")))?;
            Ok(AddOn { text: text.to_owned(), amount: Rupiah(amount) })
        })
        .collect()
}

/// What service `$s` rents in month `$period`, in one text that is equal for those that rent alike; NULL for none.
#[macro_export]
macro_rules! add_ons_of {
    ($s:literal, $period:literal) => {
        concat!(
            "(SELECT STRING_AGG(CAST(a.amount AS TEXT) || ':' || a.text, '|' ORDER BY a.text, a.amount) FROM service_addon a WHERE a.service_id = ",
            $s,
            " AND a.from_period <= ",
            $period,
            " AND (a.until_period = '' OR a.until_period >= ",
            $period,
            "))"
        )
    };
}

/// The price of its own that service `$s` has on `$day`; NULL for none (-1 ends one).
#[macro_export]
macro_rules! own_price_of {
    ($s:literal, $day:literal) => {
        concat!(
            "(SELECT NULLIF(sp.price, -1) FROM service_price sp WHERE sp.service_id = ",
            $s,
            " AND sp.valid_from <= ",
            $day,
            " ORDER BY sp.valid_from DESC LIMIT 1)"
        )
    };
}

/// A column of the standing discount of service `s` in month `$period`, or what stands for none.
#[macro_export]
macro_rules! discount_in {
    ($column:literal, $none:literal, $period:literal) => {
        concat!(
            "CASE WHEN s.discount_until = '' OR s.discount_until >= ",
            $period,
            " THEN s.",
            $column,
            " ELSE ",
            $none,
            " END"
        )
    };
}

/// The standing discount of service `s` in month `$period`: its kind, its value.
#[macro_export]
macro_rules! discount_of {
    ($period:literal) => {
        concat!(
            $crate::discount_in!("discount_kind", "'none'", $period),
            " AS discount_kind, ",
            $crate::discount_in!("discount_value", "0", $period),
            " AS discount_value"
        )
    };
}

/// Farthest day of a rate ahead, in days.
const RATE_DAYS_MAX: i64 = 3 * 366;

sql!(RATES = "SELECT valid_from, rate, base_num, base_den FROM tax_rate ORDER BY valid_from DESC");
sql!(
    PUT_RATE = "INSERT INTO tax_rate (valid_from, rate, base_num, base_den) VALUES ($1, $2, $3, $4) ON CONFLICT (valid_from) DO NOTHING"
);
sql!(DROP_RATE = "DELETE FROM tax_rate WHERE valid_from = $1 AND valid_from > $2");

/// A rate, and the first day of its bills.
pub type DatedRate = (NaiveDate, TaxRate);

/// All rates, newest first.
pub async fn tax_rates(db: &Db) -> Result<Vec<DatedRate>> {
    let rows: Vec<(NaiveDate, i64, i64, i64)> = db.all(RATES, args![]).await?;
    Ok(rows.into_iter().map(|(from, rate, base_num, base_den)| (from, TaxRate { rate, base_num, base_den })).collect())
}

/// Adds a rate for bills that are issued from a day on; those that were issued keep theirs.
///
/// # Errors
/// `Invalid` beside `from`, `rate` or `base`.
pub async fn add_tax_rate(state: &AppState, who: Who, from: NaiveDate, rate: TaxRate) -> Result<()> {
    let (today, now) = (state.clock.today(), state.clock.now());
    if from < today || (from - today).num_days() > RATE_DAYS_MAX {
        return Err(Error::invalid(
            "from",
            "Tarif baru mulai paling cepat hari ini, paling lambat tiga tahun lagi; tagihan yang sudah terbit tidak berubah.",
        ));
    }
    if !(1..=10_000).contains(&rate.rate) {
        return Err(Error::invalid("rate", "Isi tarif lebih dari 0%, paling banyak 100%."));
    }
    if rate.base_num < 1 || rate.base_den < rate.base_num || rate.base_den > 1_000 {
        return Err(Error::invalid(
            "base",
            "Isi pecahan paling besar satu, misalnya 11/12; kosongkan untuk harga penuh.",
        ));
    }
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                if tx.exec(PUT_RATE, args![from, rate.rate, rate.base_num, rate.base_den]).await? == 0 {
                    return Err(Error::invalid(
                        "from",
                        "Sudah ada tarif mulai tanggal itu. Hapus dulu, atau pilih tanggal lain.",
                    ));
                }
                let after = format!("{} mulai {}", rate.words(), date_short(from));
                audit::record(tx, &who, now, "tax.rate", "tax", "", &after).await
            })
        })
        .await
}

/// Takes a rate back whose day has not come.
///
/// # Errors
/// `Refused` when bills may have it already.
pub async fn drop_tax_rate(state: &AppState, who: Who, from: NaiveDate) -> Result<()> {
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                if tx.exec(DROP_RATE, args![from, today]).await? == 0 {
                    return Err(Error::Refused(
                        "Tarif itu sudah berlaku atau sudah dihapus. Tarif yang sudah berlaku tidak dapat dihapus; tambahkan tarif baru."
                            .to_owned(),
                    ));
                }
                audit::record(tx, &who, now, "tax.rate_drop", "tax", &format!("mulai {}", date_short(from)), "").await
            })
        })
        .await
}
