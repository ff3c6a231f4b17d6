//! What Log Aktivitas reads. Each filter with an index of its own is a statement of its own, so that the database walks
//! that index from the newest row and stops when the page is full.

use super::{ActivityChoices, ActivityFilter, ActivityList, ActivityRow, words};
use crate::app::admin::words::{day, instant};
use crate::app::dto::{Choice, PAGE_ROWS};
use crate::app::text;
use crate::billing::Rupiah;
use crate::server::checks::filter_day;
use crate::server::customers::service_row::{Found, Needles, find};
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Sheet, Value};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use std::collections::{BTreeSet, HashMap};

/// Days that are shown when no date is given.
const DAYS_SHOWN: u64 = 30;
/// Rows that a file reads at a time.
const FILE_PIECE: i64 = 1_000;
/// Most rows of a file.
const FILE_ROWS_MAX: i64 = 200_000;
/// Rows that one page looks through for a text; further ones at the next step.
const SCAN_ROWS: i64 = 3_000;
/// What acts without being a person.
const MACHINES: &[&str] = &["Sistem", "Perintah"];

// `$1`, `$2` the days; `$3` staff; `$4` who by name; `$5` action; `$6` subject; `$7`, `$8` instant and id of the row to go
// on from; `$9` how many of those are looked at.
macro_rules! walked {
    ($hard:literal, $onward:literal) => {
        concat!(
            "FROM audit_event e WHERE ", $hard, " AND e.at >= $1 AND e.at < $2 AND ($3 = 0 OR e.staff_id = $3)
 AND ($4 = '' OR (e.who = $4 AND e.staff_id IS NULL)) AND ($5 = '' OR e.action = $5) AND ($6 = '' OR e.subject = $6) AND ", $onward, " LIMIT $9"
        )
    };
}

// `$10` the text, `$13` and `$14` the same as an amount in the log's two writings (else the text again), `$11` the services
// and customers that it finds, as a JSON array; `$12` how many rows.
macro_rules! rows_sql {
    ($($older:ident, $newer:ident, $edge_older:ident, $edge_newer:ident: $hard:literal;)*) => { $(
        sql!($older = rows_sql!(@rows walked!($hard, "e.at <= $7 AND (e.at < $7 OR e.id < $8) ORDER BY e.at DESC, e.id DESC"), "e.at DESC, e.id DESC"));
        sql!($newer = rows_sql!(@rows walked!($hard, "e.at >= $7 AND (e.at > $7 OR e.id > $8) ORDER BY e.at, e.id"), "e.at, e.id"));
        sql!($edge_older = concat!("SELECT e.id ", walked!($hard, "e.at <= $7 AND (e.at < $7 OR e.id < $8) ORDER BY e.at DESC, e.id DESC"), " OFFSET $10"));
        sql!($edge_newer = concat!("SELECT e.id ", walked!($hard, "e.at >= $7 AND (e.at > $7 OR e.id > $8) ORDER BY e.at, e.id"), " OFFSET $10"));
    )* };
    (@rows $walked:expr, $order:literal) => {
        concat!(
            "SELECT e.id, e.at, e.who, e.action, e.subject, e.before_value, e.after_value, e.address FROM (SELECT e.* ", $walked, ") e
 WHERE $10 = '' OR INSTR(LOWER(e.before_value || ' ' || e.after_value || ' ' || e.who || ' ' || e.subject || ' ' || e.address), $10) > 0
  OR INSTR(e.before_value || ' ' || e.after_value, $13) > 0 OR INSTR(e.before_value || ' ' || e.after_value, $14) > 0
  OR e.subject IN (SELECT value FROM json_each($11))
 ORDER BY ", $order, " LIMIT $12"
        )
    };
}

rows_sql! {
    OLDER, NEWER, EDGE_OLDER, EDGE_NEWER: "1 = 1";
    OLDER_OF_STAFF, NEWER_OF_STAFF, EDGE_OLDER_OF_STAFF, EDGE_NEWER_OF_STAFF: "e.staff_id = $3";
    OLDER_OF_MACHINE, NEWER_OF_MACHINE, EDGE_OLDER_OF_MACHINE, EDGE_NEWER_OF_MACHINE: "e.staff_id IS NULL";
    OLDER_OF_ACTION, NEWER_OF_ACTION, EDGE_OLDER_OF_ACTION, EDGE_NEWER_OF_ACTION: "e.action = $5";
    OLDER_OF_SUBJECT, NEWER_OF_SUBJECT, EDGE_OLDER_OF_SUBJECT, EDGE_NEWER_OF_SUBJECT: "e.subject = $6";
}

