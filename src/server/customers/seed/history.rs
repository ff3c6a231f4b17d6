//! The bills and payments of the seed's months, with numbers that have no gap.

use super::people::{Habit, PACKAGES, Person};
use super::{SeedWish, Seeded};
use crate::args;
use crate::billing::due::due_on;
use crate::billing::invoice::{invoice_number, receipt_number};
use crate::billing::pricing::{Basis, FirstMonth, MonthBasis, PriceInput, PriceRules, PricedBill, price_bill};
use crate::billing::{Period, Rupiah};
use crate::server::db::Val;
use crate::server::error::{Error, Result};
use crate::server::ledger::written_basis as written;
use crate::server::state::AppState;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

const INVOICE: &str = "INSERT INTO invoice (id, number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, created_at, basis_id)";
const BASIS: &str = "INSERT INTO price_basis (id, digest, input)";
const LINE: &str =
    "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void)";
const PAYMENT: &str = "INSERT INTO payment (id, receipt, customer_id, service_id, amount, method, channel, gateway, gateway_reference, request_id, reference, note, received_on, received_by, unused, at, bag_id)";
const BAG_ENTRY: &str = "INSERT INTO bag_entry (bag_id, kind, amount, payment_id, business_date, text, who, at)";
const ALLOCATION: &str = "INSERT INTO allocation (payment_id, invoice_id, amount, business_date, at)";
const ENTRY: &str = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)";

/// Who takes cash; each has a bag, whose row is the place in this list plus one.
pub const RECEIVERS: [&str; 3] = ["Rina", "Pak Dedi", "Pak Udin"];

/// Saldo of those who paid too much.
const AHEAD: Rupiah = Rupiah(50_000);

/// Rows that wait to be written, and the counters.
pub struct Books {
    months: Vec<Period>,
    midnight: Vec<DateTime<Utc>>,
    rows: [Vec<Vec<Val>>; 7],
    counters: BTreeMap<String, i64>,
    prices: BTreeMap<(usize, Period, Option<NaiveDate>), (PricedBill, i64)>,
    invoices: i64,
    payments: i64,
    noon: BTreeMap<NaiveDate, DateTime<Utc>>,
    clock: crate::server::clock::Clock,
}

impl Books {
    /// Empty books for the wished months.
    pub fn new(state: &AppState, wish: SeedWish) -> Result<Self> {
        let last = Period::of(state.clock.today()).prev();
        let count = i32::try_from(wish.months).map_err(|_| Error::invalid("--months", "terlalu banyak bulan"))?;
        let months: Vec<Period> = (0..count).rev().map(|back| last.add_months(-back)).collect();
        let midnight = months.iter().map(|month| state.clock.instant(month.first_day(), NaiveTime::MIN)).collect();
        Ok(Self {
            months,
            midnight,
            rows: Default::default(),
            counters: BTreeMap::new(),
            prices: BTreeMap::new(),
            invoices: 0,
            payments: 0,
            noon: BTreeMap::new(),
            clock: state.clock.clone(),
        })
    }

    /// First day of the history.
    pub fn first_month(&self) -> NaiveDate {
        self.months.first().map_or(NaiveDate::MIN, |month| month.first_day())
    }

    /// The last month of the history.
    pub fn last_month(&self) -> Period {
        self.months.last().copied().unwrap_or(Period::FIRST)
    }

    fn count(&mut self, kind: &str, day: NaiveDate) -> i64 {
        let n = self.counters.entry(format!("{kind}:{:04}-{:02}", day.year(), day.month())).or_default();
        *n += 1;
        *n
    }

    /// The bill of a month, and the row of what it was priced from.
    fn price(&mut self, person: &Person, month: Period) -> Result<(PricedBill, i64)> {
        // Long ago is all alike, as in a run.
        let seam = month.prev().first_day();
        let start = (person.started_on >= seam).then_some(person.started_on);
        let key = (person.package, month, start);
        if let Some(known) = self.prices.get(&key) {
            return Ok(known.clone());
        }
        let (name, _, _, price) =
            PACKAGES.get(person.package).copied().ok_or_else(|| Error::Internal("paket".to_owned()))?;
        let input = PriceInput {
            price: Rupiah(price),
            duration_months: 1,
            package_name: name.to_owned(),
            period: month,
            service_start: start.unwrap_or_else(|| month.prev().prev().first_day()),
            discount: None,
            add_ons: Vec::new(),
            rules: PriceRules { first_month: FirstMonth::Prorate, join_after_day: 0, round_to: 1, tax: None },
        };
        let bill = price_bill(&input).map_err(|skip| Error::Internal(skip.to_string()))?;
        let package_id = i64::try_from(person.package).unwrap_or(i64::MAX - 1) + 1;
        let price_on = input.service_start.max(month.first_day());
        let basis = Basis::Month(Box::new(MonthBasis { input, package_id, own_price: false, price_on }));
        let (digest, text) = written(&basis)?;
        let id = i64::try_from(self.prices.len()).unwrap_or(i64::MAX - 1) + 1;
        self.rows[6].push(args![id, digest, text]);
        self.prices.insert(key, (bill.clone(), id));
        Ok((bill, id))
    }

    /// Noon of a day, remembered: there are few days and many payments.
    fn noon(&mut self, day: NaiveDate) -> DateTime<Utc> {
        let clock = &self.clock;
        *self.noon.entry(day).or_insert_with(|| clock.instant(day, NaiveTime::MIN) + chrono::Duration::hours(12))
    }

