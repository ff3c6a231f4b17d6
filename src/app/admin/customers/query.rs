//! What Daftar Pelanggan reads. Conditions are written once; a column to sort by is a statement of its own.

use super::{CustomerChoices, CustomerFilter, CustomerList, CustomerRow};
use crate::app::admin::search::query::Patterns;
use crate::app::admin::words::phone;
use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::billing::Period;
use crate::server::db::{Sql, Val};
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::{args, sql};

/// The access of a service `s` as one word; the words are those of `text::access`.
macro_rules! access_case {
    () => {
        "CASE WHEN s.desired = 'absent' THEN 'none' WHEN s.desired = 'as_is' THEN 'as_is' WHEN s.router_id IS NULL THEN CASE WHEN s.desired = 'normal' THEN 'none' ELSE s.desired END WHEN s.desired = s.observed THEN s.desired WHEN s.observed IN ('other', 'missing') THEN 'differs' ELSE 'waiting' END"
    };
}
pub(in crate::app::admin) use access_case;

/// Open bills `i` up to the month `$10`. The next month's, which is issued as soon as this one's is paid, is not owed yet.
macro_rules! owed_now {
    () => {
        "i.status IN ('open', 'partial') AND i.period <= $10"
    };
}

/// What a service `s` owes.
macro_rules! owed_sum {
    () => {
        concat!(
            "(SELECT COALESCE(SUM(i.total - i.paid), 0) FROM invoice i WHERE i.service_id = s.id AND ",
            owed_now!(),
            ")"
        )
    };
}

