//! What Daftar Tagihan reads. A month's bills come from one covering index; a text is looked up among the services first;
//! the bills of every month are in `every`.

use super::{EVERY_MONTH, InvoiceFilter, InvoiceList, InvoiceRow, InvoiceSums, every};
use crate::app::admin::words;
use crate::app::dto::{Badge, Choice, PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::billing::Period;
use crate::server::customers::service_row::{Found, Needles, find};
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission, Scope};
use crate::{args, sql};
use chrono::NaiveDate;

/// Rows of one file at most.
const FILE_ROWS: i64 = 100_000;

/// `$1`, `$2` first and last month of this month's column, `$3` status, `$4` today.
macro_rules! conditions {
    ($month:literal) => {
        concat!(
            " WHERE ",
            $month,
            " >= $1 AND ",
            $month,
            " <= $2
 AND ($3 = '' OR i.status = $3 OR ($3 = 'unpaid' AND i.status IN ('open', 'partial')) OR ($3 = 'overdue' AND i.status IN ('open', 'partial') AND i.due_on < $4))"
        )
    };
}

/// Bills by month alone.
macro_rules! by_month {
    () => {
        concat!("FROM invoice i", conditions!("i.period"))
    };
}

/// Bills of the services whose ids `$5` holds ([`Found::Ids`]). CROSS JOIN: from the few services to their bills; the month
/// is written so that no index of months is walked instead, as a plan made without the values would.
macro_rules! by_service {
    () => {
        concat!(
            "FROM (SELECT CAST(value AS BIGINT) AS service_id FROM json_each($5)) f CROSS JOIN invoice i",
            conditions!("i.period || ''"),
            " AND i.service_id = f.service_id"
        )
    };
}

