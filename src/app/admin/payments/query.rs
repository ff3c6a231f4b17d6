//! What Riwayat Pembayaran reads. A text is resolved to payments of customers first; without one, only days are walked.

use super::{PaymentFilter, PaymentList, PaymentRow};
use crate::app::admin::words::day;
use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
use crate::billing::Period;
use crate::billing::words::date_short;
use crate::server::checks::filter_day;
use crate::server::customers::service_row::{Needles, find};
use crate::server::db::{Sql, Val};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::gateways::methods::channel_name;
use crate::server::guard::{Asked, Permission};
use crate::{args, sql};
use chrono::NaiveDate;

/// Rows of one file at most.
const FILE_ROWS: i64 = 100_000;
// `$1`, `$2` days, `$3` method, `$4` receiver; opening credit, notes of credit and write-offs are no money that came in.
macro_rules! conditions {
    () => {
        " AND p.received_on >= $1 AND p.received_on <= $2 AND p.method IN ('cash', 'transfer', 'gateway') AND ($3 = '' OR p.method = $3) AND ($4 = '' OR p.received_by = $4)"
    };
}

macro_rules! in_days {
    () => {
        concat!("FROM payment p WHERE TRUE", conditions!())
    };
}

// The same of the services whose ids `$5` holds, as `find` gives them; `$6` is the receipt, or ''. CROSS JOIN: from the few services to their payments.
macro_rules! of_services {
    () => {
        concat!(
            "FROM (SELECT CAST(value AS BIGINT) AS service_id FROM json_each($5)) f CROSS JOIN payment p WHERE p.service_id = f.service_id",
            conditions!(),
            " AND ($6 = '' OR p.receipt = $6)"
        )
    };
}

macro_rules! columns {
    () => {
        "SELECT p.id, p.receipt, p.customer_id, c.name, v.service_number, p.received_on, p.method, p.channel, p.received_by, p.amount, p.reversed_on FROM (SELECT p.id AS id "
    };
}