    /// Lives a person's months: bills, and payments as is his habit.
    pub fn live(&mut self, person: &Person, rng: &mut StdRng) -> Result<()> {
        let last = self.months.len();
        for n in 0..last {
            let (Some(month), Some(at)) = (self.months.get(n).copied(), self.midnight.get(n).copied()) else {
                continue;
            };
            let from_end = last - n;
            let away = match person.habit {
                Habit::Gone => from_end <= 2,
                Habit::OnLeave => from_end <= 1,
                _ => false,
            };
            if away || Period::of(person.started_on) > month {
                continue;
            }
            let (bill, basis) = self.price(person, month)?;
            let unpaid = matches!(person.habit, Habit::Owing(months) if from_end <= months);
            let invoice_id = self.issue(person, month, at, (&bill, basis), unpaid);
            if !unpaid {
                let extra = if person.habit == Habit::Ahead && from_end == 1 { AHEAD } else { Rupiah::ZERO };
                self.pay(person, month, invoice_id, bill.total, extra, rng);
            }
        }
        Ok(())
    }

    fn issue(
        &mut self,
        person: &Person,
        month: Period,
        at: DateTime<Utc>,
        (bill, basis): (&PricedBill, i64),
        unpaid: bool,
    ) -> i64 {
        self.invoices += 1;
        let id = self.invoices;
        let issued_on = month.first_day();
        let number = invoice_number(month.year(), month.month(), self.count("invoice", issued_on));
        let (paid, status) = if unpaid { (Rupiah::ZERO, "open") } else { (bill.total, "paid") };
        let package = PACKAGES.get(person.package).map_or("", |package| package.0);
        let issued_on = issued_on.max(person.started_on);
        self.rows[4].push(args![
            person.id,
            person.id,
            "issue",
            bill.total,
            id,
            None::<i64>,
            issued_on,
            None::<i64>,
            format!("Tagihan {number}"),
            "Sistem",
            at
        ]);
        self.rows[0].push(args![
            id,
            number,
            person.id,
            person.id,
            month,
            "regular",
            issued_on,
            due_on(month, person.due_day).max(issued_on),
            bill.total,
            paid,
            status,
            &person.name,
            package,
            None::<i64>,
            at,
            basis
        ]);
        for line in &bill.lines {
            self.rows[1].push(args![
                id,
                person.id,
                line.period,
                line.kind.as_str(),
                line.amount,
                &line.text,
                &line.derivation,
                None::<String>,
                false
            ]);
        }
        id
    }

    fn pay(&mut self, person: &Person, month: Period, invoice_id: i64, total: Rupiah, extra: Rupiah, rng: &mut StdRng) {
        self.payments += 1;
        let id = self.payments;
        let due = due_on(month, person.due_day);
        let shift = if person.habit == Habit::Slow { rng.random_range(1..7) } else { 0 };
        let day = (due + Days::new(shift)) - Days::new(if shift == 0 { rng.random_range(0..7) } else { 0 });
        let day = day.max(person.started_on).max(month.first_day()).min(month.last_day());
        let at = self.noon(day);
        let receipt = receipt_number(day.year(), day.month(), self.count("receipt", day));
        let (method, channel, gateway, bag) = match rng.random_range(0..100) {
            0..=34 => (
                "gateway",
                ["bni_va", "bri_va", "qris", "mandiri_va", "alfamart"][rng.random_range(0..5)],
                Some("flip".to_owned()),
                None,
            ),
            35..=79 => ("cash", "", None, Some(rng.random_range(0..RECEIVERS.len()))),
            _ => ("transfer", "", None, None),
        };
        let who = match (&gateway, bag) {
            (Some(_), _) => "Flip",
            (None, bag) => RECEIVERS.get(bag.unwrap_or(0)).copied().unwrap_or_default(),
        };
        let bag_id = bag.and_then(|place| i64::try_from(place + 1).ok());
        let reference = gateway.as_ref().map(|_| format!("SEED{id:010}"));
        let amount = total + extra;
        self.rows[4].push(args![
            person.id,
            person.id,
            "payment",
            -amount,
            None::<i64>,
            id,
            day,
            None::<i64>,
            format!("Pembayaran {receipt}"),
            who,
            at
        ]);
        if let Some(bag_id) = bag_id {
            self.rows[5].push(args![bag_id, "cash", amount, id, day, format!("Pembayaran {receipt}"), who, at]);
        }
        self.rows[2].push(args![
            id,
            receipt,
            person.id,
            person.id,
            amount,
            method,
            channel,
            gateway,
            reference,
            None::<String>,
            "",
            "",
            day,
            who,
            extra,
            at,
            bag_id
        ]);
        self.rows[3].push(args![id, invoice_id, total, day, at]);
    }

    /// The rows made so far, table by table.
    pub fn take_rows(&mut self) -> Vec<(&'static str, Vec<Vec<Val>>)> {
        let [invoices, lines, payments, allocations, entries, bags, bases] = std::mem::take(&mut self.rows);
        vec![
            (BASIS, bases),
            (INVOICE, invoices),
            (LINE, lines),
            (PAYMENT, payments),
            (BAG_ENTRY, bags),
            (ALLOCATION, allocations),
            (ENTRY, entries),
        ]
    }

    /// The counters' rows.
    pub fn counters(&self, customers: i64) -> Vec<Vec<Val>> {
        let own = self.counters.iter().map(|(name, n)| args![name, *n]);
        own.chain([args!["service_number", customers]]).collect()
    }

    /// What was made.
    pub fn seeded(&self, customers: i64) -> Seeded {
        Seeded { customers, services: customers, invoices: self.invoices, payments: self.payments }
    }
}
