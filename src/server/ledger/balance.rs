//! What a service owes, what its payer has in Saldo, and the rows that say why.

use super::Ledger;
use crate::args;
use crate::billing::Rupiah;
use crate::server::error::Result;
use crate::sql;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// The standing of a service and its payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// What is left of all open bills of the service, next month's too.
    pub owed: Rupiah,
    /// What is left of those past their due day and the grace days.
    pub overdue: Rupiah,
    /// Saldo of the payer.
    pub credit: Rupiah,
    /// Every row of the payer's ledger, oldest first; their sum is the balance.
    pub ledger: Vec<LedgerLine>,
}

/// A row of the ledger, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Business day.
    pub date: NaiveDate,
    /// `issue`, `payment`, …
    pub kind: String,
    /// Positive raises the debt.
    pub amount: Rupiah,
    /// What it was.
    pub text: String,
}

sql!(
    SERVICE_DEBT = "SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT),
   CAST(COALESCE(SUM(CASE WHEN i.due_on < $2 THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT)
 FROM invoice i WHERE i.service_id = $1 AND i.status IN ('open', 'partial')"
);
sql!(
    PAYER_CREDIT = "SELECT CAST(COALESCE(SUM(p.unused), 0) AS BIGINT) FROM payment p
 WHERE p.unused > 0 AND p.customer_id = (SELECT customer_id FROM service WHERE id = $1)"
);
sql!(
    PAYER_LEDGER = "SELECT e.business_date, e.kind, e.amount, e.text FROM ledger_entry e
 WHERE e.customer_id = (SELECT customer_id FROM service WHERE id = $1) ORDER BY e.id"
);

impl Ledger {
    /// The standing of a service now.
    pub async fn balance(&self, service_id: i64) -> Result<Balance> {
        let grace = u64::try_from(self.settings.int("isolir.grace_days")).unwrap_or(0);
        let overdue_before = self.today - Days::new(grace);
        let db = &self.state.db;
        let (owed, overdue): (i64, i64) = db.one(SERVICE_DEBT, args![service_id, overdue_before]).await?;
        let credit = db.number(PAYER_CREDIT, args![service_id]).await?;
        let rows: Vec<(NaiveDate, String, i64, String)> = db.all(PAYER_LEDGER, args![service_id]).await?;
        Ok(Balance {
            owed: Rupiah(owed),
            overdue: Rupiah(overdue),
            credit: Rupiah(credit),
            ledger: rows
                .into_iter()
                .map(|(date, kind, amount, text)| LedgerLine { date, kind, amount: Rupiah(amount), text })
                .collect(),
        })
    }
}
