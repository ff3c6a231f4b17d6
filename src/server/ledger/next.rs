//! The bill of one service for one month: next month's, made when a payment completes this month's.

use super::rates::add_ons;
use super::settle::INSERT_ENTRY;
use super::{Ledger, basis, count_on, invoice_counter};
use crate::args;
use crate::billing::due::due_for_issue;
use crate::billing::invoice::invoice_number;
use crate::billing::payment::OpenBill;
use crate::billing::pricing::{
    Basis, Discount, MonthBasis, PriceInput, PriceRules, PricedBill, PricedLine, Skip, price_bill,
};
use crate::billing::{Period, Rupiah};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::{add_ons_of, discount_of, own_price_of, sql};
use chrono::{Datelike, NaiveDate};

/// A service as its bill is priced.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct ServiceRow {
    pub(super) id: i64,
    pub(super) customer_id: i64,
    pub(super) customer_name: String,
    pub(super) package_name: String,
    pub(super) duration_months: i64,
    pub(super) package_id: i64,
    pub(super) own_price: Option<i64>,
    pub(super) price: Option<i64>,
    pub(super) started_on: NaiveDate,
    due_day: i64,
    pub(super) stage: String,
    pub(super) covered_until: String,
    pub(super) discount_kind: String,
    pub(super) discount_value: i64,
    add_ons: String,
}

