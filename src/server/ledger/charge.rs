//! What putting a line into use costs at once: its first month by the rule, and a one-off fee on a bill of its own.

use super::next::{INSERT_INVOICE, REGULAR_LINE_EVER, SERVICE_TO_BILL, ServiceRow};
use super::settle::INSERT_ENTRY;
use super::{Ledger, count_on, invoice_counter, take_turn};
use crate::args;
use crate::billing::invoice::invoice_number;
use crate::billing::pricing::price_bill;
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Datelike, Days, NaiveDate};

sql!(
    NAMES_OF = "SELECT s.customer_id, c.name, p.name FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
);
// The change id is unique among all lines.
sql!(
    INSERT_CHARGE =
        "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void)
 VALUES ($1, $2, $3, 'charge', $4, $5, 'Biaya sekali, disepakati dengan pelanggan.', $6, FALSE)"
);

impl Ledger {
    /// Issues the first bill of a service that a person puts into use: the month it starts in, as `invoice.first_month`
    /// says. Nothing where the rules give none now (free, shared with the next month, in arrears, billed already).
    pub(crate) async fn first_bill(&self, tx: &mut Tx, service_id: i64, customer_id: i64) -> Result<Option<i64>> {
        take_turn(tx, customer_id).await?;
        let current = self.current();
        if self.in_arrears() || tx.number(REGULAR_LINE_EVER, args![service_id, current]).await? > 0 {
            return Ok(None);
        }
        let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service_id, self.today, current]).await?;
        let covered = service.covered_until.parse::<Period>().is_ok_and(|until| until >= current);
        if service.stage != "aktif" || covered || Period::of(service.started_on) != current {
            return Ok(None);
        }
        let Some(input) = service.priced(current, self.price_rules())? else {
            return Err(Error::invalid("package_id", "Paket ini belum punya harga. Isi harganya di Paket Internet."));
        };
        match price_bill(&input) {
            Ok(priced) => {
                let id = self.issue_one(tx, &service, current, &priced).await?;
                self.use_saldo(tx, customer_id).await?;
                Ok(Some(id))
            }
            Err(_nothing_now) => Ok(None),
        }
    }

    /// Issues a bill of kind `charge` with one line. `change_id` is its key: the same deed twice is refused by the
    /// database.
    pub(crate) async fn charge(
        &self,
        tx: &mut Tx,
        service_id: i64,
        amount: Rupiah,
        text: &str,
        change_id: &str,
    ) -> Result<i64> {
        if amount <= Rupiah::ZERO {
            return Err(Error::invalid("fee", "Biaya harus lebih dari nol."));
        }
        let (customer_id, customer_name, package_name): (i64, String, String) =
            tx.one(NAMES_OF, args![service_id]).await?;
        take_turn(tx, customer_id).await?;
        let sequence = count_on(tx, &invoice_counter(self.today), 1).await?;
        let number = invoice_number(self.today.year(), self.today.month(), sequence);
        let bill = args![
            &number,
            customer_id,
            service_id,
            self.current(),
            "charge",
            self.today,
            self.charge_due(),
            amount,
            customer_name,
            package_name,
            self.now
        ];
        let invoice_id = tx.number(INSERT_INVOICE, bill).await?;
        tx.exec_one(INSERT_CHARGE, args![invoice_id, service_id, self.current(), amount, text, change_id]).await?;
        let entry = args![
            customer_id,
            service_id,
            "issue",
            amount,
            invoice_id,
            None::<i64>,
            self.today,
            format!("{text} {number}"),
            &self.who.name,
            self.now
        ];
        tx.exec_one(INSERT_ENTRY, entry).await?;
        self.use_saldo(tx, customer_id).await?;
        Ok(invoice_id)
    }

    /// A charge is due like a bill that is issued late.
    pub(super) fn charge_due(&self) -> NaiveDate {
        let days = u64::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        self.today.checked_add_days(Days::new(days)).unwrap_or(self.today)
    }
}
