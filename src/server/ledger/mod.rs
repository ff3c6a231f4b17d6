//! The only writer of money: issue, settle, allocate, open the books. Everything here runs in one transaction with its
//! consequences (next bill, access, messages), and every transaction that touches a payer's money takes his turn first
//! ([`take_turn`]), so that two of them never plan over the same bills.

mod advance;
mod allocate;
mod bag;
mod balance;
mod basis;
mod became;
mod charge;
mod close;
mod confirm;
#[cfg(test)]
mod core_tests;
mod credit;
pub mod expenses;
mod freeze;
#[cfg(test)]
mod golden;
mod handover;
#[cfg(test)]
mod handover_tests;
#[cfg(test)]
mod histories;
mod issue;
mod late_fee;
mod life;
#[cfg(test)]
mod life_tests;
mod next;
mod opening;
mod rates;
mod refund;
mod rehearsal;
mod rehearsal_list;
#[cfg(test)]
mod rehearsal_tests;
mod reverse;
mod settle;
mod standing;
#[cfg(test)]
mod tests;
mod together;
#[cfg(test)]
mod together_tests;
mod verify;

pub use advance::MONTHS_MAX;
pub use balance::{Balance, LedgerLine};
pub(crate) use basis::written as written_basis;
pub use close::{KEY as CLOSED_UNTIL, close_books, must_be_open, reopen_books};
pub use credit::{CreditForm, CreditKind};
pub use handover::{Handed, HandoverForm, receives_alone};
pub use issue::{IssueReport, IssueWish, Scope, Skipped};
pub use late_fee::{issue_late_fees, late_fee_rule, late_fees_on};
pub use life::Changed;
pub use rates::{DatedRate, add_tax_rate, drop_tax_rate, tax_on, tax_rates};
pub use refund::{RefundForm, Refunded};
pub use rehearsal::{Approval, LookAhead, Outlier, Parked};
pub use rehearsal_list::PlannedBill;
pub use settle::{Allocated, PayForm, Receipt, Source};
pub use together::Settling;
pub use verify::{VerifyReport, verify};

use crate::args;
use crate::billing::Period;
use crate::billing::pricing::{PriceRules, Tax};
use crate::server::access::AccessContext;
use crate::server::audit::Who;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{id_list, sql};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::sync::Arc;

/// The ledger for one deed: who does it, at which instant, on which business day, under which settings.
#[derive(Clone, Debug)]
pub struct Ledger {
    state: AppState,
    settings: Arc<Settings>,
    tax: Option<Tax>,
    now: DateTime<Utc>,
    today: NaiveDate,
    who: Who,
}

impl AppState {
    /// The ledger, for one deed of `who`, now.
    pub async fn ledger(&self, who: Who) -> Result<Ledger> {
        let (settings, today) = (self.settings().await?, self.clock.today());
        Ok(Ledger {
            state: self.clone(),
            tax: tax_on(&self.db, &settings, today).await?,
            settings,
            now: self.clock.now(),
            today,
            who,
        })
    }
}

impl Ledger {
    /// The business day of this deed.
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// The month that has begun last.
    fn current(&self) -> Period {
        Period::of(self.today)
    }

    /// Whether bills are issued after the month they are for (`invoice.billing=di_akhir`).
    fn in_arrears(&self) -> bool {
        self.settings.text("invoice.billing") == "di_akhir"
    }

    fn access(&self) -> AccessContext {
        AccessContext { settings: Arc::clone(&self.settings), today: self.today, now: self.now, who: self.who.clone() }
    }

    fn price_rules(&self) -> PriceRules {
        rates::price_rules(&self.settings, self.tax)
    }
}

sql!(PAYER_OF = "SELECT customer_id FROM service WHERE id = $1");
// The rows themselves, held until the end of the transaction; who only refers to them does not wait. Always in one order, so
// that two who want the same ones do not wait for each other.
sql!(TURN = sqlite "SELECT id FROM customer WHERE id = $1", postgres "SELECT id FROM customer WHERE id = $1 FOR NO KEY UPDATE");
sql!(
    /// Locks ([`Tx::lock`]) the payers of the services in a list of ids.
    pub(crate) TURNS_OF_SERVICES = sqlite concat!("SELECT customer_id FROM service WHERE id IN ", id_list!()),
    postgres concat!("SELECT c.id FROM customer c WHERE c.id IN (SELECT s.customer_id FROM service s WHERE s.id IN ", id_list!(), ") ORDER BY c.id FOR NO KEY UPDATE")
);
sql!(
    COUNT_ON = "INSERT INTO counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = counter.n + excluded.n RETURNING n"
);

/// Takes the payer's turn: whoever comes second waits until this transaction is over.
pub(crate) async fn take_turn(tx: &mut Tx, customer_id: i64) -> Result<()> {
    Ok(tx.lock(TURN, args![customer_id]).await?)
}

/// Takes the turn of the payer of a service; answers him.
///
/// # Errors
/// `NotFound` when there is no such service.
pub(crate) async fn take_turn_of(tx: &mut Tx, service_id: i64) -> Result<i64> {
    let gone = || Error::NotFound("Layanan itu tidak ada.".to_owned());
    let (customer_id,) = tx.opt::<(i64,)>(PAYER_OF, args![service_id]).await?.ok_or_else(gone)?;
    take_turn(tx, customer_id).await?;
    Ok(customer_id)
}

/// The next `how_many` numbers of a counter; answers the last of them. The counter's row stays locked until the end
/// of the transaction, so that numbers have no gap: what is rolled back was never counted.
pub(crate) async fn count_on(tx: &mut Tx, counter: &str, how_many: i64) -> Result<i64> {
    Ok(tx.number(COUNT_ON, args![counter, how_many]).await?)
}

/// Name of the counter of invoices issued in the month of `day`.
pub(crate) fn invoice_counter(day: NaiveDate) -> String {
    format!("invoice:{:04}-{:02}", day.year(), day.month())
}

/// Name of the counter of receipts written in the month of `day`.
pub(crate) fn receipt_counter(day: NaiveDate) -> String {
    format!("receipt:{:04}-{:02}", day.year(), day.month())
}
