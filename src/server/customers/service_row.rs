//! `service_row`: a row a service with all that lists find, filter and sort by. Triggers keep it (migration 0004).

use crate::billing::Period;
use crate::server::db::{Db, DbError};
use crate::{args, found_by, in_scope, sql};

/// Services that a text may find where their bills, payments or events are asked for; what finds more is too short.
pub const FOUND_MAX: i64 = 1_000;

sql!(
    FOUND = concat!("SELECT s.service_id, s.customer_id FROM service_row s WHERE ", found_by!("$1", "$2"), " LIMIT $3")
);
sql!(
    FOUND_IN_SCOPE = concat!(
        "SELECT s.service_id, s.customer_id FROM service_row s WHERE ",
        found_by!("$1", "$2"),
        " AND ",
        in_scope!("$4"),
        " LIMIT $3"
    )
);

/// What a text finds within somebody's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Ids of services and of their customers, each as a JSON array for `json_each`.
    Ids {
        /// `service.id`.
        services: String,
        /// `customer.id`, with repeats.
        customers: String,
    },
    /// More than [`FOUND_MAX`] services hold the text.
    TooMany,
}

impl Found {
    /// The services' ids, and whether there were too many: then nobody's.
    pub fn services(self) -> (String, bool) {
        match self {
            Self::Ids { services, .. } => (services, false),
            Self::TooMany => ("[]".to_owned(), true),
        }
    }

    /// The same of their customers.
    pub fn customers(self) -> (String, bool) {
        match self {
            Self::Ids { customers, .. } => (customers, false),
            Self::TooMany => ("[]".to_owned(), true),
        }
    }
}

/// The services that `needles` find among those in `scope` (0: all of them). An empty text finds the whole scope.
pub async fn find(db: &Db, needles: &Needles, scope: i64) -> Result<Found, DbError> {
    let most = if needles.text.is_empty() { i64::MAX } else { FOUND_MAX + 1 };
    let mut values = args![&needles.text, &needles.phone, most];
    // Without a scope the index alone tells; the scope is in the rows.
    let statement = if scope == 0 {
        FOUND
    } else {
        values.extend(args![scope]);
        FOUND_IN_SCOPE
    };
    let rows: Vec<(i64, i64)> = db.all(statement, values).await?;
    if !needles.text.is_empty() && i64::try_from(rows.len()).is_ok_and(|found| found > FOUND_MAX) {
        return Ok(Found::TooMany);
    }
    let list = |ids: Vec<String>| format!("[{}]", ids.join(","));
    Ok(Found::Ids {
        services: list(rows.iter().map(|row| row.0.to_string()).collect()),
        customers: list(rows.iter().map(|row| row.1.to_string()).collect()),
    })
}

/// What a search text looks for in `service_row.search`: the text itself, and the telephone it may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needles {
    /// In lower case; empty finds everything.
    pub text: String,
    /// As `service_row.search` has telephones (`08…`); empty when the text is none, or is written so already.
    pub phone: String,
}

impl Needles {
    /// Reads what somebody typed or scanned.
    pub fn of(typed: &str) -> Self {
        let text: String = typed.trim().to_lowercase().chars().filter(|c| *c != '|').collect();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let only_phone = digits.len() > 2 && text.chars().all(|c| c.is_ascii_digit() || " +-.()".contains(c));
        let phone = match digits.strip_prefix("62") {
            _ if !only_phone => String::new(),
            Some(rest) => format!("0{rest}"),
            // What the text finds already need not be looked for twice.
            None if digits == text => String::new(),
            None => digits,
        };
        Self { text, phone }
    }
}

/// The month and the one after it, as [`owed_now!`](crate::owed_now) takes them.
pub fn months(month: Period) -> (Period, Period) {
    (month, month.next())
}

/// The condition under which a row `s` holds the text `$a` or the telephone `$b` ([`Needles`]).
#[macro_export]
macro_rules! found_by {
    ($text:literal, $phone:literal) => {
        concat!(
            "(",
            $text,
            " = '' OR INSTR(s.search, ",
            $text,
            ") > 0 OR (",
            $phone,
            " <> '' AND INSTR(s.search, ",
            $phone,
            ") > 0))"
        )
    };
}

