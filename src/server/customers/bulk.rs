//! One change to many services: what would change and what is refused is known before, done as sets, and kept row by row.

use crate::billing::Period;
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, id_list, sql};
use chrono::{DateTime, NaiveDate, Utc};

/// Services of one change at most: so many that cashiers wait little.
pub const SERVICES_MAX: usize = 10_000;
/// Rows that the answer names.
const NAMED_ROWS: i64 = 200;

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Area; empty for none.
    Area(String),
    /// Collector.
    Collector(Option<i64>),
    /// Due day.
    DueDay(i64),
    /// Package from next month on, and why.
    Package(i64, String),
    /// Why it is never isolated (empty: it may be again), and until when.
    NeverIsolate(String, Option<NaiveDate>),
}

impl What {
    /// What people call it.
    fn label(&self) -> &'static str {
        match self {
            Self::Area(_) => "Wilayah",
            Self::Collector(_) => "Kolektor",
            Self::DueDay(_) => "Tanggal jatuh tempo",
            Self::Package(..) => "Paket",
            Self::NeverIsolate(..) => "Jangan isolir",
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Area(_) => "area",
            Self::Collector(_) => "collector",
            Self::DueDay(_) => "due_day",
            Self::Package(..) => "package",
            Self::NeverIsolate(..) => "never_isolate",
        }
    }
}

/// A row of the answer: name, number, what was, and why it is refused (empty when it is not).
pub type Row = (String, String, String, String);

/// What came of it, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Services that change.
    pub done: i64,
    /// Services that do not.
    pub refused: i64,
    /// The value in words.
    pub value: String,
    /// The refused first.
    pub rows: Vec<Row>,
    /// Whether the same form had done it before.
    pub already: bool,
}

sql!(BY_REQUEST = "SELECT id, done, refused, value FROM bulk_change WHERE request_id = $1");
sql!(
    INSERT = "INSERT INTO bulk_change (request_id, what, value, done, refused, who, staff_id, at) VALUES ($1, $2, $3, 0, 0, $4, $5, $6) RETURNING id"
);
macro_rules! rows_sql {
    ($($name:ident: $before:literal, $problem:literal;)*) => { $(
        sql!($name = concat!("INSERT INTO bulk_change_row (bulk_id, service_id, before_value, problem) SELECT $2, s.id, ", $before, ", ", $problem,
            " FROM service s WHERE s.id IN ", id_list!()));
    )* };
}
rows_sql! {
    ROWS_AREA: "s.area", "CASE WHEN s.area = $3 THEN 'sudah di wilayah itu' ELSE '' END";
    ROWS_COLLECTOR: "s.collector", "CASE WHEN COALESCE(s.collector_id, 0) = $3 THEN 'kolektornya sudah itu' ELSE '' END";
    ROWS_DUE_DAY: "CAST(s.due_day AS TEXT)", "CASE WHEN s.due_day = $3 THEN 'jatuh temponya sudah itu' ELSE '' END";
    ROWS_NEVER: "s.never_isolate", "CASE WHEN s.stage = 'berhenti' THEN 'layanan sudah berhenti' WHEN s.never_isolate = '' AND $3 = '' THEN 'memang boleh diisolir' ELSE '' END";
    ROWS_PACKAGE: "(SELECT p.name FROM package p WHERE p.id = s.package_id)", "CASE WHEN s.stage NOT IN ('aktif', 'siap_dicabut', 'cuti') THEN 'layanan tidak berjalan'
   WHEN s.package_id = $3 THEN 'sudah memakai paket itu'
   WHEN EXISTS (SELECT 1 FROM service_change ch WHERE ch.service_id = s.id AND ch.state = 'planned') THEN 'sudah punya rencana'
   WHEN s.covered_until >= $4 OR EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period >= $4 AND l.kind IN ('subscription', 'prorate') AND NOT l.void) THEN 'bulan depan sudah ditagih; rencanakan dari halaman pelanggan'
   ELSE '' END";
}
macro_rules! changed {
    ($set:literal) => {
        concat!(
            "UPDATE service SET ",
            $set,
            " WHERE id IN (SELECT r.service_id FROM bulk_change_row r WHERE r.bulk_id = $1 AND r.problem = '')"
        )
    };
}
sql!(SET_AREA = changed!("area = $2"));
sql!(SET_COLLECTOR = changed!("collector_id = $2, collector = $3"));
sql!(SET_DUE_DAY = changed!("due_day = $2"));
sql!(SET_NEVER = changed!("never_isolate = $2, never_isolate_until = $3"));
sql!(PLAN_PACKAGE = "INSERT INTO service_change (service_id, kind, from_on, package_id, state, reason, who, created_at, ended_at)
 SELECT r.service_id, 'package', $2, $3, 'planned', $4, $5, $6, NULL FROM bulk_change_row r WHERE r.bulk_id = $1 AND r.problem = ''");
sql!(ADD_AREA = "INSERT INTO area (name, note, created_at) VALUES ($1, '', $2) ON CONFLICT (name) DO NOTHING");
sql!(COUNT = "UPDATE bulk_change SET done = (SELECT COUNT(*) FROM bulk_change_row r WHERE r.bulk_id = $1 AND r.problem = ''),
   refused = (SELECT COUNT(*) FROM bulk_change_row r WHERE r.bulk_id = $1 AND r.problem <> '') WHERE id = $1 RETURNING done, refused");
sql!(ROWS = "SELECT c.name, s.service_number, r.before_value, r.problem FROM bulk_change_row r JOIN service s ON s.id = r.service_id JOIN customer c ON c.id = s.customer_id
 WHERE r.bulk_id = $1 ORDER BY CASE WHEN r.problem <> '' THEN 0 ELSE 1 END, s.service_number LIMIT $2");
sql!(STAFF_NAME = "SELECT name FROM staff WHERE id = $1 AND active");
sql!(PACKAGE_NAME = "SELECT name FROM package WHERE id = $1 AND active");

/// One form.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its id.
    pub request_id: String,
    /// What changes.
    pub what: What,
    /// Of which services.
    pub ids: Vec<i64>,
}

/// Who does it, when.
struct Deed {
    who: Who,
    now: DateTime<Utc>,
    today: NaiveDate,
}

/// Says what would be done; nothing stays.
pub async fn preview(state: &AppState, who: Who, wish: &Wish) -> Result<Report> {
    let deed = Deed { who, now: state.clock.now(), today: state.clock.today() };
    let mut tx = state.db.begin().await?;
    let report = deed.carry_out(&mut tx, wish).await;
    tx.rollback().await?;
    report
}

/// Does it; the same form twice does it once.
pub async fn run(state: &AppState, who: Who, wish: Wish) -> Result<Report> {
    let (now, today) = (state.clock.now(), state.clock.today());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (deed, wish) = (Deed { who: who.clone(), now, today }, wish.clone());
            Box::pin(async move { deed.carry_out(tx, &wish).await })
        })
        .await
}

