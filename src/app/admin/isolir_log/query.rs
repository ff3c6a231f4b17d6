//! What Log Isolir reads.

use super::{LogFilter, LogList, LogRow};
use crate::app::admin::words::instant;
use crate::app::dto::{PAGE_ROWS, PageInfo};
use crate::app::text;
use crate::server::checks::filter_day;
use crate::server::customers::service_row::{Needles, find};
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::{args, sql};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// Most rows of a file.
const FILE_ROWS: i64 = 100_000;

// `$1`, `$2` instants, `$3` what.
macro_rules! conditions {
    () => {
        " AND e.at >= $1 AND e.at < $2
 AND ($3 = '' OR e.what = $3 OR ($3 = 'diminta' AND e.what IN ('wish_isolated', 'wish_normal', 'wish_disabled'))
   OR ($3 = 'terbukti' AND e.what IN ('isolated', 'restored', 'disabled', 'created')))"
    };
}

macro_rules! of_days {
    () => {
        concat!("FROM access_event e WHERE TRUE", conditions!())
    };
}

// The same of the services whose ids `$4` holds, as `find` gives them. CROSS JOIN: from the few services to their events.
macro_rules! of_services {
    () => {
        concat!(
            "FROM (SELECT CAST(value AS BIGINT) AS service_id FROM json_each($4)) f CROSS JOIN access_event e WHERE e.service_id = f.service_id",
            conditions!()
        )
    };
}

