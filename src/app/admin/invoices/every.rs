//! The bills of every month, newest first: years of them, so they are counted to [`COUNT_MAX`] and summed nowhere. Each
//! status is walked in the order of numbers through an index that holds no other.

use super::query::Row;
use crate::app::dto::{COUNT_MAX, PAGE_ROWS, PageInfo};
use crate::server::db::{Sql, Val};
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, sql};
use chrono::NaiveDate;

/// Open bills: `$1` one status or '' for both, `$2` the day before which they were due.
macro_rules! open {
    () => {
        "FROM invoice i WHERE i.status IN ('open', 'partial') AND ($1 = '' OR i.status = $1) AND i.due_on < $2"
    };
}

macro_rules! every_sql {
    ($($count:ident, $down:ident, $up:ident: $source:expr, $limit:literal, $offset:literal;)*) => { $(
        // Counted to COUNT_MAX and one further.
        sql!($count = concat!("SELECT COUNT(*) FROM (SELECT i.id ", $source, " LIMIT 10001) counted"));
        sql!($down = concat!("SELECT i.id, i.number, i.customer_id, i.customer_name AS name, v.service_number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off, i.kind
 FROM (SELECT i.id AS id ", $source, " ORDER BY i.id DESC LIMIT ", $limit, " OFFSET ", $offset, ") hit
 JOIN invoice i ON i.id = hit.id JOIN service v ON v.id = i.service_id ORDER BY i.id DESC"));
        sql!($up = concat!("SELECT i.id, i.number, i.customer_id, i.customer_name AS name, v.service_number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off, i.kind
 FROM (SELECT i.id AS id ", $source, " ORDER BY i.id LIMIT ", $limit, " OFFSET ", $offset, ") hit
 JOIN invoice i ON i.id = hit.id JOIN service v ON v.id = i.service_id ORDER BY i.id"));
    )* };
}

every_sql! {
    ALL_COUNT, ALL_DOWN, ALL_UP: "FROM invoice i", "$1", "$2";
    OPEN_COUNT, OPEN_DOWN, OPEN_UP: open!(), "$3", "$4";
    PAID_COUNT, PAID_DOWN, PAID_UP: "FROM invoice i WHERE i.status = 'paid'", "$1", "$2";
    VOID_COUNT, VOID_DOWN, VOID_UP: "FROM invoice i WHERE i.status = 'void'", "$1", "$2";
}

/// Count, downwards, upwards, and what they ask of a bill.
type Statements = (Sql, Sql, Sql, Vec<Val>);

/// None for a status that no bill has.
fn statements(status: &str, today: NaiveDate) -> Option<Statements> {
    let open = |one: &str, before: NaiveDate| Some((OPEN_COUNT, OPEN_DOWN, OPEN_UP, args![one, before]));
    let any_day = NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or(today);
    match status {
        "" => Some((ALL_COUNT, ALL_DOWN, ALL_UP, args![])),
        "unpaid" => open("", any_day),
        "open" | "partial" => open(status, any_day),
        "overdue" => open("", today),
        "paid" => Some((PAID_COUNT, PAID_DOWN, PAID_UP, args![])),
        "void" => Some((VOID_COUNT, VOID_DOWN, VOID_UP, args![])),
        _ => None,
    }
}

/// A page of them: `upwards` is oldest first.
pub(super) async fn page(asked: &Asked, status: &str, upwards: bool, wanted: i64) -> Result<(Vec<Row>, PageInfo)> {
    let db = &asked.app.db;
    let Some((count, down, up, matching)) = statements(status, asked.app.clock.today()) else {
        return Ok((Vec::new(), PageInfo::of(1, 0)));
    };
    let info = PageInfo::capped(wanted, db.number(count, matching.clone()).await?);
    let mut values = matching;
    values.extend(args![PAGE_ROWS, info.offset()]);
    Ok((db.all(if upwards { up } else { down }, values).await?, info))
}

const _: () = assert!(COUNT_MAX == 10_000, "the statements count to 10,001");

#[cfg(test)]
mod tests {
    use super::super::{EVERY_MONTH, InvoiceFilter, InvoiceList, query};
    use crate::app::dto::COUNT_MAX;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;
    use crate::{args, sql};

    sql!(CANCEL = "UPDATE invoice SET status = 'void' WHERE service_id = $1 AND period = $2");
    sql!(
        BILLS = "WITH RECURSIVE n(i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3)
 INSERT INTO invoice (number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, created_at)
 SELECT 'INV/' || CAST(i AS TEXT), s.customer_id, s.id, '2025-11', 'regular', s.started_on, s.started_on, 300000, 300000, $4, 'Budi', 'Home', s.created_at FROM n, service s WHERE s.id = $1"
    );

    #[tokio::test]
    async fn ten_thousand_are_counted_and_more_are_said_to_be_more() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            let bill = async |from: i64, to: i64, status: &str| {
                let mut tx = t.state.db.begin().await.unwrap();
                tx.exec(BILLS, args![budi, from, to, status]).await.unwrap();
                tx.commit().await.unwrap();
            };
            let owner = t.asked(Role::Owner, 1);
            let of = async |status: &str, page: i64| -> InvoiceList {
                let (period, status) = (EVERY_MONTH.to_owned(), status.to_owned());
                query::list(&owner, InvoiceFilter { period, status, page, ..InvoiceFilter::default() }).await.unwrap()
            };
            bill(1, COUNT_MAX, "paid").await;
            let all = of("", 1).await;
            assert_eq!((all.info.words().as_str(), all.info.pages), ("10.000", 200));
            bill(COUNT_MAX + 1, COUNT_MAX + 1, "void").await;
            let last = of("", 900).await;
            assert_eq!((last.info.words().as_str(), last.info.page), ("lebih dari 10.000", 200));
            assert_eq!(last.rows.len(), 50, "the last page that is reached is a whole one");
            assert_eq!(of("paid", 1).await.info.words(), "10.000");
            assert_eq!(of("void", 1).await.info.words(), "1");
        }
    }

    #[tokio::test]
    async fn every_month_is_listed_by_status_and_summed_only_where_it_is_one_name() {
        for t in TestApp::each("2025-11-01 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let ids = [t.service("BUDI", package, "2025-06-01").await, t.service("SARI", package, "2025-06-01").await];
            t.issue("2025-11").await;
            t.at("2025-12-01 10:00");
            t.issue("2025-12").await;
            t.at("2026-01-15 10:00");
            t.cash(ids[0], 300_000).await;
            t.cash(ids[1], 100_000).await;
            t.issue("2026-02").await;
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec_one(CANCEL, args![ids[1], "2026-02"]).await.unwrap();
            tx.commit().await.unwrap();
            let owner = t.asked(Role::Owner, 1);
            let list = async |q: &str, status: &str, sort: &str| -> InvoiceList {
                let filter = InvoiceFilter {
                    q: q.to_owned(),
                    period: EVERY_MONTH.to_owned(),
                    status: status.to_owned(),
                    sort: sort.to_owned(),
                    page: 1,
                };
                query::list(&owner, filter).await.unwrap()
            };
            let shown = async |status: &str, sort: &str| {
                let list = list("", status, sort).await;
                assert_eq!((list.sums, list.info.total), (None, i64::try_from(list.rows.len()).unwrap()), "{status}");
                list.rows.iter().map(|row| format!("{} {}", row.name, row.period)).collect::<Vec<_>>()
            };
            let all = shown("", "").await;
            let mut oldest_first = shown("", "number").await;
            oldest_first.reverse();
            assert_eq!((all.len(), &all), (6, &oldest_first));
            assert_eq!(shown("paid", "").await, ["BUDI November 2025"]);
            assert_eq!(shown("partial", "").await, ["SARI November 2025"]);
            assert_eq!(shown("open", "").await, ["BUDI Februari 2026", "SARI Desember 2025", "BUDI Desember 2025"]);
            assert_eq!(shown("void", "").await, ["SARI Februari 2026"]);
            assert_eq!(shown("unpaid", "").await.len(), 4);
            assert_eq!(shown("overdue", "").await.len(), 3, "February is not due yet");
            assert_eq!(shown("nonsense", "").await, Vec::<String>::new());
            let budi = list("budi", "", "-due").await;
            assert_eq!((budi.rows.len(), budi.sums.map(|sums| sums.paid)), (3, Some(crate::app::dto::money(300_000))));
        }
    }
}
