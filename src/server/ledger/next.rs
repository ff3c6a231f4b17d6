//! The bill of one service for one month: next month's, made when a payment completes this month's.

use super::rates::add_ons;
use super::{Ledger, basis, count_on, invoice_counter};
use crate::args;
use crate::billing::due::due_for_issue;
use crate::billing::invoice::invoice_number;
use crate::billing::payment::OpenBill;
use crate::billing::pricing::{
    Basis, Discount, MonthBasis, PriceInput, PriceRules, PricedBill, PricedLine, Skip, price_bill,
};
use crate::billing::{Period, Rupiah};
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::{add_ons_of, discount_of, id_list, own_price_of, sql};
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;

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

// What a service's bill is priced from. $2: the day whose price holds; $3: the month.
macro_rules! service_to_bill {
    ($more:literal, $from:literal) => {
        concat!("SELECT ", $more, "s.id, s.customer_id, c.name AS customer_name, p.name AS package_name, p.duration_months, s.package_id,
   ", own_price_of!("s.id", "$2"), " AS own_price,
   (SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $2 ORDER BY pp.valid_from DESC LIMIT 1) AS price,
   s.started_on, s.due_day, s.stage, s.covered_until, ", discount_of!("$3"), ", COALESCE(", add_ons_of!("s.id", "$3"), ", '') AS add_ons
 FROM ", $from, " JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id")
    };
}
sql!(pub(super) SERVICE_TO_BILL = concat!(service_to_bill!("", "service s"), " WHERE s.id = $1"));
// The services whose bill of a month ($3, whose first day is $2) may follow a bill of $1: that was a month's own (a one-off charge
// of the same month is none), no run has been over the month and left the service out, none was issued or voided (a voided one
// is issued again only from the service's page; standing and cancelled lines have an index each), and no change is planned by
// then: who stops gets no bill, who changes package is billed by the run of that month, when the change is made.
sql!(
    MAY_FOLLOW = concat!(
        service_to_bill!("b.id AS after, ", "invoice b JOIN service s ON s.id = b.service_id"), " WHERE b.id IN ", id_list!(), " AND b.kind = 'regular'
   AND s.stage = 'aktif' AND p.duration_months = 1
   AND NOT EXISTS (SELECT 1 FROM issue_run r WHERE r.period = $3 AND r.state = 'done' AND r.scope = 'all')
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $3 AND l.kind IN ('subscription', 'prorate') AND NOT l.void)
   AND NOT EXISTS (SELECT 1 FROM invoice_line l WHERE l.service_id = s.id AND l.period = $3 AND l.kind IN ('subscription', 'prorate') AND l.void)
   AND NOT EXISTS (SELECT 1 FROM service_change g WHERE g.service_id = s.id AND g.state = 'planned' AND g.from_on <= $2)
 ORDER BY b.id"
    )
);
// Asked apart, since standing and cancelled lines have an index each.
sql!(pub(super) REGULAR_LINE_EVER = "SELECT (SELECT COUNT(*) FROM invoice_line WHERE service_id = $1 AND period = $2 AND kind IN ('subscription', 'prorate') AND NOT void)
 + (SELECT COUNT(*) FROM invoice_line WHERE service_id = $1 AND period = $2 AND kind IN ('subscription', 'prorate') AND void)");
const INSERT_INVOICES: &str = "INSERT INTO invoice (number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, created_at, basis_id)";
const INSERT_LINES: &str =
    "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void)";
const INSERT_ENTRIES: &str = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)";