macro_rules! matching {
    () => {
        concat!(
            "FROM service s JOIN customer c ON c.id = s.customer_id
 WHERE ($1 = '' OR c.name_search LIKE $1 OR LOWER(s.service_number) LIKE $2 OR LOWER(s.pppoe_username) LIKE $2 OR LOWER(COALESCE(c.number, '')) LIKE $2 OR c.phone LIKE $3)
 AND ($4 = '' OR s.stage = $4)
 AND ($5 = '' OR $5 = CASE WHEN EXISTS (SELECT 1 FROM invoice i WHERE i.service_id = s.id AND ",
            owed_now!(),
            ") THEN 'belum' ELSE 'lunas' END)
 AND ($6 = '' OR $6 = ",
            access_case!(),
            ")
 AND ($7 = 0 OR s.package_id = $7)
 AND ($8 = 0 OR s.router_id = $8)
 AND ($9 = '' OR s.area = $9)"
        )
    };
}

macro_rules! list_sql {
    ($($name:ident: $order:expr;)*) => { $(
        sql!($name = concat!(
            "SELECT c.id AS customer_id, s.id AS service_id, c.name, s.service_number, c.phone, p.name AS package, s.area, COALESCE(r.name, '') AS router, s.due_day, s.stage, ",
            access_case!(), " AS access,
  CAST(", owed_sum!(), " AS BIGINT) AS owed
 FROM (SELECT s.id AS id ", matching!(), " ORDER BY ", $order, " LIMIT $11 OFFSET $12) hit
 JOIN service s ON s.id = hit.id JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id LEFT JOIN router r ON r.id = s.router_id
 ORDER BY ", $order));
    )* };
}

list_sql! {
    BY_NAME: "c.name_search, s.service_number";
    BY_NAME_DOWN: "c.name_search DESC, s.service_number DESC";
    BY_NUMBER: "s.service_number";
    BY_NUMBER_DOWN: "s.service_number DESC";
    BY_DUE: "s.due_day, c.name_search, s.service_number";
    BY_DUE_DOWN: "s.due_day DESC, c.name_search, s.service_number";
    BY_AREA: "s.area, c.name_search, s.service_number";
    BY_AREA_DOWN: "s.area DESC, c.name_search, s.service_number";
    BY_STARTED: "s.started_on, s.id";
    BY_STARTED_DOWN: "s.started_on DESC, s.id DESC";
    BY_OWED: concat!(owed_sum!(), ", s.service_number");
    BY_OWED_DOWN: concat!(owed_sum!(), " DESC, s.service_number");
}

sql!(COUNT = concat!("SELECT COUNT(*) ", matching!()));
sql!(
    OWED = concat!(
        "SELECT CAST(COALESCE(SUM(d.owed), 0) AS BIGINT), COUNT(*)
 FROM (SELECT i.service_id AS service_id, SUM(i.total - i.paid) AS owed FROM invoice i WHERE ",
        owed_now!(),
        " GROUP BY i.service_id) d
 JOIN (SELECT s.id AS id ",
        matching!(),
        ") hit ON hit.id = d.service_id"
    )
);
// The whole list, which everybody opens first, is counted over indexes alone.
sql!(COUNT_ALL = "SELECT COUNT(*) FROM service");
sql!(
    OWED_ALL = "SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT), COUNT(DISTINCT i.service_id) FROM invoice i WHERE i.status IN ('open', 'partial') AND i.period <= $1"
);
sql!(PACKAGES = "SELECT CAST(id AS TEXT), name FROM package ORDER BY name");
sql!(ROUTERS = "SELECT CAST(id AS TEXT), name FROM router ORDER BY name");
sql!(AREAS = "SELECT area, area FROM service WHERE area <> '' GROUP BY area ORDER BY area LIMIT 500");

fn order(sort: &str) -> Sql {
    match sort {
        "-name" => BY_NAME_DOWN,
        "number" => BY_NUMBER,
        "-number" => BY_NUMBER_DOWN,
        "due" => BY_DUE,
        "-due" => BY_DUE_DOWN,
        "area" => BY_AREA,
        "-area" => BY_AREA_DOWN,
        "started" => BY_STARTED,
        "-started" => BY_STARTED_DOWN,
        "owed" => BY_OWED,
        "-owed" => BY_OWED_DOWN,
        _ => BY_NAME,
    }
}

#[derive(sqlx::FromRow)]
struct ListRow {
    customer_id: i64,
    service_id: i64,
    name: String,
    service_number: String,
    phone: String,
    package: String,
    area: String,
    router: String,
    due_day: i64,
    stage: String,
    access: String,
    owed: i64,
}

fn conditions(filter: &CustomerFilter, month: Period) -> Vec<Val> {
    let patterns = Patterns::of(&filter.q);
    // An id that is no number matches nothing, rather than everything.
    let id = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().unwrap_or(-1) };
    args![
        patterns.name,
        patterns.number,
        patterns.phone,
        &filter.stage,
        &filter.paid,
        &filter.access,
        id(&filter.package),
        id(&filter.router),
        &filter.area,
        month
    ]
}

/// A page of the list with its totals.
pub async fn list(app: &AppState, filter: CustomerFilter) -> Result<CustomerList> {
    let month = Period::of(app.clock.today());
    let matching = conditions(&filter, month);
    let whole = CustomerFilter { sort: filter.sort.clone(), page: filter.page, ..CustomerFilter::default() } == filter;
    let (total, (owed, owing)): (i64, (i64, i64)) = if whole {
        (app.db.number(COUNT_ALL, args![]).await?, app.db.one(OWED_ALL, args![month]).await?)
    } else {
        (app.db.number(COUNT, matching.clone()).await?, app.db.one(OWED, matching.clone()).await?)
    };
    let info = PageInfo::of(filter.page, total);
    let mut arguments = matching;
    arguments.extend(args![PAGE_ROWS, info.offset()]);
    let rows: Vec<ListRow> = app.db.all(order(&filter.sort), arguments).await?;
    let rows = rows
        .into_iter()
        .map(|row| CustomerRow {
            customer_id: row.customer_id,
            service_id: row.service_id,
            name: row.name,
            number: row.service_number,
            phone: phone(&row.phone),
            package: row.package,
            area: row.area,
            router: row.router,
            due_day: row.due_day,
            stage: text::stage(&row.stage),
            access: text::access(&row.access),
            owed: if row.owed == 0 { String::new() } else { money(row.owed) },
        })
        .collect();
    Ok(CustomerList { rows, info, owed: money(owed), owing })
}

/// What the filters offer.
pub async fn choices(app: &AppState) -> Result<CustomerChoices> {
    let choice = |rows: Vec<(String, String)>| rows.into_iter().map(|row| Choice::new(row.0, row.1)).collect();
    Ok(CustomerChoices {
        packages: choice(app.db.all(PACKAGES, args![]).await?),
        routers: choice(app.db.all(ROUTERS, args![]).await?),
        areas: choice(app.db.all(AREAS, args![]).await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    async fn numbers(t: &TestApp, paid: &str, sort: &str) -> (Vec<(String, String)>, String, i64) {
        let filter =
            CustomerFilter { paid: paid.to_owned(), sort: sort.to_owned(), page: 1, ..CustomerFilter::default() };
        let list = list(&t.state, filter).await.unwrap();
        (list.rows.into_iter().map(|row| (row.number, row.owed)).collect(), list.owed, list.owing)
    }

    /// Who has paid this month gets next month's bill at once; he is not one who owes for that.
    #[tokio::test]
    async fn who_has_paid_this_month_is_lunas_though_the_next_bill_is_there() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            t.service("SARI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.cash(budi, 300_000).await;
            assert_eq!(t.bills(budi).await.len(), 2, "February is issued with the payment");

            let (owing, paid) = (money(300_000), String::new());
            let sari = ("SARI".to_owned(), owing.clone());
            assert_eq!(numbers(&t, "belum", "").await, (vec![sari.clone()], owing.clone(), 1));
            assert_eq!(numbers(&t, "lunas", "").await.0, vec![("BUDI".to_owned(), paid.clone())]);
            let all = numbers(&t, "", "-owed").await;
            assert_eq!(all, (vec![sari, ("BUDI".to_owned(), paid)], owing, 1));
        }
    }
}
