//! What lowers a debt without money: a note of credit (nota kredit), a write-off (hapus piutang). Both are laid over bills
//! as a payment is, and are taken back as one.

use super::became::Became;
use super::settle::{AMOUNT_MAX, FIND_BY_REQUEST, INSERT_ENTRY, Receipt, Stored};
use super::{Ledger, basis, count_on, take_turn_of};
use crate::args;
use crate::billing::pricing::{Basis, PricedLine};
use crate::billing::{LineKind, Rupiah};
use crate::server::access;
use crate::server::audit;
use crate::server::checks::reason;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::Datelike;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditKind {
    /// The customer owes less, or has Saldo.
    Note,
    /// The bill is given up; the customer still owed it.
    WriteOff,
}

impl CreditKind {
    /// The method of its row.
    const fn method(self) -> &'static str {
        match self {
            Self::Note => "credit",
            Self::WriteOff => "write_off",
        }
    }

    /// What its numbers begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Note => "NK",
            Self::WriteOff => "HP",
        }
    }
}

/// A credit to be written.
#[derive(Clone, Debug)]
pub struct CreditForm {
    /// Which kind.
    pub kind: CreditKind,
    /// The service it is for.
    pub service_id: i64,
    /// The bill it lowers; without one it becomes Saldo. A write-off needs one.
    pub invoice_id: Option<i64>,
    /// Rupiah.
    pub amount: Rupiah,
    /// Why, for customer and books.
    pub reason: String,
    /// Id of the form: the same one twice is one credit.
    pub request_id: String,
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Bill {
    customer_id: i64,
    service_id: i64,
    number: String,
    total: i64,
    paid: i64,
    status: String,
    tax: i64,
}

sql!(
    BILL = "SELECT i.customer_id, i.service_id, i.number, i.total, i.paid, i.status,
   (SELECT CAST(COALESCE(SUM(l.amount), 0) AS BIGINT) FROM invoice_line l WHERE l.invoice_id = i.id AND l.kind = 'tax') AS tax
 FROM invoice i WHERE i.id = $1"
);
// Of a note for a bill that was paid nothing is laid over it: what counts is what the notes name.
sql!(
    CREDITED_BEFORE =
        "SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM invoice i JOIN payment p ON p.service_id = i.service_id AND p.reference = i.number
 WHERE i.id = $1 AND p.method = 'credit' AND p.reversed_on IS NULL"
);
sql!(
    INSERT_CREDIT =
        "INSERT INTO payment (receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference,
   request_id, reference, note, received_on, received_by, unused, at, bag_id, staff_id, basis_id)
 VALUES ($1, $2, $3, $4, $5, '', NULL, NULL, $6, $7, $8, $9, $10, $4, $11, NULL, $12, $13) RETURNING id"
);
sql!(
    INSERT_CREDIT_LINE =
        "INSERT INTO credit_line (payment_id, period, kind, amount, text, derivation) VALUES ($1, $2, $3, $4, $5, $6)"
);
sql!(WRITE_OFF_BILL = "UPDATE invoice SET written_off = written_off + $2 WHERE id = $1");

/// What standing notes of credit name of a bill, whether they lowered it or became Saldo.
pub(super) async fn credited_before(tx: &mut Tx, invoice_id: i64) -> Result<Rupiah> {
    Ok(Rupiah(tx.number(CREDITED_BEFORE, args![invoice_id]).await?))
}

impl Ledger {
    /// Writes a note of credit or a write-off. A note first lowers its bill, then is Saldo, which pays what is due; a
    /// write-off closes what is left of its bill.
    ///
    /// # Errors
    /// `Invalid` beside the field: no reason, an amount of nothing, above the bill; `Refused` for a bill that is void or
    /// another payer's; `Conflict` when the form's id was another credit.
    pub async fn credit(&self, form: CreditForm) -> Result<Receipt> {
        let ledger = self.clone();
        let receipt = self
            .state
            .db
            .write(move |tx| {
                let (ledger, form) = (ledger.clone(), form.clone());
                Box::pin(async move { ledger.credit_in(tx, form).await })
            })
            .await?;
        self.state.work_bell.notify_waiters();
        Ok(receipt)
    }

    /// The same, inside the caller's transaction.
    pub(crate) async fn credit_in(&self, tx: &mut Tx, form: CreditForm) -> Result<Receipt> {
        self.credit_with(tx, form, None).await
    }

