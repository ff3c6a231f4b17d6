//! Money comes in: one transaction for payment, allocations, Saldo, next month's bill, access and messages.

use super::{Ledger, confirm, count_on, receipt_counter, take_turn_of};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::invoice::receipt_number;
use crate::billing::payment::{OpenBill, plan};
use crate::server::access;
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// More than this at once is a typing error.
pub(super) const AMOUNT_MAX: Rupiah = Rupiah(1_000_000_000_000);
/// How far back a payment may be dated, in days.
const BACKDATE_DAYS_MAX: u64 = 31;

/// Where the money came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Into somebody's hand.
    Cash,
    /// Into the company's bank account.
    Transfer,
    /// Through a payment gateway, under its own payment id, which makes it once only.
    Gateway {
        /// `flip`.
        gateway: String,
        /// The gateway's id of the payment.
        reference: String,
        /// Our method code, `bni_va`.
        channel: String,
    },
}

/// A payment that came in.
#[derive(Clone, Debug)]
pub struct PayForm {
    /// The service it was made for; its payer is the customer.
    pub service_id: i64,
    /// Rupiah received.
    pub amount: Rupiah,
    /// Where from.
    pub source: Source,
    /// Bills that were chosen; they come first.
    pub chosen: Vec<i64>,
    /// Business day it was received.
    pub received_on: NaiveDate,
    /// Who has it: a cashier's name, the gateway.
    pub received_by: String,
    /// The member of staff whose bag cash goes into; without one it is the bag of the name.
    pub holder_id: Option<i64>,
    /// The bank's or the gateway's reference, for people.
    pub reference: String,
    /// A note for people.
    pub note: String,
    /// Id of the form: the same one twice is one payment.
    pub request_id: Option<String>,
    /// The payment attempt that it answers.
    pub attempt_id: Option<i64>,
}

/// What a bill got of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    /// The bill.
    pub invoice_id: i64,
    /// Its number.
    pub number: String,
    /// What it got.
    pub amount: Rupiah,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its row.
    pub payment_id: i64,
    /// `KW/2026/01/000001`.
    pub receipt: String,
    /// What was received.
    pub amount: Rupiah,
    /// What it paid.
    pub allocated: Vec<Allocated>,
    /// What of it became Saldo.
    pub credit: Rupiah,
    /// Whether it had been taken before: nothing was written now.
    pub already: bool,
}

#[derive(sqlx::FromRow)]
pub(super) struct Stored {
    pub(super) id: i64,
    receipt: String,
    service_id: i64,
    pub(super) amount: i64,
    unused: i64,
}