/// A service whose next bill may follow a bill.
#[derive(sqlx::FromRow)]
struct Follower {
    /// The bill that was paid off.
    after: i64,
    #[sqlx(flatten)]
    service: ServiceRow,
}

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
    /// Issues the next month's bill for each regular bill in `completed`, where the rules allow it; answers them, each with
    /// the bill that it follows.
    pub(super) async fn next_bills(&self, tx: &mut Tx, completed: &[OpenBill]) -> Result<Vec<(i64, OpenBill)>> {
        if !self.settings.flag("invoice.next_on_payment") || self.in_arrears() {
            return Ok(Vec::new());
        }
        let mut months: BTreeMap<Period, Vec<i64>> = BTreeMap::new();
        for bill in completed {
            // Never beyond the coming month.
            if bill.period.next() <= self.current().next() {
                months.entry(bill.period.next()).or_default().push(bill.id);
            }
        }
        let mut issued = Vec::new();
        for (period, bills) in months {
            let (mut priced, mut after) = (Vec::new(), Vec::new());
            for chunk in bills.chunks(IDS_MAX) {
                let wanted = args![id_text(chunk), period.first_day(), period];
                for follower in tx.all::<Follower>(MAY_FOLLOW, wanted).await? {
                    if let Some(bill) = self.priced_next(&follower.service, period)? {
                        after.push(follower.after);
                        priced.push((follower.service, bill.0, bill.1));
                    }
                }
            }
            issued.extend(after.into_iter().zip(self.issue_all(tx, priced).await?));
        }
        Ok(issued)
    }

    /// The bill of a month of a service that may have one.
    fn priced_next(&self, service: &ServiceRow, period: Period) -> Result<Option<(MonthBasis, PricedBill)>> {
        if service.covered_until.parse::<Period>().is_ok_and(|until| until >= period) {
            return Ok(None);
        }
        let Some(basis) = service.priced(period, period.first_day(), self.price_rules())? else { return Ok(None) };
        match price_bill(&basis.input) {
            Ok(priced) => Ok(Some((basis, priced))),
            Err(Skip::Free | Skip::NotStarted | Skip::Covered | Skip::FirstMonthFree | Skip::JoinsNext) => Ok(None),
        }
    }

    /// Writes a month's bill; answers its row.
    pub(super) async fn issue_one(
        &self,
        tx: &mut Tx,
        service: ServiceRow,
        basis: MonthBasis,
        priced: PricedBill,
    ) -> Result<i64> {
        let issued = self.issue_all(tx, vec![(service, basis, priced)]).await?;
        issued.first().map(|bill| bill.id).ok_or_else(|| Error::Corrupt("tagihan tidak tertulis".to_owned()))
    }

    /// Writes months' bills; answers them in their order.
    async fn issue_all(&self, tx: &mut Tx, bills: Vec<(ServiceRow, MonthBasis, PricedBill)>) -> Result<Vec<OpenBill>> {
        let min_days = u32::try_from(self.settings.int("invoice.min_days_to_pay")).unwrap_or(0);
        let bills: Vec<(ServiceRow, PricedBill, Period, Basis)> = bills
            .into_iter()
            .map(|(service, basis, priced)| (service, priced, basis.input.period, Basis::Month(Box::new(basis))))
            .collect();
        let mut new = Vec::with_capacity(bills.len());
        for (service, priced, period, basis) in &bills {
            let due_day = u32::try_from(service.due_day).map_err(|_| Error::Corrupt("tanggal tempo".to_owned()))?;
            new.push(NewBill {
                customer_id: service.customer_id,
                service_id: service.id,
                period: *period,
                kind: "regular",
                due_on: due_for_issue(*period, due_day, self.today, min_days, false),
                customer_name: &service.customer_name,
                package_name: &service.package_name,
                lines: &priced.lines,
                change: None,
                basis: Some(basis),
                entry: ("issue", "Tagihan ", ""),
            });
        }
        let written = self.write_bills(tx, &new).await?;
        let open = new.iter().zip(written).map(|(bill, (id, number))| OpenBill {
            id,
            service_id: bill.service_id,
            period: bill.period,
            opening: false,
            due_on: bill.due_on,
            number,
            left: bill.total(),
            begun: bill.period <= self.current(),
        });
        Ok(open.collect())
    }

    /// Writes one bill; answers its row and its number.
    pub(super) async fn write_bill(&self, tx: &mut Tx, bill: NewBill<'_>) -> Result<(i64, String)> {
        let written = self.write_bills(tx, &[bill]).await?;
        written.into_iter().next().ok_or_else(|| Error::Corrupt("tagihan tidak tertulis".to_owned()))
    }

    /// Writes bills: their numbers, their lines, their entries in the books. Answers row and number of each, in their
    /// order. The runs of a month write theirs in the database itself (`issue`).
    pub(super) async fn write_bills(&self, tx: &mut Tx, bills: &[NewBill<'_>]) -> Result<Vec<(i64, String)>> {
        if bills.is_empty() {
            return Ok(Vec::new());
        }
        self.must_be_open_today()?;
        let many = i64::try_from(bills.len()).map_err(|_| Error::Corrupt("terlalu banyak tagihan".to_owned()))?;
        let last = count_on(tx, &invoice_counter(self.today), many).await?;
        let numbers: Vec<String> =
            (last - many + 1..=last).map(|n| invoice_number(self.today.year(), self.today.month(), n)).collect();
        let bases: Vec<Option<&Basis>> = bills.iter().map(|bill| bill.basis).collect();
        let bases = basis::store_all(tx, &bases).await?;
        let heads = bills.iter().zip(&numbers).zip(bases).map(|((bill, number), basis_id)| {
            args![
                number,
                bill.customer_id,
                bill.service_id,
                bill.period,
                bill.kind,
                self.today,
                bill.due_on,
                bill.total(),
                0_i64,
                "open",
                bill.customer_name,
                bill.package_name,
                None::<i64>,
                self.now,
                basis_id
            ]
        });
        let written: BTreeMap<String, i64> =
            tx.insert_returning(INSERT_INVOICES, "RETURNING number, id", heads.collect()).await?.into_iter().collect();
        let (mut lines, mut entries, mut answer) = (Vec::new(), Vec::new(), Vec::new());
        for (bill, number) in bills.iter().zip(numbers) {
            let lost = || Error::Corrupt(format!("tagihan {number} tidak tertulis"));
            let invoice_id = written.get(&number).copied().ok_or_else(lost)?;
            for (place, line) in bill.lines.iter().enumerate() {
                // The key of a change is its first line's; the others follow it.
                let change = bill.change.map(|change| match place {
                    0 => change.to_owned(),
                    place => format!("{change}:{place}"),
                });
                lines.push(args![
                    invoice_id,
                    bill.service_id,
                    line.period,
                    line.kind.as_str(),
                    line.amount,
                    &line.text,
                    &line.derivation,
                    change,
                    false
                ]);
            }
            let (kind, before, after) = bill.entry;
            entries.push(args![
                bill.customer_id,
                bill.service_id,
                kind,
                bill.total(),
                invoice_id,
                None::<i64>,
                self.today,
                None::<i64>,
                format!("{before}{number}{after}"),
                &self.who.name,
                self.now
            ]);
            answer.push((invoice_id, number));
        }
        tx.insert_many(INSERT_LINES, lines).await?;
        tx.insert_many(INSERT_ENTRIES, entries).await?;
        Ok(answer)
    }
}

impl NewBill<'_> {
    fn total(&self) -> Rupiah {
        self.lines.iter().map(|line| line.amount).sum()
    }
}

/// A bill to be written by [`Ledger::write_bills`]; its total is the sum of its lines.
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
