//! What putting a line into use costs at once: its first month by the rule, and a one-off fee on a bill of its own.

use super::next::{NewBill, REGULAR_LINE_EVER, SERVICE_TO_BILL, ServiceRow};
use super::{Ledger, take_turn};
use crate::args;
use crate::billing::pricing::{price_bill, price_charge};
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::{Days, NaiveDate};

sql!(
    NAMES_OF = "SELECT s.customer_id, c.name, p.name FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
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
        let Some(basis) = service.priced(current, self.today, self.price_rules())? else {
            return Err(Error::invalid("package_id", "Paket ini belum punya harga. Isi harganya di Paket Internet."));
        };
        match price_bill(&basis.input) {
            Ok(priced) => {
                let id = self.issue_one(tx, service, basis, priced).await?;
                self.use_saldo(tx, customer_id).await?;
                Ok(Some(id))
            }
            Err(_nothing_now) => Ok(None),
        }
    }

    /// Issues a bill of kind `charge`: the fee, and PPN where the company is PKP. `change_id` is its key: the same deed twice is refused by the
    /// database.
    pub(crate) async fn charge(
        &self,
        tx: &mut Tx,
        service_id: i64,
        amount: Rupiah,
        text: &str,
        change_id: &str,
    ) -> Result<i64> {
        self.must_be_open_today()?;
        if amount <= Rupiah::ZERO {
            return Err(Error::invalid("fee", "Biaya harus lebih dari nol."));
        }
        let (customer_id, customer_name, package_name): (i64, String, String) =
            tx.one(NAMES_OF, args![service_id]).await?;
        take_turn(tx, customer_id).await?;
        let lines = price_charge(amount, text, self.current(), self.tax);
        let bill = NewBill {
            customer_id,
            service_id,
            period: self.current(),
            kind: "charge",
            due_on: self.charge_due(),
            customer_name: &customer_name,
            package_name: &package_name,
            lines: &lines,
            change: Some(change_id),
            basis: None,
            entry: ("issue", &format!("{text} "), ""),
        };
        let (invoice_id, _) = self.write_bill(tx, bill).await?;
        self.use_saldo(tx, customer_id).await?;
        Ok(invoice_id)
    }

    /// A charge is due like a bill that is issued late.
    pub(super) fn charge_due(&self) -> NaiveDate {
        let days = u64::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        self.today.checked_add_days(Days::new(days)).unwrap_or(self.today)
    }
}
