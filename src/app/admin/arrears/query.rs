//! What Tunggakan reads: services whose oldest open bill is past due come from `service_row`, the ages of their bills
//! from the bills themselves, for the rows that are shown and once for all sums.

use super::{ArrearsFilter, ArrearsList, ArrearsRow};
use crate::app::admin::choices;
use crate::app::admin::words::{day, instant, phone};
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::server::customers::service_row::Needles;
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::{args, found_by, in_scope, sql};
use chrono::{DateTime, Days, NaiveDate, Utc};

/// Rows of a file.
const FILE_ROWS: i64 = 50_000;

// `$1`, `$2` text, `$3` area, `$4` collector, `$5` scope, `$6` package, `$7` oldest due before, `$8` not before.
macro_rules! matching {
    () => {
        concat!(
            "FROM service_row s WHERE s.owed > 0 AND s.oldest_due < $7 AND s.oldest_due >= $8 AND ",
            found_by!("$1", "$2"),
            " AND ($3 = '' OR s.area = $3) AND ($4 = 0 OR s.collector_id = $4) AND ($6 = 0 OR s.package_id = $6) AND ",
            in_scope!("$5")
        )
    };
}

// `$9` today, `$10`, `$11`, `$12`: 30, 60 and 90 days before.
macro_rules! aged {
    () => {
        "CAST(COALESCE(SUM(CASE WHEN i.due_on >= $10 THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) AS a,
  CAST(COALESCE(SUM(CASE WHEN i.due_on < $10 AND i.due_on >= $11 THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) AS b,
  CAST(COALESCE(SUM(CASE WHEN i.due_on < $11 AND i.due_on >= $12 THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) AS c,
  CAST(COALESCE(SUM(CASE WHEN i.due_on < $12 THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) AS d, COUNT(i.id) AS bills"
    };
}

macro_rules! list_sql {
    ($($name:ident: $order:expr;)*) => { $(
        sql!($name = concat!("SELECT v.customer_id, v.id AS service_id, c.name, v.service_number, c.phone, v.area, COALESCE(k.name, v.collector) AS collector, p.name AS package, s.oldest_due,
  o.a, o.b, o.c, o.d, o.bills,
  (SELECT n.at FROM customer_note n WHERE n.customer_id = v.customer_id AND n.kind = 'kontak' ORDER BY n.at DESC LIMIT 1) AS contact_at,
  (SELECT n.text FROM customer_note n WHERE n.customer_id = v.customer_id AND n.kind = 'kontak' ORDER BY n.at DESC LIMIT 1) AS contact
 FROM (SELECT hit.id, ", aged!(), " FROM (SELECT s.service_id AS id ", matching!(), " ORDER BY ", $order, " LIMIT $13 OFFSET $14) hit
   JOIN invoice i ON i.service_id = hit.id AND i.status IN ('open', 'partial') AND i.due_on < $9 GROUP BY hit.id) o
 JOIN service_row s ON s.service_id = o.id JOIN service v ON v.id = o.id JOIN customer c ON c.id = v.customer_id JOIN package p ON p.id = v.package_id
 LEFT JOIN staff k ON k.id = v.collector_id ORDER BY ", $order));
    )* };
}

list_sql! {
    BY_DUE: "s.oldest_due, s.number";
    BY_DUE_DOWN: "s.oldest_due DESC, s.number DESC";
    BY_NAME: "s.name, s.number";
    BY_NAME_DOWN: "s.name DESC, s.number DESC";
    BY_OWED: "s.owed, s.number";
    BY_OWED_DOWN: "s.owed DESC, s.number DESC";
}

sql!(COUNT = concat!("SELECT COUNT(*) ", matching!()));
// Who has one open bill has it in his row; the bills themselves are read for the others only.
sql!(
    SUMS = concat!(
        "SELECT COUNT(*),
  CAST(COALESCE(SUM(CASE WHEN s.bills = 1 AND s.oldest_due >= $10 THEN s.owed ELSE 0 END), 0) AS BIGINT),
  CAST(COALESCE(SUM(CASE WHEN s.bills = 1 AND s.oldest_due < $10 AND s.oldest_due >= $11 THEN s.owed ELSE 0 END), 0) AS BIGINT),
  CAST(COALESCE(SUM(CASE WHEN s.bills = 1 AND s.oldest_due < $11 AND s.oldest_due >= $12 THEN s.owed ELSE 0 END), 0) AS BIGINT),
  CAST(COALESCE(SUM(CASE WHEN s.bills = 1 AND s.oldest_due < $12 THEN s.owed ELSE 0 END), 0) AS BIGINT) ",
        matching!(),
        " AND s.oldest_due < $9"
    )
);
sql!(
    SUMS_OF_SEVERAL = concat!(
        "SELECT ",
        aged!(),
        " FROM (SELECT s.service_id ",
        matching!(),
        " AND s.bills > 1) f CROSS JOIN invoice i WHERE i.service_id = f.service_id AND i.status IN ('open', 'partial') AND i.due_on < $9"
    )
);

fn order(sort: &str) -> Sql {
    match sort {
        "-due" => BY_DUE_DOWN,
        "name" => BY_NAME,
        "-name" => BY_NAME_DOWN,
        "owed" => BY_OWED,
        "-owed" => BY_OWED_DOWN,
        _ => BY_DUE,
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    customer_id: i64,
    service_id: i64,
    name: String,
    service_number: String,
    phone: String,
    area: String,
    collector: String,
    package: String,
    oldest_due: Option<NaiveDate>,
    a: i64,
    b: i64,
    c: i64,
    d: i64,
    bills: i64,
    contact_at: Option<DateTime<Utc>>,
    contact: Option<String>,
}

fn conditions(asked: &Asked, filter: &ArrearsFilter) -> Vec<Val> {
    let needles = Needles::of(&filter.q);
    let today = asked.app.clock.today();
    let id = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().unwrap_or(-1) };
    let ago = |days: u64| today - Days::new(days);
    let ever = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(today);
    let (before, from) = match filter.age.as_str() {
        "30" => (today, ago(30)),
        "60" => (ago(30), ago(60)),
        "90" => (ago(60), ago(90)),
        "lebih" => (ago(90), ever),
        _ => (today, ever),
    };
    args![
        needles.text,
        needles.phone,
        &filter.area,
        id(&filter.collector),
        asked.scope().arg(),
        id(&filter.package),
        before,
        from
    ]
}

fn with_ages(asked: &Asked, filter: &ArrearsFilter) -> Vec<Val> {
    let today = asked.app.clock.today();
    let mut values = conditions(asked, filter);
    values.extend(args![today, today - Days::new(30), today - Days::new(60), today - Days::new(90)]);
    values
}

async fn rows(asked: &Asked, filter: &ArrearsFilter, limit: i64, offset: i64) -> Result<Vec<ArrearsRow>> {
    let clock = &asked.app.clock;
    let today = clock.today();
    let mut values = with_ages(asked, filter);
    values.extend(args![limit, offset]);
    let rows: Vec<Row> = asked.app.db.all(order(&filter.sort), values).await?;
    let shown = |amount: i64| if amount == 0 { String::new() } else { money(amount) };
    Ok(rows
        .into_iter()
        .map(|row| {
            let aged = [row.a, row.b, row.c, row.d];
            ArrearsRow {
                customer_id: row.customer_id,
                service_id: row.service_id,
                name: row.name,
                number: row.service_number,
                phone: phone(&row.phone),
                area: row.area,
                collector: row.collector,
                package: row.package,
                due: row.oldest_due.map(day).unwrap_or_default(),
                days: row.oldest_due.map_or(0, |due| (today - due).num_days()),
                bills: row.bills,
                aged,
                aged_words: aged.map(shown),
                sum: money(aged.iter().sum()),
                contact: match (row.contact_at, row.contact) {
                    (Some(at), Some(text)) => format!("{} {text}", instant(clock, at)),
                    _ => String::new(),
                },
            }
        })
        .collect())
}

/// A page of the list with its sums.
pub async fn list(asked: &Asked, filter: ArrearsFilter) -> Result<ArrearsList> {
    let db = &asked.app.db;
    let values = with_ages(asked, &filter);
    let wanted = PageInfo::of(filter.page, i64::MAX / 2);
    let (sums, several, found) = futures::future::join3(
        db.one::<(i64, i64, i64, i64, i64)>(SUMS, values.clone()),
        db.one::<(i64, i64, i64, i64, i64)>(SUMS_OF_SEVERAL, values),
        rows(asked, &filter, PAGE_ROWS, wanted.offset()),
    )
    .await;
    let ((total, a, b, c, d), (more_a, more_b, more_c, more_d, _)) = (sums?, several?);
    let info = PageInfo::of(filter.page, total);
    let rows = if info.page == wanted.page { found? } else { rows(asked, &filter, PAGE_ROWS, info.offset()).await? };
    let aged = [a + more_a, b + more_b, c + more_c, d + more_d];
    Ok(ArrearsList {
        rows,
        info,
        aged: aged.map(money),
        sum: money(aged.iter().sum()),
        areas: choices::areas(asked).await?,
        collectors: choices::collectors(asked).await?,
        packages: choices::packages(asked).await?,
        may_export: asked.staff.may(Permission::Export),
    })
}

/// The list for a file: titles and cells.
pub async fn table(asked: &Asked, filter: &ArrearsFilter) -> Result<Rows> {
    let total = asked.app.db.number(COUNT, conditions(asked, filter)).await?;
    if total > FILE_ROWS {
        return Err(Error::Refused(format!(
            "Ada {total} layanan; satu berkas memuat paling banyak {FILE_ROWS}. Persempit saringannya."
        )));
    }
    let texts = ["Nomor layanan", "Nama", "Telepon", "Wilayah", "Kolektor", "Paket"];
    let mut columns = texts.map(|title| Column::new(title, Kind::Text)).to_vec();
    columns.push(Column::new("Jatuh tempo tertua", Kind::Date));
    columns.push(Column::new("Hari", Kind::Count));
    columns.push(Column::summed("Tagihan", Kind::Count));
    columns.extend(
        ["0-30 hari", "31-60 hari", "61-90 hari", "Di atas 90 hari", "Jumlah"]
            .map(|title| Column::summed(title, Kind::Money)),
    );
    columns.push(Column::wide("Kontak terakhir", 40.0));
    let rows = rows(asked, filter, FILE_ROWS, 0).await?;
    let cells = rows
        .into_iter()
        .map(|row| {
            let sum: i64 = row.aged.iter().sum();
            let mut cells: Vec<Value> =
                [row.number, row.name, row.phone, row.area, row.collector, row.package].map(Value::from).to_vec();
            cells.extend([Value::day(&row.due), row.days.into(), row.bills.into()]);
            cells.extend(row.aged.map(Value::from));
            cells.extend([sum.into(), row.contact.into()]);
            cells
        })
        .collect();
    Ok((columns, cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn arrears_stand_by_their_age() {
        for t in TestApp::each("2026-01-01 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.at("2026-02-01 10:00");
            t.issue("2026-02").await;
            t.at("2026-02-15 10:00");
            t.cash(budi, 300_000).await;
            let owner = t.asked(Role::Owner, 1);
            let of = async |filter: ArrearsFilter| list(&owner, ArrearsFilter { page: 1, ..filter }).await.unwrap();
            let all = of(ArrearsFilter::default()).await;
            assert_eq!(all.rows.iter().map(|row| row.number.as_str()).collect::<Vec<_>>(), ["SARI", "BUDI"]);
            // January fell due on the 10th, 36 days ago; February five days ago.
            assert_eq!((all.rows[0].aged, all.rows[0].days, all.rows[0].bills), ([300_000, 300_000, 0, 0], 36, 2));
            assert_eq!(all.rows[1].aged, [300_000, 0, 0, 0]);
            assert_eq!(all.aged[0], money(600_000));
            let old = of(ArrearsFilter { age: "60".into(), ..ArrearsFilter::default() }).await;
            assert_eq!((old.info.total, old.sum), (1, money(600_000)));
            assert_eq!(
                of(ArrearsFilter { sort: "name".into(), ..ArrearsFilter::default() }).await.rows[0].number,
                "BUDI"
            );
            assert_eq!(list(&t.asked(Role::Collector, 9), ArrearsFilter::default()).await.unwrap().info.total, 0);
            t.cash(sari, 600_000).await;
            assert_eq!(of(ArrearsFilter::default()).await.info.total, 1);
            let (titles, cells) = table(&owner, &ArrearsFilter::default()).await.unwrap();
            assert!(cells.len() == 1 && cells[0].len() == titles.len());
        }
    }
}