impl Deed {
    async fn carry_out(&self, tx: &mut Tx, wish: &Wish) -> Result<Report> {
        let known: Option<(i64, i64, i64, String)> = tx.opt(BY_REQUEST, args![&wish.request_id]).await?;
        if let Some((id, done, refused, value)) = known {
            let rows = tx.all(ROWS, args![id, NAMED_ROWS]).await?;
            return Ok(Report { done, refused, value, rows, already: true });
        }
        if wish.ids.is_empty() {
            return Err(Error::invalid("ids", "Belum ada layanan yang dipilih."));
        }
        if wish.ids.len() > SERVICES_MAX {
            return Err(Error::invalid("ids", "Sekali jalan paling banyak 10.000 layanan. Saring daftarnya dulu."));
        }
        let value = self.value(tx, &wish.what).await?;
        let header = args![&wish.request_id, wish.what.code(), &value, &self.who.name, self.who.staff_id, self.now];
        let id = tx.number(INSERT, header).await?;
        for chunk in wish.ids.chunks(IDS_MAX) {
            self.judge(tx, id, chunk, &wish.what).await?;
        }
        self.change(tx, id, &wish.what, &value).await?;
        let (done, refused): (i64, i64) = tx.one(COUNT, args![id]).await?;
        let rows = tx.all(ROWS, args![id, NAMED_ROWS]).await?;
        let after = format!("{}: {value}; {done} layanan diubah, {refused} ditolak", wish.what.label());
        audit::record(tx, &self.who, self.now, "service.bulk", &format!("bulk:{id}"), "", &after).await?;
        Ok(Report { done, refused, value, rows, already: false })
    }

