//! Mistakes are taken back by new rows that name what they take back: a payment whole, with everything it paid; a bill
//! that nothing has paid. Source: RULES, "Money in"; DESIGN, section 3.

use super::{Ledger, take_turn};
use crate::args;
use crate::billing::Rupiah;
use crate::server::access;
use crate::server::audit;
use crate::server::checks::reason;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;

/// A payment as it stands.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Standing {
    customer_id: i64,
    service_id: i64,
    receipt: String,
    amount: i64,
    method: String,
    bag_id: Option<i64>,
    reversed_on: Option<NaiveDate>,
    refunded: i64,
}

/// A bill as it stands.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Bill {
    customer_id: i64,
    service_id: i64,
    number: String,
    total: i64,
    paid: i64,
    status: String,
}

sql!(PAYER_OF_PAYMENT = "SELECT customer_id FROM payment WHERE id = $1");
sql!(
    STANDING = "SELECT p.customer_id, p.service_id, p.receipt, p.amount, p.method, p.bag_id, p.reversed_on,
   (SELECT CAST(COALESCE(SUM(r.amount), 0) AS BIGINT) FROM refund_part r WHERE r.payment_id = p.id) AS refunded
 FROM payment p WHERE p.id = $1"
);
sql!(
    USED_FOR =
        "SELECT invoice_id, CAST(SUM(amount) AS BIGINT) FROM allocation WHERE payment_id = $1 GROUP BY invoice_id
 HAVING SUM(amount) > 0 ORDER BY invoice_id"
);
sql!(
    TAKE_BACK_ALLOCATIONS = "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at, reverses)
 SELECT a.payment_id, a.invoice_id, -a.amount, $2, $3, a.id FROM allocation a WHERE a.payment_id = $1 AND a.reverses IS NULL
   AND NOT EXISTS (SELECT 1 FROM allocation r WHERE r.reverses = a.id) ORDER BY a.id"
);
// Guarded: only what was paid can be taken back.
sql!(
    UNPAY_INVOICE = "UPDATE invoice SET paid = paid - $2, status = CASE WHEN paid = $2 THEN 'open' ELSE 'partial' END,
   written_off = written_off - $3 WHERE id = $1 AND status IN ('partial', 'paid') AND paid >= $2"
);
sql!(MARK_REVERSED = "UPDATE payment SET unused = 0, reversed_on = $2 WHERE id = $1 AND reversed_on IS NULL");
sql!(
    TAKE_BACK_PAYMENT = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 SELECT e.customer_id, e.service_id, 'reversal', -e.amount, NULL, e.payment_id, $2, e.id, $3, $4, $5 FROM ledger_entry e
 WHERE e.payment_id = $1 AND e.kind IN ('payment', 'opening_credit', 'credit', 'write_off')"
);
sql!(
    TAKE_OUT_OF_BAG =
        "INSERT INTO bag_entry (bag_id, kind, amount, payment_id, handover_id, business_date, text, who, at)
 VALUES ($1, 'reversal', $2, $3, NULL, $4, $5, $6, $7)"
);
sql!(
    DROP_CONFIRMATION = "UPDATE message SET state = 'cancelled', reason = 'Pembayaran dibatalkan' WHERE state = 'queued' AND subject = $1"
);

sql!(PAYER_OF_BILL = "SELECT customer_id FROM invoice WHERE id = $1");
sql!(BILL = "SELECT customer_id, service_id, number, total, paid, status FROM invoice WHERE id = $1");
sql!(VOID_BILL = "UPDATE invoice SET status = 'void' WHERE id = $1 AND status = 'open' AND paid = 0");
sql!(VOID_LINES = "UPDATE invoice_line SET void = TRUE WHERE invoice_id = $1");
sql!(
    TAKE_BACK_BILL = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 SELECT e.customer_id, e.service_id, 'void', -e.amount, e.invoice_id, NULL, $2, e.id, $3, $4, $5 FROM ledger_entry e
 WHERE e.invoice_id = $1 AND e.kind IN ('issue', 'opening')"
);

impl Ledger {
    /// Takes a payment (or a note of credit, or a write-off) back, whole: its bills are open again by what it paid, its
    /// cash leaves the bag it lay in. Other Saldo of the payer then pays what is open; nothing is cut before the next
    /// run. Answers the receipt's number.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when it was taken back already or part of it was given back; `Invalid` without a reason.
    pub async fn reverse_payment(&self, payment_id: i64, why: &str) -> Result<String> {
        let (ledger, why) = (self.clone(), why.to_owned());
        self.state
            .db
            .write(move |tx| {
                let (ledger, why) = (ledger.clone(), why.clone());
                Box::pin(async move { ledger.reverse_payment_in(tx, payment_id, &why).await })
            })
            .await
    }

