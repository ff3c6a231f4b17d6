//! The fee for paying late: a bill of its own for each overdue bill, once ever, by the daily job. An issued bill never
//! changes. Not for what was owed before Kimonet, not while a promise to pay holds, never a fee on a fee.

use super::next::NewBill;
use super::{Ledger, take_turn};
use crate::args;
use crate::billing::late_fee::{LateBill, LateFee, LateFeeRule};
use crate::billing::{Period, Rupiah};
use crate::server::audit::Who;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::sql;
use chrono::NaiveDate;

/// Bills looked at together, and fees issued in one transaction: so much that others wait little.
const PIECE: i64 = 200;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Late {
    id: i64,
    customer_id: i64,
    service_id: i64,
    number: String,
    due_on: NaiveDate,
    left: i64,
    customer_name: String,
    package_name: String,
}

// $1: due by, $2: from which month, $3: today, $4: after which bill, $5: this bill alone, or 0, $6: how many.
// The unique key of the fee's line says whether there was one already, also one that was voided.
sql!(LATE = "SELECT i.id, i.customer_id, i.service_id, i.number, i.due_on, i.total - i.paid AS \"left\", c.name AS customer_name, i.package_name
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = i.customer_id
 WHERE i.status IN ('open', 'partial') AND i.kind <> 'opening' AND i.due_on <= $1 AND i.period >= $2 AND s.stage <> 'berhenti'
   AND i.id > $4 AND ($5 = 0 OR i.id = $5)
   AND NOT EXISTS (SELECT 1 FROM invoice_line f WHERE f.change_id = 'late_fee:' || CAST(i.id AS TEXT))
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.invoice_id = i.id AND l.kind = 'late_fee')
   AND NOT EXISTS (SELECT 1 FROM access_hold h WHERE h.service_id = i.service_id AND h.kind = 'promise' AND h.state = 'open' AND h.from_on <= $3 AND h.until_on >= $3)
 ORDER BY i.id LIMIT $6");

/// The rule as the settings say it; none where it is off.
pub fn late_fee_rule(settings: &Settings) -> Option<LateFeeRule> {
    let fee = match settings.text("invoice.late_fee.mode") {
        "amount" => LateFee::Amount(Rupiah(settings.int("invoice.late_fee.amount"))),
        "percent" => LateFee::Percent(settings.int("invoice.late_fee.percent") * 100),
        _ => return None,
    };
    let days = u64::try_from(settings.int("invoice.late_fee.days")).unwrap_or(1);
    Some(LateFeeRule { fee, days, round_to: settings.int("invoice.round_to").max(1) })
}

fn places(rule: &LateFeeRule, settings: &Settings, today: NaiveDate) -> (NaiveDate, String) {
    (rule.due_until(today), settings.text("invoice.late_fee.from").to_owned())
}

/// How many fees these settings would issue on a day, and their sum.
pub async fn late_fees_on(state: &AppState, settings: &Settings, day: NaiveDate) -> Result<(i64, Rupiah)> {
    let Some(rule) = late_fee_rule(settings) else { return Ok((0, Rupiah::ZERO)) };
    let (due_by, from) = places(&rule, settings, day);
    let (mut count, mut sum, mut after) = (0, Rupiah::ZERO, 0);
    loop {
        let late: Vec<Late> = state.db.all(LATE, args![due_by, &from, day, after, 0_i64, PIECE]).await?;
        let Some(last) = late.last() else { return Ok((count, sum)) };
        after = last.id;
        for line in late.iter().filter_map(|bill| rule.line(&bill.bill(), Period::of(day))) {
            count += 1;
            sum += line.amount;
        }
    }
}

impl Late {
    fn bill(&self) -> LateBill {
        LateBill { number: self.number.clone(), due_on: self.due_on, left: Rupiah(self.left) }
    }
}

/// Issues the fees that are due today; answers how many, and their sum. Twice changes nothing.
pub async fn issue_late_fees(state: &AppState) -> Result<(i64, Rupiah)> {
    let ledger = state.ledger(Who::system()).await?;
    let Some(rule) = late_fee_rule(&ledger.settings) else { return Ok((0, Rupiah::ZERO)) };
    let (due_by, from) = places(&rule, &ledger.settings, ledger.today);
    let (mut count, mut sum, mut after) = (0, Rupiah::ZERO, 0);
    loop {
        let late: Vec<Late> = state.db.all(LATE, args![due_by, &from, ledger.today, after, 0_i64, PIECE]).await?;
        let Some(last) = late.last() else { break };
        after = last.id;
        let ledger = ledger.clone();
        let (some, of_some) = state
            .db
            .write::<_, Error, _>(move |tx| {
                let (ledger, late) = (ledger.clone(), late.clone());
                Box::pin(async move {
                    let (mut count, mut sum) = (0, Rupiah::ZERO);
                    for bill in late {
                        if let Some(amount) = ledger.late_fee(tx, &rule, &bill).await? {
                            count += 1;
                            sum += amount;
                        }
                    }
                    Ok((count, sum))
                })
            })
            .await?;
        count += some;
        sum += of_some;
    }
    state.work_bell.notify_waiters();
    Ok((count, sum))
}

impl Ledger {
    /// Issues the fee of a bill, judged again in its payer's turn; its sum, or nothing.
    async fn late_fee(&self, tx: &mut Tx, rule: &LateFeeRule, seen: &Late) -> Result<Option<Rupiah>> {
        take_turn(tx, seen.customer_id).await?;
        let (due_by, from) = places(rule, &self.settings, self.today);
        let still = args![due_by, from, self.today, 0_i64, seen.id, 1_i64];
        let Some(late) = tx.opt::<Late>(LATE, still).await? else { return Ok(None) };
        let Some(line) = rule.line(&late.bill(), self.current()) else { return Ok(None) };
        let bill = NewBill {
            customer_id: late.customer_id,
            service_id: late.service_id,
            period: self.current(),
            kind: "charge",
            due_on: self.charge_due(),
            customer_name: &late.customer_name,
            package_name: &late.package_name,
            lines: std::slice::from_ref(&line),
            change: Some(&format!("late_fee:{}", late.id)),
            basis: None,
            entry: ("issue", &format!("{} ", line.text), ""),
        };
        self.write_bill(tx, bill).await?;
        self.use_saldo(tx, late.customer_id).await?;
        Ok(Some(line.amount))
    }
}

#[cfg(test)]
#[path = "late_fee_tests.rs"]
mod tests;
