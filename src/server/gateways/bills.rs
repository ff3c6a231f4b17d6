//! Which bills an attempt is for: chosen by a payer, completed by what is older, named on his pages.

use crate::app::admin::words;
use crate::args;
use crate::billing::Rupiah;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::sql;
use chrono::NaiveDate;
use std::collections::HashMap;

// Those of the payer of bill $1. Service by service, each in the order of payment.
sql!(BILLS_TO_PAY = "SELECT i.id, i.number, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) AS text,
   i.service_id, s.service_number, i.total - i.paid AS \"left\" FROM invoice i JOIN service s ON s.id = i.service_id
 WHERE i.customer_id = (SELECT o.customer_id FROM invoice o WHERE o.id = $1) AND i.status IN ('open', 'partial')
 ORDER BY i.service_id, CASE WHEN i.kind = 'opening' THEN 0 ELSE 1 END, i.due_on, i.number");

/// An open bill of a payer, in the order of payment.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenBill {
    /// Its row.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Its month.
    pub period: String,
    /// `regular`, `opening`, …
    pub kind: String,
    /// What its first line says.
    pub text: Option<String>,
    /// The service it is for.
    pub service_id: i64,
    /// That service's number.
    pub service_number: String,
    /// What is left to pay.
    pub left: i64,
}

/// Bills that were chosen, with the older ones that belong before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// All of them, service by service, that of the first chosen before the others; oldest first.
    pub bills: Vec<OpenBill>,
    /// Rows of those that were not chosen.
    pub added: Vec<i64>,
    /// How many of the chosen are not open, or not this payer's.
    pub gone: usize,
}

impl Picked {
    /// Whether they are of several services.
    pub fn several_services(&self) -> bool {
        self.bills.iter().any(|bill| self.bills.first().is_some_and(|first| first.service_id != bill.service_id))
    }

    /// What a bill is, with its service where there are several.
    pub fn words(&self, bill: &OpenBill) -> String {
        titled(&bill.kind, &bill.period, bill.text.as_deref(), self.several_services().then_some(&bill.service_number))
    }
}

fn titled(kind: &str, period: &str, text: Option<&str>, number: Option<&String>) -> String {
    let words = words::bill(kind, period, text);
    match number {
        Some(number) => format!("{words} (layanan {})", mask_number(number)),
        None => words,
    }
}

/// The end of a service number, for pages that whoever knows another number may open: `••••0002`.
pub fn mask_number(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    let shown = if letters.len() > 6 { 4 } else { 2 };
    let end: String = letters.get(letters.len().saturating_sub(shown)..).unwrap_or_default().iter().collect();
    format!("••••{end}")
}

/// The chosen bills that are open, and with them what is older of the same service: that is paid first. Source: RULES,
/// "Money in".
///
/// # Errors
/// `Refused` when nothing was chosen, or nothing of it is open.
pub async fn pick(state: &AppState, chosen: &[i64]) -> Result<Picked> {
    let Some(first) = chosen.first() else {
        return Err(Error::Refused("Pilih dahulu tagihan yang akan dibayar.".to_owned()));
    };
    let open: Vec<OpenBill> = state.db.all(BILLS_TO_PAY, args![*first]).await?;
    let gone = chosen.iter().filter(|id| !open.iter().any(|bill| bill.id == **id)).count();
    let mut last: HashMap<i64, usize> = HashMap::new();
    for (place, bill) in open.iter().enumerate().filter(|(_, bill)| chosen.contains(&bill.id)) {
        last.insert(bill.service_id, place);
    }
    // The service that was named first leads: pages and the attempt go back to it, and the payer's others may be masked there.
    let named = chosen.iter().find_map(|id| open.iter().find(|bill| bill.id == *id)).map(|bill| bill.service_id);
    let mut bills: Vec<OpenBill> = open
        .into_iter()
        .enumerate()
        .filter(|(place, bill)| last.get(&bill.service_id).is_some_and(|last| place <= last))
        .map(|(_, bill)| bill)
        .collect();
    bills.sort_by_key(|bill| Some(bill.service_id) != named);
    if bills.is_empty() {
        return Err(Error::Refused("Tagihan itu sudah lunas atau tidak ada. Muat ulang halaman tagihan.".to_owned()));
    }
    let added = bills.iter().map(|bill| bill.id).filter(|id| !chosen.contains(id)).collect();
    Ok(Picked { bills, added, gone })
}

/// The bills, if exactly those were chosen.
pub(super) fn whole(picked: Picked) -> Result<Vec<OpenBill>> {
    if picked.gone > 0 {
        return Err(Error::Refused("Tagihan itu sudah lunas atau tidak ada. Muat ulang halaman tagihan.".to_owned()));
    }
    if let Some(older) = picked.bills.iter().find(|bill| picked.added.contains(&bill.id)) {
        return Err(Error::Refused(format!(
            "Masih ada tagihan yang lebih lama ({}, {}). Bayar tagihan itu dahulu, atau keduanya sekaligus.",
            older.number,
            Rupiah(older.left)
        )));
    }
    Ok(picked.bills)
}

/// A bill for the payment page.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AttemptBill {
    /// Its row.
    pub invoice_id: i64,
    /// Its number.
    pub number: String,
    /// Its month.
    pub period: String,
    /// What kind of bill.
    pub kind: String,
    /// What its first line says.
    pub text: Option<String>,
    /// The number of its service.
    pub service_number: String,
    /// Whether that service is slowed down.
    pub isolated: bool,
    /// What the attempt pays.
    pub amount: i64,
    /// Its due date.
    pub due_on: NaiveDate,
}

/// Whether an attempt pays for several services: then its pages name none of them whole.
pub fn several(bills: &[AttemptBill]) -> bool {
    bills.iter().any(|bill| bills.first().is_some_and(|first| first.service_number != bill.service_number))
}

/// What an attempt pays, in words; each with its service where there are several.
pub fn titles(bills: &[AttemptBill]) -> String {
    let several = several(bills);
    let title = |bill: &AttemptBill| {
        titled(&bill.kind, &bill.period, bill.text.as_deref(), several.then_some(&bill.service_number))
    };
    bills.iter().map(title).collect::<Vec<_>>().join(", ")
}

sql!(ATTEMPT_BILLS = "SELECT ai.invoice_id, i.number, i.period, i.kind, (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) AS text,
   s.service_number, s.desired = 'isolated' AS isolated, ai.amount, i.due_on
 FROM payment_attempt_invoice ai JOIN invoice i ON i.id = ai.invoice_id JOIN service s ON s.id = i.service_id
 WHERE ai.attempt_id = $1 ORDER BY i.service_id, i.due_on, i.number");

/// The bills of an attempt.
pub async fn of_attempt(state: &AppState, attempt_id: i64) -> Result<Vec<AttemptBill>> {
    Ok(state.db.all(ATTEMPT_BILLS, args![attempt_id]).await?)
}