macro_rules! rows_sql {
    ($name:ident, $source:expr, $window:literal) => {
        sql!(
            $name = concat!(
                "SELECT c.id, c.name, v.service_number, e.at, e.what, e.reason, e.profile_before, e.profile_after, e.who
 FROM (SELECT e.id AS id ",
                $source,
                " ORDER BY e.at DESC, e.id DESC ",
                $window,
                ") hit
 JOIN access_event e ON e.id = hit.id JOIN service v ON v.id = e.service_id JOIN customer c ON c.id = v.customer_id
 ORDER BY e.at DESC, e.id DESC"
            )
        );
    };
}

// Counted to COUNT_MAX and one further.
sql!(COUNT = concat!("SELECT COUNT(*) FROM (SELECT 1 AS one ", of_days!(), " LIMIT 10001) d"));
sql!(COUNT_FOUND = concat!("SELECT COUNT(*) FROM (SELECT 1 AS one ", of_services!(), " LIMIT 10001) d"));
rows_sql!(LIST, of_days!(), "LIMIT $4 OFFSET $5");
rows_sql!(LIST_FOUND, of_services!(), "LIMIT $5 OFFSET $6");

type Row = (i64, String, String, DateTime<Utc>, String, String, String, String, String);

/// What is asked for: the statements that count and read it, and their arguments.
struct Wish {
    count: Sql,
    rows: Sql,
    values: Vec<Val>,
    too_many: bool,
}

async fn wish(asked: &Asked, filter: &LogFilter) -> Result<Wish> {
    let clock = &asked.app.clock;
    let day = |field: &str, typed: &str, otherwise: NaiveDate| filter_day(field, typed, clock.today(), otherwise);
    let first = day("from", &filter.from, NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default())?;
    let last = day("to", &filter.to, NaiveDate::from_ymd_opt(2200, 1, 1).unwrap_or_default())?;
    let (from, to) = (clock.instant(first, NaiveTime::MIN), clock.instant(last + Days::new(1), NaiveTime::MIN));
    let needles = Needles::of(&filter.q);
    let mut values = args![from, to, &filter.what];
    if needles.text.is_empty() && asked.scope().arg() == 0 {
        return Ok(Wish { count: COUNT, rows: LIST, values, too_many: false });
    }
    let (services, too_many) = find(&asked.app.db, &needles, asked.scope().arg()).await?.services();
    values.extend(args![services]);
    Ok(Wish { count: COUNT_FOUND, rows: LIST_FOUND, values, too_many })
}

async fn rows(asked: &Asked, wish: &Wish, limit: i64, offset: i64) -> Result<Vec<LogRow>> {
    let mut values = wish.values.clone();
    values.extend(args![limit, offset]);
    let rows: Vec<Row> = asked.app.db.all(wish.rows, values).await?;
    Ok(rows
        .into_iter()
        .map(|(customer_id, name, number, at, what, reason, before, after, who)| LogRow {
            customer_id,
            name,
            number,
            at: instant(&asked.app.clock, at),
            what: text::access_event(&what),
            reason,
            profiles: if before.is_empty() && after.is_empty() {
                String::new()
            } else {
                format!("{before} → {after}")
            },
            who,
        })
        .collect())
}

/// A page of the log.
pub async fn list(asked: &Asked, filter: LogFilter) -> Result<LogList> {
    let wish = wish(asked, &filter).await?;
    let info = PageInfo::capped(filter.page, asked.app.db.number(wish.count, wish.values.clone()).await?);
    let rows = rows(asked, &wish, PAGE_ROWS, info.offset()).await?;
    Ok(LogList { rows, info, too_many: wish.too_many, may_export: asked.staff.may(Permission::Export) })
}

/// The log for a file: titles and cells.
pub async fn table(asked: &Asked, filter: &LogFilter) -> Result<Rows> {
    let wish = wish(asked, filter).await?;
    if wish.too_many {
        return Err(Error::Refused(text::TOO_MANY_HINT.to_owned()));
    }
    let rows = rows(asked, &wish, FILE_ROWS + 1, 0).await?;
    if i64::try_from(rows.len()).is_ok_and(|found| found > FILE_ROWS) {
        return Err(Error::Refused(format!(
            "Ada lebih dari {} kejadian; satu berkas memuat paling banyak sebanyak itu. Persempit tanggalnya.",
            text::count(FILE_ROWS)
        )));
    }
    let mut columns = vec![Column::new("Waktu", Kind::Instant)];
    let texts = ["Nomor layanan", "Nama", "Kejadian", "Sebab", "Profil", "Oleh"];
    columns.extend(texts.map(|title| Column::new(title, Kind::Text)));
    let cells = rows
        .into_iter()
        .map(|row| {
            let mut cells = vec![Value::instant(&row.at)];
            cells.extend([row.number, row.name, row.what.word, row.reason, row.profiles, row.who].map(Value::from));
            cells
        })
        .collect();
    Ok((columns, cells))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::dto::COUNT_MAX;
    use crate::server::access::{AccessContext, wish};
    use crate::server::audit::Who;
    use crate::server::guard::Role;
    use crate::server::testing::TestApp;

    sql!(
        EVENTS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
 INSERT INTO access_event (service_id, what, reason, profile_before, profile_after, who, at)
 SELECT s.id, $3, 'uji', '', '', 'Sistem', s.created_at FROM n, service s WHERE s.id = $1"
    );
    // More services of the same payer, who all have his name.
    sql!(MORE = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
 INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area, collector,
   started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason, manual,
   isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)
 SELECT s.customer_id, 'L' || CAST(i AS TEXT), 'l' || CAST(i AS TEXT), s.package_id, s.router_id, 'l' || CAST(i AS TEXT), '', '', '',
   s.started_on, 10, 'aktif', '', 'none', 0, '', 'normal', s.desired_since, '', 'none',
   NULL, 'unknown', '', NULL, '', FALSE, FALSE, '', s.created_at FROM n, service s WHERE s.id = $1");

    async fn run(t: &TestApp, sql: Sql, args: Vec<Val>) {
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec(sql, args).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn ten_thousand_are_counted_and_more_are_said_to_be_more() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            run(&t, EVENTS, args![sari, COUNT_MAX, "isolated"]).await;
            let of = async |q: &str, what: &str, page: i64| {
                let filter = LogFilter { q: q.into(), what: what.into(), page, ..LogFilter::default() };
                list(&t.asked(Role::Owner, 1), filter).await.unwrap()
            };
            for q in ["", "sari"] {
                let all = of(q, "", 1).await;
                assert_eq!((all.info.words().as_str(), all.info.pages), ("10.000", 200), "{q:?}");
            }
            run(&t, EVENTS, args![sari, 1, "restored"]).await;
            for q in ["", "sari"] {
                let last = of(q, "", 900).await;
                assert_eq!((last.info.words().as_str(), last.info.page), ("lebih dari 10.000", 200), "{q:?}");
                assert_eq!(last.rows.len(), 50, "the last page that is reached is a whole one");
                // The filters reach what lies behind them.
                assert_eq!(of(q, "restored", 1).await.info.words(), "1", "{q:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_name_of_too_many_services_shows_and_exports_nothing() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            run(&t, EVENTS, args![sari, 3, "isolated"]).await;
            let owner = t.asked(Role::Owner, 1);
            let filter = |q: &str| LogFilter { q: q.into(), page: 1, ..LogFilter::default() };
            assert_eq!(list(&owner, filter("sar")).await.unwrap().info.total, 3);
            run(&t, MORE, args![sari, 1_000]).await;
            let many = list(&owner, filter("sar")).await.unwrap();
            assert!(many.too_many && many.rows.is_empty(), "{many:?}");
            let refused = table(&owner, &filter("sar")).await;
            assert!(matches!(refused, Err(Error::Refused(words)) if words == text::TOO_MANY_HINT));
            assert!(!list(&owner, filter("l1000")).await.unwrap().too_many);
        }
    }

    #[tokio::test]
    async fn the_log_is_found_by_day_kind_and_name() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            for (service, day, desired) in [
                (sari, "2026-01-15 10:00", "isolated"),
                (budi, "2026-01-16 10:00", "isolated"),
                (sari, "2026-01-17 10:00", "normal"),
            ] {
                t.at(day);
                let ctx = AccessContext {
                    settings: t.state.fresh_settings().await.unwrap(),
                    today: t.state.clock.today(),
                    now: t.state.clock.now(),
                    who: Who::system(),
                };
                let mut tx = t.state.db.begin().await.unwrap();
                wish(&mut tx, &ctx, service, desired, "none", "uji").await.unwrap();
                tx.commit().await.unwrap();
            }
            let of = async |q: &str, what: &str, from: &str, to: &str| -> Vec<String> {
                let filter = LogFilter { q: q.into(), what: what.into(), from: from.into(), to: to.into(), page: 1 };
                let list = list(&t.asked(Role::Technician, 2), filter).await.unwrap();
                list.rows.into_iter().map(|row| format!("{} {}", row.number, row.what.word)).collect()
            };
            assert_eq!(of("", "", "", "").await, ["SARI Akan dibuka", "BUDI Akan diisolir", "SARI Akan diisolir"]);
            assert_eq!(of("sari", "diminta", "", "").await.len(), 2);
            assert_eq!(of("", "wish_isolated", "16/1", "16/1/2026").await, ["BUDI Akan diisolir"]);
            assert!(of("", "terbukti", "", "").await.is_empty());
            let bad = LogFilter { from: "kemarin".into(), page: 1, ..LogFilter::default() };
            assert!(
                matches!(list(&t.asked(Role::Owner, 1), bad).await, Err(Error::Invalid { field, .. }) if field == "from")
            );
            let (titles, cells) = table(&t.asked(Role::Owner, 1), &LogFilter::default()).await.unwrap();
            assert!(cells.len() == 3 && cells.iter().all(|row| row.len() == titles.len()));
        }
    }
}
