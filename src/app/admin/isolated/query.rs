//! What Pelanggan Terisolir reads. The condition is written once; a column to sort by is a statement of its own.

use super::{IsolatedFilter, IsolatedList, IsolatedRow};
use crate::app::admin::words::{day, phone};
use crate::app::dto::{PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::server::customers::service_row::Needles;
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::Result;
use crate::server::guard::{Asked, Permission};
use crate::{args, found_by, in_scope, sql};
use chrono::NaiveDate;

/// Rows of a file; more are never isolated at once.
const FILE_ROWS: i64 = 100_000;

macro_rules! matching {
    () => {
        concat!(
            "FROM service v JOIN service_row s ON s.service_id = v.id
 WHERE v.stage IN ('aktif', 'siap_dicabut') AND v.desired = 'isolated' AND ",
            found_by!("$1", "$2"),
            " AND ",
            in_scope!("$3"),
            " AND ($4 = '' OR ($4 = 'manual' AND v.manual = 'cut') OR ($4 = 'terbukti' AND v.observed IN ('isolated', 'disabled'))
   OR ($4 = 'menunggu' AND v.observed NOT IN ('isolated', 'disabled')))"
        )
    };
}

macro_rules! past_due {
    () => {
        "(SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i WHERE i.service_id = v.id AND i.status IN ('open', 'partial') AND i.due_on < $5)"
    };
}

