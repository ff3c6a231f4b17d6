//! What a price is made of besides the package: the PPN of the day, a price of one's own, what is rented.

use crate::args;
use crate::billing::Rupiah;
use crate::billing::pricing::{AddOn, Tax, TaxMode, TaxRate};
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::sql;
use chrono::NaiveDate;

sql!(RATE_OF = "SELECT rate, base_num, base_den FROM tax_rate WHERE valid_from <= $1 ORDER BY valid_from DESC LIMIT 1");

/// The PPN of bills issued on `day` under these settings; none where the company is no PKP.
///
/// # Errors
/// `Refused` when no rate holds on that day.
pub async fn tax_on(db: &Db, settings: &Settings, day: NaiveDate) -> Result<Option<Tax>> {
    if !settings.flag("invoice.tax.pkp") {
        return Ok(None);
    }
    let (rate, base_num, base_den): (i64, i64, i64) = db
        .opt(RATE_OF, args![day])
        .await?
        .ok_or_else(|| Error::Refused("Tarif PPN untuk tanggal itu belum diisi.".to_owned()))?;
    let mode = match settings.text("invoice.tax.mode") {
        "inclusive" => TaxMode::Inclusive,
        _ => TaxMode::Exclusive,
    };
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