    /// The same, with the lines that `made_from` makes, which sum to what it takes off; without it one line, and the PPN
    /// inside it.
    pub(super) async fn credit_with(&self, tx: &mut Tx, form: CreditForm, made_from: Option<Basis>) -> Result<Receipt> {
        let why = reason(&form.reason)?;
        self.must_be_open_today()?;
        if form.amount <= Rupiah::ZERO {
            return Err(Error::invalid("amount", "Jumlah harus lebih dari nol."));
        }
        if form.amount > AMOUNT_MAX {
            return Err(Error::invalid("amount", "Jumlah terlalu besar; periksa lagi angkanya."));
        }
        let customer_id = take_turn_of(tx, form.service_id).await?;
        if let Some(stored) = tx.opt::<Stored>(FIND_BY_REQUEST, args![&form.request_id]).await? {
            if stored.amount == form.amount.0 {
                return Ok(Became::of(tx, stored.id).await?.receipt(true));
            }
            return Err(Error::Conflict(
                "Formulir ini sudah dikirim dengan jumlah lain. Muat ulang halaman, lalu isi lagi.".to_owned(),
            ));
        }
        let bill = match form.invoice_id {
            Some(id) => Some(self.bill_to_credit(tx, id, customer_id, &form).await?),
            None if form.kind == CreditKind::WriteOff => {
                return Err(Error::invalid("invoice", "Pilih tagihan yang dihapus."));
            }
            None => None,
        };
        let name = format!("{}:{:04}-{:02}", form.kind.method(), self.today.year(), self.today.month());
        let sequence = count_on(tx, &name, 1).await?;
        let receipt =
            format!("{}/{:04}/{:02}/{sequence:06}", form.kind.prefix(), self.today.year(), self.today.month());
        let reference = bill.as_ref().map(|bill| bill.number.clone()).unwrap_or_default();
        let basis_id = basis::store_any(tx, made_from.as_ref()).await?;
        let row = args![
            &receipt,
            customer_id,
            form.service_id,
            form.amount,
            form.kind.method(),
            &form.request_id,
            reference,
            &why,
            self.today,
            &self.who.name,
            self.now,
            self.who.staff_id,
            basis_id
        ];
        let payment_id = tx.number(INSERT_CREDIT, row).await?;
        if form.kind == CreditKind::Note {
            let lines = match &made_from {
                Some(basis) => basis.lines(),
                None => self.note_lines(&form, &why, bill.as_ref()),
            };
            for line in lines {
                let values =
                    args![payment_id, line.period, line.kind.as_str(), line.amount, line.text, line.derivation];
                tx.exec_one(INSERT_CREDIT_LINE, values).await?;
            }
        }
        let what = if form.kind == CreditKind::Note { "Nota kredit" } else { "Hapus piutang" };
        let entry = args![
            customer_id,
            form.service_id,
            form.kind.method(),
            -form.amount,
            None::<i64>,
            payment_id,
            self.today,
            format!("{what} {receipt}: {why}"),
            &self.who.name,
            self.now
        ];
        tx.exec_one(INSERT_ENTRY, entry).await?;
        if let (Some(bill), Some(invoice_id)) = (&bill, form.invoice_id) {
            let part = form.amount.min(Rupiah(bill.total - bill.paid));
            if part.is_positive() {
                self.allocate(tx, payment_id, &[(invoice_id, part)]).await?;
                if form.kind == CreditKind::WriteOff {
                    tx.exec_one(WRITE_OFF_BILL, args![invoice_id, part]).await?;
                }
            }
        }
        self.use_saldo(tx, customer_id).await?;
        access::after_money(tx, &self.access(), customer_id).await?;
        let action = if form.kind == CreditKind::Note { "invoice.credit" } else { "invoice.write_off" };
        let after = format!("{receipt} {}: {why}", form.amount);
        let subject = format!("service:{}", form.service_id);
        audit::record(tx, &self.who, self.now, action, &subject, "", &after).await?;
        Ok(Became::of(tx, payment_id).await?.receipt(false))
    }

    /// The lines of a plain note: its reason, and the share of PPN that its bill has.
    fn note_lines(&self, form: &CreditForm, why: &str, bill: Option<&Bill>) -> Vec<PricedLine> {
        let tax = bill.map_or(Rupiah::ZERO, |bill| form.amount.mul_div_round_half_up(bill.tax, bill.total.max(1)));
        let line = |kind, amount: Rupiah, text: &str, how: String| PricedLine {
            kind,
            period: self.current(),
            amount: -amount,
            text: text.to_owned(),
            derivation: format!("{how} = -{amount}"),
        };
        let net = form.amount - tax;
        if !tax.is_positive() {
            return vec![line(LineKind::Adjustment, net, why, "Pengurangan yang diberikan".to_owned())];
        }
        let (total, whole) = (bill.map_or(0, |bill| bill.total), bill.map_or(0, |bill| bill.tax));
        vec![
            line(LineKind::Adjustment, net, why, format!("Pengurangan {} tanpa PPN", form.amount)),
            line(
                LineKind::Tax,
                tax,
                "PPN",
                format!("PPN {} dari tagihan {}, untuk {}", Rupiah(whole), Rupiah(total), form.amount),
            ),
        ]
    }

    async fn bill_to_credit(&self, tx: &mut Tx, id: i64, customer_id: i64, form: &CreditForm) -> Result<Bill> {
        let gone = || Error::NotFound("Tagihan itu tidak ada.".to_owned());
        let bill: Bill = tx.opt(BILL, args![id]).await?.ok_or_else(gone)?;
        if bill.customer_id != customer_id || bill.service_id != form.service_id {
            return Err(Error::Refused(format!("{} bukan tagihan layanan ini.", bill.number)));
        }
        if bill.status == "void" {
            return Err(Error::Refused(format!("{} sudah dibatalkan.", bill.number)));
        }
        let left = Rupiah(bill.total - bill.paid);
        let most = match form.kind {
            CreditKind::WriteOff if !left.is_positive() => {
                return Err(Error::Refused(format!("{} sudah lunas, tidak ada yang dihapus.", bill.number)));
            }
            CreditKind::WriteOff => left,
            CreditKind::Note => Rupiah(bill.total) - credited_before(tx, id).await?,
        };
        if !most.is_positive() {
            return Err(Error::Refused(format!("Nota kredit untuk {} sudah sebesar tagihannya.", bill.number)));
        }
        if form.amount > most {
            return Err(Error::invalid(
                "amount",
                format!("Paling banyak {most} untuk {}; isi jumlah yang lebih kecil.", bill.number),
            ));
        }
        Ok(bill)
    }
}
