//! Months in advance: they are issued now, at today's price, and settled by one receipt. Source: RULES, "Money in".

use super::next::{REGULAR_LINE_EVER, SERVICE_TO_BILL, ServiceRow};
use super::settle::{PayForm, Receipt};
use super::{Ledger, take_turn};
use crate::args;
use crate::billing::pricing::price_bill;
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;

/// Months that can be paid in advance.
pub const MONTHS_MAX: i64 = 12;

sql!(PAYER_OF = "SELECT customer_id FROM service WHERE id = $1");
sql!(
    PLANNED = "SELECT from_on FROM service_change WHERE service_id = $1 AND state = 'planned' ORDER BY from_on LIMIT 1"
);
sql!(
    OPEN_OF_SERVICE = "SELECT id, total - paid FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial') ORDER BY due_on, id"
);

impl Ledger {
    /// Issues the next `months` months of a service that are not billed yet (from this month on), in the caller's
    /// transaction; answers what the open bills of the service then come to, and their rows, oldest first.
    ///
    /// # Errors
    /// `Invalid` for less than one month or more than [`MONTHS_MAX`]; `Refused` where a month can't be billed (the
    /// service doesn't run, a change is planned, bills come after the month).
    pub(crate) async fn issue_ahead(&self, tx: &mut Tx, service_id: i64, months: i64) -> Result<(Rupiah, Vec<i64>)> {
        if !(1..=MONTHS_MAX).contains(&months) {
            return Err(Error::invalid("months", format!("Isi 1 sampai {MONTHS_MAX} bulan.")));
        }
        if self.in_arrears() {
            return Err(Error::Refused(
                "Tagihan terbit di akhir bulan, jadi bulan di muka tidak dapat diterbitkan.".to_owned(),
            ));
        }
        let no_service = || Error::NotFound("Layanan itu tidak ada.".to_owned());
        let (customer_id,) = tx.opt::<(i64,)>(PAYER_OF, args![service_id]).await?.ok_or_else(no_service)?;
        take_turn(tx, customer_id).await?;
        let planned = tx.opt::<(NaiveDate,)>(PLANNED, args![service_id]).await?.map(|row| row.0);
        let (mut period, mut issued) = (self.current(), 0);
        let last = self.current().add_months(i32::try_from(MONTHS_MAX).unwrap_or(12));
        while issued < months {
            if period > last {
                return Err(Error::invalid(
                    "months",
                    format!("Paling jauh sampai {}; kurangi jumlah bulannya.", last.words()),
                ));
            }
            if let Some(day) = planned.filter(|day| *day <= period.last_day()) {
                return Err(Error::Refused(format!(
                    "Ada perubahan layanan yang direncanakan mulai {}; bayar di muka hanya sampai sebelum itu.",
                    date_short(day)
                )));
            }
            if self.issue_month(tx, service_id, period).await?.is_some() {
                issued += 1;
            }
            period = period.next();
        }
        let open: Vec<(i64, i64)> = tx.all(OPEN_OF_SERVICE, args![service_id]).await?;
        Ok((open.iter().map(|bill| Rupiah(bill.1)).sum(), open.into_iter().map(|bill| bill.0).collect()))
    }

    /// Issues one month of a service at today's price, unless it is billed, covered or skipped by its price; a month
    /// whose bill was voided is left out as well. Call it inside the payer's turn.
    ///
    /// # Errors
    /// `Refused` when the service doesn't run or its package has no price.
    async fn issue_month(&self, tx: &mut Tx, service_id: i64, period: Period) -> Result<Option<i64>> {
        if tx.number(REGULAR_LINE_EVER, args![service_id, period]).await? > 0 {
            return Ok(None);
        }
        let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service_id, self.today]).await?;
        if service.stage != "aktif" {
            return Err(Error::Refused("Layanan ini tidak aktif, jadi tidak dapat dibayar di muka.".to_owned()));
        }
        if service.covered_until.parse::<Period>().is_ok_and(|until| until >= period) {
            return Ok(None);
        }
        let Some(input) = service.priced(period, self.price_rules())? else {
            return Err(Error::Refused("Paket ini belum punya harga. Isi harganya di Paket Internet.".to_owned()));
        };
        match price_bill(&input) {
            Ok(priced) => Ok(Some(self.issue_one(tx, &service, period, &priced).await?)),
            Err(_nothing_that_month) => Ok(None),
        }
    }

    /// Takes a payment for the open bills of a service and its next months, on one receipt.
    ///
    /// # Errors
    /// As [`Ledger::settle_in`]; `Invalid` for an amount below what those bills come to.
    pub async fn settle_ahead(&self, form: PayForm, months: i64) -> Result<Receipt> {
        let ledger = self.clone();
        let receipt = self
            .state
            .db
            .write(move |tx| {
                let (ledger, form) = (ledger.clone(), form.clone());
                Box::pin(async move { ledger.settle_ahead_in(tx, form, months).await })
            })
            .await?;
        self.state.work_bell.notify_waiters();
        Ok(receipt)
    }

    /// The same, inside the caller's transaction.
    pub(crate) async fn settle_ahead_in(&self, tx: &mut Tx, mut form: PayForm, months: i64) -> Result<Receipt> {
        // The same form again finds its payment before anything is issued.
        if let Some(taken) = self.taken(tx, &form).await? {
            return Ok(taken);
        }
        let (needed, bills) = self.issue_ahead(tx, form.service_id, months).await?;
        if form.amount < needed {
            return Err(Error::invalid(
                "amount",
                format!("Untuk {months} bulan di muka beserta tagihan yang terbuka diperlukan {needed}."),
            ));
        }
        form.chosen = bills;
        self.settle_in(tx, form).await
    }

    /// What would become of a payment, without taking it.
    pub async fn preview(&self, form: PayForm, months: i64) -> Result<Receipt> {
        let mut tx = self.state.db.begin().await?;
        let result = if months > 0 {
            self.settle_ahead_in(&mut tx, form, months).await
        } else {
            self.settle_in(&mut tx, form).await
        };
        tx.rollback().await?;
        result
    }
}
