//! What Riwayat Pembayaran reads. A text is resolved to payments of customers first; without one, only days are walked.

use super::{PaymentFilter, PaymentList, PaymentRow, PaymentView, UsedFor};
use crate::app::admin::adjust::may_reverse;
use crate::app::admin::words::{self, day, instant};
use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
use crate::billing::words::{date_short, date_words, parse_date_input, terbilang};
use crate::billing::{Period, Rupiah};
use crate::server::customers::service_row::{Needles, find};
use crate::server::db::{Sql, Val};
use crate::server::documents::receipt::{DUTY_ABOVE, ReceiptPaper};
use crate::server::documents::sheet::{Column, Kind, Rows, Value};
use crate::server::error::{Error, Result};
use crate::server::gateways::methods::channel_name;
use crate::server::guard::{Asked, Permission};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

/// Rows of one file at most.
const FILE_ROWS: i64 = 100_000;
/// So long after the first opening of a receipt its opener still prints the same one.
const SITTING_MINUTES: i64 = 10;

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
sql!(
    VIEW = "SELECT p.id, p.receipt, p.customer_id, p.service_id, c.name, c.phone, v.service_number, k.name AS package, p.amount, p.unused, p.method, p.channel,
   p.reference, p.note, p.received_on, p.at, p.received_by, p.staff_id, p.reversed_on, (SELECT text || ' · ' || who FROM ledger_entry e WHERE e.payment_id = p.id AND e.kind = 'reversal') AS reversal, (SELECT COUNT(*) FROM receipt_print r WHERE r.payment_id = p.id) AS prints
 FROM payment p JOIN customer c ON c.id = p.customer_id JOIN service v ON v.id = p.service_id JOIN package k ON k.id = v.package_id WHERE p.id = $1"
);
sql!(
    USED = "SELECT a.invoice_id, i.number, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1), CAST(SUM(a.amount) AS BIGINT) FROM allocation a JOIN invoice i ON i.id = a.invoice_id
 WHERE a.payment_id = $1 GROUP BY a.invoice_id, i.id, i.number, i.period, i.kind HAVING SUM(a.amount) > 0 ORDER BY MIN(a.id)"
);
sql!(PRINTED = "INSERT INTO receipt_print (payment_id, who, at) VALUES ($1, $2, $3)");
// Prints of another sitting, and of this one: what the same person began after `$3`.
sql!(
    PRINTS = "SELECT CAST(COALESCE(SUM(CASE WHEN who = $2 AND at > $3 THEN 0 ELSE 1 END), 0) AS BIGINT),
   CAST(COALESCE(SUM(CASE WHEN who = $2 AND at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM receipt_print WHERE payment_id = $1"
);

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

#[derive(Debug, sqlx::FromRow)]
struct Whole {
    id: i64,
    receipt: String,
    customer_id: i64,
    service_id: i64,
    name: String,
    phone: String,
    service_number: String,
    package: String,
    amount: i64,
    unused: i64,
    method: String,
    channel: String,
    reference: String,
    note: String,
    received_on: NaiveDate,
    at: DateTime<Utc>,
    received_by: String,
    staff_id: Option<i64>,
    reversed_on: Option<NaiveDate>,
    reversal: Option<String>,
    prints: i64,
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
    let read = |field: &str, typed: &str, otherwise: NaiveDate| {
        if typed.trim().is_empty() {
            return Ok(otherwise);
        }
        parse_date_input(typed, today.year())
            .ok_or_else(|| Error::invalid(field, format!("Tanggal {typed:?} tidak terbaca; tulis misalnya 15/1/2026.")))
    };
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

/// A payment as it is kept, and what it paid.
#[derive(Debug)]
pub struct Found {
    row: Whole,
    /// What it paid.
    pub used_for: Vec<UsedFor>,
}

impl Found {
    /// Reads a payment; whether he may see it is the caller's to ask.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn read(app: &AppState, id: i64) -> Result<Self> {
        let row: Whole = app
            .db
            .opt(VIEW, args![id])
            .await?
            .ok_or_else(|| Error::NotFound("Pembayaran itu tidak ada.".to_owned()))?;
        let used: Vec<(i64, String, String, String, Option<String>, i64)> = app.db.all(USED, args![id]).await?;
        let used_for = used
            .into_iter()
            .map(|(invoice_id, number, period, kind, text, amount)| UsedFor {
                invoice_id,
                number,
                period: words::bill(&kind, &period, text.as_deref()),
                amount: money(amount),
            })
            .collect();
        Ok(Self { row, used_for })
    }

    fn saldo(&self) -> String {
        if self.row.unused == 0 { String::new() } else { money(self.row.unused) }
    }

    fn reversal(&self) -> String {
        let why = self.row.reversal.as_deref().unwrap_or_default();
        self.row.reversed_on.map_or_else(String::new, |on| format!("Dibatalkan {}: {why}", day(on)))
    }

    fn is_money(&self) -> bool {
        matches!(self.row.method.as_str(), "cash" | "transfer" | "gateway")
    }

    /// The paper of its receipt; with `copy` it was printed before. To anybody it says no more of a name than `shown`.
    pub fn paper(&self, copy: bool, duty: bool, shown: Option<String>) -> ReceiptPaper {
        let row = &self.row;
        // Why and by whom is the office's business.
        let reversed = match (&shown, row.reversed_on) {
            (Some(_), Some(on)) => format!("Dibatalkan {}", day(on)),
            _ => self.reversal(),
        };
        let title = match row.method.as_str() {
            "credit" => "Nota Kredit",
            "write_off" => "Penghapusan Piutang",
            "opening" => "Saldo Awal",
            _ => "Kuitansi",
        };
        let saldo = self.saldo();
        let used = self.used_for.iter().map(|used| (used.period.clone(), used.number.clone(), used.amount.clone()));
        let facts = [
            ("Tanggal diterima", day(row.received_on)),
            ("Cara bayar", if self.is_money() { way(&row.method, &row.channel) } else { String::new() }),
            ("Referensi", row.reference.clone()),
            ("Penerima", row.received_by.clone()),
        ];
        ReceiptPaper {
            title: title.to_owned(),
            number: row.receipt.clone(),
            payer: vec![
                shown.unwrap_or_else(|| row.name.clone()),
                format!("No. layanan {} · {}", row.service_number, row.package),
            ],
            amount: money(row.amount),
            spelled: terbilang(Rupiah(row.amount)),
            facts: facts
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(word, value)| (word.to_owned(), value))
                .collect(),
            used: used
                .chain((!saldo.is_empty()).then(|| ("Menjadi Saldo".to_owned(), String::new(), saldo.clone())))
                .collect(),
            receiver: if row.method == "gateway" { String::new() } else { row.received_by.clone() },
            day: date_words(row.received_on),
            copy,
            reversed,
            duty: duty && self.is_money() && row.amount > DUTY_ABOVE,
        }
    }

    /// The payment.
    pub fn id(&self) -> i64 {
        self.row.id
    }

    /// The service that it was made for.
    pub fn service(&self) -> i64 {
        self.row.service_id
    }

    /// His name.
    pub fn name(&self) -> &str {
        &self.row.name
    }
}

/// One payment.
pub async fn view(asked: &Asked, id: i64) -> Result<PaymentView> {
    let app = &asked.app;
    let found = Found::read(app, id).await?;
    asked.reaches_service(found.row.service_id).await?;
    let (saldo, reversal, money_came) = (found.saldo(), found.reversal(), found.is_money());
    let Found { row, used_for } = found;
    let company = app.settings().await?.text("company.name").to_owned();
    let mut said = format!(
        "{company}\nKuitansi {}\nTerima kasih, {} ({}). Pembayaran {} kami terima pada {}.\n\nDipakai untuk:",
        row.receipt,
        row.name,
        row.service_number,
        money(row.amount),
        day(row.received_on)
    );
    for used in &used_for {
        said.push_str(&format!("\n- {} {}: {}", used.period, used.number, used.amount));
    }
    if !saldo.is_empty() {
        said.push_str(&format!("\n- Saldo: {saldo}"));
    }
    let encoded: String = url::form_urlencoded::byte_serialize(said.as_bytes()).collect();
    let whatsapp = if row.phone.is_empty() {
        String::new()
    } else {
        format!("https://wa.me/{}?text={}", row.phone, encoded.replace('+', "%20"))
    };
    Ok(PaymentView {
        id: row.id,
        receipt: row.receipt,
        customer_id: row.customer_id,
        name: row.name,
        number: row.service_number,
        package: row.package,
        amount: money(row.amount),
        spelled: terbilang(Rupiah(row.amount)),
        method: way(&row.method, &row.channel),
        reference: row.reference,
        note: row.note,
        day: day(row.received_on),
        at: instant(&app.clock, row.at),
        receiver: row.received_by,
        used_for,
        saldo,
        prints: row.prints,
        whatsapp: if row.reversed_on.is_some() { String::new() } else { whatsapp },
        may_reverse: row.reversed_on.is_none() && may_reverse(asked, &row.method, row.staff_id, row.at),
        reversal,
        money: money_came,
    })
}

/// Counts a print of a receipt by `who`; answers how many there were before. Who opens it again within a sitting (the other
/// width, paper that jammed) still prints the same one: opening is all that a paper without a script can count.
pub async fn printed(app: &AppState, who: &str, id: i64) -> Result<i64> {
    let (who, now) = (who.to_owned(), app.clock.now());
    app.db
        .write(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let since = now - TimeDelta::minutes(SITTING_MINUTES);
                let (before, here): (i64, i64) = tx.one(PRINTS, args![id, &who, since]).await?;
                if here == 0 {
                    tx.exec_one(PRINTED, args![id, who, now]).await?;
                }
                Ok::<_, Error>(before)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
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