    /// The same, inside the caller's transaction.
    pub(crate) async fn reverse_payment_in(&self, tx: &mut Tx, payment_id: i64, why: &str) -> Result<String> {
        let why = reason(why)?;
        self.must_be_open_today()?;
        let gone = || Error::NotFound("Pembayaran itu tidak ada.".to_owned());
        let (customer_id,) = tx.opt::<(i64,)>(PAYER_OF_PAYMENT, args![payment_id]).await?.ok_or_else(gone)?;
        take_turn(tx, customer_id).await?;
        let payment: Standing = tx.one(STANDING, args![payment_id]).await?;
        if payment.reversed_on.is_some() {
            return Err(Error::Refused(format!("{} sudah dibatalkan.", payment.receipt)));
        }
        if payment.refunded > 0 {
            return Err(Error::Refused(format!(
                "Sebagian dari {} ({}) sudah dikembalikan kepada pelanggan, jadi tidak dapat dibatalkan.",
                payment.receipt,
                Rupiah(payment.refunded)
            )));
        }
        let used: Vec<(i64, i64)> = tx.all(USED_FOR, args![payment_id]).await?;
        tx.exec(TAKE_BACK_ALLOCATIONS, args![payment_id, self.today, self.now]).await?;
        for (invoice_id, amount) in used {
            let written_off = if payment.method == "write_off" { amount } else { 0 };
            tx.exec_one(UNPAY_INVOICE, args![invoice_id, amount, written_off]).await?;
        }
        tx.exec_one(MARK_REVERSED, args![payment_id, self.today]).await?;
        let text = format!("Pembatalan {}: {why}", payment.receipt);
        tx.exec_one(TAKE_BACK_PAYMENT, args![payment_id, self.today, &text, &self.who.name, self.now]).await?;
        if let Some(bag_id) = payment.bag_id {
            let out = args![bag_id, -payment.amount, payment_id, self.today, &text, &self.who.name, self.now];
            tx.exec_one(TAKE_OUT_OF_BAG, out).await?;
        }
        tx.exec(DROP_CONFIRMATION, args![format!("payment:{payment_id}")]).await?;
        self.use_saldo(tx, payment.customer_id).await?;
        let before = format!("{} {}", payment.receipt, Rupiah(payment.amount));
        let subject = format!("service:{}", payment.service_id);
        audit::record(tx, &self.who, self.now, "payment.reverse", &subject, &before, &why).await?;
        Ok(payment.receipt)
    }

    /// Voids a bill that nothing has paid. Its month is billed again only from the service's page. Answers its number.
    ///
    /// # Errors
    /// `NotFound`; `Refused` when it is void already or something of it is paid; `Invalid` without a reason.
    pub async fn void_invoice(&self, invoice_id: i64, why: &str) -> Result<String> {
        let (ledger, why) = (self.clone(), why.to_owned());
        let number = self
            .state
            .db
            .write(move |tx| {
                let (ledger, why) = (ledger.clone(), why.clone());
                Box::pin(async move { ledger.void_invoice_in(tx, invoice_id, &why).await })
            })
            .await?;
        self.state.work_bell.notify_waiters();
        Ok(number)
    }

    /// The same, inside the caller's transaction.
    pub(crate) async fn void_invoice_in(&self, tx: &mut Tx, invoice_id: i64, why: &str) -> Result<String> {
        let why = reason(why)?;
        self.must_be_open_today()?;
        let gone = || Error::NotFound("Tagihan itu tidak ada.".to_owned());
        let (customer_id,) = tx.opt::<(i64,)>(PAYER_OF_BILL, args![invoice_id]).await?.ok_or_else(gone)?;
        take_turn(tx, customer_id).await?;
        let bill: Bill = tx.one(BILL, args![invoice_id]).await?;
        if bill.status == "void" {
            return Err(Error::Refused(format!("{} sudah dibatalkan.", bill.number)));
        }
        if bill.paid > 0 {
            return Err(Error::Refused(format!(
                "{} sudah dibayar {}. Batalkan dulu pembayarannya, atau beri nota kredit.",
                bill.number,
                Rupiah(bill.paid)
            )));
        }
        tx.exec_one(VOID_BILL, args![invoice_id]).await?;
        tx.exec(VOID_LINES, args![invoice_id]).await?;
        let text = format!("Tagihan {} dibatalkan: {why}", bill.number);
        tx.exec_one(TAKE_BACK_BILL, args![invoice_id, self.today, text, &self.who.name, self.now]).await?;
        access::after_money(tx, &self.access(), bill.customer_id).await?;
        let before = format!("{} {}", bill.number, Rupiah(bill.total));
        let subject = format!("service:{}", bill.service_id);
        audit::record(tx, &self.who, self.now, "invoice.void", &subject, &before, &why).await?;
        Ok(bill.number)
    }
}
