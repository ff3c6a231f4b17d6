//! What a payment finds when it comes in, read in one statement inside the payer's turn; and the statement that writes it.
//! A settlement is the deed that everything waits for: each statement less is felt by all who pay at the same moment.

use super::allocate::{BillRow, open_bill};
use super::{Ledger, PayForm, Source, TURN_OF_SERVICE, receipt_counter};
use crate::args;
use crate::billing::Rupiah;
use crate::billing::invoice::receipt_prefix;
use crate::billing::payment::OpenBill;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Datelike, NaiveDate};

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

/// A payment as it was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) payment_id: i64,
    pub(super) receipt: String,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
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

sql!(
    STANDING = "SELECT s.customer_id AS payer,
   EXISTS (SELECT 1 FROM payment p WHERE p.gateway = $2 AND p.gateway_reference = $3) OR EXISTS (SELECT 1 FROM payment p WHERE p.request_id = $4) AS taken,
   EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = s.customer_id AND p.unused > 0) AS has_saldo,
   EXISTS (SELECT 1 FROM service o WHERE o.customer_id = s.customer_id AND o.desired = 'isolated') AS isolated,
   i.id, i.number, i.service_id, i.period, i.kind, i.due_on, i.total - i.paid AS \"left\"
 FROM service s LEFT JOIN invoice i ON i.customer_id = s.customer_id AND i.status IN ('open', 'partial') WHERE s.id = $1
 ORDER BY i.due_on, i.id"
);

// The payment under the month's next number, its entry in the books and, where it pays a bill ($19), what that gets of it
// ($20). Nothing is ever paid above its total, and a paid or void bill takes nothing. Answers the payment, and the bill that
// moved. The counter's row stays locked until the end of the transaction, so that numbers have no gap.
//
// PostgreSQL takes all of it as one statement. SQLite has none that writes inside another: there they follow each other in
// one text, and the newest payment is this one, since nobody else writes meanwhile.
macro_rules! count_receipt {
    () => {
        "INSERT INTO counter AS c (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = c.n + 1"
    };
}
macro_rules! insert_payment {
    ($counted:literal) => {
        concat!("INSERT INTO payment (receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference,
   request_id, reference, note, received_on, received_by, unused, at, bag_id, staff_id)
 SELECT $2 || SUBSTR('000000', LENGTH(CAST(c.n AS TEXT)) + 1) || CAST(c.n AS TEXT), $3, $4, CAST($5 AS BIGINT), $6, $7, $8, $9,
   $10, $11, $12, $13, $14, CAST($5 AS BIGINT) - CAST($20 AS BIGINT), $15, $16, $17 FROM ", $counted)
    };
}
macro_rules! insert_entry {
    ($paid:literal) => {
        concat!("INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 SELECT $3, $4, 'payment', -CAST($5 AS BIGINT), NULL, p.id, $13, NULL, 'Pembayaran ' || p.receipt, $18, $15 FROM ", $paid)
    };
}
macro_rules! insert_part {
    ($paid:literal) => {
        concat!(
            "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at)
 SELECT p.id, $19, CAST($20 AS BIGINT), $21, $15 FROM ",
            $paid,
            " WHERE CAST($20 AS BIGINT) > 0"
        )
    };
}
macro_rules! pay_bill {
    () => {
        "UPDATE invoice SET paid = paid + CAST($20 AS BIGINT), status = CASE WHEN paid + CAST($20 AS BIGINT) = total THEN 'paid' ELSE 'partial' END
 WHERE id = $19 AND CAST($20 AS BIGINT) > 0 AND status IN ('open', 'partial') AND paid + CAST($20 AS BIGINT) <= total"
    };
}
sql!(
    WRITE = sqlite concat!(
        count_receipt!(), ";\n",
        insert_payment!("counter c WHERE c.name = $1"), " RETURNING 'payment', id, receipt;\n",
        insert_entry!("(SELECT id, receipt FROM payment ORDER BY id DESC LIMIT 1) p"), ";\n",
        insert_part!("(SELECT id FROM payment ORDER BY id DESC LIMIT 1) p"), ";\n",
        pay_bill!(), " RETURNING 'bill', id, number"
    ),
    postgres concat!(
        "WITH c AS (", count_receipt!(), " RETURNING c.n),\n p AS (",
        insert_payment!("c"), " RETURNING id, receipt),\n entered AS (",
        insert_entry!("p"), "),\n parted AS (",
        insert_part!("p"), "),\n bill AS (",
        pay_bill!(), " RETURNING id, number)\n",
        "SELECT 'payment', p.id, p.receipt FROM p UNION ALL SELECT 'bill', bill.id, bill.number FROM bill"
    )
);

impl Ledger {
    /// Takes the payer's turn, and reads how he stands.
    ///
    /// # Errors
    /// `NotFound` when there is no such service.
    pub(super) async fn standing(&self, tx: &mut Tx, form: &PayForm) -> Result<Standing> {
        tx.lock(TURN_OF_SERVICE, args![form.service_id]).await?;
        let (gateway, reference, request) = match &form.source {
            Source::Gateway { gateway, reference, .. } => (Some(gateway.clone()), Some(reference.clone()), None),
            Source::Cash | Source::Transfer => (None, None, form.request_id.clone()),
        };
        let rows: Vec<StandingRow> = tx.all(STANDING, args![form.service_id, gateway, reference, request]).await?;
        let first = rows.first().ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
        let (customer_id, taken) = (first.payer, first.taken);
        let (has_saldo, isolated) = (first.has_saldo, first.isolated);
        let current = self.current();
        let bills = rows.into_iter().filter_map(StandingRow::bill).map(|bill| open_bill(bill, current));
        Ok(Standing { customer_id, taken, has_saldo, isolated, bills: bills.collect::<Result<_>>()? })
    }

    /// Writes a payment and the first bill that it pays (at most what is left of it).
    pub(super) async fn write_payment(
        &self,
        tx: &mut Tx,
        form: &PayForm,
        (customer_id, bag_id): (i64, Option<i64>),
        first: Option<(i64, Rupiah)>,
    ) -> Result<Written> {
        let (channel, gateway, reference) = match &form.source {
            Source::Cash | Source::Transfer => ("", None, None),
            Source::Gateway { gateway, reference, channel } => {
                (channel.as_str(), Some(gateway.clone()), Some(reference.clone()))
            }
        };
        let values = args![
            receipt_counter(self.today),
            receipt_prefix(self.today.year(), self.today.month()),
            customer_id,
            form.service_id,
            form.amount,
            form.source.method(),
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
            self.who.staff_id,
            &self.who.name,
            first.map(|part| part.0),
            first.map_or(Rupiah::ZERO, |part| part.1),
            self.today
        ];
        let mut written = None;
        let mut moved = 0;
        for (what, id, text) in tx.all::<(String, i64, String)>(WRITE, values).await? {
            match what.as_str() {
                "payment" => written = Some(Written { payment_id: id, receipt: text }),
                _ => moved += 1,
            }
        }
        if moved != usize::from(first.is_some()) {
            return Err(Error::Corrupt("tagihan yang dibayar sudah berubah".to_owned()));
        }
        written.ok_or_else(|| Error::Corrupt("pembayaran tidak tertulis".to_owned()))
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
