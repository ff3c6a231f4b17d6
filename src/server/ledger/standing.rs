//! What payments find when they come in, read for all of them in one statement inside their payers' turns; and the statement
//! that writes them. Both take their payments as JSON: one text serves one payment and thirty.

use super::allocate::{BillRow, open_bill, pay_bills};
use super::{Ledger, PayForm, Source, TURNS_OF_SERVICES, receipt_counter};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::invoice::receipt_prefix;
use crate::billing::payment::OpenBill;
use crate::server::access::ids::id_text;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;

/// The payer of a form, as he stands before it.
#[derive(Debug)]
pub(super) struct Standing {
    /// Who pays.
    pub(super) customer_id: i64,
    /// Whether this payment, or the form's request, was taken before.
    pub(super) taken: bool,
    /// Whether he has money that no bill has used.
    pub(super) has_saldo: bool,
    /// Whether a line of his is isolated, so that money may bring it back.
    pub(super) isolated: bool,
    /// His open bills, oldest due first.
    pub(super) bills: Vec<OpenBill>,
}

/// What is asked about a form.
#[derive(Serialize)]
struct Asked<'a> {
    n: usize,
    service_id: i64,
    gateway: Option<&'a str>,
    gateway_reference: Option<&'a str>,
    request_id: Option<&'a str>,
}

/// A payment to be written.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NewPayment<'a> {
    /// Its place among those that are written together, from 1.
    n: usize,
    customer_id: i64,
    service_id: i64,
    amount: i64,
    unused: i64,
    method: &'static str,
    channel: &'a str,
    gateway: Option<&'a str>,
    gateway_reference: Option<&'a str>,
    request_id: Option<&'a str>,
    reference: &'a str,
    note: &'a str,
    received_on: NaiveDate,
    received_by: &'a str,
    bag_id: Option<i64>,
}

/// What a payment gives a bill.
#[derive(Clone, Debug, Serialize)]
struct Part {
    n: usize,
    invoice_id: i64,
    amount: i64,
}

/// A payment as it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) payment_id: i64,
    pub(super) receipt: String,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    n: i64,
    payer: i64,
    taken: bool,
    has_saldo: bool,
    isolated: bool,
    id: Option<i64>,
    number: Option<String>,
    service_id: Option<i64>,
    period: Option<String>,
    kind: Option<String>,
    due_on: Option<NaiveDate>,
    left: Option<i64>,
}

