//! Money comes in: one transaction for payment, allocations, Saldo, next month's bill, access and messages.

use super::became::Became;
use super::{Ledger, confirm};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::payment::{OpenBill, Plan, plan};
use crate::server::access;
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Days, NaiveDate};
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
    service_id: i64,
    pub(super) amount: i64,
}

sql!(FIND_BY_GATEWAY = "SELECT id, service_id, amount FROM payment WHERE gateway = $1 AND gateway_reference = $2");
sql!(pub(super) FIND_BY_REQUEST = "SELECT id, service_id, amount FROM payment WHERE request_id = $1");
sql!(pub(super) INSERT_ENTRY = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, $10)");
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

/// The bills that a payment pays off; what was owed before Kimonet is no month's bill.
fn completed(bills: Vec<OpenBill>, planned: &Plan) -> Vec<OpenBill> {
    let paid_off = |bill: &OpenBill| planned.parts.iter().any(|part| *part == (bill.id, bill.left));
    bills.into_iter().filter(|bill| !bill.opening && paid_off(bill)).collect()
}

impl Source {
    /// As a payment's row has it.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Transfer => "transfer",
            Self::Gateway { .. } => "gateway",
        }
    }
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
        let before = self.standing(tx, &form).await?;
        if before.taken
            && let Some(stored) = self.find_taken(tx, &form).await?
        {
            if let Some(attempt_id) = form.attempt_id {
                tx.exec(ATTEMPT_PAID, args![attempt_id, self.now]).await?;
            }
            return Ok(Became::of(tx, stored.id).await?.receipt(true));
        }
        let by_hand = !matches!(form.source, Source::Gateway { .. });
        if by_hand {
            oldest_first(&form.chosen, &before.bills)?;
        }
        let bag_id = match form.source {
            Source::Cash => {
                let bag_id = self.bag(tx, form.holder_id, &form.received_by).await?;
                self.has_room(tx, bag_id, form.amount).await?;
                Some(bag_id)
            }
            Source::Transfer | Source::Gateway { .. } => None,
        };

        // First what it was made for and what is due; each regular bill that it completes may bring the next month's,
        // and what remains goes to those.
        let planned = plan(form.amount, &form.chosen, Some(form.service_id), &before.bills);
        let (first, others) = planned.parts.split_at(planned.parts.len().min(1));
        let written = self.write_payment(tx, &form, (before.customer_id, bag_id), first.first().copied()).await?;
        let payment_id = written.payment_id;
        self.allocate(tx, payment_id, others).await?;
        if let Some(bag_id) = bag_id {
            self.put_in_bag(tx, bag_id, (payment_id, &written.receipt), form.amount, form.received_on).await?;
        }
        let mut rest = planned.rest;
        let issued = self.next_bills(tx, &completed(before.bills, &planned)).await?;
        if issued && rest.is_positive() {
            let bills = self.open_bills(tx, before.customer_id).await?;
            let planned = plan(rest, &[], Some(form.service_id), &bills);
            self.allocate(tx, payment_id, &planned.parts).await?;
            rest = planned.rest;
        }
        if before.has_saldo || rest.is_positive() {
            self.use_saldo(tx, before.customer_id).await?;
        }
        let restored = match before.isolated {
            true => access::after_money(tx, &self.access(), before.customer_id).await?,
            false => Vec::new(),
        };
        if let Some(attempt_id) = form.attempt_id {
            tx.exec(ATTEMPT_PAID, args![attempt_id, self.now]).await?;
        }
        let became = Became::of(tx, payment_id).await?;
        confirm::queue(self, tx, &form, &became, !restored.is_empty()).await?;
        let receipt = became.receipt(false);
        if self.who.staff_id.is_some() || self.who.name == "Perintah" {
            let way = match form.source.method() {
                "cash" => "tunai",
                "gateway" => "bayar online",
                other => other,
            };
            let after = format!("{} {} {way}", receipt.receipt, form.amount);
            let subject = format!("service:{}", form.service_id);
            audit::record(tx, &self.who, self.now, "payment.record", &subject, "", &after).await?;
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
            Some(stored) => Ok(Some(Became::of(tx, stored.id).await?.receipt(true))),
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
}