sql!(AT = "SELECT at FROM audit_event WHERE id = $1");
sql!(PEOPLE = "SELECT CAST(id AS TEXT), name FROM staff ORDER BY name, id");
// Names of what a page speaks of: kind, id, name, and the customer whose page shows it (0: none).
sql!(
    NAMES = "SELECT 'service' AS kind, s.id, c.name || ' (' || s.service_number || ')' AS name, c.id AS customer FROM service s JOIN customer c ON c.id = s.customer_id WHERE s.id IN (SELECT CAST(value AS BIGINT) FROM json_each($1))
 UNION ALL SELECT 'customer', id, name, id FROM customer WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($2))
 UNION ALL SELECT 'staff', id, name, 0 FROM staff WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($3))
 UNION ALL SELECT 'router', id, name, 0 FROM router WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($4))
 UNION ALL SELECT 'package', id, name, 0 FROM package WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($5))
 UNION ALL SELECT 'area', id, name, 0 FROM area WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each($6))
 UNION ALL SELECT 'bag', b.id, COALESCE(k.name, b.name), 0 FROM cash_bag b LEFT JOIN staff k ON k.id = b.staff_id WHERE b.id IN (SELECT CAST(value AS BIGINT) FROM json_each($7))"
);

/// The kinds of `NAMES`, in the order of its arguments.
const NAMED: [&str; 7] = ["service", "customer", "staff", "router", "package", "area", "bag"];

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    id: i64,
    at: DateTime<Utc>,
    who: String,
    action: String,
    subject: String,
    before_value: String,
    after_value: String,
    address: String,
}

/// What is asked for, read from the filter.
struct Wish {
    first: NaiveDate,
    last: NaiveDate,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    staff: i64,
    machine: String,
    action: String,
    subject: String,
    text: String,
    amount: [String; 2],
    subjects: String,
    too_many: bool,
}

impl Wish {
    async fn of(app: &AppState, filter: &ActivityFilter) -> Result<Self> {
        let clock = &app.clock;
        let today = clock.today();
        let last = filter_day("to", &filter.to, today, today)?;
        let first = filter_day("from", &filter.from, today, last - Days::new(DAYS_SHOWN))?;
        if first > last {
            return Err(Error::invalid("from", "Tanggal awal sesudah tanggal akhir; tukar keduanya."));
        }
        let by = filter.who.trim();
        // An id that is nobody's matches nothing, rather than everything.
        let staff = match by.parse::<i64>() {
            Ok(id) => id,
            Err(_) if by.is_empty() || MACHINES.contains(&by) => 0,
            Err(_) => -1,
        };
        let needles = Needles::of(&filter.q);
        let (mut subjects, mut too_many) = ("[]".to_owned(), false);
        if !needles.text.is_empty() {
            match find(&app.db, &needles, 0).await? {
                Found::Ids { services, customers } => subjects = named(&services, &customers)?,
                Found::TooMany => too_many = true,
            }
        }
        Ok(Self {
            first,
            last,
            from: clock.instant(first, NaiveTime::MIN),
            to: clock.instant(last + Days::new(1), NaiveTime::MIN),
            staff,
            machine: if staff == 0 { by.to_owned() } else { String::new() },
            action: filter.action.clone(),
            subject: filter.subject.clone(),
            amount: amount(&needles.text),
            text: needles.text,
            subjects,
            too_many,
        })
    }

    /// The statement that reads rows, and the one that finds where it stopped looking.
    fn statements(&self, newer: bool) -> (Sql, Sql) {
        let (older_sql, newer_sql) = if !self.subject.is_empty() {
            ((OLDER_OF_SUBJECT, EDGE_OLDER_OF_SUBJECT), (NEWER_OF_SUBJECT, EDGE_NEWER_OF_SUBJECT))
        } else if self.staff != 0 {
            ((OLDER_OF_STAFF, EDGE_OLDER_OF_STAFF), (NEWER_OF_STAFF, EDGE_NEWER_OF_STAFF))
        } else if !self.machine.is_empty() {
            ((OLDER_OF_MACHINE, EDGE_OLDER_OF_MACHINE), (NEWER_OF_MACHINE, EDGE_NEWER_OF_MACHINE))
        } else if !self.action.is_empty() {
            ((OLDER_OF_ACTION, EDGE_OLDER_OF_ACTION), (NEWER_OF_ACTION, EDGE_NEWER_OF_ACTION))
        } else {
            ((OLDER, EDGE_OLDER), (NEWER, EDGE_NEWER))
        };
        if newer { newer_sql } else { older_sql }
    }