macro_rules! list_sql {
    ($($name:ident: $order:expr;)*) => { $(
        sql!($name = concat!("SELECT c.id AS customer_id, v.id AS service_id, c.name, v.service_number, c.phone, v.area, COALESCE(r.name, '') AS router, v.desired_reason, v.manual,
   v.isolated_on, v.observed, v.kick_wanted, v.router_problem, s.oldest_due, ", past_due!(), " AS past_due
 FROM (SELECT v.id AS id ", matching!(), " ORDER BY ", $order, " LIMIT $6 OFFSET $7) hit
 JOIN service v ON v.id = hit.id JOIN service_row s ON s.service_id = v.id JOIN customer c ON c.id = v.customer_id LEFT JOIN router r ON r.id = v.router_id
 ORDER BY ", $order));
    )* };
}

list_sql! {
    BY_NAME: "s.name, s.number";
    BY_NAME_DOWN: "s.name DESC, s.number DESC";
    BY_SINCE: "v.isolated_on, s.number";
    BY_SINCE_DOWN: "v.isolated_on DESC, s.number DESC";
    BY_OWED: concat!(past_due!(), ", s.number");
    BY_OWED_DOWN: concat!(past_due!(), " DESC, s.number");
}

sql!(COUNT = concat!("SELECT COUNT(*) ", matching!()));

fn order(sort: &str) -> Sql {
    match sort {
        "name" => BY_NAME,
        "-name" => BY_NAME_DOWN,
        "since" => BY_SINCE,
        "owed" => BY_OWED,
        "-owed" => BY_OWED_DOWN,
        _ => BY_SINCE_DOWN,
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
    router: String,
    desired_reason: String,
    manual: String,
    isolated_on: Option<NaiveDate>,
    observed: String,
    kick_wanted: bool,
    router_problem: String,
    oldest_due: Option<NaiveDate>,
    past_due: i64,
}

fn conditions(asked: &Asked, filter: &IsolatedFilter) -> Vec<Val> {
    let needles = Needles::of(&filter.q);
    args![needles.text, needles.phone, asked.scope().arg(), &filter.state]
}

fn shown(row: Row, today: NaiveDate, sees_money: bool) -> IsolatedRow {
    let proven = matches!(row.observed.as_str(), "isolated" | "disabled") && !row.kick_wanted;
    let late = row.oldest_due.map_or(0, |due| (today - due).num_days());
    let place: Vec<String> = [row.router, row.area].into_iter().filter(|part| !part.is_empty()).collect();
    IsolatedRow {
        customer_id: row.customer_id,
        service_id: row.service_id,
        name: row.name,
        number: row.service_number,
        phone: phone(&row.phone),
        place: place.join(" · "),
        reason: row.desired_reason,
        by_hand: row.manual == "cut",
        late: if late > 0 { format!("{late} hari lewat tempo") } else { String::new() },
        since: row.isolated_on.map(day).unwrap_or_default(),
        owed: if sees_money { money(row.past_due) } else { String::new() },
        state: text::access(if proven { "isolated" } else { "waiting" }),
        problem: row.router_problem,
    }
}

async fn rows(asked: &Asked, filter: &IsolatedFilter, limit: i64, offset: i64) -> Result<Vec<IsolatedRow>> {
    let today = asked.app.clock.today();
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    let mut values = conditions(asked, filter);
    values.extend(args![today, limit, offset]);
    let rows: Vec<Row> = asked.app.db.all(order(&filter.sort), values).await?;
    Ok(rows.into_iter().map(|row| shown(row, today, sees_money)).collect())
}

/// A page of the list.
pub async fn list(asked: &Asked, filter: IsolatedFilter) -> Result<IsolatedList> {
    let wanted = PageInfo::of(filter.page, i64::MAX / 2);
    let total = asked.app.db.number(COUNT, conditions(asked, &filter));
    let (total, found) = futures::future::join(total, rows(asked, &filter, PAGE_ROWS, wanted.offset())).await;
    let info = PageInfo::of(filter.page, total?);
    let rows = if info.page == wanted.page { found? } else { rows(asked, &filter, PAGE_ROWS, info.offset()).await? };
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    Ok(IsolatedList {
        rows,
        info,
        may_access: asked.staff.may(Permission::ManageAccess),
        sees_log: asked.staff.may(Permission::ViewRouters),
        sees_money,
        may_export: asked.staff.may(Permission::Export),
    })
}

/// The whole list for a file: titles and cells.
pub async fn table(asked: &Asked, filter: &IsolatedFilter) -> Result<Rows> {
    let texts = ["Nomor layanan", "Nama", "Telepon", "Tempat", "Sebab", "Terlambat"];
    let mut columns = texts.map(|title| Column::new(title, Kind::Text)).to_vec();
    columns.push(Column::new("Sejak", Kind::Date));
    columns.push(Column::summed("Lewat tempo", Kind::Money));
    columns.extend(["Akses", "Masalah"].map(|title| Column::new(title, Kind::Text)));
    let rows = rows(asked, filter, FILE_ROWS, 0).await?;
    let cells = rows
        .into_iter()
        .map(|row| {
            let mut cells: Vec<Value> =
                [row.number, row.name, row.phone, row.place, row.reason, row.late].map(Value::from).to_vec();
            cells.extend([Value::day(&row.since), Value::money(&row.owed), row.state.word.into(), row.problem.into()]);
            cells
        })
        .collect();
    Ok((columns, cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::access::{AccessContext, wish};
    use crate::server::audit::Who;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn who_is_cut_stands_there_with_why_since_when_and_how_much() {
        for t in TestApp::each("2026-01-01 00:01").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            t.service("BUDI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.at("2026-01-15 10:00");
            let ctx = AccessContext {
                settings: t.state.fresh_settings().await.unwrap(),
                today: t.state.clock.today(),
                now: t.state.clock.now(),
                who: Who::system(),
            };
            let mut tx = t.state.db.begin().await.unwrap();
            wish(&mut tx, &ctx, sari, "isolated", "none", "Lewat jatuh tempo").await.unwrap();
            tx.commit().await.unwrap();
            for sort in ["", "name", "-name", "since", "owed", "-owed"] {
                let filter = IsolatedFilter { sort: sort.to_owned(), page: 1, ..IsolatedFilter::default() };
                let rows = list(&t.asked(Role::Owner, 1), filter).await.unwrap().rows;
                assert_eq!(rows.len(), 1, "{sort} on {}", t.state.db.engine());
                assert_eq!(
                    (rows[0].name.as_str(), rows[0].since.as_str(), rows[0].late.as_str()),
                    ("SARI", "15/01/2026", "5 hari lewat tempo")
                );
                assert_eq!((rows[0].owed.clone(), rows[0].state.word.as_str()), (money(300_000), "Menunggu Router"));
            }
            let of = async |q: &str, state: &str, role: Role, id: i64| {
                let filter = IsolatedFilter { q: q.to_owned(), state: state.to_owned(), page: 1, sort: String::new() };
                list(&t.asked(role, id), filter).await.unwrap()
            };
            assert_eq!(of("sari", "menunggu", Role::Owner, 1).await.rows.len(), 1);
            assert!(of("budi", "", Role::Owner, 1).await.rows.is_empty());
            assert!(of("", "terbukti", Role::Owner, 1).await.rows.is_empty());
            assert!(of("", "", Role::Collector, 7).await.rows.is_empty(), "she is none of his");
            let technician = of("", "", Role::Technician, 2).await;
            assert!(technician.rows[0].owed.is_empty() && !technician.sees_money && technician.may_access);
        }
    }
}
