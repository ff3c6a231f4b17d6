//! What the outside may see of a service's bills: shared by the public pages and the JSON API. One statement each.

use crate::args;
use crate::billing::phone::{display_stored, mask_stored};
use crate::billing::words::{date_words, mask_name};
use crate::billing::{Period, Rupiah};
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::sql;
use chrono::{Months, NaiveDate};

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
        if self.kind == "opening" {
            return "Tunggakan awal".to_owned();
        }
        self.period.parse::<Period>().map_or_else(|_| self.period.clone(), Period::words)
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

// One statement: the hottest look-up of all.
sql!(PUBLIC_BILLS = "SELECT s.id AS service_id, s.service_number, c.name, c.phone, s.desired,
   i.id, i.number, i.period, i.kind, i.total, i.paid, i.status, i.due_on
 FROM service s JOIN customer c ON c.id = s.customer_id
 LEFT JOIN invoice i ON i.service_id = s.id AND (i.status IN ('open', 'partial') OR (i.status = 'paid' AND i.issued_on >= $2))
 WHERE s.service_number = $1
 ORDER BY CASE WHEN i.status = 'paid' THEN 1 ELSE 0 END, CASE WHEN i.kind = 'opening' THEN 0 ELSE 1 END, i.due_on, i.number");
sql!(
    SERVICE_OF_INVOICE =
        "SELECT s.service_number, s.id FROM invoice i JOIN service s ON s.id = i.service_id WHERE i.id = $1"
);
sql!(SERVICE_OF_SLUG = "SELECT service_number FROM service WHERE slug = $1");
sql!(
    LINES_OF_OPEN =
        "SELECT l.invoice_id, l.text, l.derivation, l.amount FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE i.service_id = $1 AND i.status IN ('open', 'partial') ORDER BY l.id"
);

/// The bills of the service of that exact number: open ones, and the paid ones of the last six months.
pub async fn find(state: &AppState, service_number: &str) -> Result<Option<PublicBills>> {
    let today = state.clock.today();
    let since = today - Months::new(6);
    let rows: Vec<BillRow> = state.db.all(PUBLIC_BILLS, args![service_number.trim(), since]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let show = state.settings().await?.flag("public.show_names");
    let current = Period::of(today).to_string();
    Ok(Some(PublicBills {
        service_id: first.service_id,
        service_number: first.service_number.clone(),
        name: if show { first.name.clone() } else { mask_name(&first.name) },
        phone: if show { display_stored(&first.phone) } else { mask_stored(&first.phone) },
        isolated: first.desired == "isolated",
        bills: rows
            .iter()
            .filter_map(|row| {
                let kind = row.kind.clone()?;
                let period = row.period.clone()?;
                let status = row.status.clone()?;
                let due_on = row.due_on?;
                Some(PublicBill {
                    id: row.id?,
                    number: row.number.clone()?,
                    left: Rupiah(row.total? - row.paid?),
                    next: kind == "regular" && period > current,
                    overdue: status != "paid" && due_on < today,
                    period,
                    kind,
                    status,
                    due_on,
                })
            })
            .collect(),
    }))
}

/// The service a bill is for: its number and row.
pub async fn service_of_invoice(state: &AppState, invoice_id: i64) -> Result<Option<(String, i64)>> {
    Ok(state.db.opt(SERVICE_OF_INVOICE, args![invoice_id]).await?)
}

/// The number behind a subdomain.
pub async fn number_of_slug(state: &AppState, slug: &str) -> Result<Option<String>> {
    Ok(state.db.opt::<(String,)>(SERVICE_OF_SLUG, args![slug]).await?.map(|row| row.0))
}

/// How the open bills of a service came about: bill, text, derivation, amount.
pub async fn derivations(state: &AppState, service_id: i64) -> Result<Vec<(i64, String, String, i64)>> {
    Ok(state.db.all(LINES_OF_OPEN, args![service_id]).await?)
}
