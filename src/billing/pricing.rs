//! The one function that prices a bill, for every path: run, activation, next month's bill, rehearsal.
//!
//! Order: the month itself (whole, or its part in the first month), then the discount, then PPN once on the sum. Each
//! line is rounded once, half up, to the set step. Source: RULES, "Bills"; protocols/indonesia.md, section 3.

use super::{LineKind, Period, Rupiah, prorate, words};
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// PPN on internet access: 12 % of 11/12 of the price, which is 11 %.
const TAX_NUM: i64 = 11;
const TAX_DEN: i64 = 100;
/// The same share of a price that already holds it.
const TAX_INSIDE_DEN: i64 = 111;
/// Hundredths of a percent in a whole.
const PERCENT_DEN: i64 = 10_000;

/// How the first month of a mid-month starter is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstMonth {
    /// By days.
    Prorate,
    /// Whole.
    Full,
    /// Not at all.
    Free,
}

/// Whether prices hold the PPN already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxMode {
    /// It is added.
    Exclusive,
    /// It is inside.
    Inclusive,
}

/// A standing discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discount {
    /// Hundredths of a percent: 1000 is 10 %.
    Percent(i64),
    /// Rupiah off each bill.
    Amount(Rupiah),
}

/// The settings that pricing reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceRules {
    /// `invoice.first_month`.
    pub first_month: FirstMonth,
    /// `invoice.join_after_day`; 0 is off.
    pub join_after_day: u32,
    /// `invoice.round_to`.
    pub round_to: i64,
    /// PPN, if the company is PKP.
    pub tax: Option<TaxMode>,
}

/// What is to be priced.
#[derive(Clone, Debug)]
pub struct PriceInput {
    /// Price of the package for its whole duration.
    pub price: Rupiah,
    /// Months that the price is for: 1, 3, 6 or 12.
    pub duration_months: u32,
    /// Name of the package, for the lines.
    pub package_name: String,
    /// The month.
    pub period: Period,
    /// When the service started.
    pub service_start: NaiveDate,
    /// Standing discount.
    pub discount: Option<Discount>,
    /// The settings.
    pub rules: PriceRules,
}

/// A line of a priced bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedLine {
    /// What it is.
    pub kind: LineKind,
    /// The month it is for.
    pub period: Period,
    /// Rupiah; negative for discounts.
    pub amount: Rupiah,
    /// What the bill says.
    pub text: String,
    /// How the amount came about, in plain Indonesian.
    pub derivation: String,
}

/// A priced bill: its lines sum to its total, which is above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedBill {
    /// The lines.
    pub lines: Vec<PricedLine>,
    /// Their sum.
    pub total: Rupiah,
}

/// Why there is no bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The service starts later.
    NotStarted,
    /// A longer package covers the month.
    Covered,
    /// The total is zero.
    Free,
    /// The first month is not billed.
    FirstMonthFree,
    /// The first days are billed together with the next month.
    JoinsNext,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "belum mulai",
            Self::Covered => "sudah tercakup",
            Self::Free => "gratis",
            Self::FirstMonthFree => "bulan pertama gratis",
            Self::JoinsNext => "digabung dengan bulan depan",
        })
    }
}

/// Prices the bill of one service for one month.
pub fn price_bill(input: &PriceInput) -> Result<PricedBill, Skip> {
    let mut lines = month_lines(input)?;
    let sum: Rupiah = lines.iter().map(|line| line.amount).sum();
    let off = discount_line(input, sum);
    let net = sum + off.as_ref().map_or(Rupiah::ZERO, |line| line.amount);
    lines.extend(off);
    if !net.is_positive() {
        return Err(Skip::Free);
    }
    if let Some(mode) = input.rules.tax {
        add_tax(&mut lines, input, net, mode);
    }
    let total: Rupiah = lines.iter().map(|line| line.amount).sum();
    if total.is_positive() { Ok(PricedBill { lines, total }) } else { Err(Skip::Free) }
}

