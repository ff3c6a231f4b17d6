//! Prices that are planned: of a package for everybody, or for chosen customers, who then have a price of their own. Who is
//! affected is told before; until its day a planned price can be taken back.

use super::packages::{PRICE_MAX, plan_price};
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::audit::{self, Who};
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, discount_of, id_list, own_price_of, sql};
use chrono::NaiveDate;

/// Service numbers in one list.
const NUMBERS_MAX: usize = 500;
/// Service numbers looked up by one statement.
const TOGETHER: usize = 16;
/// How far ahead a price can be planned, in months.
const MONTHS_MAX: i32 = 24;
/// Stands for no list of ids: no row has it.
const NO_IDS: &str = "000000000000";

/// Whom a planned price is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody who has the package, now and later; who has a price of his own keeps it.
    All,
    /// Those of an area: a price of their own.
    Area(String),
    /// These services: a price of their own.
    Services(Vec<i64>),
}

/// A price that is to hold from a month on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceWish {
    /// The package.
    pub package_id: i64,
    /// Rupiah for its whole duration.
    pub price: Rupiah,
    /// First month.
    pub from: Period,
    /// For whom.
    pub reach: Reach,
}

/// A service that a planned price concerns.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Affected {
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// The service's number.
    pub service_number: String,
    /// Its own price on that day; -1 for none.
    pub own: i64,
    /// What it costs the day before: its own price, else the package's.
    pub old: i64,
    /// Its discount then.
    pub discount_kind: String,
    /// Hundredths of a percent, or rupiah.
    pub discount_value: i64,
    /// Last month of those billed already, where that is the first month of the price or later; else empty.
    pub billed: String,
}

/// How many a planned price concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct AffectedCount {
    /// All.
    pub all: i64,
    /// Those with a price of their own.
    pub own: i64,
    /// Those with a discount.
    pub discount: i64,
}

/// A price of a package as it holds from a day on.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Priced {
    /// Rupiah.
    pub price: i64,
    /// First day.
    pub valid_from: NaiveDate,
    /// For how many services alone; 0 for the package's own price.
    pub services: i64,
    /// Who planned it; empty where that was not kept.
    pub who: String,
}

// $1: ids, $2: first day, $3: first month, $4: package, $5: area or '', $8: the day before. Those that stopped are nobody's concern.
macro_rules! affected {
    ($what:expr, $end:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM service s JOIN customer c ON c.id = s.customer_id
 WHERE s.package_id = $4 AND s.stage <> 'berhenti' AND ($5 = '' OR s.area = $5)
   AND (CAST($1 AS TEXT) = '000000000000' OR s.id IN ",
            id_list!(),
            ")",
            $end
        )
    };
}