sql!(
    FIND_BY_GATEWAY =
        "SELECT id, receipt, service_id, amount, unused FROM payment WHERE gateway = $1 AND gateway_reference = $2"
);
sql!(pub(super) FIND_BY_REQUEST = "SELECT id, receipt, service_id, amount, unused FROM payment WHERE request_id = $1");
sql!(FIND_BY_ID = "SELECT id, receipt, service_id, amount, unused FROM payment WHERE id = $1");
sql!(
    INSERT_PAYMENT =
        "INSERT INTO payment (receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference,
   request_id, reference, note, received_on, received_by, unused, at, bag_id, staff_id)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $4, $14, $15, $16) RETURNING id"
);
sql!(pub(super) INSERT_ENTRY = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, $10)");
sql!(ALLOCATED = "SELECT a.invoice_id, i.number, CAST(SUM(a.amount) AS BIGINT) FROM allocation a JOIN invoice i ON i.id = a.invoice_id
 WHERE a.payment_id = $1 GROUP BY a.invoice_id, i.number HAVING SUM(a.amount) > 0 ORDER BY MIN(a.id)");
sql!(ATTEMPT_PAID = "UPDATE payment_attempt SET status = 'paid', updated_at = $2 WHERE id = $1 AND status <> 'paid'");

/// Refuses a choice that leaves an older bill of the same service open.
fn oldest_first(chosen: &[i64], bills: &[OpenBill]) -> Result<()> {
    let place = |bill: &OpenBill| (!bill.opening, bill.due_on, bill.number.clone());
    for bill in bills.iter().filter(|bill| chosen.contains(&bill.id)) {
        let older = bills.iter().find(|other| {
            other.service_id == bill.service_id && !chosen.contains(&other.id) && place(other) < place(bill)
        });
        if let Some(older) = older {
            return Err(Error::Refused(format!(
                "{} lebih lama dan belum lunas. Bayar keduanya sekaligus, atau yang lama dulu.",
                older.number
            )));
        }
    }
    Ok(())
}

impl Ledger {
    /// Takes a payment, in a transaction of its own. The same gateway reference or request id again writes nothing
    /// and answers as the first time. Wrong amounts are taken as what they are.
    pub async fn settle(&self, form: PayForm) -> Result<Receipt> {
        let ledger = self.clone();
        let receipt = self
            .state
            .db
            .write(move |tx| {
                let (ledger, form) = (ledger.clone(), form.clone());
                Box::pin(async move { ledger.settle_in(tx, form).await })
            })
            .await?;
        self.state.work_bell.notify_waiters();
        Ok(receipt)
    }

    /// Takes a payment inside the caller's transaction.
    pub async fn settle_in(&self, tx: &mut Tx, form: PayForm) -> Result<Receipt> {
        self.check(&form)?;
        let customer_id = take_turn_of(tx, form.service_id).await?;
        if let Some(stored) = self.find_taken(tx, &form).await? {
            if let Some(attempt_id) = form.attempt_id {
                tx.exec(ATTEMPT_PAID, args![attempt_id, self.now]).await?;
            }
            return self.receipt(tx, stored.id, true).await;
        }

        let sequence = count_on(tx, &receipt_counter(self.today), 1).await?;
        let receipt = receipt_number(self.today.year(), self.today.month(), sequence);
        let (method, channel, gateway, reference) = match &form.source {
            Source::Cash => ("cash", String::new(), None, None),
            Source::Transfer => ("transfer", String::new(), None, None),
            Source::Gateway { gateway, reference, channel } => {
                ("gateway", channel.clone(), Some(gateway.clone()), Some(reference.clone()))
            }
        };
        let bag_id = match form.source {
            Source::Cash => {
                let bag_id = self.bag(tx, form.holder_id, &form.received_by).await?;
                self.has_room(tx, bag_id, form.amount).await?;
                Some(bag_id)
            }
            Source::Transfer | Source::Gateway { .. } => None,
        };
        let payment_id = tx
            .number(
                INSERT_PAYMENT,
                args![
                    &receipt,
                    customer_id,
                    form.service_id,
                    form.amount,
                    method,
                    channel,
                    gateway,
                    reference,
                    form.request_id.clone(),
                    &form.reference,
                    &form.note,
                    form.received_on,
                    &form.received_by,
                    self.now,
                    bag_id,
                    self.who.staff_id
                ],
            )
            .await?;
        if let Some(bag_id) = bag_id {
            self.put_in_bag(tx, bag_id, (payment_id, &receipt), form.amount, form.received_on).await?;
        }
        tx.exec_one(
            INSERT_ENTRY,
            args![
                customer_id,
                form.service_id,
                "payment",
                -form.amount,
                None::<i64>,
                payment_id,
                form.received_on,
                format!("Pembayaran {receipt}"),
                &self.who.name,
                self.now
            ],
        )
        .await?;

        // First what it was made for and what is due; each regular bill that it completes may bring the next month's,
        // and what remains goes to those.
        let mut rest = form.amount;
        let mut completed = Vec::new();
        for round in 0..2 {
            let bills = self.open_bills(tx, customer_id).await?;
            let chosen = if round == 0 { form.chosen.as_slice() } else { &[] };
            if !matches!(form.source, Source::Gateway { .. }) {
                oldest_first(chosen, &bills)?;
            }
            let planned = plan(rest, chosen, Some(form.service_id), &bills);
            self.allocate(tx, payment_id, &planned.parts).await?;
            rest = planned.rest;
            completed.extend(bills.into_iter().filter(|bill| {
                planned.parts.iter().any(|(id, amount)| *id == bill.id && *amount == bill.left) && !bill.opening
            }));
            if round == 0 && !self.next_bills(tx, &completed).await? {
                break;
            }
        }
        self.use_saldo(tx, customer_id).await?;
        let restored = access::after_money(tx, &self.access(), customer_id).await?;
        if let Some(attempt_id) = form.attempt_id {
            tx.exec(ATTEMPT_PAID, args![attempt_id, self.now]).await?;
        }
        let receipt = self.receipt(tx, payment_id, false).await?;
        confirm::queue(self, tx, customer_id, &form, &receipt, !restored.is_empty()).await?;
        if self.who.staff_id.is_some() || self.who.name == "Perintah" {
            let way = match method {
                "cash" => "tunai",
                "opening" => "saldo awal",
                "gateway" => "bayar online",
                other => other,
            };
            let after = format!("{} {} {way}", receipt.receipt, form.amount);
            audit::record(
                tx,
                &self.who,
                self.now,
                "payment.record",
                &format!("service:{}", form.service_id),
                "",
                &after,
            )
            .await?;
        }
        Ok(receipt)
    }

    fn check(&self, form: &PayForm) -> Result<()> {
        if form.amount <= Rupiah::ZERO {
            return Err(Error::invalid("amount", "Jumlah harus lebih dari nol."));
        }
        if form.amount > AMOUNT_MAX {
            return Err(Error::invalid("amount", "Jumlah terlalu besar; periksa lagi angkanya."));
        }
        if form.received_on > self.today {
            return Err(Error::invalid("received_on", "Tanggal terima belum terjadi; isi hari ini atau sebelumnya."));
        }
        let by_hand = !matches!(form.source, Source::Gateway { .. });
        if by_hand && form.received_on + Days::new(BACKDATE_DAYS_MAX) < self.today {
            return Err(Error::invalid(
                "received_on",
                format!("Tanggal terima paling lama {BACKDATE_DAYS_MAX} hari yang lalu."),
            ));
        }
        if by_hand {
            self.must_be_open(form.received_on, "received_on")?;
        }
        for (field, text) in [("note", &form.note), ("reference", &form.reference), ("received_by", &form.received_by)]
        {
            if text.chars().count() > 500 {
                return Err(Error::invalid(field, "Terlalu panjang, paling banyak 500 huruf."));
            }
        }
        Ok(())
    }

    /// The receipt of the payment that this form repeats, if it does.
    pub(super) async fn taken(&self, tx: &mut Tx, form: &PayForm) -> Result<Option<Receipt>> {
        match self.find_taken(tx, form).await? {
            Some(stored) => Ok(Some(self.receipt(tx, stored.id, true).await?)),
            None => Ok(None),
        }
    }

    /// The payment that this one repeats, if it does.
    async fn find_taken(&self, tx: &mut Tx, form: &PayForm) -> Result<Option<Stored>> {
        if let Source::Gateway { gateway, reference, .. } = &form.source {
            return Ok(tx.opt(FIND_BY_GATEWAY, args![gateway, reference]).await?);
        }
        let Some(request_id) = &form.request_id else { return Ok(None) };
        let Some(stored) = tx.opt::<Stored>(FIND_BY_REQUEST, args![request_id]).await? else { return Ok(None) };
        if stored.service_id == form.service_id && stored.amount == form.amount.0 {
            Ok(Some(stored))
        } else {
            Err(Error::Conflict(
                "Nomor permintaan ini sudah dipakai untuk pembayaran lain. Muat ulang halaman, lalu isi lagi."
                    .to_owned(),
            ))
        }
    }

    /// The receipt of a stored payment, note of credit or write-off.
    pub(super) async fn receipt(&self, tx: &mut Tx, payment_id: i64, already: bool) -> Result<Receipt> {
        let stored: Stored = tx.one(FIND_BY_ID, args![payment_id]).await?;
        let allocated: Vec<(i64, String, i64)> = tx.all(ALLOCATED, args![payment_id]).await?;
        Ok(Receipt {
            payment_id,
            receipt: stored.receipt,
            amount: Rupiah(stored.amount),
            allocated: allocated
                .into_iter()
                .map(|(invoice_id, number, amount)| Allocated { invoice_id, number, amount: Rupiah(amount) })
                .collect(),
            credit: Rupiah(stored.unused),
            already,
        })
    }
}
