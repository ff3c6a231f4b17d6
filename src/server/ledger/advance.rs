//! Months in advance: they are issued now, at today's price, and settled by one receipt. Source: RULES, "Money in".

use super::next::{REGULAR_LINE_EVER, SERVICE_TO_BILL, ServiceRow};
use super::settle::{PayForm, Receipt};
use super::{Ledger, take_turn, take_turn_of};
use crate::args;
use crate::billing::pricing::price_bill;
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::audit;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;

/// Months that can be paid in advance.
pub const MONTHS_MAX: i64 = 12;

sql!(
    PLANNED = "SELECT from_on FROM service_change WHERE service_id = $1 AND state = 'planned' ORDER BY from_on LIMIT 1"
);
sql!(
    OPEN_OF_SERVICE = "SELECT id, total - paid FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial') ORDER BY due_on, id"
);

sql!(
    REGULAR_LINE_STANDING = "SELECT COUNT(*) FROM invoice_line WHERE service_id = $1 AND period = $2 AND kind IN ('subscription', 'prorate') AND NOT void"
);
sql!(BILL = "SELECT customer_id, service_id, period, kind, status FROM invoice WHERE id = $1");
sql!(NUMBER_OF = "SELECT number FROM invoice WHERE id = $1");

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
        take_turn_of(tx, service_id).await?;
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
            if tx.number(REGULAR_LINE_EVER, args![service_id, period]).await? == 0
                && self.issue_month(tx, service_id, period, self.today).await?.is_some()
            {
                issued += 1;
            }
            period = period.next();
        }
        let open: Vec<(i64, i64)> = tx.all(OPEN_OF_SERVICE, args![service_id]).await?;
        Ok((open.iter().map(|bill| Rupiah(bill.1)).sum(), open.into_iter().map(|bill| bill.0).collect()))
    }

    /// Issues one month of a service at the price of a day, unless it is billed, covered or skipped by its price. Call it
    /// inside the payer's turn.
    ///
    /// # Errors
    /// `Refused` when the service doesn't run or its package has no price.
    pub(super) async fn issue_month(
        &self,
        tx: &mut Tx,
        service_id: i64,
        period: Period,
        price_of: NaiveDate,
    ) -> Result<Option<i64>> {
        if tx.number(REGULAR_LINE_STANDING, args![service_id, period]).await? > 0 {
            return Ok(None);
        }
        let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service_id, price_of, period]).await?;
        if service.stage != "aktif" {
            return Err(Error::Refused("Layanan ini tidak aktif, jadi bulan itu tidak dapat ditagih.".to_owned()));
        }
        if service.covered_until.parse::<Period>().is_ok_and(|until| until >= period) {
            return Ok(None);
        }
        let Some(basis) = service.priced(period, price_of, self.price_rules())? else {
            return Err(Error::Refused("Paket ini belum punya harga. Isi harganya di Paket Internet.".to_owned()));
        };
        match price_bill(&basis.input) {
            Ok(priced) => Ok(Some(self.issue_one(tx, service, basis, priced).await?)),
            Err(_nothing_that_month) => Ok(None),
        }
    }

    /// Issues the month of a service that a run left out; answers its number.
    pub(super) async fn issue_parked(&self, tx: &mut Tx, service_id: i64, period: Period) -> Result<String> {
        let customer_id = take_turn_of(tx, service_id).await?;
        let nothing = || Error::Refused(format!("{} tidak dapat ditagih untuk layanan ini.", period.words()));
        let id = self.issue_month(tx, service_id, period, period.first_day()).await?.ok_or_else(nothing)?;
        self.use_saldo(tx, customer_id).await?;
        Ok(tx.one::<(String,)>(NUMBER_OF, args![id]).await?.0)
    }

    /// Issues the month of a voided bill again, with today's data; answers the new number. Source: RULES, "Bills".
    ///
    /// # Errors
    /// `NotFound`; `Refused` when the bill stands, is no month's bill, or its month is billed, skipped or closed.
    pub async fn issue_again(&self, invoice_id: i64) -> Result<String> {
        let ledger = self.clone();
        self.state
            .db
            .write(move |tx| {
                let ledger = ledger.clone();
                Box::pin(async move { ledger.issue_again_in(tx, invoice_id).await })
            })
            .await
    }

    async fn issue_again_in(&self, tx: &mut Tx, invoice_id: i64) -> Result<String> {
        let gone = || Error::NotFound("Tagihan itu tidak ada.".to_owned());
        let (customer_id, service_id, period, kind, status): (i64, i64, String, String, String) =
            tx.opt(BILL, args![invoice_id]).await?.ok_or_else(gone)?;
        if kind != "regular" || status != "void" {
            return Err(Error::Refused(
                "Hanya tagihan bulanan yang dibatalkan yang dapat diterbitkan lagi.".to_owned(),
            ));
        }
        let period: Period = period.parse().map_err(|_| Error::Corrupt(format!("periode {period}")))?;
        // A bill belongs to its month's report, whenever it is issued.
        self.must_be_open(period.first_day(), "period").map_err(|_| {
            Error::Refused(format!(
                "Bulan {} sudah ditutup, jadi tagihannya tidak terbit lagi. Minta pemilik membukanya di Tutup Buku, atau tagih lewat Biaya Tambahan.",
                period.words()
            ))
        })?;
        take_turn(tx, customer_id).await?;
        let issued = self.issue_month(tx, service_id, period, period.first_day()).await?.ok_or_else(|| {
            Error::Refused(format!("{} sudah ditagih, sudah tercakup, atau gratis untuk layanan ini.", period.words()))
        })?;
        self.use_saldo(tx, customer_id).await?;
        let (number,): (String,) = tx.one(NUMBER_OF, args![issued]).await?;
        let subject = format!("service:{service_id}");
        audit::record(tx, &self.who, self.now, "invoice.again", &subject, "", &number).await?;
        Ok(number)
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

    /// What the open bills of a service and its next months come to, without issuing them.
    pub async fn needed_ahead(&self, service_id: i64, months: i64) -> Result<Rupiah> {
        let mut tx = self.state.db.begin().await?;
        let result = self.issue_ahead(&mut tx, service_id, months).await;
        tx.rollback().await?;
        Ok(result?.0)
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
