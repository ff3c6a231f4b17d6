//! What Daftar Tagih reads and writes. The rows come from `service_row`; the rest is joined to those that are shown.

use super::{CollectFilter, CollectList, CollectRow};
use crate::app::admin::choices;
use crate::app::admin::words::{day, instant, phone};
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::billing::Period;
use crate::billing::words::greeting;
use crate::server::audit;
use crate::server::customers::service_row::{Needles, months};
use crate::server::db::Val;
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::{args, bills_now, found_by, in_scope, owed_now, sql};
use chrono::{DateTime, NaiveDate, Utc};

/// Rows of a paper.
const PAPER_ROWS: i64 = 1_000;

// `$1`, `$2` text, `$3` area, `$4` collector, `$5` scope, `$6` this month, `$7` the next, `$8` due before this day or NULL.
macro_rules! matching {
    () => {
        concat!(
            "FROM service_row s WHERE s.owed > 0 AND ",
            owed_now!("$6", "$7"),
            " > 0 AND ",
            found_by!("$1", "$2"),
            " AND ($3 = '' OR s.area = $3) AND ($4 = 0 OR s.collector_id = $4) AND s.oldest_due < $8 AND ",
            in_scope!("$5")
        )
    };
}

sql!(SUMS = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(", owed_now!("$6", "$7"), "), 0) AS BIGINT) ", matching!()));
sql!(LIST = concat!(
    "SELECT v.customer_id, v.id AS service_id, c.name, v.service_number, c.phone, c.address, v.area, v.lat_e6, v.lng_e6, s.oldest_due,
  CAST(", bills_now!("$6", "$7"), " AS BIGINT) AS bills, CAST(", owed_now!("$6", "$7"), " AS BIGINT) AS owed,
  (SELECT n.at FROM customer_note n WHERE n.customer_id = v.customer_id AND n.kind = 'kontak' ORDER BY n.at DESC LIMIT 1) AS contact_at,
  (SELECT n.text FROM customer_note n WHERE n.customer_id = v.customer_id AND n.kind = 'kontak' ORDER BY n.at DESC LIMIT 1) AS contact
 FROM (SELECT s.service_id AS id ", matching!(), " ORDER BY s.area, s.address, s.name, s.service_id LIMIT $9 OFFSET $10) hit
 JOIN service_row s ON s.service_id = hit.id JOIN service v ON v.id = hit.id JOIN customer c ON c.id = v.customer_id
 ORDER BY s.area, s.address, s.name, s.service_id"));
sql!(
    NOTE =
        "INSERT INTO customer_note (customer_id, kind, text, who, staff_id, at) VALUES ($1, 'kontak', $2, $3, $4, $5)"
);
sql!(THERE = "SELECT COUNT(*) FROM customer WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Row {
    customer_id: i64,
    service_id: i64,
    name: String,
    service_number: String,
    phone: String,
    address: String,
    area: String,
    lat_e6: Option<i64>,
    lng_e6: Option<i64>,
    oldest_due: Option<NaiveDate>,
    bills: i64,
    owed: i64,
    contact_at: Option<DateTime<Utc>>,
    contact: Option<String>,
}

fn degrees(millionths: i64) -> String {
    let sign = if millionths < 0 { "-" } else { "" };
    let size = millionths.unsigned_abs();
    format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000)
}

fn conditions(asked: &Asked, filter: &CollectFilter) -> Vec<Val> {
    let needles = Needles::of(&filter.q);
    let today = asked.app.clock.today();
    let (month, next) = months(Period::of(today));
    let collector = if filter.collector.is_empty() { 0 } else { filter.collector.parse::<i64>().unwrap_or(-1) };
    let before = if filter.due == "tempo" { today } else { NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or(today) };
    args![needles.text, needles.phone, &filter.area, collector, asked.scope().arg(), month, next, before]
}

async fn rows(asked: &Asked, filter: &CollectFilter, limit: i64, offset: i64) -> Result<Vec<CollectRow>> {
    let app = &asked.app;
    let today = app.clock.today();
    let company = app.settings().await?.text("company.name").to_owned();
    let greeting = greeting(app.clock.now().with_timezone(&app.clock.zone()));
    let mut values = conditions(asked, filter);
    values.extend(args![limit, offset]);
    let rows: Vec<Row> = app.db.all(LIST, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let owed = money(row.owed);
            let said = format!(
                "{greeting}, {}. Kami dari {company} mengingatkan tagihan internet nomor {} sebesar {owed}. Terima kasih.",
                row.name, row.service_number
            );
            let encoded: String = url::form_urlencoded::byte_serialize(said.as_bytes()).collect();
            let has_phone = !row.phone.is_empty();
            CollectRow {
                customer_id: row.customer_id,
                service_id: row.service_id,
                name: row.name,
                number: row.service_number,
                call: if has_phone { format!("tel:+{}", row.phone) } else { String::new() },
                whatsapp: if has_phone {
                    format!("https://wa.me/{}?text={}", row.phone, encoded.replace('+', "%20"))
                } else {
                    String::new()
                },
                phone: phone(&row.phone),
                address: row.address,
                area: row.area,
                map: match (row.lat_e6, row.lng_e6) {
                    (Some(lat), Some(lng)) => {
                        format!("https://www.google.com/maps?q={},{}", degrees(lat), degrees(lng))
                    }
                    _ => String::new(),
                },
                due: row.oldest_due.map(day).unwrap_or_default(),
                late: row.oldest_due.is_some_and(|due| due < today),
                bills: row.bills,
                owed,
                contact: match (row.contact_at, row.contact) {
                    (Some(at), Some(text)) => format!("{} {text}", instant(&app.clock, at)),
                    _ => String::new(),
                },
            }
        })
        .collect())
}

