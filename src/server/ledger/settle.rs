//! Money comes in: one transaction for payment, allocations, Saldo, next month's bill, access and messages.

use super::allocate::Laying;
use super::became::Became;
use super::standing::{NewPayments, Standing, Written, standings};
use super::{Ledger, confirm};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::payment::{OpenBill, Plan, plan};
use crate::server::access;
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::messages::outbox;
use crate::sql;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
fn completed(bills: &[OpenBill], planned: &Plan) -> Vec<OpenBill> {
    let paid_off = |bill: &OpenBill| planned.parts.contains(&(bill.id, bill.left));
    bills.iter().filter(|bill| !bill.opening && paid_off(bill)).cloned().collect()
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
    /// Takes a payment; those that come in at the same moment are taken together ([`super::Settling`]). The same gateway
    /// reference or request id again writes nothing and answers as the first time. Wrong amounts are taken as what they
    /// are.
    pub async fn settle(&self, form: PayForm) -> Result<Receipt> {
        self.check(&form)?;
        let receipt = self.settle_together(form).await?;
        self.state.work_bell.notify_waiters();
        Ok(receipt)
    }

    /// Takes a payment inside the caller's transaction.
    pub async fn settle_in(&self, tx: &mut Tx, form: PayForm) -> Result<Receipt> {
        let receipts = self.settle_set(tx, &[form]).await?;
        receipts.into_iter().next().ok_or_else(|| Error::Corrupt("pembayaran tidak tertulis".to_owned()))
    }

    /// Takes payments of different payers inside one transaction: all of them or none. Answers in their order. Each step is
    /// one statement for all of them, where it is not rare.
    ///
    /// # Errors
    /// `Conflict` for two of the same payer; as [`Ledger::settle`] for any of them.
    pub(super) async fn settle_set(&self, tx: &mut Tx, forms: &[PayForm]) -> Result<Vec<Receipt>> {
        for form in forms {
            self.check(form)?;
        }
        let before = standings(self, tx, forms).await?;
        let payers: BTreeSet<i64> = before.iter().map(|standing| standing.customer_id).collect();
        if payers.len() < forms.len() {
            return Err(Error::Conflict("Dua pembayaran dari pelanggan yang sama.".to_owned()));
        }
        let mut taken: BTreeMap<i64, i64> = BTreeMap::new();
        let mut plans: BTreeMap<i64, (Option<i64>, Plan)> = BTreeMap::new();
        for (form, standing) in forms.iter().zip(&before) {
            let payer = standing.customer_id;
            if standing.taken
                && let Some(stored) = self.find_taken(tx, form).await?
            {
                taken.insert(payer, stored.id);
                continue;
            }
            if !matches!(form.source, Source::Gateway { .. }) {
                oldest_first(&form.chosen, &standing.bills)?;
            }
            let bag_id = match form.source {
                Source::Cash => {
                    let bag_id = self.bag(tx, form.holder_id, &form.received_by).await?;
                    self.has_room(tx, bag_id, form.amount).await?;
                    Some(bag_id)
                }
                Source::Transfer | Source::Gateway { .. } => None,
            };
            let planned = plan(form.amount, &form.chosen, Some(form.service_id), &standing.bills);
            plans.insert(payer, (bag_id, planned));
        }
        let mut new = NewPayments::default();
        for (form, standing) in forms.iter().zip(&before) {
            if let Some((bag_id, planned)) = plans.get(&standing.customer_id) {
                new.push(form, (standing.customer_id, *bag_id), (&planned.parts, planned.rest));
            }
        }
        let written = new.write(self, tx).await?;
        // What it was made for and what is due is paid; each regular bill that it completed may bring the next month's, and
        // what remains goes to those.
        let completed: Vec<OpenBill> = before
            .iter()
            .filter_map(|standing| Some((standing, plans.get(&standing.customer_id)?)))
            .flat_map(|(standing, (_, planned))| completed(&standing.bills, planned))
            .collect();
        let followed = self.next_bills(tx, &completed).await?;
        let mut parts = Vec::new();
        for (form, standing) in forms.iter().zip(&before) {
            let payer = standing.customer_id;
            if let (Some(written), Some((_, planned))) = (written.get(&payer), plans.get(&payer)) {
                let after = |id: i64| standing.bills.iter().any(|bill| bill.id == id);
                let new: Vec<OpenBill> =
                    followed.iter().filter(|(id, _)| after(*id)).map(|(_, bill)| bill.clone()).collect();
                let more = plan(planned.rest, &[], Some(form.service_id), &new).parts;
                parts.extend(more.iter().map(|(bill, amount)| Laying::new(written.payment_id, *bill, *amount)));
            }
        }
        self.lay(tx, &parts).await?;
        let mut restored = BTreeSet::new();
        for (form, standing) in forms.iter().zip(&before) {
            let payer = standing.customer_id;
            if let (Some(written), Some((bag_id, _))) = (written.get(&payer), plans.get(&payer)) {
                if let Some(bag_id) = *bag_id {
                    let paper = (written.payment_id, written.receipt.as_str());
                    self.put_in_bag(tx, bag_id, paper, form.amount, form.received_on).await?;
                }
                // What he had before; of this payment something is left only where no bill is.
                if standing.has_saldo {
                    self.use_saldo(tx, payer).await?;
                }
                if standing.isolated && !access::after_money(tx, &self.access(), payer).await?.is_empty() {
                    restored.insert(payer);
                }
            }
            if let Some(attempt_id) = form.attempt_id {
                tx.exec(ATTEMPT_PAID, args![attempt_id, self.now]).await?;
            }
        }
        self.tell(tx, forms, &before, (&taken, &written), &restored).await
    }

    /// Reads what became of payments that were written, or `taken` before; queues the messages about the new ones, and
    /// leaves their audit rows.
    async fn tell(
        &self,
        tx: &mut Tx,
        forms: &[PayForm],
        before: &[Standing],
        (taken, written): (&BTreeMap<i64, i64>, &BTreeMap<i64, Written>),
        restored: &BTreeSet<i64>,
    ) -> Result<Vec<Receipt>> {
        let of = |payer: i64| taken.get(&payer).copied().or_else(|| written.get(&payer).map(|new| new.payment_id));
        let ids: Vec<i64> = before.iter().filter_map(|standing| of(standing.customer_id)).collect();
        let mut all = Became::of_all(tx, &ids).await?;
        let (mut receipts, mut messages) = (Vec::new(), Vec::new());
        for (form, standing) in forms.iter().zip(before) {
            let payer = standing.customer_id;
            let became = of(payer)
                .and_then(|id| all.remove(&id))
                .ok_or_else(|| Error::Corrupt("pembayaran tidak tertulis".to_owned()))?;
            let receipt = became.receipt(taken.contains_key(&payer));
            if !receipt.already {
                messages.push(confirm::message(self, form, &became, restored.contains(&payer)));
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
            }
            receipts.push(receipt);
        }
        outbox::queue_all(tx, &messages, self.now, self.now).await?;
        Ok(receipts)
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