// Counted, not EXISTS: PostgreSQL would read the Saldo of all customers into a table to look these few up in.
macro_rules! standing_of {
    ($asked:literal) => {
        concat!("SELECT f.n, s.customer_id AS payer,
   EXISTS (SELECT 1 FROM payment p WHERE p.gateway = f.gateway AND p.gateway_reference = f.gateway_reference)
    OR EXISTS (SELECT 1 FROM payment p WHERE p.request_id = f.request_id) AS taken,
   (SELECT COUNT(*) FROM payment p WHERE p.customer_id = s.customer_id AND p.unused > 0) > 0 AS has_saldo,
   (SELECT COUNT(*) FROM service o WHERE o.customer_id = s.customer_id AND o.desired = 'isolated') > 0 AS isolated,
   i.id, i.number, i.service_id, i.period, i.kind, i.due_on, i.total - i.paid AS \"left\"
 FROM ", $asked, " JOIN service s ON s.id = f.service_id
 LEFT JOIN invoice i ON i.customer_id = s.customer_id AND i.status IN ('open', 'partial') ORDER BY f.n, i.due_on, i.id")
    };
}
sql!(
    STANDING = sqlite standing_of!("(SELECT value ->> 'n' AS n, value ->> 'service_id' AS service_id, value ->> 'gateway' AS gateway,
  value ->> 'gateway_reference' AS gateway_reference, value ->> 'request_id' AS request_id FROM json_each($1)) f"),
    postgres standing_of!("JSONB_TO_RECORDSET(CAST($1 AS JSONB)) AS f(n BIGINT, service_id BIGINT, gateway TEXT, gateway_reference TEXT, request_id TEXT)")
);

// $1: the payments; $2: what each gives which bill; $3: the receipts' counter; $4: how many payments; $5: what their receipts begin
// with; $6: now; $7: today; $8: who, where he is staff; $9: his name. Each payment is one payer's, and no two are the same one's.
// Nothing is ever paid above its total, and a paid or void bill takes nothing. Answers each payment, and each bill that moved.
// The counter's row stays locked until the end of the transaction, so that numbers have no gap.
//
// PostgreSQL takes all of it as one statement. SQLite has none that writes inside another: there they follow each other in
// one text, and the newest payments are these, since nobody else writes meanwhile.
macro_rules! count_receipts {
    () => {
        "INSERT INTO counter AS c (name, n) VALUES ($3, CAST($4 AS BIGINT)) ON CONFLICT (name) DO UPDATE SET n = c.n + excluded.n"
    };
}
macro_rules! insert_payments {
    ($new:literal) => {
        concat!("INSERT INTO payment (receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference,
   request_id, reference, note, received_on, received_by, unused, at, bag_id, staff_id)
 SELECT $5 || SUBSTR('000000', LENGTH(CAST(c.n - CAST($4 AS BIGINT) + f.n AS TEXT)) + 1) || CAST(c.n - CAST($4 AS BIGINT) + f.n AS TEXT),
   f.customer_id, f.service_id, f.amount, f.method, f.channel, f.gateway, f.gateway_reference, f.request_id, f.reference, f.note,
   f.received_on, f.received_by, f.unused, $6, f.bag_id, $8 FROM ", $new, " ORDER BY f.n")
    };
}
macro_rules! insert_entries {
    ($paid:literal) => {
        concat!("INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 SELECT f.customer_id, f.service_id, 'payment', -f.amount, NULL, p.id, f.received_on, NULL, 'Pembayaran ' || p.receipt, $9, $6 FROM ", $paid, " ORDER BY f.n")
    };
}
macro_rules! insert_parts {
    ($paid:literal) => {
        concat!(
            "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at)
 SELECT p.id, a.invoice_id, a.amount, $7, $6 FROM ",
            $paid,
            " ORDER BY a.place"
        )
    };
}
sql!(
    WRITE = sqlite concat!(
        count_receipts!(), ";\n",
        insert_payments!("(SELECT value ->> 'n' AS n, value ->> 'customer_id' AS customer_id, value ->> 'service_id' AS service_id,
  value ->> 'amount' AS amount, value ->> 'unused' AS unused, value ->> 'method' AS method, value ->> 'channel' AS channel,
  value ->> 'gateway' AS gateway, value ->> 'gateway_reference' AS gateway_reference, value ->> 'request_id' AS request_id,
  value ->> 'reference' AS reference, value ->> 'note' AS note, value ->> 'received_on' AS received_on,
  value ->> 'received_by' AS received_by, value ->> 'bag_id' AS bag_id FROM json_each($1)) f JOIN counter c ON c.name = $3"),
        " RETURNING 'payment', id, receipt, customer_id;\n",
        insert_entries!("(SELECT value ->> 'n' AS n, value ->> 'customer_id' AS customer_id, value ->> 'service_id' AS service_id,
  value ->> 'amount' AS amount, value ->> 'received_on' AS received_on FROM json_each($1)) f
  JOIN payment p ON p.id = (SELECT MAX(id) FROM payment) - $4 + f.n"), ";\n",
        insert_parts!("(SELECT key AS place, value ->> 'n' AS n, value ->> 'invoice_id' AS invoice_id, value ->> 'amount' AS amount FROM json_each($2)) a
  JOIN payment p ON p.id = (SELECT MAX(id) FROM payment) - $4 + a.n"), ";\n",
        pay_bills!("(SELECT value ->> 'invoice_id' AS invoice_id, value ->> 'amount' AS amount FROM json_each($2))"),
        " RETURNING 'bill', id, number, customer_id"
    ),
    postgres concat!(
        "WITH f AS MATERIALIZED (SELECT * FROM JSONB_TO_RECORDSET(CAST($1 AS JSONB)) AS f(n BIGINT, customer_id BIGINT, service_id BIGINT,
   amount BIGINT, unused BIGINT, method TEXT, channel TEXT, gateway TEXT, gateway_reference TEXT, request_id TEXT, reference TEXT, note TEXT,
   received_on DATE, received_by TEXT, bag_id BIGINT)),
 a AS MATERIALIZED (SELECT CAST(place AS BIGINT) AS place, CAST(value ->> 'n' AS BIGINT) AS n, CAST(value ->> 'invoice_id' AS BIGINT) AS invoice_id,
   CAST(value ->> 'amount' AS BIGINT) AS amount FROM JSONB_ARRAY_ELEMENTS(CAST($2 AS JSONB)) WITH ORDINALITY AS t(value, place)),
 c AS (", count_receipts!(), " RETURNING c.n),\n p AS (",
        insert_payments!("f CROSS JOIN c"), " RETURNING id, receipt, customer_id),\n entered AS (",
        insert_entries!("f JOIN p ON p.customer_id = f.customer_id"), "),\n parted AS (",
        insert_parts!("a JOIN f ON f.n = a.n JOIN p ON p.customer_id = f.customer_id"), "),\n bill AS (",
        pay_bills!("a AS"), " RETURNING invoice.id, invoice.number, invoice.customer_id)\n",
        "SELECT 'payment', p.id, p.receipt, p.customer_id FROM p UNION ALL SELECT 'bill', bill.id, bill.number, bill.customer_id FROM bill"
    )
);

/// What makes a gateway's payment once only.
fn gateway_key(source: &Source) -> (Option<&str>, Option<&str>) {
    match source {
        Source::Gateway { gateway, reference, .. } => (Some(gateway), Some(reference)),
        Source::Cash | Source::Transfer => (None, None),
    }
}

/// Takes the payers' turns, and reads how they stand, in the order of the forms.
///
/// # Errors
/// `NotFound` when a service does not exist.
pub(super) async fn standings(ledger: &Ledger, tx: &mut Tx, forms: &[PayForm]) -> Result<Vec<Standing>> {
    let services: Vec<i64> = forms.iter().map(|form| form.service_id).collect();
    tx.lock(TURNS_OF_SERVICES, args![id_text(&services)]).await?;
    let asked: Vec<Asked<'_>> = forms
        .iter()
        .enumerate()
        .map(|(n, form)| {
            let (gateway, gateway_reference) = gateway_key(&form.source);
            // A gateway's payment is known by the gateway's own id alone.
            let request_id = if gateway.is_some() { None } else { form.request_id.as_deref() };
            Asked { n, service_id: form.service_id, gateway, gateway_reference, request_id }
        })
        .collect();
    let rows: Vec<StandingRow> = tx.all(STANDING, args![serde_json::to_string(&asked)?]).await?;
    let current = ledger.current();
    let mut found: BTreeMap<i64, Standing> = BTreeMap::new();
    for row in rows {
        let standing = found.entry(row.n).or_insert_with(|| Standing {
            customer_id: row.payer,
            taken: row.taken,
            has_saldo: row.has_saldo,
            isolated: row.isolated,
            bills: Vec::new(),
        });
        if let Some(bill) = row.bill() {
            standing.bills.push(open_bill(bill, current)?);
        }
    }
    if found.len() < forms.len() {
        return Err(Error::NotFound("Layanan itu tidak ada.".to_owned()));
    }
    Ok(found.into_values().collect())
}

/// Payments to be written together.
#[derive(Debug, Default)]
pub(super) struct NewPayments<'a> {
    payments: Vec<NewPayment<'a>>,
    parts: Vec<Part>,
}