/// A page of the list with its sum.
pub async fn list(asked: &Asked, filter: CollectFilter) -> Result<CollectList> {
    let db = &asked.app.db;
    let wanted = PageInfo::of(filter.page, i64::MAX / 2);
    let sums = db.one::<(i64, i64)>(SUMS, conditions(asked, &filter));
    let (sums, found) = futures::future::join(sums, rows(asked, &filter, PAGE_ROWS, wanted.offset())).await;
    let (total, owed) = sums?;
    let info = PageInfo::of(filter.page, total);
    let rows = if info.page == wanted.page { found? } else { rows(asked, &filter, PAGE_ROWS, info.offset()).await? };
    Ok(CollectList {
        rows,
        info,
        owed: money(owed),
        areas: choices::areas(asked).await?,
        collectors: choices::collectors(asked).await?,
        takes_money: asked.staff.may(Permission::RecordPayment),
    })
}

/// All rows for a sheet of paper, and their sum.
pub async fn paper(asked: &Asked, filter: &CollectFilter) -> Result<(Vec<CollectRow>, String)> {
    let (total, owed): (i64, i64) = asked.app.db.one(SUMS, conditions(asked, filter)).await?;
    if total > PAPER_ROWS {
        return Err(Error::Refused(format!(
            "Ada {total} layanan; satu cetakan memuat paling banyak {PAPER_ROWS}. Pilih satu wilayah atau kolektor."
        )));
    }
    Ok((rows(asked, filter, PAPER_ROWS, 0).await?, money(owed)))
}