// $2: the day whose price holds; $3: the month.
sql!(pub(super) SERVICE_TO_BILL = concat!("SELECT s.id, s.customer_id, c.name AS customer_name, p.name AS package_name, p.duration_months, s.package_id,
   ", own_price_of!("s.id", "$2"), " AS own_price,
   (SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1) AS price,
   s.started_on, s.due_day, s.stage, s.covered_until, ", discount_of!("$3"), ", COALESCE(", add_ons_of!("s.id", "$3"), ", '') AS add_ons
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"));
// Whether the bill of a month ($2, whose first day is $3) may follow a bill: that was a month's own (a one-off charge of the
// same month is none), no run has been over the month and left the service out, none was issued or voided (a voided one is
// issued again only from the service's page; standing and cancelled lines have an index each), and no change is planned by
// then: who stops gets no bill, who changes package is billed by the run of that month, when the change is made.
sql!(
    MAY_FOLLOW = "SELECT i.service_id FROM invoice i WHERE i.id = $1 AND i.kind = 'regular'
   AND NOT EXISTS (SELECT 1 FROM issue_run r WHERE r.period = $2 AND r.state = 'done' AND r.scope = 'all')
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = i.service_id AND l.period = $2 AND l.kind IN ('subscription', 'prorate') AND NOT l.void)
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = i.service_id AND l.period = $2 AND l.kind IN ('subscription', 'prorate') AND l.void)
   AND NOT EXISTS (SELECT 1 FROM service_change g WHERE g.service_id = i.service_id AND g.state = 'planned' AND g.from_on <= $3)"
);
// Asked apart, since standing and cancelled lines have an index each.
sql!(pub(super) REGULAR_LINE_EVER = "SELECT (SELECT COUNT(*) FROM invoice_line WHERE service_id = $1 AND period = $2 AND kind IN ('subscription', 'prorate') AND NOT void)
 + (SELECT COUNT(*) FROM invoice_line WHERE service_id = $1 AND period = $2 AND kind IN ('subscription', 'prorate') AND void)");
sql!(INSERT_INVOICE = "INSERT INTO invoice (number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, created_at, basis_id)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 'open', $9, $10, NULL, $11, $12) RETURNING id");
sql!(
    INSERT_LINE =
        "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE)"
);

/// A stored discount as the pricing rule takes it: percent in hundredths, or rupiah.
pub(super) fn discount(kind: &str, value: i64) -> Option<Discount> {
    match kind {
        "percent" => Some(Discount::Percent(value)),
        "amount" => Some(Discount::Amount(Rupiah(value))),
        _ => None,
    }
}

impl ServiceRow {
    /// What prices its bill of a month at the price of `price_on`, for which it was read; nothing when its package has no
    /// price yet.
    pub(super) fn priced(&self, period: Period, price_on: NaiveDate, rules: PriceRules) -> Result<Option<MonthBasis>> {
        let Some(price) = self.own_price.or(self.price) else { return Ok(None) };
        let input = PriceInput {
            price: Rupiah(price),
            duration_months: u32::try_from(self.duration_months)
                .map_err(|_| Error::Corrupt("lama paket".to_owned()))?,
            package_name: self.package_name.clone(),
            period,
            service_start: self.started_on,
            discount: discount(&self.discount_kind, self.discount_value),
            add_ons: add_ons(&self.add_ons)?,
            rules,
        };
        Ok(Some(MonthBasis { input, package_id: self.package_id, own_price: self.own_price.is_some(), price_on }))
    }
}

impl Ledger {
    /// Issues the next month's bill for each regular bill in `completed`, where the rules allow it. Whether any was.
    pub(super) async fn next_bills(&self, tx: &mut Tx, completed: &[OpenBill]) -> Result<bool> {
        if !self.settings.flag("invoice.next_on_payment") || self.in_arrears() {
            return Ok(false);
        }
        let mut any = false;
        for bill in completed {
            any |= self.next_bill(tx, bill.id, bill.period.next()).await?;
        }
        Ok(any)
    }

    async fn next_bill(&self, tx: &mut Tx, after: i64, period: Period) -> Result<bool> {
        // Never beyond the coming month.
        if period > self.current().next() {
            return Ok(false);
        }
        let may: Option<(i64,)> = tx.opt(MAY_FOLLOW, args![after, period, period.first_day()]).await?;
        let Some((service_id,)) = may else { return Ok(false) };
        let service: ServiceRow = tx.one(SERVICE_TO_BILL, args![service_id, period.first_day(), period]).await?;
        let covered = service.covered_until.parse::<Period>().is_ok_and(|until| until >= period);
        if service.stage != "aktif" || covered || service.duration_months != 1 {
            return Ok(false);
        }
        let Some(basis) = service.priced(period, period.first_day(), self.price_rules())? else { return Ok(false) };
        match price_bill(&basis.input) {
            Ok(priced) => {
                self.issue_one(tx, &service, basis, &priced).await?;
                Ok(true)
            }
            Err(Skip::Free | Skip::NotStarted | Skip::Covered | Skip::FirstMonthFree | Skip::JoinsNext) => Ok(false),
        }
    }

    /// Writes a month's bill; answers its row.
    pub(super) async fn issue_one(
        &self,
        tx: &mut Tx,
        service: &ServiceRow,
        basis: MonthBasis,
        priced: &PricedBill,
    ) -> Result<i64> {
        let period = basis.input.period;
        let due_day = u32::try_from(service.due_day).map_err(|_| Error::Corrupt("tanggal tempo".to_owned()))?;
        let min_days = u32::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        let bill = NewBill {
            customer_id: service.customer_id,
            service_id: service.id,
            period,
            kind: "regular",
            due_on: due_for_issue(period, due_day, self.today, min_days, false),
            customer_name: &service.customer_name,
            package_name: &service.package_name,
            lines: &priced.lines,
            change: None,
            basis: Some(&Basis::Month(Box::new(basis))),
            entry: ("issue", "Tagihan ", ""),
        };
        Ok(self.write_bill(tx, bill).await?.0)
    }

    /// Writes one bill: its number, its lines, its entry in the books. Answers its row and its number. The runs of a month
    /// write theirs set by set (`issue`).
    pub(super) async fn write_bill(&self, tx: &mut Tx, bill: NewBill<'_>) -> Result<(i64, String)> {
        self.must_be_open_today()?;
        let sequence = count_on(tx, &invoice_counter(self.today), 1).await?;
        let number = invoice_number(self.today.year(), self.today.month(), sequence);
        let total: Rupiah = bill.lines.iter().map(|line| line.amount).sum();
        let basis_id = basis::store_any(tx, bill.basis).await?;
        let head = args![
            &number,
            bill.customer_id,
            bill.service_id,
            bill.period,
            bill.kind,
            self.today,
            bill.due_on,
            total,
            bill.customer_name,
            bill.package_name,
            self.now,
            basis_id
        ];
        let invoice_id = tx.number(INSERT_INVOICE, head).await?;
        for (place, line) in bill.lines.iter().enumerate() {
            // The key of a change is its first line's; the others follow it.
            let change = bill.change.map(|change| match place {
                0 => change.to_owned(),
                place => format!("{change}:{place}"),
            });
            let values = args![
                invoice_id,
                bill.service_id,
                line.period,
                line.kind.as_str(),
                line.amount,
                &line.text,
                &line.derivation,
                change
            ];
            tx.exec_one(INSERT_LINE, values).await?;
        }
        let (kind, before, after) = bill.entry;
        let entry = args![
            bill.customer_id,
            bill.service_id,
            kind,
            total,
            invoice_id,
            None::<i64>,
            self.today,
            format!("{before}{number}{after}"),
            &self.who.name,
            self.now
        ];
        tx.exec_one(INSERT_ENTRY, entry).await?;
        Ok((invoice_id, number))
    }
}

/// A bill to be written by [`Ledger::write_bill`]; its total is the sum of its lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewBill<'a> {
    pub(super) customer_id: i64,
    pub(super) service_id: i64,
    pub(super) period: Period,
    /// `regular`, `charge`, `adjustment` or `opening`.
    pub(super) kind: &'static str,
    pub(super) due_on: NaiveDate,
    pub(super) customer_name: &'a str,
    pub(super) package_name: &'a str,
    pub(super) lines: &'a [PricedLine],
    /// Key of the deed that makes it, unique among all lines: the same deed twice is refused by the database.
    pub(super) change: Option<&'a str>,
    /// What its lines were made from, where they were derived.
    pub(super) basis: Option<&'a Basis>,
    /// Kind of its entry, and what its text says before and after the number.
    pub(super) entry: (&'static str, &'a str, &'a str),
}
