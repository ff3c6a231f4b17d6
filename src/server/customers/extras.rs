//! What a service costs besides its package: something rented month by month, a discount, a price of its own, a fee once.
//! All of it holds from the first month that is not billed yet; bills that were issued stay.

use super::planned::first_free_month;
use crate::billing::pricing::percent;
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::Ledger;
use crate::server::state::AppState;
use crate::{args, own_price_of, sql};
use chrono::NaiveDate;

/// Largest amount of a month, in rupiah.
const AMOUNT_MAX: i64 = 1_000_000_000;
/// Farthest end, in months.
const MONTHS_MAX: i32 = 120;
/// Letters of what a bill says at most.
const TEXT_CHARS_MAX: usize = 60;

/// A standing discount as it is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscountWish {
    /// None any more.
    None,
    /// Hundredths of a percent, at most 10,000.
    Percent(i64),
    /// Rupiah off each bill.
    Amount(Rupiah),
}

sql!(SERVICE = "SELECT covered_until, discount_kind, discount_value, discount_until FROM service WHERE id = $1");
// The price that holds on $2: its own, else the package's.
sql!(
    PRICE_NOW = concat!(
        "SELECT CAST(COALESCE(",
        own_price_of!("s.id", "$2"),
        ", (SELECT pp.price FROM package_price pp WHERE pp.package_id = s.package_id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT) FROM service s WHERE s.id = $1"
    )
);
sql!(
    INSERT_ADDON =
        "INSERT INTO service_addon (service_id, text, amount, from_period, until_period, request_id, who, created_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (request_id) DO NOTHING RETURNING id"
);
sql!(ADDON = "SELECT service_id, text, amount, from_period, until_period FROM service_addon WHERE id = $1");
sql!(END_ADDON = "UPDATE service_addon SET until_period = $2 WHERE id = $1");
sql!(DROP_ADDON = "DELETE FROM service_addon WHERE id = $1");
sql!(SET_DISCOUNT = "UPDATE service SET discount_kind = $2, discount_value = $3, discount_until = $4 WHERE id = $1");
sql!(SET_PRICE = "INSERT INTO service_price (service_id, price, valid_from, who, created_at) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (service_id, valid_from) DO UPDATE SET price = excluded.price, who = excluded.who, created_at = excluded.created_at");
sql!(DROP_PRICES = "DELETE FROM service_price WHERE service_id = $1 AND valid_from >= $2");

async fn free_month(tx: &mut Tx, today: NaiveDate, service_id: i64) -> Result<Period> {
    let (covered, _, _, _): (String, String, i64, String) = standing(tx, service_id).await?;
    Ok(Period::of(first_free_month(tx, today, service_id, &covered).await?))
}

async fn standing(tx: &mut Tx, service_id: i64) -> Result<(String, String, i64, String)> {
    let gone = || Error::NotFound("Layanan itu tidak ada.".to_owned());
    tx.opt(SERVICE, args![service_id]).await?.ok_or_else(gone)
}

fn text_of(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX || text.contains(['|', '\n']) {
        return Err(Error::invalid(
            "text",
            format!("Tulis untuk apa, paling banyak {TEXT_CHARS_MAX} huruf, tanpa garis tegak (|)."),
        ));
    }
    Ok(text.to_owned())
}

fn amount_of(amount: Rupiah) -> Result<Rupiah> {
    if amount.0 > AMOUNT_MAX {
        return Err(Error::invalid("amount", format!("Jumlah terlalu besar; paling banyak {}.", Rupiah(AMOUNT_MAX))));
    }
    if amount.is_positive() { Ok(amount) } else { Err(Error::invalid("amount", "Isi jumlah rupiah, lebih dari nol.")) }
}

/// A last month that is neither over nor a slip of the pen.
fn until_of(until: Option<Period>, from: Period) -> Result<Option<Period>> {
    let last = from.add_months(MONTHS_MAX);
    match until {
        Some(until) if until > last => Err(Error::invalid(
            "until",
            format!("Terlalu jauh; paling lambat {}, atau kosongkan bila tanpa akhir.", last.words()),
        )),
        until => Ok(until),
    }
}

/// Something rented from the first month that is not billed yet, until a month or without end; answers its first month.
/// The same form twice is one.
pub async fn add_on(
    state: &AppState,
    who: Who,
    service_id: i64,
    (text, amount): (&str, Rupiah),
    until: Option<Period>,
    request_id: String,
) -> Result<Period> {
    let (text, amount) = (text_of(text)?, amount_of(amount)?);
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, text, request_id) = (who.clone(), text.clone(), request_id.clone());
            Box::pin(async move {
                let from = free_month(tx, today, service_id).await?;
                if until.is_some_and(|until| until < from) {
                    return Err(Error::invalid(
                        "until",
                        format!("Paling cepat {}, bulan pertama yang belum ditagih.", from.words()),
                    ));
                }
                let last = until_of(until, from)?.map(|until| until.to_string()).unwrap_or_default();
                let values = args![service_id, &text, amount, from, last, request_id, &who.name, now];
                if tx.opt::<(i64,)>(INSERT_ADDON, values).await?.is_some() {
                    let after = format!("{text} {amount} mulai {from}");
                    let subject = format!("service:{service_id}");
                    audit::record(tx, &who, now, "service.addon", &subject, "", &after).await?;
                }
                Ok(from)
            })
        })
        .await
}