/// The regular lines: the month, and the first days of the month before where they are billed together.
fn month_lines(input: &PriceInput) -> Result<Vec<PricedLine>, Skip> {
    let first = Period::of(input.service_start);
    let joins = input.rules.join_after_day > 0
        && input.service_start.day() >= input.rules.join_after_day
        && input.service_start.day() > 1
        && input.rules.first_month == FirstMonth::Prorate
        && input.duration_months == 1;
    if input.period < first {
        return Err(Skip::NotStarted);
    }
    if input.duration_months > 1 {
        let since = u32::try_from(first.months_until(input.period)).unwrap_or(0);
        return if since % input.duration_months == 0 { Ok(vec![whole(input)]) } else { Err(Skip::Covered) };
    }
    if input.period == first && input.service_start.day() > 1 {
        if joins {
            return Err(Skip::JoinsNext);
        }
        return match input.rules.first_month {
            FirstMonth::Prorate => Ok(vec![started(input, first)]),
            FirstMonth::Full => Ok(vec![whole(input)]),
            FirstMonth::Free => Err(Skip::FirstMonthFree),
        };
    }
    if joins && input.period == first.next() {
        return Ok(vec![started(input, first), whole(input)]);
    }
    Ok(vec![whole(input)])
}

fn whole(input: &PriceInput) -> PricedLine {
    let amount = input.price.round_to(input.rules.round_to);
    let last = input.period.add_months(i32::try_from(input.duration_months).unwrap_or(1) - 1);
    let (span, length) = if input.duration_months == 1 {
        (input.period.words(), "1 bulan penuh".to_owned())
    } else {
        (format!("{} sampai {}", input.period.words(), last.words()), format!("{} bulan", input.duration_months))
    };
    PricedLine {
        kind: LineKind::Subscription,
        period: input.period,
        amount,
        text: format!("Paket {} {span}", input.package_name),
        derivation: format!("Paket {} {}, {length} = {amount}", input.package_name, input.price),
    }
}

fn started(input: &PriceInput, first: Period) -> PricedLine {
    let days = prorate::days_left(first, input.service_start);
    let amount = prorate::prorate(input.price, input.service_start).round_to(input.rules.round_to);
    let span = words::span_words(input.service_start, first.last_day());
    PricedLine {
        kind: LineKind::Prorate,
        period: first,
        amount,
        text: format!("Paket {} {span} {}", input.package_name, first.year()),
        derivation: format!(
            "Paket {} {} / {} hari x {days} hari ({span}) = {amount}",
            input.package_name,
            input.price,
            first.days()
        ),
    }
}

/// A discount never takes more than there is.
fn discount_line(input: &PriceInput, sum: Rupiah) -> Option<PricedLine> {
    let (wanted, how) = match input.discount? {
        Discount::Percent(hundredths) => {
            let whole = hundredths / 100;
            let part = hundredths % 100;
            let shown = if part == 0 { format!("{whole}%") } else { format!("{whole},{part:02}%") };
            (
                sum.mul_div_round_half_up(hundredths, PERCENT_DEN).round_to(input.rules.round_to),
                format!("{shown} dari {sum}"),
            )
        }
        Discount::Amount(amount) => (amount, format!("{amount} setiap tagihan")),
    };
    let amount = wanted.min(sum).max(Rupiah::ZERO);
    amount.is_positive().then(|| PricedLine {
        kind: LineKind::Discount,
        period: input.period,
        amount: -amount,
        text: "Diskon".to_owned(),
        derivation: format!("Diskon {how} = -{amount}"),
    })
}