sql!(
    SUMS = concat!(
        "SELECT p.method, COUNT(*), CAST(COALESCE(SUM(CASE WHEN p.reversed_on IS NULL THEN p.amount ELSE 0 END), 0) AS BIGINT) ",
        in_days!(),
        " GROUP BY p.method ORDER BY p.method"
    )
);
sql!(
    SUMS_FOUND = concat!(
        "SELECT p.method, COUNT(*), CAST(COALESCE(SUM(CASE WHEN p.reversed_on IS NULL THEN p.amount ELSE 0 END), 0) AS BIGINT) ",
        of_services!(),
        " GROUP BY p.method ORDER BY p.method"
    )
);
sql!(LIST = concat!(columns!(), in_days!(), " ORDER BY p.received_on DESC, p.id DESC LIMIT $5 OFFSET $6) hit
 JOIN payment p ON p.id = hit.id JOIN customer c ON c.id = p.customer_id JOIN service v ON v.id = p.service_id ORDER BY p.received_on DESC, p.id DESC"));
sql!(LIST_FOUND = concat!(columns!(), of_services!(), " ORDER BY p.received_on DESC, p.id DESC LIMIT $7 OFFSET $8) hit
 JOIN payment p ON p.id = hit.id JOIN customer c ON c.id = p.customer_id JOIN service v ON v.id = p.service_id ORDER BY p.received_on DESC, p.id DESC"));
sql!(SERVICE_OF = "SELECT service_id FROM payment WHERE receipt = $1");
sql!(pub(crate) RECEIVERS = "SELECT name FROM staff UNION SELECT name FROM cash_bag WHERE staff_id IS NULL ORDER BY 1");
#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    receipt: String,
    customer_id: i64,
    name: String,
    service_number: String,
    received_on: NaiveDate,
    method: String,
    channel: String,
    received_by: String,
    amount: i64,
    reversed_on: Option<NaiveDate>,
}

/// The way of a payment as people say it.
pub fn way(method: &str, channel: &str) -> String {
    match (method, channel) {
        ("cash", _) => "Tunai".to_owned(),
        ("transfer", _) => "Transfer".to_owned(),
        ("opening", _) => "Saldo awal".to_owned(),
        ("credit", _) => "Nota kredit".to_owned(),
        ("write_off", _) => "Hapus piutang".to_owned(),
        (_, "") => "Bayar online".to_owned(),
        (_, channel) => channel_name(channel).to_owned(),
    }
}

/// The statements of a search and their arguments.
struct Wish {
    sums: Sql,
    rows: Sql,
    matching: Vec<Val>,
    /// Days that it covers.
    from: NaiveDate,
    to: NaiveDate,
    searching: bool,
    /// The text finds too many services.
    too_many: bool,
}

async fn wish(asked: &Asked, filter: &PaymentFilter) -> Result<Wish> {
    let (app, db) = (&asked.app, &asked.app.db);
    let today = app.clock.today();
    let needles = Needles::of(&filter.q);
    let searching = !needles.text.is_empty();
    let read = |field: &str, typed: &str, otherwise: NaiveDate| filter_day(field, typed, today, otherwise);
    let begin = if searching { NaiveDate::from_ymd_opt(2000, 1, 1) } else { None };
    let from = read("from", &filter.from, begin.unwrap_or_else(|| Period::of(today).first_day()))?;
    let to = read("to", &filter.to, today)?;
    if from > to {
        return Err(Error::invalid("from", "Tanggal pertama sesudah tanggal terakhir. Tukar keduanya."));
    }
    let mut matching = args![from, to, &filter.method, &filter.receiver];
    let found = searching || asked.scope().arg() != 0;
    let mut too_many = false;
    if found {
        // The whole number of a receipt finds that payment alone.
        let receipt = filter.q.trim().to_uppercase();
        let of: Option<(i64,)> = db.opt(SERVICE_OF, args![&receipt]).await?;
        let (services, receipt) = match of {
            Some((id,)) => match asked.reaches_service(id).await {
                Ok(()) => (format!("[{id}]"), receipt),
                // Another's receipt is not found, as if there were none.
                Err(Error::Forbidden) => ("[]".to_owned(), receipt),
                Err(error) => return Err(error),
            },
            None => {
                let services;
                (services, too_many) = find(db, &needles, asked.scope().arg()).await?.services();
                (services, String::new())
            }
        };
        matching.extend(args![services, receipt]);
    }
    let (sums, rows) = if found { (SUMS_FOUND, LIST_FOUND) } else { (SUMS, LIST) };
    Ok(Wish { sums, rows, matching, from, to, searching, too_many })
}

/// The list for a file, as the screen filters it: titles and cells. What was taken back has a column of its own, so that the
/// sums are those of the screen.
///
/// # Errors
/// `Refused` for more rows than a file holds.
pub async fn table(asked: &Asked, filter: &PaymentFilter) -> Result<Rows> {
    let wish = wish(asked, filter).await?;
    let sums: Vec<(String, i64, i64)> = asked.app.db.all(wish.sums, wish.matching.clone()).await?;
    let count: i64 = sums.iter().map(|sum| sum.1).sum();
    if wish.too_many || count > FILE_ROWS {
        return Err(Error::Refused(format!(
            "Satu berkas memuat paling banyak {} pembayaran. Persempit tanggal atau saringannya.",
            crate::app::text::count(FILE_ROWS)
        )));
    }
    let mut arguments = wish.matching;
    arguments.extend(args![FILE_ROWS, 0]);
    let rows: Vec<Row> = asked.app.db.all(wish.rows, arguments).await?;
    let mut columns = vec![Column::new("Kuitansi", Kind::Text), Column::new("Tanggal", Kind::Date)];
    columns
        .extend(["Pelanggan", "Nomor layanan", "Cara bayar", "Penerima"].map(|title| Column::new(title, Kind::Text)));
    columns.extend(["Jumlah", "Dibatalkan"].map(|title| Column::summed(title, Kind::Money)));
    let cells = rows
        .into_iter()
        .map(|row| {
            let (stands, back) = if row.reversed_on.is_some() {
                (Value::None, row.amount.into())
            } else {
                (row.amount.into(), Value::None)
            };
            let way = way(&row.method, &row.channel);
            let mut cells = vec![row.receipt.into(), row.received_on.into()];
            cells.extend([row.name, row.service_number, way, row.received_by].map(Value::from));
            cells.extend([stands, back]);
            cells
        })
        .collect();
    Ok((columns, cells))
}

/// A page of payments with its sums.
pub async fn list(asked: &Asked, filter: PaymentFilter) -> Result<PaymentList> {
    let db = &asked.app.db;
    let Wish { sums, rows, matching, from, to, searching, too_many } = wish(asked, &filter).await?;
    let sums: Vec<(String, i64, i64)> = db.all(sums, matching.clone()).await?;
    let info = PageInfo::of(filter.page, sums.iter().map(|sum| sum.1).sum());
    let mut page: Vec<Val> = matching;
    page.extend(args![PAGE_ROWS, info.offset()]);
    let rows: Vec<Row> = db.all(rows, page).await?;
    // A collector is not told who else receives money.
    let receivers: Vec<(String,)> =
        if asked.scope().arg() == 0 { db.all(RECEIVERS, args![]).await? } else { Vec::new() };
    Ok(PaymentList {
        may_export: asked.staff.may(Permission::Export),
        too_many,
        rows: rows
            .into_iter()
            .map(|row| PaymentRow {
                id: row.id,
                receipt: row.receipt,
                customer_id: row.customer_id,
                name: row.name,
                number: row.service_number,
                day: day(row.received_on),
                method: way(&row.method, &row.channel),
                receiver: row.received_by,
                amount: money(row.amount),
                reversed: row.reversed_on.is_some(),
            })
            .collect(),
        info,
        days: if searching && filter.from.trim().is_empty() {
            format!("sampai {}", date_short(to))
        } else {
            format!("{} sampai {}", date_short(from), date_short(to))
        },
        sum: money(sums.iter().map(|sum| sum.2).sum()),
        ways: sums.iter().map(|(method, _, amount)| (way(method, ""), money(*amount))).collect(),
        receivers: receivers.into_iter().map(|(name,)| Choice::new(name.clone(), name)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::one::{printed, view};
    use super::*;
    use crate::server::guard::Role;
    use crate::server::ledger::Source;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn payments_are_found_by_day_way_receiver_and_customer() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let package = t.package("Home", 300_000, 1).await;
            let sari = t.service("SARI", package, "2025-06-01").await;
            let budi = t.service("BUDI", package, "2025-06-01").await;
            t.issue("2026-01").await;
            let paid = t.cash(sari, 300_000).await;
            let form = t.form(budi, 310_000, Source::Transfer);
            let ledger = t.state.ledger(crate::server::audit::Who::command()).await.unwrap();
            let second = ledger.settle(form).await.unwrap();
            t.at("2026-02-03 10:00");
            t.cash(sari, 50_000).await;
            let owner = t.asked(Role::Owner, 1);
            let of = async |asked: &Asked, filter: PaymentFilter| {
                let list = list(asked, PaymentFilter { page: 1, ..filter }).await.unwrap();
                (list.rows.into_iter().map(|row| row.number).collect::<Vec<_>>(), list.sum)
            };
            let base = PaymentFilter::default;
            assert_eq!(of(&owner, base()).await, (vec!["SARI".to_owned()], money(50_000)), "this month");
            let january = PaymentFilter { from: "1/1".into(), to: "31/1".into(), ..base() };
            assert_eq!(of(&owner, january.clone()).await, (vec!["BUDI".to_owned(), "SARI".to_owned()], money(610_000)));
            let cash = PaymentFilter { method: "cash".into(), ..january.clone() };
            assert_eq!(of(&owner, cash).await.0, ["SARI"]);
            let nobody = PaymentFilter { receiver: "Dewi".into(), ..january };
            assert!(of(&owner, nobody).await.0.is_empty());
            assert_eq!(of(&owner, PaymentFilter { q: "sari".into(), ..base() }).await.1, money(350_000));
            assert_eq!(of(&owner, PaymentFilter { q: second.receipt.to_lowercase(), ..base() }).await.0, ["BUDI"]);
            let collector = t.asked(Role::Collector, 7);
            assert!(of(&collector, PaymentFilter { q: second.receipt.clone(), ..base() }).await.0.is_empty());
            assert!(matches!(view(&collector, paid.payment_id).await, Err(Error::Forbidden)));
            let wrong = list(&owner, PaymentFilter { from: "kemarin".into(), ..base() }).await;
            assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "from"));

            let shown = view(&owner, second.payment_id).await.unwrap();
            assert!(shown.whatsapp.starts_with("https://wa.me/62812") && shown.whatsapp.contains("Kuitansi"));
            assert_eq!(shown.used_for.len(), 2, "January, and the February bill that it brought: {shown:?}");
            let prints = async |asked: &Asked| printed(&asked.app, &asked.who.name, second.payment_id).await.unwrap();
            assert_eq!(prints(&owner).await, 0);
            t.at("2026-02-03 10:09");
            assert_eq!(prints(&owner).await, 0, "58 mm and 80 mm in one sitting are one print");
            assert_eq!(view(&owner, second.payment_id).await.unwrap().prints, 1);
            let other = t.asked(Role::Cashier, 2);
            assert_eq!(prints(&other).await, 1, "another's is a copy");
            t.at("2026-02-03 10:11");
            assert_eq!(prints(&owner).await, 2, "later it is a copy too");
        }
    }
}