sql!(
    COUNT = concat!(
        "SELECT COUNT(*) AS \"all\", CAST(COALESCE(SUM(CASE WHEN own IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT) AS own,
   CAST(COALESCE(SUM(CASE WHEN discount_kind = 'none' THEN 0 ELSE 1 END), 0) AS BIGINT) AS discount FROM (",
        affected!(concat!("s.id, ", own_price_of!("s.id", "$2"), " AS own, ", discount_of!("$3")), ""),
        ") a"
    )
);
sql!(
    LIST = affected!(
        concat!(
            "c.id AS customer_id, c.name, s.service_number, COALESCE(",
            own_price_of!("s.id", "$2"),
            ", -1) AS own,
   CAST(COALESCE(",
            own_price_of!("s.id", "$8"),
            ", (SELECT pp.price FROM package_price pp WHERE pp.package_id = s.package_id AND pp.valid_from <= $8 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT) AS old, ",
            discount_of!("$3"),
            ", COALESCE((SELECT MAX(l.period) FROM invoice_line l WHERE l.service_id = s.id AND l.period >= $3 AND l.kind IN ('subscription', 'prorate') AND NOT l.void), '') AS billed"
        ),
        " ORDER BY c.name_search, s.service_number LIMIT $6 OFFSET $7"
    )
);
sql!(
    IDS = "SELECT id FROM service WHERE package_id = $1 AND stage <> 'berhenti' AND ($2 = '' OR area = $2) ORDER BY id"
);
sql!(
    BY_NUMBER = "SELECT id, service_number, package_id, stage FROM service
 WHERE service_number IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
);
sql!(DROP_LATER = concat!("DELETE FROM service_price WHERE service_id IN ", id_list!(), " AND valid_from >= $2"));
sql!(
    PUT = concat!(
        "INSERT INTO service_price (service_id, price, valid_from, who, created_at) SELECT s.id, $2, $3, $4, $5 FROM service s WHERE s.id IN ",
        id_list!(),
        " AND s.package_id = $6 AND s.stage <> 'berhenti'"
    )
);
sql!(PACKAGE_NAME = "SELECT name FROM package WHERE id = $1");
sql!(
    HISTORY =
        "SELECT price, valid_from, CAST(0 AS BIGINT) AS services, '' AS who FROM package_price WHERE package_id = $1
 UNION ALL SELECT sp.price, sp.valid_from, COUNT(*), sp.who FROM service_price sp JOIN service s ON s.id = sp.service_id
   WHERE s.package_id = $1 AND sp.valid_from > $2 GROUP BY sp.price, sp.valid_from, sp.who
 ORDER BY 2 DESC, 3, 1 LIMIT 200"
);
sql!(CANCEL = "DELETE FROM package_price WHERE package_id = $1 AND valid_from = $2 AND valid_from > $3");
sql!(
    CANCEL_OWN = "DELETE FROM service_price WHERE price = $2 AND valid_from = $3 AND who = $4 AND valid_from > $5
 AND service_id IN (SELECT s.id FROM service s WHERE s.package_id = $1)"
);

fn gone() -> Error {
    Error::NotFound("Paket itu tidak ada lagi; muat ulang halaman.".to_owned())
}

fn ids_of(reach: &Reach) -> (String, String) {
    match reach {
        Reach::All => (NO_IDS.to_owned(), String::new()),
        Reach::Area(area) => (NO_IDS.to_owned(), area.clone()),
        Reach::Services(ids) => (id_text(ids), String::new()),
    }
}

/// Checks a wish by itself.
///
/// # Errors
/// `Invalid` beside `price` or `from`.
pub fn check(wish: &PriceWish, today: NaiveDate) -> Result<()> {
    if !wish.price.is_positive() || wish.price.0 > PRICE_MAX {
        return Err(Error::invalid("price", "Isi harga lebih dari nol, paling banyak Rp 1.000.000.000."));
    }
    let first = Period::of(today).next();
    if wish.from < first || wish.from > first.add_months(MONTHS_MAX) {
        return Err(Error::invalid(
            "from",
            format!(
                "Harga baru mulai paling cepat {}, paling lambat {}.",
                first.words(),
                first.add_months(MONTHS_MAX).words()
            ),
        ));
    }
    Ok(())
}

/// The services of typed numbers (separated by commas, spaces or lines), all of this package.
///
/// # Errors
/// `Invalid` beside `numbers`, naming the first that is not there, has another package or stopped.
pub async fn services_of(db: &Db, package_id: i64, typed: &str) -> Result<Vec<i64>> {
    let mut numbers: Vec<&str> =
        typed.split([',', ';', ' ', '\n', '\r', '\t']).map(str::trim).filter(|number| !number.is_empty()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Err(Error::invalid("numbers", "Tulis nomor layanannya, dipisah koma."));
    }
    if numbers.len() > NUMBERS_MAX {
        return Err(Error::invalid("numbers", format!("Paling banyak {NUMBERS_MAX} nomor sekaligus.")));
    }
    let mut ids = Vec::with_capacity(numbers.len());
    for some in numbers.chunks(TOGETHER) {
        let mut places = some.to_vec();
        places.resize(TOGETHER, "");
        let places = places.into_iter().map(crate::server::db::Val::from).collect();
        let found: Vec<(i64, String, i64, String)> = db.all(BY_NUMBER, places).await?;
        for number in some {
            let wrong = |what: &str| Error::invalid("numbers", format!("Nomor layanan {number} {what}."));
            match found.iter().find(|row| row.1 == *number) {
                None => return Err(wrong("tidak ditemukan")),
                Some((_, _, of, _)) if *of != package_id => return Err(wrong("memakai paket lain")),
                Some((_, _, _, stage)) if stage == "berhenti" => return Err(wrong("sudah berhenti")),
                Some((id, ..)) => ids.push(*id),
            }
        }
    }
    Ok(ids)
}

/// How many a wish concerns.
pub async fn count(db: &Db, wish: &PriceWish) -> Result<AffectedCount> {
    let (ids, area) = ids_of(&wish.reach);
    Ok(db.one(COUNT, args![ids, wish.from.first_day(), wish.from, wish.package_id, area]).await?)
}

/// Whom a wish concerns, by name: `rows` of them after `offset`.
pub async fn list(db: &Db, wish: &PriceWish, rows: i64, offset: i64) -> Result<Vec<Affected>> {
    let (ids, area) = ids_of(&wish.reach);
    let before = wish.from.prev().last_day();
    let values = args![ids, wish.from.first_day(), wish.from, wish.package_id, area, rows, offset, before];
    Ok(db.all(LIST, values).await?)
}

/// The prices of a package, newest first, and those that single services are going to have.
pub async fn history(db: &Db, package_id: i64, today: NaiveDate) -> Result<Vec<Priced>> {
    Ok(db.all(HISTORY, args![package_id, today]).await?)
}

/// Plans a price; answers how many services it reaches.
///
/// # Errors
/// As [`check`]; `NotFound` for the package; `Invalid` beside `numbers` or `area` when nobody is meant.
pub async fn plan(state: &AppState, who: Who, wish: PriceWish) -> Result<i64> {
    check(&wish, state.clock.today())?;
    if wish.reach == Reach::All {
        return plan_price(state, who, wish.package_id, wish.price, wish.from.first_day()).await;
    }
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, wish) = (who.clone(), wish.clone());
            Box::pin(async move {
                let (name,): (String,) = tx.opt(PACKAGE_NAME, args![wish.package_id]).await?.ok_or_else(gone)?;
                let (ids, whom) = match &wish.reach {
                    Reach::Services(ids) => (ids.clone(), "terpilih".to_owned()),
                    Reach::Area(area) => {
                        let rows: Vec<(i64,)> = tx.all(IDS, args![wish.package_id, area]).await?;
                        (rows.into_iter().map(|row| row.0).collect(), format!("di {area}"))
                    }
                    Reach::All => (Vec::new(), String::new()),
                };
                let from = wish.from.first_day();
                let mut reached = 0;
                for some in ids.chunks(IDS_MAX) {
                    let some = id_text(some);
                    tx.exec(DROP_LATER, args![&some, from]).await?;
                    let values = args![&some, wish.price, from, &who.name, now, wish.package_id];
                    reached += i64::try_from(tx.exec(PUT, values).await?).unwrap_or(0);
                }
                if reached == 0 {
                    return Err(Error::invalid("area", "Tidak ada layanan paket ini di wilayah itu."));
                }
                let after = format!("{name} {} mulai {} untuk {reached} layanan {whom}", wish.price, date_short(from));
                let subject = format!("package:{}", wish.package_id);
                audit::record(tx, &who, now, "package.price_chosen", &subject, "", &after).await?;
                Ok(reached)
            })
        })
        .await
}