fn add_tax(lines: &mut Vec<PricedLine>, input: &PriceInput, net: Rupiah, mode: TaxMode) {
    let (amount, derivation) = match mode {
        TaxMode::Exclusive => {
            let tax = net.mul_div_round_half_up(TAX_NUM, TAX_DEN);
            (tax, format!("PPN 12% x 11/12 dari {net} (setara 11%) = {tax}"))
        }
        TaxMode::Inclusive => {
            let tax = net.mul_div_round_half_up(TAX_NUM, TAX_INSIDE_DEN);
            // The parts must add up to what the customer was told: the tax is taken out of the first line.
            if let Some(first) = lines.first_mut() {
                first.amount -= tax;
                first.derivation = format!("{}, di dalamnya PPN {tax}", first.derivation);
            }
            (tax, format!("PPN 12% x 11/12, sudah di dalam harga {net} = {tax}"))
        }
    };
    if amount.is_positive() {
        lines.push(PricedLine {
            kind: LineKind::Tax,
            period: input.period,
            amount,
            text: "PPN".to_owned(),
            derivation,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input(price: i64, start: &str, period: &str) -> PriceInput {
        PriceInput {
            price: Rupiah(price),
            duration_months: 1,
            package_name: "Home 20M".to_owned(),
            period: period.parse().unwrap(),
            service_start: start.parse().unwrap(),
            discount: None,
            rules: PriceRules { first_month: FirstMonth::Prorate, join_after_day: 0, round_to: 1, tax: None },
        }
    }

    #[test]
    fn a_mid_month_starter_pays_his_days() {
        let bill = price_bill(&input(300_000, "2026-01-15", "2026-01")).unwrap();
        assert_eq!(bill.total, Rupiah(164_516));
        assert_eq!(bill.lines[0].kind, LineKind::Prorate);
        assert_eq!(
            bill.lines[0].derivation,
            "Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516"
        );
        assert_eq!(price_bill(&input(300_000, "2026-01-15", "2026-02")).unwrap().total, Rupiah(300_000));
        assert_eq!(price_bill(&input(300_000, "2026-01-15", "2025-12")), Err(Skip::NotStarted));
        assert_eq!(price_bill(&input(0, "2025-01-15", "2026-01")), Err(Skip::Free));
    }

    #[test]
    fn late_starters_may_join_the_next_month() {
        let mut late = input(300_000, "2026-01-25", "2026-01");
        late.rules.join_after_day = 20;
        assert_eq!(price_bill(&late), Err(Skip::JoinsNext));
        late.period = "2026-02".parse().unwrap();
        let bill = price_bill(&late).unwrap();
        assert_eq!(bill.lines.len(), 2);
        assert_eq!(bill.total, Rupiah(300_000 + 67_742));
        late.period = "2026-03".parse().unwrap();
        assert_eq!(price_bill(&late).unwrap().total, Rupiah(300_000));
    }

    #[test]
    fn longer_packages_cover_their_months() {
        let mut quarter = input(850_000, "2026-01-15", "2026-01");
        quarter.duration_months = 3;
        assert_eq!(price_bill(&quarter).unwrap().total, Rupiah(850_000));
        quarter.period = "2026-02".parse().unwrap();
        assert_eq!(price_bill(&quarter), Err(Skip::Covered));
        quarter.period = "2026-04".parse().unwrap();
        assert_eq!(price_bill(&quarter).unwrap().total, Rupiah(850_000));
    }

    #[test]
    fn discount_first_then_tax_once() {
        let mut taxed = input(300_000, "2025-01-01", "2026-01");
        taxed.rules.tax = Some(TaxMode::Exclusive);
        assert_eq!(price_bill(&taxed).unwrap().total, Rupiah(333_000));
        taxed.discount = Some(Discount::Percent(1_000));
        assert_eq!(price_bill(&taxed).unwrap().total, Rupiah(299_700));
        taxed.discount = None;
        taxed.rules.tax = Some(TaxMode::Inclusive);
        let inside = price_bill(&taxed).unwrap();
        assert_eq!(inside.total, Rupiah(300_000));
        assert_eq!(inside.lines[1].amount, Rupiah(29_730));
        taxed.discount = Some(Discount::Amount(Rupiah(400_000)));
        assert_eq!(price_bill(&taxed), Err(Skip::Free));
    }

    proptest! {
        #[test]
        fn lines_make_the_total_and_it_is_never_above_the_price(price in 1_i64..5_000_000, day in 1_u32..=31, percent in 0_i64..10_000) {
            let start = NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
            let mut wish = input(price, "2026-01-01", "2026-01");
            wish.service_start = start;
            wish.discount = Some(Discount::Percent(percent));
            if let Ok(bill) = price_bill(&wish) {
                prop_assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<Rupiah>(), bill.total);
                prop_assert!(bill.total.is_positive() && bill.total <= Rupiah(price));
            }
        }
    }
}