    fn walked(&self, onward: (DateTime<Utc>, i64), scan: i64) -> Vec<Val> {
        args![self.from, self.to, self.staff, &self.machine, &self.action, &self.subject, onward.0, onward.1, scan]
    }

    /// At most `limit` rows on from `than`, of at most `scan` looked at, in the order in which they were met.
    async fn rows(
        &self,
        app: &AppState,
        newer: bool,
        than: (DateTime<Utc>, i64),
        scan: i64,
        limit: i64,
    ) -> Result<Vec<Row>> {
        let mut values = self.walked(than, scan);
        values.extend(args![&self.text, &self.subjects, limit, &self.amount[0], &self.amount[1]]);
        Ok(app.db.all(self.statements(newer).0, values).await?)
    }

    /// A page's rows and whether there are more behind them: then the id to go on from. With a text only so many rows are
    /// looked at; where that ends before the page is full, it goes on from the last one that was.
    async fn page(&self, app: &AppState, newer: bool, than: (DateTime<Utc>, i64)) -> Result<(Vec<Row>, Option<i64>)> {
        let scan = if self.text.is_empty() { PAGE_ROWS + 1 } else { SCAN_ROWS };
        let mut rows = self.rows(app, newer, than, scan, PAGE_ROWS + 1).await?;
        if count(&rows) > PAGE_ROWS {
            rows.pop();
            let last = rows.last().map(|row| row.id);
            return Ok((rows, last));
        }
        if self.text.is_empty() {
            return Ok((rows, None));
        }
        let mut values = self.walked(than, 1);
        values.extend(args![SCAN_ROWS - 1]);
        let edge: Option<(i64,)> = app.db.opt(self.statements(newer).1, values).await?;
        Ok((rows, edge.map(|edge| edge.0)))
    }

    /// Where the newest row would be.
    fn top(&self) -> (DateTime<Utc>, i64) {
        (self.to, i64::MAX)
    }
}

/// A text that reads as an amount, as the log may have written it: settings as `1500000`, sums as `1.500.000`. Any other
/// text twice as it is.
fn amount(text: &str) -> [String; 2] {
    match Rupiah::parse_input(text) {
        // A number with a leading zero is a telephone's.
        Ok(amount) if !text.starts_with('0') && amount.is_positive() => [amount.0.to_string(), amount.digits()],
        _ => [text.to_owned(), text.to_owned()],
    }
}

/// Ids as the log names them: `["service:7", "customer:3"]`.
fn named(services: &str, customers: &str) -> Result<String> {
    let ids = |text: &str| serde_json::from_str::<Vec<i64>>(text);
    let services = ids(services)?.into_iter().map(|id| format!("service:{id}"));
    let customers: BTreeSet<i64> = ids(customers)?.into_iter().collect();
    let all: Vec<String> = services.chain(customers.into_iter().map(|id| format!("customer:{id}"))).collect();
    Ok(serde_json::to_string(&all)?)
}

/// A page of the log.
pub async fn list(app: &AppState, filter: &ActivityFilter) -> Result<ActivityList> {
    let wish = Wish::of(app, filter).await?;
    let onward = async |id: i64| -> Result<Option<(DateTime<Utc>, i64)>> {
        Ok(app.db.opt::<(DateTime<Utc>,)>(AT, args![id]).await?.map(|row| (row.0, id)))
    };
    let after = if filter.after > 0 { onward(filter.after).await? } else { None };
    let back = match after {
        Some(than) => {
            let (mut rows, on) = wish.page(app, true, than).await?;
            rows.reverse();
            // Nothing newer, and nothing more to look through: the first page.
            (!rows.is_empty() || on.is_some()).then(|| {
                let older = rows.last().map_or(than.1, |row| row.id);
                (rows, Some(older), on)
            })
        }
        None => None,
    };
    let (rows, older, newer) = match back {
        Some(found) => found,
        None => {
            let before = if filter.before > 0 { onward(filter.before).await? } else { None };
            let (rows, on) = wish.page(app, false, before.unwrap_or_else(|| wish.top())).await?;
            let newer = before.map(|than| rows.first().map_or(than.1, |row| row.id));
            (rows, on, newer)
        }
    };
    let names = names(app, rows.iter().map(|row| &row.subject).chain([&wish.subject])).await?;
    let subject = if wish.subject.is_empty() { String::new() } else { names.words(&wish.subject) };
    Ok(ActivityList {
        older: older.unwrap_or(0),
        newer: newer.unwrap_or(0),
        rows: rows.into_iter().map(|row| shown(app, &names, row)).collect(),
        days: format!("{} sampai {}", day(wish.first), day(wish.last)),
        too_many: wish.too_many,
        subject,
    })
}

fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// Names of things, and the customer whose page shows them.
#[derive(Default)]
struct Names(HashMap<String, (String, i64)>);

impl Names {
    fn words(&self, subject: &str) -> String {
        words::subject(subject, self.0.get(subject).map(|found| found.0.as_str()))
    }

    fn href(&self, subject: &str) -> String {
        match (subject.split_once(':'), self.0.get(subject)) {
            (Some(("service" | "customer", _)), Some((_, customer))) => format!("/admin/pelanggan/{customer}"),
            (Some(("router", id)), Some(_)) => format!("/admin/router/{id}"),
            _ => String::new(),
        }
    }
}

/// The names of these things, with one statement.
async fn names<'a>(app: &AppState, subjects: impl Iterator<Item = &'a String>) -> Result<Names> {
    let mut ids: [Vec<i64>; 7] = Default::default();
    for subject in subjects {
        let Some((kind, id)) = subject.split_once(':') else { continue };
        if let (Some(list), Ok(id)) =
            (NAMED.iter().position(|named| *named == kind).and_then(|at| ids.get_mut(at)), id.parse::<i64>())
        {
            list.push(id);
        }
    }
    if ids.iter().all(Vec::is_empty) {
        return Ok(Names::default());
    }
    let mut values = Vec::new();
    for list in ids {
        values.push(Val::from(serde_json::to_string(&list)?));
    }
    let found: Vec<(String, i64, String, i64)> = app.db.all(NAMES, values).await?;
    Ok(Names(found.into_iter().map(|(kind, id, name, customer)| (format!("{kind}:{id}"), (name, customer))).collect()))
}

fn shown(app: &AppState, names: &Names, row: Row) -> ActivityRow {
    ActivityRow {
        id: row.id,
        at: instant(&app.clock, row.at),
        who: row.who,
        address: row.address,
        action: words::action(&row.action),
        subject: names.words(&row.subject),
        href: names.href(&row.subject),
        changes: words::changes(&row.subject, &row.before_value, &row.after_value),
        subject_code: row.subject,
    }
}

/// What the filters offer.
pub async fn choices(app: &AppState) -> Result<ActivityChoices> {
    let staff: Vec<(String, String)> = app.db.all(PEOPLE, args![]).await?;
    let people = staff.into_iter().map(|row| Choice::new(row.0, row.1));
    let machines = MACHINES.iter().map(|name| Choice::new(*name, *name));
    let mut actions: Vec<Choice> = words::ACTIONS.iter().map(|(code, word)| Choice::new(*code, *word)).collect();
    actions.sort_by(|one, other| one.word.cmp(&other.word));
    Ok(ActivityChoices { people: people.chain(machines).collect(), actions })
}

/// The log as a sheet: rows go to the file as they are read, so that memory stays flat.
pub async fn xlsx(app: &AppState, filter: &ActivityFilter) -> Result<Vec<u8>> {
    let wish = Wish::of(app, filter).await?;
    let (send, mut receive) = tokio::sync::mpsc::channel::<Vec<ActivityRow>>(2);
    let writer = tokio::task::spawn_blocking(move || {
        let texts = ["Oleh", "Dari alamat", "Tindakan", "Tentang"].map(|title| Column::new(title, Kind::Text));
        let mut columns = vec![Column::new("Waktu", Kind::Instant)];
        columns.extend(texts);
        columns.push(Column::wide("Perubahan", 60.0));
        let mut sheet = Sheet::begin("Log Aktivitas", columns)?;
        while let Some(rows) = receive.blocking_recv() {
            for row in rows {
                let changes: Vec<String> = row.changes.iter().map(super::Change::words).collect();
                let mut cells = vec![Value::instant(&row.at)];
                cells.extend([row.who, row.address, row.action, row.subject, changes.join("; ")].map(Value::from));
                sheet.row(&cells)?;
            }
        }
        sheet.finish()
    });
    let mut than = wish.top();
    let mut written = 0;
    loop {
        let rows = wish.rows(app, false, than, i64::MAX, FILE_PIECE).await?;
        let Some(last) = rows.last() else { break };
        than = (last.at, last.id);
        written += count(&rows);
        if written > FILE_ROWS_MAX {
            return Err(Error::Refused(format!(
                "Satu berkas memuat paling banyak {} baris. Persempit tanggalnya.",
                text::count(FILE_ROWS_MAX)
            )));
        }
        let names = names(app, rows.iter().map(|row| &row.subject)).await?;
        if send.send(rows.into_iter().map(|row| shown(app, &names, row)).collect()).await.is_err() {
            break;
        }
    }
    drop(send);
    writer.await.map_err(|error| Error::Internal(format!("log aktivitas: {error}")))?
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
