//! Payments meet bills: the open bills of a payer, and the rows that say what paid what.

use super::Ledger;
use crate::args;
use crate::billing::payment::{OpenBill, plan_saldo};
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeSet;

/// An open bill as it is read.
#[derive(sqlx::FromRow)]
pub(super) struct BillRow {
    pub(super) id: i64,
    pub(super) number: String,
    pub(super) service_id: i64,
    pub(super) period: String,
    pub(super) kind: String,
    pub(super) due_on: NaiveDate,
    pub(super) left: i64,
}

sql!(
    OPEN_BILLS = "SELECT id, number, service_id, period, kind, due_on, total - paid AS \"left\" FROM invoice
 WHERE customer_id = $1 AND status IN ('open', 'partial') ORDER BY due_on, id"
);
// What payments give bills ($1), today ($2), now ($3). Nothing is ever paid above its total, a paid or void bill takes nothing, and
// no payment gives more than it has. Answers each bill and each payment that moved.
macro_rules! insert_parts {
    ($parts:literal) => {
        concat!(
            "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at)
 SELECT a.payment_id, a.invoice_id, a.amount, $2, $3 FROM ",
            $parts,
            " ORDER BY a.place"
        )
    };
}
macro_rules! pay_bills {
    ($parts:literal) => {
        concat!("UPDATE invoice SET paid = invoice.paid + a.amount, status = CASE WHEN invoice.paid + a.amount = invoice.total THEN 'paid' ELSE 'partial' END
 FROM ", $parts, " a WHERE invoice.id = a.invoice_id AND invoice.status IN ('open', 'partial') AND invoice.paid + a.amount <= invoice.total")
    };
}
macro_rules! use_payments {
    ($parts:literal) => {
        concat!("UPDATE payment SET unused = payment.unused - g.amount FROM (SELECT a.payment_id, CAST(SUM(a.amount) AS BIGINT) AS amount FROM ", $parts, " GROUP BY a.payment_id) g
 WHERE payment.id = g.payment_id AND payment.unused >= g.amount")
    };
}
pub(super) use pay_bills;
sql!(
    LAY = sqlite concat!(
        insert_parts!("(SELECT key AS place, value ->> 'payment_id' AS payment_id, value ->> 'invoice_id' AS invoice_id, value ->> 'amount' AS amount FROM json_each($1)) a"), ";\n",
        pay_bills!("(SELECT value ->> 'invoice_id' AS invoice_id, value ->> 'amount' AS amount FROM json_each($1))"), " RETURNING 'bill', id;\n",
        use_payments!("(SELECT value ->> 'payment_id' AS payment_id, value ->> 'amount' AS amount FROM json_each($1)) a"), " RETURNING 'payment', id"
    ),
    postgres concat!(
        "WITH a AS MATERIALIZED (SELECT place, CAST(value ->> 'payment_id' AS BIGINT) AS payment_id, CAST(value ->> 'invoice_id' AS BIGINT) AS invoice_id,
   CAST(value ->> 'amount' AS BIGINT) AS amount FROM JSONB_ARRAY_ELEMENTS(CAST($1 AS JSONB)) WITH ORDINALITY AS t(value, place)),\n parted AS (",
        insert_parts!("a"), "),\n bill AS (",
        pay_bills!("a AS"), " RETURNING invoice.id),\n used AS (",
        use_payments!("a"), " RETURNING payment.id)\n",
        "SELECT 'bill', bill.id FROM bill UNION ALL SELECT 'payment', used.id FROM used"
    )
);
sql!(UNUSED_PAYMENTS = "SELECT id, unused FROM payment WHERE customer_id = $1 AND unused > 0 ORDER BY id");

/// What a payment gives a bill.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Laying {
    payment_id: i64,
    invoice_id: i64,
    amount: i64,
}

impl Laying {
    pub(super) fn new(payment_id: i64, invoice_id: i64, amount: Rupiah) -> Self {
        Self { payment_id, invoice_id, amount: amount.0 }
    }
}

/// A bill as the rule takes it, in month `current`.
pub(super) fn open_bill(row: BillRow, current: Period) -> Result<OpenBill> {
    let period: Period =
        row.period.parse().map_err(|_| Error::Corrupt(format!("periode {} dari {}", row.period, row.number)))?;
    Ok(OpenBill {
        id: row.id,
        service_id: row.service_id,
        period,
        opening: row.kind == "opening",
        due_on: row.due_on,
        number: row.number,
        left: Rupiah(row.left),
        begun: row.kind != "regular" || period <= current,
    })
}

impl Ledger {
    /// The payer's open bills, oldest due first. Call it inside his turn.
    pub(super) async fn open_bills(&self, tx: &mut Tx, customer_id: i64) -> Result<Vec<OpenBill>> {
        let current = self.current();
        let rows: Vec<BillRow> = tx.all(OPEN_BILLS, args![customer_id]).await?;
        rows.into_iter().map(|row| open_bill(row, current)).collect()
    }

    /// Writes what `payment_id` pays: allocations, bill states, what is left unused.
    pub(super) async fn allocate(&self, tx: &mut Tx, payment_id: i64, parts: &[(i64, Rupiah)]) -> Result<()> {
        let laid: Vec<Laying> = parts.iter().map(|(bill, amount)| Laying::new(payment_id, *bill, *amount)).collect();
        self.lay(tx, &laid).await
    }

    /// Writes what payments pay; a bill stands in it once.
    pub(super) async fn lay(&self, tx: &mut Tx, parts: &[Laying]) -> Result<()> {
        if parts.is_empty() {
            return Ok(());
        }
        let payments: BTreeSet<i64> = parts.iter().map(|part| part.payment_id).collect();
        let moved: Vec<(String, i64)> = tx.all(LAY, args![serde_json::to_string(parts)?, self.today, self.now]).await?;
        if moved.len() != parts.len() + payments.len() {
            return Err(Error::Corrupt(format!(
                "{} dari {} tagihan dan pembayaran berubah",
                moved.len(),
                parts.len() + payments.len()
            )));
        }
        Ok(())
    }

    /// Lets the payer's Saldo pay every open bill whose month has begun, oldest payment first. Call it inside his turn.
    pub(super) async fn use_saldo(&self, tx: &mut Tx, customer_id: i64) -> Result<()> {
        let payments: Vec<(i64, i64)> = tx.all(UNUSED_PAYMENTS, args![customer_id]).await?;
        for (payment_id, unused) in payments {
            let bills = self.open_bills(tx, customer_id).await?;
            let plan = plan_saldo(Rupiah(unused), &bills);
            if plan.parts.is_empty() {
                break;
            }
            self.allocate(tx, payment_id, &plan.parts).await?;
        }
        Ok(())
    }
}
