//! Freezing a bill run: who is to be billed, at which price, due when, before the first bill is issued.
//!
//! The pricing rule is asked once for each distinct way to price (package, start, discount), not once a service; the
//! candidates then join those prices, so that issuing is set-based and still has one rule.

use super::issue::{Run, Scope, Skipped};
use super::next::discount;
use super::rates::add_ons;
use super::{Ledger, basis};
use crate::args;
use crate::billing::due::due_for_issue;
use crate::billing::pricing::{Basis, MonthBasis, PriceInput, Skip, price_bill};
use crate::billing::{LineKind, Period, Rupiah};
use crate::server::customers::planned;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::{add_ons_of, discount_in, discount_of, own_price_of, sql};
use chrono::NaiveDate;
use std::collections::HashMap;

#[derive(sqlx::FromRow)]
struct Way {
    package_id: i64,
    package_name: String,
    duration_months: i64,
    started_on: NaiveDate,
    discount_kind: String,
    discount_value: i64,
    own_price: i64,
    add_ons: String,
}

sql!(INSERT_RUN = "INSERT INTO issue_run (period, scope, business_date, notify, state, position, issued, total, started_at, finished_at)
 VALUES ($1, $2, $3, $4, 'frozen', 0, 0, 0, $5, NULL) RETURNING id");
// Few services have a price of their own or rent something; they are told apart once, for the whole run.
sql!(INSERT_EXTRAS = concat!("INSERT INTO issue_extra (run_id, service_id, own_price, add_ons)
 SELECT $1, s.id, COALESCE(", own_price_of!("s.id", "CASE WHEN s.started_on > $3 THEN s.started_on ELSE $3 END"), ", -1), COALESCE(", add_ons_of!("s.id", "$2"), ", '')
 FROM service s WHERE s.stage = 'aktif' AND (s.id IN (SELECT o.service_id FROM service_price o) OR s.id IN (SELECT o.service_id FROM service_addon o))"));
// Services that started before last month are priced alike, whenever that was: one way for all of them.
sql!(
    WAYS_TO_PRICE = concat!("SELECT DISTINCT s.package_id, p.name AS package_name, p.duration_months,
   CASE WHEN p.duration_months = 1 AND s.started_on < $1 THEN $2 ELSE s.started_on END AS started_on,
   ", discount_of!("$4"), ", COALESCE(x.own_price, -1) AS own_price, COALESCE(x.add_ons, '') AS add_ons
 FROM service s JOIN package p ON p.id = s.package_id LEFT JOIN issue_extra x ON x.run_id = $3 AND x.service_id = s.id WHERE s.stage = 'aktif'")
);
sql!(PRICES = "SELECT package_id, price, valid_from FROM package_price ORDER BY package_id, valid_from");
sql!(
    INSERT_PRICE =
        "INSERT INTO issue_price (run_id, package_id, started_on, discount_kind, discount_value, skip, total, months, own_price, add_ons, basis_id)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id"
);
sql!(
    INSERT_PRICE_LINE = "INSERT INTO issue_price_line (price_id, kind, period, amount, text, derivation) VALUES ($1, $2, $3, $4, $5, $6)"
);
sql!(INSERT_DUE = "INSERT INTO issue_due (run_id, due_day, due_on, first_due_on) VALUES ($1, $2, $3, $4)");
// Isolated for long, with so many bills issued since: ready to be taken down, no further bill.
sql!(RETIRE_ISOLATED = "UPDATE service SET stage = 'siap_dicabut' WHERE stage = 'aktif' AND isolated_on IS NOT NULL
 AND (SELECT COUNT(*) FROM invoice i WHERE i.service_id = service.id AND i.kind = 'regular' AND i.issued_on > service.isolated_on) >= $1");
// What is planned for that month or before is carried out when its day has come (`planned`); a run ahead of the day
// leaves those services to the run of the month itself.
// The promise of once: no candidate has a regular line of the month, nor of a month its price would bill along; nor had
// one that was cancelled. Asked apart, since each has an index of its own; counted, so that PostgreSQL looks each
// service up, whatever it believes of a month that has no bill yet; `< 1`, since it believes that `= 0` leaves nobody.
// Materialized: whatever it believes, the services are looked up once, not once for each due day.
sql!(INSERT_CANDIDATES = concat!("INSERT INTO issue_candidate (run_id, position, service_id, price_id, due_on)
 WITH free AS MATERIALIZED (
   SELECT s.id, s.package_id, s.due_day, ", discount_of!("$2"), ", COALESCE(x.own_price, -1) AS own_price, COALESCE(x.add_ons, '') AS add_ons,
     CASE WHEN p.duration_months = 1 AND s.started_on < $3 THEN $4 ELSE s.started_on END AS priced_from
   FROM service s JOIN package p ON p.id = s.package_id LEFT JOIN issue_extra x ON x.run_id = $1 AND x.service_id = s.id
   WHERE s.stage = 'aktif' AND s.covered_until < $2 AND s.started_on >= $5 AND s.started_on <= $6
     AND s.id NOT IN (SELECT ch.service_id FROM service_change ch WHERE ch.state = 'planned' AND ch.from_on <= $7)
     AND (SELECT COUNT(*) FROM invoice_line l WHERE l.service_id = s.id AND l.period = $2 AND l.kind IN ('subscription', 'prorate') AND NOT l.void) < 1
     AND (SELECT COUNT(*) FROM invoice_line l WHERE l.service_id = s.id AND l.period = $2 AND l.kind IN ('subscription', 'prorate') AND l.void) < 1)
 SELECT $1, ROW_NUMBER() OVER (ORDER BY s.id), s.id, pr.id,
   CASE WHEN EXISTS (SELECT 1 FROM invoice i WHERE i.service_id = s.id AND i.kind = 'regular') THEN d.due_on ELSE d.first_due_on END
 FROM free s
 JOIN issue_price pr ON pr.run_id = $1 AND pr.package_id = s.package_id AND pr.skip = ''
   AND pr.started_on = s.priced_from AND pr.discount_kind = s.discount_kind AND pr.discount_value = s.discount_value
   AND pr.own_price = s.own_price AND pr.add_ons = s.add_ons
 JOIN issue_due d ON d.run_id = $1 AND d.due_day = s.due_day
 WHERE (pr.months = 1 OR (SELECT COUNT(*) FROM issue_price_line pl CROSS JOIN invoice_line l WHERE pl.price_id = pr.id AND l.service_id = s.id
       AND l.period = pl.period AND l.kind IN ('subscription', 'prorate') AND NOT l.void) < 1)
   AND (pr.months = 1 OR (SELECT COUNT(*) FROM issue_price_line pl CROSS JOIN invoice_line l WHERE pl.price_id = pr.id AND l.service_id = s.id
       AND l.period = pl.period AND l.kind IN ('subscription', 'prorate') AND l.void) < 1)"));
// Few prices skip, so the bill that is there already is asked for last.
sql!(SKIPPED_BY_PRICE = concat!("SELECT s.service_number, pr.skip AS reason FROM service s JOIN package p ON p.id = s.package_id
 JOIN issue_price pr ON pr.run_id = $1 AND pr.package_id = s.package_id AND pr.skip <> ''
   AND pr.started_on = CASE WHEN p.duration_months = 1 AND s.started_on < $3 THEN $4 ELSE s.started_on END
   AND pr.discount_kind = ", discount_in!("discount_kind", "'none'", "$2"), " AND pr.discount_value = ", discount_in!("discount_value", "0", "$2"), "
   AND pr.own_price = COALESCE((SELECT x.own_price FROM issue_extra x WHERE x.run_id = $1 AND x.service_id = s.id), -1)
   AND pr.add_ons = COALESCE((SELECT x.add_ons FROM issue_extra x WHERE x.run_id = $1 AND x.service_id = s.id), '')
 LEFT JOIN invoice_line l ON l.service_id = s.id AND l.period = $2 AND l.kind IN ('subscription', 'prorate') AND NOT l.void
 WHERE s.stage = 'aktif' AND s.covered_until < $2 AND s.started_on >= $5 AND s.started_on <= $6 AND l.id IS NULL"));
sql!(SKIPPED_OTHERWISE = "SELECT s.service_number,
   CASE WHEN s.stage = 'cuti' THEN 'cuti' WHEN s.stage = 'siap_dicabut' THEN 'siap dicabut'
     WHEN s.covered_until >= $1 THEN 'sudah dibayar sampai ' || s.covered_until ELSE 'dibatalkan' END AS reason
 FROM service s WHERE s.started_on >= $2 AND s.started_on <= $3 AND (s.stage IN ('cuti', 'siap_dicabut') OR (s.stage = 'aktif' AND (s.covered_until >= $1
   OR (EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $1 AND l.kind IN ('subscription', 'prorate') AND l.void)
     AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $1 AND l.kind IN ('subscription', 'prorate') AND NOT l.void)))))");
// CROSS JOIN: from the few changes to their services; from the many services it took minutes. Lines twice, for
// each half has its own index. A plan carried out this very month (a rehearsal carries it out as
// well) is told too: who looks for the service among the bills learns why it is not there.
sql!(SKIPPED_PLANNED = "SELECT s.service_number, MIN(CASE WHEN ch.state = 'done' THEN 'berhenti sesuai rencana'
     WHEN ch.kind = 'stop' THEN 'akan berhenti' WHEN ch.kind = 'pause' THEN 'akan cuti' WHEN ch.kind = 'resume' THEN 'akan aktif kembali' ELSE 'akan ganti paket' END) AS reason
 FROM service_change ch CROSS JOIN service s
 WHERE s.id = ch.service_id AND s.started_on >= $2 AND s.started_on <= $3 AND s.covered_until < $1
   AND ((ch.state = 'planned' AND s.stage = 'aktif' AND ch.from_on <= $4)
     OR (ch.state = 'done' AND ch.kind = 'stop' AND s.stage = 'berhenti' AND ch.from_on = $4))
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $1 AND l.kind IN ('subscription', 'prorate') AND NOT l.void)
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $1 AND l.kind IN ('subscription', 'prorate') AND l.void)
 GROUP BY s.service_number");

impl Ledger {
    /// Freezes a run for `period` in the caller's transaction.
    pub(super) async fn freeze(&self, tx: &mut Tx, period: Period, scope: Scope, notify: bool) -> Result<Run> {
        planned::carry_due(tx, &self.access(), i64::MAX).await?;
        tx.exec(RETIRE_ISOLATED, args![self.settings.int("invoice.bill_while_isolated").max(1)]).await?;
        let run_id = tx.number(INSERT_RUN, args![period, scope.as_str(), self.today, notify, self.now]).await?;
        tx.exec(INSERT_EXTRAS, args![run_id, period, period.first_day()]).await?;
        self.freeze_prices(tx, run_id, period).await?;
        self.freeze_due_dates(tx, run_id, period).await?;
        tx.tell_sizes("issue_price, issue_price_line, issue_due").await?;
        let (from, to) = self.starts(period, scope);
        tx.exec(
            INSERT_CANDIDATES,
            args![run_id, period, self.seam(period), self.before_seam(period), from, to, period.first_day()],
        )
        .await?;
        tx.tell_sizes("issue_candidate").await?;
        Ok(Run { id: run_id, business_date: self.today, position: 0 })
    }

    /// Services of the run that get no bill, with the reason in words. Read in the transaction that froze the run while
    /// that is open; afterwards without one, so that nobody who writes waits for it.
    pub(super) async fn skipped(
        &self,
        tx: Option<&mut Tx>,
        run_id: i64,
        period: Period,
        scope: Scope,
    ) -> Result<Vec<Skipped>> {
        let (from, to) = self.starts(period, scope);
        let by_price = args![run_id, period, self.seam(period), self.before_seam(period), from, to];
        let otherwise = args![period, from, to];
        let planned = args![period, from, to, period.first_day()];
        let mut skipped: Vec<Skipped> = match tx {
            Some(tx) => [
                tx.all(SKIPPED_PLANNED, planned).await?,
                tx.all(SKIPPED_BY_PRICE, by_price).await?,
                tx.all(SKIPPED_OTHERWISE, otherwise).await?,
            ],
            None => {
                let db = &self.state.db;
                [
                    db.all(SKIPPED_PLANNED, planned).await?,
                    db.all(SKIPPED_BY_PRICE, by_price).await?,
                    db.all(SKIPPED_OTHERWISE, otherwise).await?,
                ]
            }
        }
        .concat();
        // One reason each: what is planned goes before what its price says.
        skipped.sort_by(|a, b| a.service_number.cmp(&b.service_number));
        skipped.dedup_by(|later, first| later.service_number == first.service_number);
        Ok(skipped)
    }

    /// Which start days a scope covers: any, or those inside the month.
    fn starts(&self, period: Period, scope: Scope) -> (NaiveDate, NaiveDate) {
        match scope {
            Scope::All => (NaiveDate::MIN.max(Period::FIRST.first_day()), Period::LAST.last_day()),
            Scope::Starters => (period.first_day(), period.last_day()),
        }
    }

    /// Starts from this day on matter to the price of a monthly package; earlier ones are all alike.
    fn seam(&self, period: Period) -> NaiveDate {
        period.prev().first_day()
    }

    fn before_seam(&self, period: Period) -> NaiveDate {
        period.prev().prev().first_day()
    }

    async fn freeze_prices(&self, tx: &mut Tx, run_id: i64, period: Period) -> Result<()> {
        let mut prices: HashMap<i64, Vec<(NaiveDate, i64)>> = HashMap::new();
        for (package_id, price, valid_from) in tx.all::<(i64, i64, NaiveDate)>(PRICES, args![]).await? {
            prices.entry(package_id).or_default().push((valid_from, price));
        }
        let ways: Vec<Way> =
            tx.all(WAYS_TO_PRICE, args![self.seam(period), self.before_seam(period), run_id, period]).await?;
        for way in ways {
            let day = way.started_on.max(period.first_day());
            let own = (way.own_price >= 0).then_some(way.own_price);
            let price = own.or_else(|| {
                prices
                    .get(&way.package_id)
                    .and_then(|dated| dated.iter().rev().find(|(from, _)| *from <= day).map(|(_, price)| *price))
            });
            let mut basis_id = None;
            let priced = match price {
                None => Err("paket belum punya harga".to_owned()),
                Some(_) if way.started_on > self.today => Err(Skip::NotStarted.to_string()),
                Some(price) => {
                    let basis = self.basis(&way, Rupiah(price), period, day)?;
                    let priced = price_bill(&basis.input).map_err(|skip| skip.to_string());
                    if priced.is_ok() {
                        basis_id = Some(basis::store(tx, &Basis::Month(Box::new(basis))).await?);
                    }
                    priced
                }
            };
            let (skip, total) = match &priced {
                Ok(bill) => (String::new(), bill.total),
                Err(reason) => (reason.clone(), Rupiah::ZERO),
            };
            let billed = priced.as_ref().map(|bill| bill.lines.as_slice()).unwrap_or_default();
            let is_regular = |kind: LineKind| matches!(kind, LineKind::Subscription | LineKind::Prorate);
            let beyond = billed.iter().filter(|line| is_regular(line.kind) && line.period != period).count();
            let months = i64::try_from(beyond).unwrap_or(i64::MAX - 1) + 1;
            let price = args![
                run_id,
                way.package_id,
                way.started_on,
                &way.discount_kind,
                way.discount_value,
                skip,
                total,
                months,
                way.own_price,
                &way.add_ons,
                basis_id
            ];
            let price_id = tx.number(INSERT_PRICE, price).await?;
            for line in priced.map(|bill| bill.lines).unwrap_or_default() {
                tx.exec_one(
                    INSERT_PRICE_LINE,
                    args![price_id, line.kind.as_str(), line.period, line.amount, line.text, line.derivation],
                )
                .await?;
            }
        }
        Ok(())
    }

    fn basis(&self, way: &Way, price: Rupiah, period: Period, price_on: NaiveDate) -> Result<MonthBasis> {
        let duration_months =
            u32::try_from(way.duration_months).map_err(|_| Error::Corrupt("lama paket".to_owned()))?;
        let input = PriceInput {
            price,
            duration_months,
            package_name: way.package_name.clone(),
            period,
            service_start: way.started_on,
            discount: discount(&way.discount_kind, way.discount_value),
            add_ons: add_ons(&way.add_ons)?,
            rules: self.price_rules(),
        };
        Ok(MonthBasis { input, package_id: way.package_id, own_price: way.own_price >= 0, price_on })
    }

    /// A bill is due in its own month; in arrears, in the month of issue. The punctual run on the 1st is exempt from
    /// the minimum of days to pay, but for a service's first bill.
    async fn freeze_due_dates(&self, tx: &mut Tx, run_id: i64, period: Period) -> Result<()> {
        let month = if self.in_arrears() { self.current() } else { period };
        let punctual = self.today <= month.first_day();
        let min_days = u32::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        for due_day in 1..=31_u32 {
            let due_on = due_for_issue(month, due_day, self.today, min_days, punctual);
            let first = due_for_issue(month, due_day, self.today, min_days, false);
            tx.exec_one(INSERT_DUE, args![run_id, due_day, due_on, first]).await?;
        }
        Ok(())
    }
}
