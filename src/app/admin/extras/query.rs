//! What Biaya Tambahan & Diskon reads and writes.

use super::{CustomerExtras, ExtraList, ExtraRow, ExtraWish};
use crate::app::admin::words;
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::billing::pricing::{parse_percent, percent};
use crate::billing::{Period, Rupiah};
use crate::server::checks::form_id;
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::secrets::random_bytes;
use crate::{args, in_scope, sql};

// Add-ons that are not over, discounts that hold, prices of one's own that hold. $2: this month; $3: a customer, or 0.
macro_rules! extras {
    () => {
        concat!("FROM (
   SELECT 1 AS sort, a.id AS addon_id, a.service_id, a.text, a.amount AS value, a.from_period AS first, a.until_period AS last FROM service_addon a WHERE a.until_period = '' OR a.until_period >= $2
   UNION ALL SELECT CASE WHEN v.discount_kind = 'percent' THEN 2 ELSE 3 END, 0, v.id, '', v.discount_value, '', v.discount_until FROM service v
     WHERE v.discount_kind <> 'none' AND (v.discount_until = '' OR v.discount_until >= $2)
   UNION ALL SELECT 4, 0, p.service_id, '', p.price, SUBSTR(CAST(p.valid_from AS TEXT), 1, 7), '' FROM service_price p
     WHERE p.price >= 0 AND NOT EXISTS (SELECT 1 FROM service_price n WHERE n.service_id = p.service_id AND n.valid_from > p.valid_from)) e
 JOIN service s ON s.id = e.service_id JOIN customer c ON c.id = s.customer_id WHERE s.stage <> 'berhenti' AND ($3 = 0 OR s.customer_id = $3) AND ", in_scope!("$1"))
    };
}

sql!(COUNT = concat!("SELECT COUNT(*) ", extras!()));
sql!(
    LIST = concat!(
        "SELECT e.sort, e.addon_id, e.service_id, e.text, e.value, e.first, e.last, c.id AS customer_id, c.name, s.service_number ",
        extras!(),
        " ORDER BY c.name_search, s.service_number, e.sort, e.addon_id LIMIT $4 OFFSET $5"
    )
);
sql!(
    SERVICES =
        "SELECT id, service_number FROM service WHERE customer_id = $1 AND stage <> 'berhenti' ORDER BY service_number"
);
sql!(ADDON_OF = "SELECT service_id FROM service_addon WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Row {
    sort: i64,
    addon_id: i64,
    service_id: i64,
    text: String,
    value: i64,
    first: String,
    last: String,
    customer_id: i64,
    name: String,
    service_number: String,
}

impl Row {
    fn view(self) -> ExtraRow {
        let (kind, amount) = match self.sort {
            1 => ("Biaya bulanan", money(self.value)),
            2 => ("Diskon", percent(self.value)),
            3 => ("Diskon", money(self.value)),
            _ => ("Harga khusus", money(self.value)),
        };
        let from = if self.first.is_empty() { String::new() } else { format!("mulai {}", words::period(&self.first)) };
        let until = if self.last.is_empty() {
            "tanpa akhir".to_owned()
        } else {
            format!("sampai {}", words::period(&self.last))
        };
        ExtraRow {
            addon_id: self.addon_id,
            customer_id: self.customer_id,
            name: self.name,
            service_id: self.service_id,
            number: self.service_number,
            kind: kind.to_owned(),
            text: self.text,
            amount,
            days: [from, until].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        }
    }
}

pub async fn list(asked: &Asked, page: i64) -> Result<ExtraList> {
    let (db, scope) = (&asked.app.db, asked.scope().arg());
    let month = Period::of(asked.app.clock.today());
    let info = PageInfo::of(page, db.number(COUNT, args![scope, month, 0_i64]).await?);
    let rows: Vec<Row> = db.all(LIST, args![scope, month, 0_i64, PAGE_ROWS, info.offset()]).await?;
    Ok(ExtraList { rows: rows.into_iter().map(Row::view).collect(), info })
}

pub async fn view(asked: &Asked, customer_id: i64) -> Result<CustomerExtras> {
    let db = &asked.app.db;
    let month = Period::of(asked.app.clock.today());
    let rows: Vec<Row> = db.all(LIST, args![asked.scope().arg(), month, customer_id, 200_i64, 0_i64]).await?;
    Ok(CustomerExtras {
        rows: rows.into_iter().map(Row::view).collect(),
        services: db.all(SERVICES, args![customer_id]).await?,
        request_id: hex::encode(random_bytes::<16>()?),
    })
}

fn rupiah(typed: &str) -> Result<Rupiah> {
    Rupiah::parse_input(typed).map_err(|error| Error::invalid("amount", error.to_string()))
}

pub async fn save(asked: &Asked, wish: ExtraWish) -> Result<String> {
    let (app, who, id) = (&asked.app, asked.who.clone(), wish.service_id);
    let typed = wish.amount.trim();
    let until = match wish.until.trim() {
        "" => None,
        text => Some(
            text.parse::<Period>()
                .map_err(|_| Error::invalid("until", "Tulis tahun dan bulannya, misalnya 2026-12."))?,
        ),
    };
    let request_id = form_id(wish.request_id)?;
    match wish.kind.as_str() {
        "bulanan" => {
            let from = extras::add_on(app, who, id, (&wish.text, rupiah(typed)?), until, request_id).await?;
            Ok(format!("Biaya bulanan disimpan, ditagih mulai {}.", from.words()))
        }
        "sekali" => {
            extras::charge(app, who, id, (&wish.text, rupiah(typed)?), request_id).await?;
            app.work_bell.notify_waiters();
            Ok("Biaya terbit sebagai tagihan tersendiri.".to_owned())
        }
        "diskon" => {
            let discount = match typed {
                "" => DiscountWish::None,
                text if text.ends_with('%') => DiscountWish::Percent(parse_percent(text).ok_or_else(|| {
                    Error::invalid("amount", "Isi persen lebih dari 0, paling banyak 100, misalnya 10% atau 12,5%.")
                })?),
                text => DiscountWish::Amount(rupiah(text)?),
            };
            extras::set_discount(app, who, id, discount, until).await.map_err(|error| match error {
                Error::Invalid { field, message } if field == "value" => Error::invalid("amount", message),
                other => other,
            })?;
            Ok("Diskon disimpan; berlaku untuk tagihan yang terbit sesudah ini.".to_owned())
        }
        "harga" => {
            let price = if typed.is_empty() { None } else { Some(rupiah(typed)?) };
            let from = extras::set_price(app, who, id, price).await.map_err(|error| match error {
                Error::Invalid { message, .. } => Error::invalid("amount", message),
                other => other,
            })?;
            Ok(format!("Harga disimpan, berlaku mulai {}.", crate::billing::words::date_words(from)))
        }
        _ => Err(Error::invalid("kind", "Pilih jenisnya dari daftar.")),
    }
}

pub async fn end(asked: &Asked, id: i64) -> Result<String> {
    let gone = || Error::NotFound("Biaya itu tidak ada lagi; muat ulang halaman.".to_owned());
    let (service_id,): (i64,) = asked.app.db.opt(ADDON_OF, args![id]).await?.ok_or_else(gone)?;
    asked.reaches_service(service_id).await?;
    extras::end_add_on(&asked.app, asked.who.clone(), id).await?;
    Ok("Biaya bulanan diakhiri; bulan yang sudah ditagih tidak berubah.".to_owned())
}