    async fn value(&self, tx: &mut Tx, what: &What) -> Result<String> {
        let named = |row: Option<(String,)>, field: &str, say: &str| {
            row.map(|row| row.0).ok_or_else(|| Error::invalid(field, say))
        };
        Ok(match what {
            What::Area(area) => area.clone(),
            What::Collector(None) => String::new(),
            What::Collector(Some(id)) => {
                named(tx.opt(STAFF_NAME, args![*id]).await?, "value", "Pilih kolektor dari daftar.")?
            }
            What::DueDay(day) => day.to_string(),
            What::Package(id, _) => {
                named(tx.opt(PACKAGE_NAME, args![*id]).await?, "value", "Pilih paket dari daftar.")?
            }
            What::NeverIsolate(reason, _) => reason.clone(),
        })
    }

    /// A row a service: what was, and why it is refused.
    async fn judge(&self, tx: &mut Tx, id: i64, chunk: &[i64], what: &What) -> Result<()> {
        let ids = id_text(chunk);
        match what {
            What::Area(area) => tx.exec(ROWS_AREA, args![ids, id, area]).await?,
            What::Collector(staff) => tx.exec(ROWS_COLLECTOR, args![ids, id, staff.unwrap_or(0)]).await?,
            What::DueDay(day) => tx.exec(ROWS_DUE_DAY, args![ids, id, *day]).await?,
            What::NeverIsolate(reason, _) => tx.exec(ROWS_NEVER, args![ids, id, reason]).await?,
            What::Package(package, _) => {
                tx.exec(ROWS_PACKAGE, args![ids, id, *package, Period::of(self.today).next()]).await?
            }
        };
        Ok(())
    }

    async fn change(&self, tx: &mut Tx, id: i64, what: &What, value: &str) -> Result<()> {
        match what {
            What::Area(area) => {
                if !area.is_empty() {
                    tx.exec(ADD_AREA, args![area, self.now]).await?;
                }
                tx.exec(SET_AREA, args![id, area]).await?
            }
            What::Collector(staff) => tx.exec(SET_COLLECTOR, args![id, *staff, value]).await?,
            What::DueDay(day) => tx.exec(SET_DUE_DAY, args![id, *day]).await?,
            What::NeverIsolate(reason, until) => tx.exec(SET_NEVER, args![id, reason, *until]).await?,
            What::Package(package, reason) => {
                let from = Period::of(self.today).next().first_day();
                tx.exec(PLAN_PACKAGE, args![id, from, *package, reason, &self.who.name, self.now]).await?
            }
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    sql!(TEST_AREA = "SELECT area FROM service WHERE id = $1");
    sql!(TEST_PLANNED = "SELECT COUNT(*) FROM service_change WHERE state = 'planned'");

    fn wish(request: &str, what: What, ids: &[i64]) -> Wish {
        Wish { request_id: request.to_owned(), what, ids: ids.to_vec() }
    }

    #[tokio::test]
    async fn what_the_preview_says_is_done_once_and_the_refused_are_named() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home 10", 200_000, 1).await;
            let large = t.package("Home 20", 300_000, 1).await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            let sari = t.service("SARI", large, "2025-06-01").await;
            let to = wish("aaaa", What::Area("Utara".to_owned()), &[budi, sari]);
            let said = preview(&t.state, Who::command(), &to).await.unwrap();
            assert_eq!((said.done, said.refused), (2, 0));
            let area: (String,) = t.state.db.one(TEST_AREA, args![budi]).await.unwrap();
            assert_eq!(area.0, "", "a preview changes nothing");
            let done = run(&t.state, Who::command(), to.clone()).await.unwrap();
            assert_eq!((done.done, done.already), (2, false));
            assert!(run(&t.state, Who::command(), to).await.unwrap().already);
            let area: (String,) = t.state.db.one(TEST_AREA, args![budi]).await.unwrap();
            assert_eq!(area.0, "Utara");

            t.issue("2026-01").await;
            let ani = t.service("ANI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            t.cash(ani, 200_000).await;
            let to = wish("bbbb", What::Package(large, "promo".to_owned()), &[budi, sari, ani]);
            let done = run(&t.state, Who::command(), to).await.unwrap();
            assert_eq!((done.done, done.refused), (1, 2), "{:?}", done.rows);
            let why: Vec<&str> = done.rows.iter().map(|row| row.3.as_str()).collect();
            assert!(why[0].contains("sudah ditagih") && why[1].contains("sudah memakai"), "{why:?}");
            assert_eq!(t.state.db.number(TEST_PLANNED, args![]).await.unwrap(), 1);
            let none = wish("cccc", What::DueDay(5), &[]);
            assert!(run(&t.state, Who::command(), none).await.is_err());
        }
    }
}