impl<'a> NewPayments<'a> {
    /// Adds a payer's payment and what it gives which bill.
    pub(super) fn push(
        &mut self,
        form: &'a PayForm,
        (customer_id, bag_id): (i64, Option<i64>),
        (parts, rest): (&[(i64, Rupiah)], Rupiah),
    ) {
        let n = self.payments.len() + 1;
        let (gateway, gateway_reference) = gateway_key(&form.source);
        self.payments.push(NewPayment {
            n,
            customer_id,
            service_id: form.service_id,
            amount: form.amount.0,
            unused: rest.0,
            method: form.source.method(),
            channel: match &form.source {
                Source::Gateway { channel, .. } => channel,
                Source::Cash | Source::Transfer => "",
            },
            gateway,
            gateway_reference,
            request_id: form.request_id.as_deref(),
            reference: &form.reference,
            note: &form.note,
            received_on: form.received_on,
            received_by: &form.received_by,
            bag_id,
        });
        self.parts.extend(parts.iter().map(|(id, amount)| Part { n, invoice_id: *id, amount: amount.0 }));
    }

    /// Writes them; answers each by its payer.
    pub(super) async fn write(&self, ledger: &Ledger, tx: &mut Tx) -> Result<BTreeMap<i64, Written>> {
        if self.payments.is_empty() {
            return Ok(BTreeMap::new());
        }
        let many = i64::try_from(self.payments.len()).map_err(|_| Error::Corrupt("terlalu banyak".to_owned()))?;
        let values = args![
            serde_json::to_string(&self.payments)?,
            serde_json::to_string(&self.parts)?,
            receipt_counter(ledger.today),
            many,
            receipt_prefix(ledger.today.year(), ledger.today.month()),
            ledger.now,
            ledger.today,
            ledger.who.staff_id,
            &ledger.who.name
        ];
        let mut written = BTreeMap::new();
        let mut moved = 0;
        for (what, id, text, customer_id) in tx.all::<(String, i64, String, i64)>(WRITE, values).await? {
            match what.as_str() {
                "payment" => drop(written.insert(customer_id, Written { payment_id: id, receipt: text })),
                _ => moved += 1,
            }
        }
        if written.len() != self.payments.len() || moved != self.parts.len() {
            return Err(Error::Corrupt(format!("{moved} dari {} tagihan terbayar", self.parts.len())));
        }
        Ok(written)
    }
}

impl StandingRow {
    /// Its bill, where the payer has an open one.
    fn bill(self) -> Option<BillRow> {
        Some(BillRow {
            id: self.id?,
            number: self.number?,
            service_id: self.service_id?,
            period: self.period?,
            kind: self.kind?,
            due_on: self.due_on?,
            left: self.left?,
        })
    }
}
