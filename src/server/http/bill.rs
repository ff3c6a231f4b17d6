//! What the outside may see of a service's bills: shared by the public pages and the JSON API. One statement each.

use crate::args;
use crate::billing::phone::{display_stored, mask_stored};
use crate::billing::words::{date_words, mask_name};
use crate::billing::{Period, Rupiah};
use crate::server::db::Val;
use crate::server::error::Result;
use crate::server::gateways::bills::mask_number;
use crate::server::state::AppState;
use crate::sql;
use chrono::{Months, NaiveDate};
use std::collections::HashMap;

/// A service and its bills, open ones first in the order of payment.
#[derive(Clone, Debug)]
pub struct PublicBills {
    /// The service.
    pub service_id: i64,
    /// Its number.
    pub service_number: String,
    /// The payer's name, masked unless `public.show_names`.
    pub name: String,
    /// His telephone number, masked alike.
    pub phone: String,
    /// Whether the line is, or will be, slowed down.
    pub isolated: bool,
    /// The bills.
    pub bills: Vec<PublicBill>,
}

/// One bill, for strangers.
#[derive(Clone, Debug)]
pub struct PublicBill {
    /// Its row.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// `2026-01`.
    pub period: String,
    /// `regular`, `opening`, …
    pub kind: String,
    /// What is left to pay.
    pub left: Rupiah,
    /// `open`, `partial`, `paid`.
    pub status: String,
    /// Its due date.
    pub due_on: NaiveDate,
    /// Whether it is next month's, not yet begun.
    pub next: bool,
    /// Whether it is past due.
    pub overdue: bool,
}

impl PublicBill {
    /// Whether something is left to pay.
    pub fn is_open(&self) -> bool {
        self.status != "paid"
    }

    /// `Januari 2026`, or what it is otherwise.
    pub fn words(&self) -> String {
        let month = self.period.parse::<Period>().map_or_else(|_| self.period.clone(), Period::words);
        match self.kind.as_str() {
            "opening" => "Tunggakan awal".to_owned(),
            "charge" => format!("Biaya tambahan, {month}"),
            "adjustment" => format!("Penyesuaian {month}"),
            _ => month,
        }
    }

    /// `10 Januari 2026`.
    pub fn due_words(&self) -> String {
        date_words(self.due_on)
    }
}

#[derive(sqlx::FromRow)]
struct BillRow {
    service_id: i64,
    service_number: String,
    name: String,
    phone: String,
    desired: String,
    id: Option<i64>,
    number: Option<String>,
    period: Option<String>,
    kind: Option<String>,
    total: Option<i64>,
    paid: Option<i64>,
    status: Option<String>,
    due_on: Option<NaiveDate>,
}

/// Months for which a paid bill is shown.
const SHOWN_MONTHS: u32 = 6;
/// Services looked up by one statement.
pub const TOGETHER_MAX: usize = 16;

