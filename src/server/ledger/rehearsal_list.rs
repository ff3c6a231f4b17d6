//! The whole set of Pratinjau Tagihan, service by service: who is billed what, who is not and why, who would be cut when.

use super::Ledger;
use super::issue::Scope;
use crate::args;
use crate::billing::Period;
use crate::server::customers::due_day::cut_on;
use crate::server::error::Result;
use crate::sql;
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};

/// A service in the month that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct PlannedBill {
    /// Service number.
    pub service_number: String,
    /// The customer.
    pub name: String,
    /// The package of the bill.
    pub package: String,
    /// Rupiah that will be billed, or is already; nothing for whoever is not billed.
    pub total: Option<i64>,
    /// What of it is left to pay.
    pub rest: i64,
    /// Rupiah of the month before; 0 without a bill.
    pub before: i64,
    /// Day on which the bill is due.
    pub due_on: Option<NaiveDate>,
    /// `sudah terbit`, or why there is no bill; empty for a new one.
    #[sqlx(default)]
    pub note: String,
    /// Day on which the line would be cut if nobody paid this bill.
    #[sqlx(skip)]
    pub cut_on: Option<NaiveDate>,
}

/// What last month's bills of a service come to; $1 is that month.
macro_rules! before {
    () => {
        "LEFT JOIN (SELECT i.service_id, SUM(i.total) AS total FROM invoice i WHERE i.period = $1 AND i.kind = 'regular' AND i.status <> 'void' GROUP BY i.service_id) b ON b.service_id = s.id"
    };
}
sql!(
    WILL_BE = concat!(
        "SELECT s.service_number, k.name, p.name AS package, pr.total, pr.total AS rest, CAST(COALESCE(b.total, 0) AS BIGINT) AS before, c.due_on, '' AS note
 FROM issue_candidate c JOIN issue_price pr ON pr.id = c.price_id JOIN service s ON s.id = c.service_id
 JOIN customer k ON k.id = s.customer_id JOIN package p ON p.id = pr.package_id ",
        before!(),
        " WHERE c.run_id = $2"
    )
);
sql!(
    ARE_THERE = concat!(
        "SELECT s.service_number, k.name, i.package_name AS package, i.total, i.total - i.paid AS rest, CAST(COALESCE(b.total, 0) AS BIGINT) AS before, i.due_on, 'sudah terbit' AS note
 FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer k ON k.id = s.customer_id ",
        before!(),
        " WHERE i.period = $2 AND i.kind = 'regular' AND i.status <> 'void'"
    )
);
sql!(
    SERVICES = concat!(
        "SELECT s.service_number, k.name, p.name AS package, CAST(COALESCE(b.total, 0) AS BIGINT) AS before, s.stage
 FROM service s JOIN customer k ON k.id = s.customer_id JOIN package p ON p.id = s.package_id ",
        before!(),
        " WHERE s.stage <> 'calon'"
    )
);
sql!(SPARED = "SELECT service_number, never_isolate_until FROM service WHERE never_isolate <> ''");

impl Ledger {
    /// Every service of a month that Pratinjau Tagihan shows, by number.
    pub async fn look_list(&self, period: Period) -> Result<Vec<PlannedBill>> {
        let ledger = self.on_run_day(period).await?;
        let mut tx = self.state.db.begin().await?;
        let listed = async {
            let (report, run_id) = ledger.freeze_to_look(&mut tx, period, Scope::All).await?;
            let before = period.prev();
            let mut list: Vec<PlannedBill> = tx.all(WILL_BE, args![before, run_id]).await?;
            list.extend(tx.all::<PlannedBill>(ARE_THERE, args![before, period]).await?);
            let mut reasons: HashMap<String, String> =
                report.skipped.into_iter().map(|skipped| (skipped.service_number, skipped.reason)).collect();
            let billed: HashSet<String> = list.iter().map(|bill| bill.service_number.clone()).collect();
            type Known = (String, String, String, i64, String);
            for (service_number, name, package, before, stage) in tx.all::<Known>(SERVICES, args![before]).await? {
                // Whoever was billed last month and is not any more belongs to the comparison, for a reason or without.
                let note = match reasons.remove(&service_number) {
                    Some(reason) => reason,
                    None if before == 0 || billed.contains(&service_number) => continue,
                    None if stage == "berhenti" => "berhenti".to_owned(),
                    None => "tidak ditagih".to_owned(),
                };
                list.push(PlannedBill {
                    service_number,
                    name,
                    package,
                    total: None,
                    rest: 0,
                    before,
                    due_on: None,
                    note,
                    cut_on: None,
                });
            }
            let spared: HashMap<String, Option<NaiveDate>> =
                tx.all::<(String, Option<NaiveDate>)>(SPARED, args![]).await?.into_iter().collect();
            ledger.tell_cuts(&mut list, &spared);
            list.sort_by(|a, b| a.service_number.cmp(&b.service_number));
            Ok(list)
        }
        .await;
        tx.rollback().await?;
        listed
    }

    /// On which day each line would be cut, by the rules of the daily run.
    fn tell_cuts(&self, list: &mut [PlannedBill], spared: &HashMap<String, Option<NaiveDate>>) {
        let least = self.access().min_debt();
        for bill in list.iter_mut() {
            let Some(day) = bill.due_on.and_then(|due| cut_on(&self.settings, due)) else { continue };
            let stays = spared.get(&bill.service_number).is_some_and(|until| until.is_none_or(|until| until >= day));
            bill.cut_on = (!stays && bill.rest >= least).then_some(day);
        }
    }
}
