//! Payments meet bills: the open bills of a payer, and the rows that say what paid what.

use super::Ledger;
use crate::args;
use crate::billing::payment::{OpenBill, plan_saldo};
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;

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
sql!(
    INSERT_ALLOCATION =
        "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at) VALUES ($1, $2, $3, $4, $5)"
);
// Guarded: nothing is ever paid above its total, and a paid or void bill takes nothing.
sql!(
    PAY_INVOICE =
        "UPDATE invoice SET paid = paid + $2, status = CASE WHEN paid + $2 = total THEN 'paid' ELSE 'partial' END
 WHERE id = $1 AND status IN ('open', 'partial') AND paid + $2 <= total"
);
sql!(USE_PAYMENT = "UPDATE payment SET unused = unused - $2 WHERE id = $1 AND unused >= $2");
sql!(UNUSED_PAYMENTS = "SELECT id, unused FROM payment WHERE customer_id = $1 AND unused > 0 ORDER BY id");

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
        for (invoice_id, amount) in parts {
            tx.exec_one(INSERT_ALLOCATION, args![payment_id, *invoice_id, *amount, self.today, self.now]).await?;
            tx.exec_one(PAY_INVOICE, args![*invoice_id, *amount]).await?;
        }
        let used: i64 = parts.iter().map(|part| part.1.0).sum();
        if used > 0 {
            tx.exec_one(USE_PAYMENT, args![payment_id, used]).await?;
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