/// Takes a price of a package back whose day has not come.
///
/// # Errors
/// `Refused` when it holds already, or was taken back.
pub async fn cancel(state: &AppState, who: Who, package_id: i64, from: NaiveDate) -> Result<()> {
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let (name,): (String,) = tx.opt(PACKAGE_NAME, args![package_id]).await?.ok_or_else(gone)?;
                if tx.exec(CANCEL, args![package_id, from, today]).await? == 0 {
                    return Err(begun());
                }
                let before = format!("{name} mulai {}", date_short(from));
                audit::record(tx, &who, now, "package.price_cancel", &format!("package:{package_id}"), &before, "")
                    .await
            })
        })
        .await
}

/// The same of a price that single services were going to have; answers how many those were.
///
/// # Errors
/// As [`cancel`].
pub async fn cancel_own(state: &AppState, who: Who, package_id: i64, of: Priced) -> Result<i64> {
    let (today, now) = (state.clock.today(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (who, of) = (who.clone(), of.clone());
            Box::pin(async move {
                let (name,): (String,) = tx.opt(PACKAGE_NAME, args![package_id]).await?.ok_or_else(gone)?;
                let gone = tx.exec(CANCEL_OWN, args![package_id, of.price, of.valid_from, &of.who, today]).await?;
                if gone == 0 {
                    return Err(begun());
                }
                let before =
                    format!("{name} {} mulai {} untuk {gone} layanan", Rupiah(of.price), date_short(of.valid_from));
                audit::record(tx, &who, now, "package.price_cancel", &format!("package:{package_id}"), &before, "")
                    .await?;
                Ok(i64::try_from(gone).unwrap_or(i64::MAX))
            })
        })
        .await
}

fn begun() -> Error {
    Error::Refused("Harga itu sudah berlaku atau sudah dibatalkan. Muat ulang halaman.".to_owned())
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
