//! Saldo goes back to the customer: out of a bag of cash, or out of the bank account. A refund that was a mistake comes
//! back as a payment.

use super::settle::{AMOUNT_MAX, INSERT_ENTRY};
use super::{Ledger, count_on, take_turn_of};
use crate::args;
use crate::billing::Rupiah;
use crate::server::audit;
use crate::server::checks::reason;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::Datelike;

/// Saldo to be given back.
#[derive(Clone, Debug)]
pub struct RefundForm {
    /// A service of the payer.
    pub service_id: i64,
    /// Rupiah.
    pub amount: Rupiah,
    /// Whether it is cash; else a transfer.
    pub cash: bool,
    /// Whose bag the cash leaves.
    pub holder_id: Option<i64>,
    /// The bank's reference.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// Id of the form: the same one twice is one refund.
    pub request_id: String,
}

/// A refund that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// Its row.
    pub id: i64,
    /// `PS/2026/01/000001` (pengembalian Saldo).
    pub number: String,
    /// Rupiah.
    pub amount: Rupiah,
    /// Whether it had been written before.
    pub already: bool,
}

sql!(TAKEN = "SELECT id, number, amount FROM refund WHERE request_id = $1");
sql!(SALDO = "SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment WHERE customer_id = $1 AND unused > 0");
sql!(UNUSED = "SELECT id, unused FROM payment WHERE customer_id = $1 AND unused > 0 ORDER BY id");
sql!(INSERT = "INSERT INTO refund (number, request_id, customer_id, service_id, amount, method, bag_id, reference, reason, business_date, who, staff_id, at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id");
sql!(INSERT_PART = "INSERT INTO refund_part (refund_id, payment_id, amount) VALUES ($1, $2, $3)");
sql!(GIVE = "UPDATE payment SET unused = unused - $2 WHERE id = $1 AND unused >= $2");
sql!(HELD = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry WHERE bag_id = $1");
sql!(
    TAKE_OUT_OF_BAG =
        "INSERT INTO bag_entry (bag_id, kind, amount, payment_id, handover_id, refund_id, business_date, text, who, at)
 VALUES ($1, 'refund', $2, NULL, NULL, $3, $4, $5, $6, $7)"
);

impl Ledger {
    /// Gives Saldo back, oldest payment first.
    ///
    /// # Errors
    /// `Invalid` beside the field for an amount above the Saldo or above what the bag holds, or no reason; `Conflict`
    /// when the form's id was another refund.
    pub async fn refund(&self, form: RefundForm) -> Result<Refunded> {
        let ledger = self.clone();
        self.state
            .db
            .write(move |tx| {
                let (ledger, form) = (ledger.clone(), form.clone());
                Box::pin(async move { ledger.refund_in(tx, form).await })
            })
            .await
    }

    pub(super) async fn refund_in(&self, tx: &mut Tx, form: RefundForm) -> Result<Refunded> {
        let why = reason(&form.reason)?;
        self.must_be_open_today()?;
        if form.amount <= Rupiah::ZERO || form.amount > AMOUNT_MAX {
            return Err(Error::invalid("amount", "Isi jumlah yang dikembalikan, lebih dari nol."));
        }
        if form.reference.chars().count() > 500 {
            return Err(Error::invalid("reference", "Terlalu panjang, paling banyak 500 huruf."));
        }
        let customer_id = take_turn_of(tx, form.service_id).await?;
        if let Some((id, number, amount)) = tx.opt::<(i64, String, i64)>(TAKEN, args![&form.request_id]).await? {
            if amount == form.amount.0 {
                return Ok(Refunded { id, number, amount: form.amount, already: true });
            }
            return Err(Error::Conflict(
                "Formulir ini sudah dikirim dengan jumlah lain. Muat ulang halaman, lalu isi lagi.".to_owned(),
            ));
        }
        let saldo = Rupiah(tx.number(SALDO, args![customer_id]).await?);
        if form.amount > saldo {
            return Err(Error::invalid("amount", format!("Saldo pelanggan ini {saldo}; tidak dapat lebih dari itu.")));
        }
        let bag_id = if form.cash {
            let bag_id = self.bag(tx, form.holder_id, &self.who.name).await?;
            let holds = Rupiah(tx.number(HELD, args![bag_id]).await?);
            if holds < form.amount {
                return Err(Error::invalid(
                    "amount",
                    format!("Kas di tas Anda {holds}, tidak cukup. Kembalikan lewat transfer, atau kurangi jumlahnya."),
                ));
            }
            Some(bag_id)
        } else {
            None
        };
        let (year, month) = (self.today.year(), self.today.month());
        let sequence = count_on(tx, &format!("refund:{year:04}-{month:02}"), 1).await?;
        let number = format!("PS/{year:04}/{month:02}/{sequence:06}");
        let row = args![
            &number,
            &form.request_id,
            customer_id,
            form.service_id,
            form.amount,
            if form.cash { "cash" } else { "transfer" },
            bag_id,
            form.reference.trim(),
            &why,
            self.today,
            &self.who.name,
            self.who.staff_id,
            self.now
        ];
        let id = tx.number(INSERT, row).await?;
        let mut rest = form.amount.0;
        for (payment_id, unused) in tx.all::<(i64, i64)>(UNUSED, args![customer_id]).await? {
            let part = rest.min(unused);
            if part > 0 {
                tx.exec_one(GIVE, args![payment_id, part]).await?;
                tx.exec_one(INSERT_PART, args![id, payment_id, part]).await?;
                rest -= part;
            }
        }
        let text = format!("Saldo dikembalikan {number}: {why}");
        if let Some(bag_id) = bag_id {
            let out = args![bag_id, -form.amount, id, self.today, &text, &self.who.name, self.now];
            tx.exec_one(TAKE_OUT_OF_BAG, out).await?;
        }
        let entry = args![
            customer_id,
            form.service_id,
            "refund",
            form.amount,
            None::<i64>,
            None::<i64>,
            self.today,
            &text,
            &self.who.name,
            self.now
        ];
        tx.exec_one(INSERT_ENTRY, entry).await?;
        let subject = format!("service:{}", form.service_id);
        let after = format!("{number} {}: {why}", form.amount);
        audit::record(tx, &self.who, self.now, "saldo.refund", &subject, "", &after).await?;
        Ok(Refunded { id, number, amount: form.amount, already: false })
    }
}