// One statement, for one or for many: the hottest look-up of all. Places that are not needed hold '', nobody's number.
sql!(PUBLIC_BILLS = "SELECT s.id AS service_id, s.service_number, c.name, c.phone, s.desired,
   i.id, i.number, i.period, i.kind, i.total, i.paid, i.status, i.due_on
 FROM service s JOIN customer c ON c.id = s.customer_id
 LEFT JOIN invoice i ON i.service_id = s.id AND (i.status IN ('open', 'partial') OR (i.status = 'paid' AND i.issued_on >= $1))
 WHERE s.service_number IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
 ORDER BY CASE WHEN i.status = 'paid' THEN 1 ELSE 0 END, CASE WHEN i.kind = 'opening' THEN 0 ELSE 1 END, i.due_on, i.number");
sql!(
    SERVICE_OF_INVOICE =
        "SELECT s.service_number, s.id FROM invoice i JOIN service s ON s.id = i.service_id WHERE i.id = $1"
);
sql!(SERVICE_OF_SLUG = "SELECT service_number FROM service WHERE slug = $1");
// How each bill came about, then what was paid of it or taken off, in that order. What was taken back adds up to nothing.
sql!(
    EXPLAINED = "SELECT l.invoice_id AS bill, l.text, l.derivation, l.amount, '' AS method, NULL AS day, '' AS receipt, CAST(0 AS BIGINT) AS whole, l.id AS place FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE i.service_id = $1 AND (i.status IN ('open', 'partial') OR (i.status = 'paid' AND i.issued_on >= $2))
 UNION ALL SELECT i.id, p.note, COALESCE((SELECT STRING_AGG(cl.derivation, '; ' ORDER BY cl.id) FROM credit_line cl WHERE cl.payment_id = p.id AND p.basis_id IS NOT NULL), ''), CAST(-SUM(a.amount) AS BIGINT),
   p.method, p.received_on, p.receipt, p.amount, 9000000000000000 + MIN(a.id) FROM invoice i JOIN allocation a ON a.invoice_id = i.id JOIN payment p ON p.id = a.payment_id
 WHERE i.service_id = $1 AND (i.status IN ('open', 'partial') OR (i.status = 'paid' AND i.issued_on >= $2))
 GROUP BY i.id, p.id, p.note, p.method, p.received_on, p.receipt, p.amount, p.basis_id HAVING SUM(a.amount) > 0 ORDER BY 1, 9"
);
sql!(
    SALDO = "SELECT CAST(COALESCE(SUM(p.unused), 0) AS BIGINT) FROM service s JOIN payment p ON p.customer_id = s.customer_id AND p.unused > 0 WHERE s.id = $1"
);

// What has begun of the payer's other services.
sql!(
    OTHERS_OPEN = "SELECT i.id, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) AS text, s.service_number, i.total - i.paid AS \"left\"
 FROM invoice i JOIN service s ON s.id = i.service_id
 WHERE i.customer_id = (SELECT o.customer_id FROM service o WHERE o.id = $1) AND i.service_id <> $1 AND i.status IN ('open', 'partial')
   AND (i.period <= $2 OR i.kind <> 'regular') ORDER BY i.service_id, i.due_on, i.number LIMIT 50"
);

/// An open bill of another service of the same payer.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OtherBill {
    /// Its row.
    pub id: i64,
    period: String,
    kind: String,
    text: Option<String>,
    service_number: String,
    /// What is left to pay.
    pub left: i64,
}

impl OtherBill {
    /// What it is, and the end of its service's number: who knows one number is not told another.
    pub fn words(&self) -> String {
        let what = crate::app::admin::words::bill(&self.kind, &self.period, self.text.as_deref());
        format!("{what}, layanan {}", mask_number(&self.service_number))
    }
}

/// Open bills of the payer's other services.
pub async fn others_open(state: &AppState, service_id: i64) -> Result<Vec<OtherBill>> {
    Ok(state.db.all(OTHERS_OPEN, args![service_id, Period::of(state.clock.today())]).await?)
}

/// The bills of the services of these exact numbers, at most [`TOGETHER_MAX`], in their order: open ones, and the paid
/// ones of the last six months.
pub async fn find_each(state: &AppState, numbers: Vec<String>) -> Result<Vec<Option<PublicBills>>> {
    let today = state.clock.today();
    let mut args = args![today - Months::new(SHOWN_MONTHS)];
    args.extend(numbers.iter().map(|number| Val::from(number.as_str())));
    args.resize_with(TOGETHER_MAX + 1, || Val::from(""));
    let rows: Vec<BillRow> = state.db.all(PUBLIC_BILLS, args).await?;
    let show = state.settings().await?.flag("public.show_names");
    let current = Period::of(today).to_string();
    let mut found: HashMap<String, PublicBills> = HashMap::with_capacity(numbers.len());
    for row in rows {
        let bills = found.entry(row.service_number.clone()).or_insert_with(|| PublicBills {
            service_id: row.service_id,
            service_number: row.service_number.clone(),
            name: if show { row.name.clone() } else { mask_name(&row.name) },
            phone: if show { display_stored(&row.phone) } else { mask_stored(&row.phone) },
            isolated: row.desired == "isolated",
            bills: Vec::new(),
        });
        bills.bills.extend(row.into_bill(today, &current));
    }
    // Two may ask for the same number at once.
    Ok(numbers.iter().map(|number| found.get(number).cloned()).collect())
}

