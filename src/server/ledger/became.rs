//! What became of a payment, a note of credit or a write-off: read for all of them in one statement, for receipts and messages.

use super::settle::{Allocated, Receipt};
use crate::args;
use crate::billing::Rupiah;
use crate::server::access::ids::id_text;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::{id_list, sql};
use std::collections::BTreeMap;

/// A payment with who paid it, and a row for each bill that it was laid on (one without a bill where there is none).
#[derive(Debug, sqlx::FromRow)]
pub(super) struct BecameRow {
    id: i64,
    receipt: String,
    amount: i64,
    unused: i64,
    customer_id: i64,
    name: String,
    phone: String,
    service_number: String,
    saldo: i64,
    invoice_id: Option<i64>,
    part: Option<i64>,
    number: Option<String>,
    period: Option<String>,
    kind: Option<String>,
    status: Option<String>,
    text: Option<String>,
}

/// A bill that a payment was laid on.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    pub(super) invoice_id: i64,
    pub(super) number: String,
    /// The month it is for, as stored.
    pub(super) period: String,
    pub(super) kind: String,
    /// How it stands now.
    pub(super) status: String,
    /// Its first line.
    pub(super) text: String,
    /// What it got, less what was taken back; above zero.
    pub(super) amount: Rupiah,
}

/// What became of a payment.
#[derive(Clone, Debug)]
pub(super) struct Became {
    pub(super) payment_id: i64,
    pub(super) receipt: String,
    pub(super) amount: Rupiah,
    /// What no bill has used.
    pub(super) unused: Rupiah,
    pub(super) customer_id: i64,
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) service_number: String,
    /// All of the payer's money that no bill has used.
    pub(super) saldo: Rupiah,
    /// In the order in which they were paid.
    pub(super) laid: Vec<Laid>,
}

sql!(
    BECAME = concat!("SELECT p.id, p.receipt, p.amount, p.unused, p.customer_id, c.name, c.phone, s.service_number,
   (SELECT CAST(COALESCE(SUM(u.unused), 0) AS BIGINT) FROM payment u WHERE u.customer_id = p.customer_id AND u.unused > 0) AS saldo,
   a.invoice_id, a.amount AS part, i.number, i.period, i.kind, i.status,
   (SELECT l.text FROM invoice_line l WHERE l.invoice_id = i.id ORDER BY l.id LIMIT 1) AS text
 FROM payment p JOIN customer c ON c.id = p.customer_id JOIN service s ON s.id = p.service_id
 LEFT JOIN allocation a ON a.payment_id = p.id LEFT JOIN invoice i ON i.id = a.invoice_id WHERE p.id IN ", id_list!(), " ORDER BY p.id, a.id")
);

impl Became {
    /// Reads a payment as it stands now.
    pub(super) async fn of(tx: &mut Tx, payment_id: i64) -> Result<Self> {
        let mut all = Self::of_all(tx, &[payment_id]).await?;
        all.remove(&payment_id).ok_or_else(|| Error::Corrupt(format!("pembayaran {payment_id} tidak ada")))
    }

    /// Reads payments as they stand now, by their ids.
    pub(super) async fn of_all(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, Self>> {
        let mut all: BTreeMap<i64, Self> = BTreeMap::new();
        for row in tx.all::<BecameRow>(BECAME, args![id_text(ids)]).await? {
            let part = row.laid();
            let became = all.entry(row.id).or_insert_with(|| row.head());
            if let Some(part) = part {
                match became.laid.iter_mut().find(|other| other.invoice_id == part.invoice_id) {
                    Some(other) => other.amount += part.amount,
                    None => became.laid.push(part),
                }
            }
        }
        for became in all.values_mut() {
            became.laid.retain(|part| part.amount.is_positive());
        }
        Ok(all)
    }

    /// As it is answered; `already` where it had been taken before.
    pub(super) fn receipt(&self, already: bool) -> Receipt {
        let allocated = self.laid.iter().map(|part| Allocated {
            invoice_id: part.invoice_id,
            number: part.number.clone(),
            amount: part.amount,
        });
        Receipt {
            payment_id: self.payment_id,
            receipt: self.receipt.clone(),
            amount: self.amount,
            allocated: allocated.collect(),
            credit: self.unused,
            already,
        }
    }
}

impl BecameRow {
    fn head(self) -> Became {
        Became {
            payment_id: self.id,
            receipt: self.receipt,
            amount: Rupiah(self.amount),
            unused: Rupiah(self.unused),
            customer_id: self.customer_id,
            name: self.name,
            phone: self.phone,
            service_number: self.service_number,
            saldo: Rupiah(self.saldo),
            laid: Vec::new(),
        }
    }

    fn laid(&self) -> Option<Laid> {
        Some(Laid {
            invoice_id: self.invoice_id?,
            number: self.number.clone()?,
            period: self.period.clone()?,
            kind: self.kind.clone()?,
            status: self.status.clone()?,
            text: self.text.clone().unwrap_or_default(),
            amount: Rupiah(self.part?),
        })
    }
}