/// Ends what is rented with the last month that is billed; what was never billed goes at once. Answers the service.
pub async fn end_add_on(state: &AppState, who: Who, id: i64) -> Result<i64> {
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let gone = || Error::NotFound("Biaya itu tidak ada lagi; muat ulang halaman.".to_owned());
                let (service_id, text, amount, from, _): (i64, String, i64, String, String) =
                    tx.opt(ADDON, args![id]).await?.ok_or_else(gone)?;
                let last = free_month(tx, today, service_id).await?.prev();
                if from > last.to_string() {
                    tx.exec_one(DROP_ADDON, args![id]).await?;
                } else {
                    tx.exec_one(END_ADDON, args![id, last]).await?;
                }
                let before = format!("{text} {}", Rupiah(amount));
                let subject = format!("service:{service_id}");
                let after = format!("sampai {}", last.words());
                audit::record(tx, &who, now, "service.addon_end", &subject, &before, &after).await?;
                Ok(service_id)
            })
        })
        .await
}

/// The standing discount of bills that are issued from now on, until a month or without end.
pub async fn set_discount(
    state: &AppState,
    who: Who,
    service_id: i64,
    wish: DiscountWish,
    until: Option<Period>,
) -> Result<()> {
    let (kind, value) = match wish {
        DiscountWish::None => ("none", 0),
        DiscountWish::Percent(hundredths) if (1..=10_000).contains(&hundredths) => ("percent", hundredths),
        DiscountWish::Percent(_) => {
            return Err(Error::invalid("value", "Isi persen lebih dari 0, paling banyak 100."));
        }
        DiscountWish::Amount(amount) => ("amount", amount_of(amount)?.0),
    };
    let now = state.clock.now();
    let current = Period::of(state.clock.today());
    if until.is_some_and(|until| until < current) {
        return Err(Error::invalid("until", "Bulan itu sudah lewat; isi bulan ini atau sesudahnya, atau kosongkan."));
    }
    let last = until_of(until, current)?.map(|until| until.to_string()).unwrap_or_default();
    let today = state.clock.today();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, last) = (who.clone(), last.clone());
            Box::pin(async move {
                let (_, old_kind, old_value, old_last) = standing(tx, service_id).await?;
                // More than the price takes nothing more off: it is a mistake.
                let price = Rupiah(tx.number(PRICE_NOW, args![service_id, today]).await?);
                if kind == "amount" && Rupiah(value) > price {
                    return Err(Error::invalid(
                        "amount",
                        format!("Diskon lebih besar dari harga layanan ini ({price}). Untuk gratis tulis 100%."),
                    ));
                }
                tx.exec_one(SET_DISCOUNT, args![service_id, kind, value, &last]).await?;
                let (before, after) =
                    (discount_words(&old_kind, old_value, &old_last), discount_words(kind, value, &last));
                let subject = format!("service:{service_id}");
                audit::record(tx, &who, now, "service.discount", &subject, &before, &after).await
            })
        })
        .await
}

/// A price of its own from the first month that is not billed yet; without one, the package's again. Answers that day.
pub async fn set_price(state: &AppState, who: Who, service_id: i64, price: Option<Rupiah>) -> Result<NaiveDate> {
    if price.is_some_and(|price| !price.is_positive()) {
        return Err(Error::invalid(
            "price",
            "Isi harga sebulan, lebih dari nol; untuk gratis beri diskon 100%, untuk harga paket kosongkan.",
        ));
    }
    if let Some(price) = price {
        amount_of(price).map_err(|error| match error {
            Error::Invalid { message, .. } => Error::invalid("price", message),
            other => other,
        })?;
    }
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let from = free_month(tx, today, service_id).await?.first_day();
                tx.exec(DROP_PRICES, args![service_id, from]).await?;
                // No price of one's own is written as -1: it ends the one before.
                let stored = price.unwrap_or(Rupiah(-1));
                tx.exec_one(SET_PRICE, args![service_id, stored, from, &who.name, now]).await?;
                let words = price.map_or_else(|| "harga paket".to_owned(), |price| price.to_string());
                let after = format!("{words} mulai {}", date_short(from));
                let subject = format!("service:{service_id}");
                audit::record(tx, &who, now, "service.price", &subject, "", &after).await?;
                Ok(from)
            })
        })
        .await
}

/// A fee once, on a bill of its own; answers its row. The same form twice is one bill.
pub async fn charge(
    state: &AppState,
    who: Who,
    service_id: i64,
    (text, amount): (&str, Rupiah),
    request_id: String,
) -> Result<i64> {
    let (text, amount) = (text_of(text)?, amount_of(amount)?);
    let ledger: Ledger = state.ledger(who.clone()).await?;
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ledger, who, text, change) = (ledger.clone(), who.clone(), text.clone(), format!("once:{request_id}"));
            Box::pin(async move {
                standing(tx, service_id).await?;
                if let Some((id,)) = tx.opt::<(i64,)>(CHARGED, args![&change]).await? {
                    return Ok(id);
                }
                let id = ledger.charge(tx, service_id, amount, &text, &change).await?;
                let subject = format!("service:{service_id}");
                audit::record(tx, &who, now, "invoice.charge", &subject, "", &format!("{text} {amount}")).await?;
                Ok(id)
            })
        })
        .await
}

sql!(CHARGED = "SELECT invoice_id FROM invoice_line WHERE change_id = $1");

/// A stored discount as people say it: `12,5% sampai Maret 2027`, `Rp 10.000 setiap bulan`.
fn discount_words(kind: &str, value: i64, last: &str) -> String {
    let how = match kind {
        "percent" => percent(value),
        "amount" => format!("{} setiap bulan", Rupiah(value)),
        _ => return "tanpa diskon".to_owned(),
    };
    match last.parse::<Period>() {
        Ok(last) => format!("{how} sampai {}", last.words()),
        Err(_no_end) => how,
    }
}