impl BillRow {
    /// The bill of this row; a service without bills has one row without one.
    fn into_bill(self, today: NaiveDate, current: &str) -> Option<PublicBill> {
        let (kind, period, status, due_on) = (self.kind?, self.period?, self.status?, self.due_on?);
        Some(PublicBill {
            id: self.id?,
            number: self.number?,
            left: Rupiah(self.total? - self.paid?),
            next: kind == "regular" && period.as_str() > current,
            overdue: status != "paid" && due_on < today,
            period,
            kind,
            status,
            due_on,
        })
    }
}

/// The service a bill is for: its number and row.
pub async fn service_of_invoice(state: &AppState, invoice_id: i64) -> Result<Option<(String, i64)>> {
    Ok(state.db.opt(SERVICE_OF_INVOICE, args![invoice_id]).await?)
}

/// The number behind a subdomain.
pub async fn number_of_slug(state: &AppState, slug: &str) -> Result<Option<String>> {
    Ok(state.db.opt::<(String,)>(SERVICE_OF_SLUG, args![slug]).await?.map(|row| row.0))
}

/// A piece of how a bill came to what is left of it.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Row of the bill.
    pub bill: i64,
    /// What it is.
    pub text: String,
    /// How its amount came about; ends with the amount.
    pub derivation: String,
    /// Rupiah; below zero for what was paid or taken off.
    pub amount: Rupiah,
}

#[derive(sqlx::FromRow)]
struct PieceRow {
    bill: i64,
    text: String,
    derivation: String,
    amount: i64,
    method: String,
    day: Option<NaiveDate>,
    receipt: String,
    /// Rupiah of the whole payment.
    whole: i64,
}

impl PieceRow {
    fn into_piece(self) -> Piece {
        let amount = Rupiah(self.amount);
        let Some(day) = self.day else {
            return Piece { bill: self.bill, text: self.text, derivation: self.derivation, amount };
        };
        let what = match self.method.as_str() {
            "credit" => "Nota kredit",
            "write_off" => "Tidak ditagih lagi",
            "opening" => "Dari Saldo awal",
            _ => "Pembayaran",
        };
        let why = if self.method == "credit" { format!(": {}", self.text) } else { String::new() };
        // A note of credit, and a payment, may be larger than what this bill took of it.
        let how = match (self.whole == -self.amount, self.derivation.as_str()) {
            (true, "") => String::new(),
            (true, derivation) => format!(" ({derivation})"),
            (false, _) => format!(", sebagian dari {}", Rupiah(self.whole)),
        };
        let derivation = format!("{}{how} = {amount}", date_words(day));
        Piece { bill: self.bill, text: format!("{what} {}{why}", self.receipt), derivation, amount }
    }
}

/// How the shown bills of a service came about, and what was paid of them or taken off: the pieces of a bill add up to what
/// is left of it.
pub async fn explained(state: &AppState, service_id: i64) -> Result<Vec<Piece>> {
    let since = state.clock.today() - Months::new(SHOWN_MONTHS);
    let rows: Vec<PieceRow> = state.db.all(EXPLAINED, args![service_id, since]).await?;
    Ok(rows.into_iter().map(PieceRow::into_piece).collect())
}

/// The payer's Saldo.
pub async fn saldo(state: &AppState, service_id: i64) -> Result<Rupiah> {
    Ok(Rupiah(state.db.number(SALDO, args![service_id]).await?))
}