/// Writes down a contact.
pub async fn contact(asked: &Asked, customer_id: i64, text: &str) -> Result<()> {
    asked.reaches_customer(customer_id).await?;
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().count() > 500 {
        return Err(Error::invalid("text", "Tulis apa yang dikatakan, paling banyak 500 huruf."));
    }
    if asked.app.db.number(THERE, args![customer_id]).await? == 0 {
        return Err(Error::NotFound("Pelanggan itu tidak ada.".to_owned()));
    }
    let (who, now) = (asked.who.clone(), asked.app.clock.now());
    asked
        .app
        .db
        .write(move |tx| {
            let (who, text) = (who.clone(), text.clone());
            Box::pin(async move {
                tx.exec_one(NOTE, args![customer_id, &text, &who.name, who.staff_id, now]).await?;
                audit::record(tx, &who, now, "customer.contact", &format!("customer:{customer_id}"), "", &text).await
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    sql!(
        COLLECT =
            "UPDATE service SET collector_id = $2, area = $3, lat_e6 = -6200000, lng_e6 = 106816666 WHERE id = $1"
    );
    sql!(LIVES = "UPDATE customer SET address = $2 WHERE id = (SELECT customer_id FROM service WHERE id = $1)");
    sql!(
        HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, 'k@kantor.test', 'Koko', 'collector', '-', TRUE, $2)"
    );

    #[tokio::test]
    async fn a_collector_sees_his_own_in_the_order_of_his_way() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let mut services = Vec::new();
            for name in ["SARI", "BUDI", "TONO", "WATI"] {
                services.push(t.service(name, package, "2025-06-01").await);
            }
            t.issue("2026-01").await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec_one(HIRE, args![7, t.state.clock.now()]).await.unwrap();
            for (service, area, address) in
                [(0, "Timur", "Jalan A 1"), (1, "Barat", "Jalan Z 9"), (2, "Barat", "Jalan B 2")]
            {
                tx.exec_one(COLLECT, args![services[service], 7, area]).await.unwrap();
                tx.exec_one(LIVES, args![services[service], address]).await.unwrap();
            }
            tx.commit().await.unwrap();
            let koko = t.asked(Role::Collector, 7);
            let of = async |asked: &Asked, filter: CollectFilter| {
                let list = list(asked, CollectFilter { page: 1, ..filter }).await.unwrap();
                (list.rows.iter().map(|row| row.number.clone()).collect::<Vec<_>>(), list.owed)
            };
            let base = CollectFilter::default;
            assert_eq!(of(&koko, base()).await, (["TONO", "BUDI", "SARI"].map(str::to_owned).to_vec(), money(900_000)));
            assert_eq!(of(&koko, CollectFilter { area: "Barat".into(), ..base() }).await.0, ["TONO", "BUDI"]);
            assert_eq!(of(&t.asked(Role::Owner, 1), base()).await.1, money(1_200_000));
            assert_eq!(
                of(&t.asked(Role::Owner, 1), CollectFilter { collector: "7".into(), ..base() }).await.1,
                money(900_000)
            );
            for (at, greeting) in
                [("2026-01-15 10:59", "Selamat%20pagi%2C"), ("2026-01-15 18:00", "Selamat%20malam%2C")]
            {
                t.at(at);
                let sent = list(&koko, base()).await.unwrap().rows.remove(0).whatsapp;
                assert!(sent.contains(greeting), "{at}: {sent}");
            }
            // Issued late, they are due a week after that.
            let late = || CollectFilter { due: "tempo".into(), ..base() };
            assert!(of(&koko, late()).await.0.is_empty());
            t.at("2026-01-25 10:00");
            assert_eq!(of(&koko, late()).await.0.len(), 3);
            t.cash(services[2], 300_000).await;
            assert_eq!(of(&koko, base()).await.0, ["BUDI", "SARI"], "who has paid is no longer asked");

            let customer = list(&koko, CollectFilter { page: 1, ..base() }).await.unwrap().rows[0].customer_id;
            contact(&koko, customer, "janji Jumat").await.unwrap();
            let row = list(&koko, CollectFilter { page: 1, ..base() }).await.unwrap().rows[0].clone();
            assert!(row.contact.ends_with("janji Jumat") && row.map.ends_with("q=-6.200000,106.816666"), "{row:?}");
            let other =
                list(&t.asked(Role::Owner, 1), CollectFilter { q: "wati".into(), page: 1, ..base() }).await.unwrap();
            let refused = contact(&koko, other.rows[0].customer_id, "x").await;
            assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
            assert!(
                matches!(contact(&koko, customer, " ").await, Err(Error::Invalid { field, .. }) if field == "text")
            );
            assert_eq!(paper(&koko, &base()).await.unwrap().0.len(), 2);
        }
    }
}