/// What a service owes in row `s` up to the month `$a`, when `$b` is the month after: the next month's bill, issued as
/// soon as this one's is paid, is not owed yet. Bills further ahead are rare and are summed anew.
#[macro_export]
macro_rules! owed_now {
    ($month:literal, $next:literal) => {
        concat!(
            "CASE WHEN s.last_period <= ", $month, " THEN s.owed WHEN s.last_period = ", $next,
            " THEN s.owed - s.last_left ELSE (SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT) FROM invoice i WHERE i.service_id = s.service_id AND i.status IN ('open', 'partial') AND i.period <= ",
            $month, ") END"
        )
    };
}

/// How many bills those are.
#[macro_export]
macro_rules! bills_now {
    ($month:literal, $next:literal) => {
        concat!(
            "CASE WHEN s.last_period <= ", $month, " THEN s.bills WHEN s.last_period = ", $next,
            " THEN s.bills - s.last_bills ELSE (SELECT COUNT(*) FROM invoice i WHERE i.service_id = s.service_id AND i.status IN ('open', 'partial') AND i.period <= ",
            $month, ") END"
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;
    sql!(
        OWED = concat!(
            "SELECT CAST(",
            owed_now!("$2", "$3"),
            " AS BIGINT), CAST(",
            bills_now!("$2", "$3"),
            " AS BIGINT) FROM service_row s WHERE s.service_id = $1"
        )
    );
    sql!(NUMBERS = concat!("SELECT s.number FROM service_row s WHERE ", found_by!("$1", "$2"), " ORDER BY s.number"));
    sql!(
        RENAME = "UPDATE customer SET name = $2, name_search = $3, phone = $4 WHERE id = (SELECT customer_id FROM service WHERE id = $1)"
    );
    sql!(DAMAGE = "UPDATE service_row SET owed = owed + 1 WHERE service_id = $1");
    sql!(MISNAME = "UPDATE service_row SET search = 'x' WHERE service_id = $1");
    // More services of the same payer, numbered from `$2` to `$3`.
    sql!(MORE = "WITH RECURSIVE n(i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $3)
 INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area, collector,
   started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason, manual,
   isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)
 SELECT s.customer_id, 'LAMPU' || CAST(i AS TEXT), 'lampu' || CAST(i AS TEXT), s.package_id, s.router_id, 'lampu' || CAST(i AS TEXT), '', 'Utara', '',
   s.started_on, 10, 'aktif', '', 'none', 0, '', 'normal', s.desired_since, '', 'none',
   NULL, 'unknown', '', NULL, '', FALSE, FALSE, '', s.created_at FROM n, service s WHERE s.id = $1");
    sql!(AREA = "INSERT INTO area (name, manager_id, note, created_at) VALUES ($1, $2, '', $3)");
    sql!(
        HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, 'k@kantor.test', 'Koko', 'collector', '-', TRUE, $2)"
    );
    sql!(IN_AREA = "UPDATE service SET area = $2 WHERE service_number = $1");

    async fn run(t: &TestApp, sql: crate::server::db::Sql, args: Vec<crate::server::db::Val>) {
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(sql, args).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn found(t: &TestApp, typed: &str) -> Vec<String> {
        let needles = Needles::of(typed);
        let rows: Vec<(String,)> = t.state.db.all(NUMBERS, args![needles.text, needles.phone]).await.unwrap();
        rows.into_iter().map(|row| row.0).collect()
    }

    #[test]
    fn a_telephone_is_found_as_it_is_written_or_stored() {
        assert_eq!(Needles::of("0812-3456").phone, "08123456");
        assert_eq!(Needles::of("+62 812").phone, "0812");
        assert_eq!(Needles::of("62812"), Needles { text: "62812".to_owned(), phone: "0812".to_owned() });
        assert_eq!(Needles::of("08123456").phone, "", "the text is the telephone");
        assert_eq!(Needles::of("siti 0812").phone, "");
        assert_eq!(Needles::of(" Siti | A ").text, "siti  a");
    }

    #[tokio::test]
    async fn rows_follow_bills_payments_and_names() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            t.issue("2025-12").await;
            t.issue("2026-01").await;
            let owed = async |month: &str| -> (i64, i64) {
                let (month, next) = months(month.parse().unwrap());
                t.state.db.one(OWED, args![budi, month, next]).await.unwrap()
            };
            assert_eq!(owed("2026-01").await, (600_000, 2));
            assert_eq!(owed("2025-12").await, (300_000, 1), "January is the month ahead");
            assert_eq!(owed("2025-11").await, (0, 0), "two months ahead are summed anew");
            t.cash(budi, 350_000).await;
            assert_eq!(owed("2026-01").await, (250_000, 1));
            t.cash(budi, 250_000).await;
            assert_eq!(owed("2026-01").await, (0, 0), "February was issued with the payment and is not owed yet");
            assert_eq!(owed("2026-02").await, (300_000, 1));

            assert_eq!(found(&t, "udi").await, ["BUDI"]);
            run(&t, RENAME, args![budi, "Siti", "siti", "628111222333"]).await;
            assert_eq!(found(&t, "Siti").await, ["BUDI"]);
            for typed in ["0811-1222", "08111222", "62811122", "+62 811 1222", "8111222"] {
                assert_eq!(found(&t, typed).await, ["BUDI"], "{typed}");
            }
            assert_eq!(found(&t, "joko").await, Vec::<String>::new());
            t.assert_books().await;

            run(&t, DAMAGE, args![budi]).await;
            let report = crate::server::ledger::verify(&t.state, true).await.unwrap();
            assert!(report.differences.iter().any(|line| line.contains("BUDI")), "{:?}", report.differences);
            run(&t, MISNAME, args![budi]).await;
            let report = crate::server::ledger::verify(&t.state, true).await.unwrap();
            assert!(report.differences.iter().any(|line| line.contains("daftar")), "{:?}", report.differences);
        }
    }

    /// How many services a text finds; `None` when it is too short.
    async fn number_found(t: &TestApp, typed: &str, scope: i64) -> Option<usize> {
        match find(&t.state.db, &Needles::of(typed), scope).await.unwrap() {
            Found::Ids { services, customers } => {
                let ids = |text: &str| serde_json::from_str::<Vec<i64>>(text).unwrap();
                assert_eq!(ids(&services).len(), ids(&customers).len());
                Some(ids(&services).into_iter().collect::<std::collections::BTreeSet<_>>().len())
            }
            Found::TooMany => None,
        }
    }

    #[tokio::test]
    async fn a_text_that_finds_more_than_a_thousand_asks_for_more_letters() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let first = t.service("RUMAH", package, "2025-06-01").await;
            let more = async |from: i64, to: i64| {
                let mut tx = t.state.db.begin().await.unwrap();
                tx.exec(MORE, args![first, from, to]).await.unwrap();
                tx.commit().await.unwrap();
            };
            more(1_001, 2_000).await;
            assert_eq!(number_found(&t, "Lampu", 0).await, Some(1_000), "a thousand are still told");
            assert_eq!(number_found(&t, "rumah", 0).await, None, "all 1,001 have his name");
            more(2_001, 2_001).await;
            assert_eq!(number_found(&t, "lampu", 0).await, None);
            assert_eq!(number_found(&t, "lampu20", 0).await, Some(2), "more letters find fewer");
            assert_eq!(number_found(&t, "lampu 1", 0).await, Some(0));
            // An empty text is no search: everything.
            assert_eq!(number_found(&t, " ", 0).await, Some(1_002));

            // What somebody may not see does not count: a collector with three of them finds those.
            let now = t.state.clock.now();
            run(&t, HIRE, args![7, now]).await;
            run(&t, AREA, args!["Kulon", 7, now]).await;
            for number in ["LAMPU1001", "LAMPU1500", "LAMPU2001"] {
                run(&t, IN_AREA, args![number, "Kulon"]).await;
            }
            assert_eq!(number_found(&t, "lampu", 7).await, Some(3));
            assert_eq!(number_found(&t, "", 7).await, Some(3));
        }
    }
}