macro_rules! list_sql {
    ($($name:ident, $found:ident: $order:literal;)*) => { $(
        sql!($name = concat!("SELECT i.id, i.number, i.customer_id, i.customer_name AS name, v.service_number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off, i.kind
 FROM (SELECT i.id AS id ", by_month!(), " ORDER BY ", $order, " LIMIT $5 OFFSET $6) hit
 JOIN invoice i ON i.id = hit.id JOIN service v ON v.id = i.service_id ORDER BY ", $order));
        sql!($found = concat!("SELECT i.id, i.number, i.customer_id, i.customer_name AS name, v.service_number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off, i.kind
 FROM (SELECT i.id AS id ", by_service!(), " ORDER BY ", $order, " LIMIT $6 OFFSET $7) hit
 JOIN invoice i ON i.id = hit.id JOIN service v ON v.id = i.service_id ORDER BY ", $order));
    )* };
}

list_sql! {
    NEWEST, FOUND_NEWEST: "i.id DESC";
    OLDEST, FOUND_OLDEST: "i.id";
    BY_DUE, FOUND_BY_DUE: "i.due_on, i.id";
    BY_DUE_DOWN, FOUND_BY_DUE_DOWN: "i.due_on DESC, i.id DESC";
    BY_NAME, FOUND_BY_NAME: "i.customer_name, i.id";
    BY_NAME_DOWN, FOUND_BY_NAME_DOWN: "i.customer_name DESC, i.id DESC";
    BY_TOTAL, FOUND_BY_TOTAL: "i.total, i.id";
    BY_TOTAL_DOWN, FOUND_BY_TOTAL_DOWN: "i.total DESC, i.id DESC";
    BY_LEFT, FOUND_BY_LEFT: "i.total - i.paid, i.id";
    BY_LEFT_DOWN, FOUND_BY_LEFT_DOWN: "i.total - i.paid DESC, i.id DESC";
}

// A cancelled bill counts in no sum, unless cancelled ones are asked for.
macro_rules! sums_sql {
    ($name:ident, $source:expr) => {
        sql!(
            $name = concat!(
                "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN i.status <> 'void' OR $3 = 'void' THEN i.total ELSE 0 END), 0) AS BIGINT), CAST(COALESCE(SUM(i.paid), 0) AS BIGINT),
  CAST(COALESCE(SUM(CASE WHEN i.status IN ('open', 'partial') THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) ",
                $source
            )
        );
    };
}
sums_sql!(SUMS, by_month!());
sums_sql!(FOUND_SUMS, by_service!());
// What of `paid` came in as no money: from the few notes of credit and write-offs of a month, or of a few services.
sql!(
    LOWERED = concat!(
        "SELECT CAST(COALESCE(SUM(a.amount), 0) AS BIGINT) FROM payment p JOIN allocation a ON a.payment_id = p.id JOIN invoice i ON i.id = a.invoice_id",
        conditions!("i.period"),
        " AND p.method IN ('credit', 'write_off')"
    )
);
sql!(
    FOUND_LOWERED = concat!(
        "SELECT CAST(COALESCE(SUM((SELECT SUM(a.amount) FROM allocation a JOIN payment p ON p.id = a.payment_id WHERE a.invoice_id = i.id AND p.method IN ('credit', 'write_off'))), 0) AS BIGINT) ",
        by_service!()
    )
);

sql!(
    ONE = "SELECT i.id, i.number, i.customer_id, i.customer_name AS name, v.service_number, i.period, i.due_on, i.total, i.paid, i.status, i.written_off, i.kind
 FROM invoice i JOIN service v ON v.id = i.service_id WHERE i.number = $1"
);
sql!(
    ONE_LOWERED = "SELECT CAST(COALESCE(SUM(a.amount), 0) AS BIGINT) FROM allocation a JOIN payment p ON p.id = a.payment_id WHERE a.invoice_id = $1 AND p.method IN ('credit', 'write_off')"
);
// The months that have bills, by jumps through the index rather than over every bill.
sql!(
    PERIODS = "WITH RECURSIVE month (period) AS (SELECT MAX(period) FROM invoice UNION ALL
   SELECT (SELECT MAX(i.period) FROM invoice i WHERE i.period < month.period) FROM month WHERE month.period IS NOT NULL)
 SELECT period FROM month WHERE period IS NOT NULL LIMIT 60"
);

fn order(sort: &str) -> (Sql, Sql) {
    match sort {
        "number" => (OLDEST, FOUND_OLDEST),
        "due" => (BY_DUE, FOUND_BY_DUE),
        "-due" => (BY_DUE_DOWN, FOUND_BY_DUE_DOWN),
        "name" => (BY_NAME, FOUND_BY_NAME),
        "-name" => (BY_NAME_DOWN, FOUND_BY_NAME_DOWN),
        "total" => (BY_TOTAL, FOUND_BY_TOTAL),
        "-total" => (BY_TOTAL_DOWN, FOUND_BY_TOTAL_DOWN),
        "left" => (BY_LEFT, FOUND_BY_LEFT),
        "-left" => (BY_LEFT_DOWN, FOUND_BY_LEFT_DOWN),
        _ => (NEWEST, FOUND_NEWEST),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    number: String,
    customer_id: i64,
    name: String,
    service_number: String,
    period: String,
    due_on: NaiveDate,
    total: i64,
    paid: i64,
    status: String,
    written_off: i64,
    kind: String,
}

impl Row {
    fn badge(&self, today: NaiveDate) -> Badge {
        text::invoice(&self.status, self.due_on < today, self.written_off)
    }

    /// Its month, and what it is where it is no month's bill.
    fn words(&self) -> String {
        let month = words::period(&self.period);
        match self.kind.as_str() {
            "charge" => format!("Biaya tambahan, {month}"),
            kind => words::bill(kind, &self.period, None),
        }
    }

    fn left(&self) -> i64 {
        if matches!(self.status.as_str(), "open" | "partial") { self.total - self.paid } else { 0 }
    }
}

/// Sums: total, paid with money or Saldo, taken off by notes of credit and write-offs, left.
type Sums = (i64, i64, i64, i64);
/// Rows, their number, and their sums where they are summed.
type Page = (Vec<Row>, PageInfo, Option<Sums>);

/// The statements of a search: its rows, its sums, what of them is no money; and their arguments.
type Search = (Sql, Sql, Sql, Vec<Val>);

/// What to ask; `None` where the text finds too many services.
async fn wish(asked: &Asked, filter: &InvoiceFilter, period: &str) -> Result<Option<Search>> {
    let app = &asked.app;
    let needles = Needles::of(&filter.q);
    let narrow = !needles.text.is_empty() || asked.scope() != Scope::All;
    let (from, to) = if period == EVERY_MONTH { ("", "9999-99") } else { (period, period) };
    let mut matching: Vec<Val> = args![from, to, &filter.status, app.clock.today()];
    if narrow {
        match find(&app.db, &needles, asked.scope().arg()).await? {
            Found::Ids { services, .. } => matching.extend(args![services]),
            Found::TooMany => return Ok(None),
        }
    }
    let (by_month, by_service) = order(&filter.sort);
    let (list, sums, lowered) =
        if narrow { (by_service, FOUND_SUMS, FOUND_LOWERED) } else { (by_month, SUMS, LOWERED) };
    Ok(Some((list, sums, lowered, matching)))
}

/// The list for a file, as the screen filters it: titles and cells.
///
/// # Errors
/// `Refused` for more rows than a file holds, or all months at once.
pub async fn table(asked: &Asked, filter: &InvoiceFilter) -> Result<Rows> {
    let app = &asked.app;
    let today = app.clock.today();
    let period = if filter.period.is_empty() { Period::of(today).to_string() } else { filter.period.clone() };
    let too_many = || Error::Refused(text::TOO_MANY_HINT.to_owned());
    let (list, sums, _, matching) = wish(asked, filter, &period).await?.ok_or_else(too_many)?;
    let (count, ..): (i64, i64, i64, i64) = app.db.one(sums, matching.clone()).await?;
    if count > FILE_ROWS {
        return Err(Error::Refused(format!(
            "Ada {} tagihan; satu berkas memuat paling banyak {}. Pilih satu bulan atau satu status.",
            text::count(count),
            text::count(FILE_ROWS)
        )));
    }
    let mut arguments = matching;
    arguments.extend(args![FILE_ROWS, 0]);
    let rows: Vec<Row> = app.db.all(list, arguments).await?;
    let texts = ["Nomor", "Pelanggan", "Nomor layanan", "Bulan"];
    let mut columns = texts.map(|title| Column::new(title, Kind::Text)).to_vec();
    columns.push(Column::new("Jatuh tempo", Kind::Date));
    columns.extend(["Jumlah", "Dibayar atau dikurangi", "Sisa"].map(|title| Column::summed(title, Kind::Money)));
    columns.push(Column::new("Status", Kind::Text));
    let cancelled = filter.status == "void";
    let cells = rows
        .into_iter()
        .map(|row| {
            let (left, status, what) = (row.left(), row.badge(today), row.words());
            let mut cells: Vec<Value> = [row.number, row.name, row.service_number, what].map(Value::from).to_vec();
            // What was cancelled is in no sum, here as on the page.
            let total = if row.status == "void" && !cancelled { Value::None } else { row.total.into() };
            cells.extend([row.due_on.into(), total, row.paid.into(), left.into(), status.word.into()]);
            cells
        })
        .collect();
    Ok((columns, cells))
}

/// A page; `None` where the text finds too many services.
async fn search(asked: &Asked, filter: &InvoiceFilter, period: &str) -> Result<Option<Page>> {
    let app = &asked.app;
    let needles = Needles::of(&filter.q);
    let narrow = !needles.text.is_empty() || asked.scope() != Scope::All;
    if period == EVERY_MONTH && !narrow {
        let (rows, info) = every::page(asked, &filter.status, filter.sort == "number", filter.page).await?;
        return Ok(Some((rows, info, None)));
    }
    let Some((list, sums, lowered, matching)) = wish(asked, filter, period).await? else { return Ok(None) };
    let page = |info: PageInfo| {
        let mut arguments = matching.clone();
        arguments.extend(args![PAGE_ROWS, info.offset()]);
        app.db.all::<Row>(list, arguments)
    };
    let wanted = PageInfo::of(filter.page, i64::MAX / 2);
    let totals = app.db.one::<(i64, i64, i64, i64)>(sums, matching.clone());
    let lowered = app.db.number(lowered, matching.clone());
    let (totals, lowered, rows) = futures::future::join3(totals, lowered, page(wanted)).await;
    let ((count, total, paid, left), lowered) = (totals?, lowered?);
    let info = PageInfo::of(filter.page, count);
    let rows = if info.page == wanted.page { rows? } else { page(info).await? };
    Ok(Some((rows, info, Some((total, paid - lowered, lowered, left)))))
}

/// A page of the list with its totals. The whole number of a bill finds it in any month.
pub async fn list(asked: &Asked, filter: InvoiceFilter) -> Result<InvoiceList> {
    let app = &asked.app;
    let today = app.clock.today();
    let period = if filter.period.is_empty() { Period::of(today).to_string() } else { filter.period.clone() };
    let number = filter.q.trim().to_uppercase();
    let one: Option<Row> = if number.starts_with("INV/") { app.db.opt(ONE, args![number]).await? } else { None };
    let found = match one {
        Some(row) => {
            asked.reaches_customer(row.customer_id).await?;
            let lowered = app.db.number(ONE_LOWERED, args![row.id]).await?;
            let sums = (row.total, row.paid - lowered, lowered, row.left());
            Some((vec![row], PageInfo::of(1, 1), Some(sums)))
        }
        None => search(asked, &filter, &period).await?,
    };
    let too_many = found.is_none();
    let (rows, info, sums) = found.unwrap_or_else(|| (Vec::new(), PageInfo::of(1, 0), Some((0, 0, 0, 0))));
    let rows = rows
        .into_iter()
        .map(|row| InvoiceRow {
            period: row.words(),
            id: row.id,
            left: if row.left() > 0 { money(row.left()) } else { String::new() },
            status: row.badge(today),
            number: row.number,
            customer_id: row.customer_id,
            name: row.name,
            service_number: row.service_number,
            due: words::day(row.due_on),
            total: money(row.total),
        })
        .collect();
    let periods: Vec<(String,)> = app.db.all(PERIODS, args![]).await?;
    let every = [Choice::new(EVERY_MONTH, "Semua bulan")];
    let months = periods.into_iter().map(|(period,)| Choice::new(period.clone(), words::period(&period)));
    Ok(InvoiceList {
        may_export: asked.staff.may(Permission::Export),
        rows,
        info,
        too_many,
        may_issue: asked.staff.may(Permission::RunBilling),
        sums: sums.map(|(total, paid, lowered, left)| InvoiceSums {
            total: money(total),
            paid: money(paid),
            lowered: if lowered == 0 { String::new() } else { money(lowered) },
            left: money(left),
        }),
        periods: every.into_iter().chain(months).collect(),
        period,
    })
}
