//! What Daftar Pelanggan reads. Conditions are written once; a column to sort by is a statement of its own.

use super::{CustomerChoices, CustomerFilter, CustomerList, CustomerRow};
use crate::app::admin::choices;
use crate::app::admin::words::phone;
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::billing::Period;
use crate::server::customers::service_row::{Needles, months};
use crate::server::db::{Sql, Val};
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::{args, bills_now, found_by, in_scope, owed_now, sql};

/// The rows that match: `$1`, `$2` the text searched for, `$3` stage, `$4` paid, `$5` access, `$6` package, `$7` router,
/// `$8` area, `$9` collector, `$10` whose customers the asker sees, `$11` this month, `$12` the next.
macro_rules! matching {
    () => {
        concat!(
            "FROM service_row s WHERE ",
            found_by!("$1", "$2"),
            " AND ($3 = '' OR s.stage = $3)
 AND ($4 = '' OR ($4 = 'menunggak' AND ",
            bills_now!("$11", "$12"),
            " > 1) OR $4 = CASE WHEN ",
            owed_now!("$11", "$12"),
            " > 0 THEN 'belum' ELSE 'lunas' END)
 AND ($5 = '' OR s.access = $5)
 AND ($6 = 0 OR s.package_id = $6)
 AND ($7 = 0 OR s.router_id = $7)
 AND ($8 = '' OR s.area = $8)
 AND ($9 = 0 OR s.collector_id = $9)
 AND ",
            in_scope!("$10")
        )
    };
}

pub(in crate::app::admin) use matching;

macro_rules! list_sql {
    ($($name:ident: $order:expr;)*) => { $(
        sql!($name = concat!(
            "SELECT c.id AS customer_id, v.id AS service_id, c.name, v.service_number, c.phone, p.name AS package, v.area, COALESCE(r.name, '') AS router, v.due_day, v.stage, s.access,
  CAST(", owed_now!("$11", "$12"), " AS BIGINT) AS owed
 FROM (SELECT s.service_id AS id ", matching!(), " ORDER BY ", $order, " LIMIT $13 OFFSET $14) hit
 JOIN service_row s ON s.service_id = hit.id JOIN service v ON v.id = hit.id JOIN customer c ON c.id = v.customer_id
 JOIN package p ON p.id = v.package_id LEFT JOIN router r ON r.id = v.router_id
 ORDER BY ", $order));
    )* };
}

list_sql! {
    BY_NAME: "s.name, s.number";
    BY_NAME_DOWN: "s.name DESC, s.number DESC";
    BY_NUMBER: "s.number";
    BY_NUMBER_DOWN: "s.number DESC";
    BY_DUE: "s.due_day, s.name, s.number";
    BY_DUE_DOWN: "s.due_day DESC, s.name, s.number";
    BY_AREA: "s.area, s.name, s.number";
    BY_AREA_DOWN: "s.area DESC, s.name, s.number";
    BY_STARTED: "s.started_on, s.service_id";
    BY_STARTED_DOWN: "s.started_on DESC, s.service_id DESC";
    BY_OWED: concat!(owed_now!("$11", "$12"), ", s.number");
    BY_OWED_DOWN: concat!(owed_now!("$11", "$12"), " DESC, s.number");
}

sql!(
    SUMS = concat!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(d.owed), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN d.owed > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM (SELECT ",
        owed_now!("$11", "$12"),
        " AS owed ",
        matching!(),
        ") d"
    )
);
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

/// The arguments of `matching`.
pub(in crate::app::admin) fn conditions(asked: &Asked, filter: &CustomerFilter) -> Vec<Val> {
    let needles = Needles::of(&filter.q);
    let (month, next) = months(Period::of(asked.app.clock.today()));
    // An id that is no number matches nothing, rather than everything.
    let id = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().unwrap_or(-1) };
    args![
        needles.text,
        needles.phone,
        &filter.stage,
        &filter.paid,
        &filter.access,
        id(&filter.package),
        id(&filter.router),
        &filter.area,
        id(&filter.collector),
        asked.scope().arg(),
        month,
        next
    ]
}

/// A page of the list with its totals. Who may not see money sees none of it, nor an order or a choice made by it.
pub async fn list(asked: &Asked, mut filter: CustomerFilter) -> Result<CustomerList> {
    let app = &asked.app;
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    if !sees_money {
        filter.paid.clear();
        if filter.sort.trim_start_matches('-') == "owed" {
            filter.sort.clear();
        }
    }
    let matching = conditions(asked, &filter);
    let page = |info: PageInfo| {
        let mut arguments = matching.clone();
        arguments.extend(args![PAGE_ROWS, info.offset()]);
        app.db.all::<ListRow>(order(&filter.sort), arguments)
    };
    // Totals and rows are read side by side; a page beyond the end is asked for once more.
    let wanted = PageInfo::of(filter.page, i64::MAX / 2);
    let sums = app.db.one::<(i64, i64, i64)>(SUMS, matching.clone());
    let (sums, rows) = futures::future::join(sums, page(wanted)).await;
    let (total, owed, owing) = sums?;
    let info = PageInfo::of(filter.page, total);
    let rows = if info.page == wanted.page { rows? } else { page(info).await? };
    let shown = |amount: i64| if sees_money && amount != 0 { money(amount) } else { String::new() };
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
            access: text::access_at(&row.stage, &row.access),
            owed: shown(row.owed),
        })
        .collect();
    let owed = if sees_money { money(owed) } else { String::new() };
    Ok(CustomerList {
        rows,
        info,
        owed,
        owing: if sees_money { owing } else { 0 },
        sees_money,
        may_edit: asked.staff.may(Permission::EditCustomers),
        may_export: asked.staff.may(Permission::Export),
        may_import: asked.staff.may(Permission::Import),
    })
}

/// What the filters offer.
pub async fn choices(asked: &Asked) -> Result<CustomerChoices> {
    Ok(CustomerChoices {
        packages: choices::packages(asked).await?,
        routers: choices::routers(asked).await?,
        areas: choices::areas(asked).await?,
        collectors: choices::collectors(asked).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    async fn numbers(t: &TestApp, paid: &str, sort: &str) -> (Vec<(String, String)>, String, i64) {
        let filter =
            CustomerFilter { paid: paid.to_owned(), sort: sort.to_owned(), page: 1, ..CustomerFilter::default() };
        let list = list(&t.asked(Role::Owner, 1), filter).await.unwrap();
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
