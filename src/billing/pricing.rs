//! The one function that prices a bill, for every path: run, activation, next month's bill, months in advance, rehearsal.
//!
//! Order: the month itself (whole, or its part in the first month), then the discount on it, then what is rented beside it,
//! then PPN once on the sum. Each line is rounded once, half up, to the set step. Source: RULES, "Bills";
//! protocols/indonesia.md, section 3.

use super::{LineKind, Period, Rupiah, prorate, words};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

mod basis;
mod change;
mod tax;

pub use basis::{Basis, MonthBasis};
pub use change::{ChangeInput, ChangeSide, PricedChange, price_change};
pub use tax::{Tax, TaxMode, TaxRate, parse_percent, percent};

/// Hundredths of a percent in a whole.
const PERCENT_DEN: i64 = 10_000;

/// How the month in which a service starts is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FirstMonth {
    /// By days; a start on the 1st is the whole month.
    Prorate,
    /// Whole.
    Full,
    /// Not at all, a start on the 1st included.
    Free,
}

/// A standing discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Discount {
    /// Hundredths of a percent: 1000 is 10 %.
    Percent(i64),
    /// Rupiah off each bill.
    Amount(Rupiah),
}

/// The settings that pricing reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRules {
    /// `invoice.first_month`.
    pub first_month: FirstMonth,
    /// `invoice.join_after_day`; 0 is off. A caller that knows the month of the start as billed or covered already
    /// passes 0, else the next month would bill it again.
    pub join_after_day: u32,
    /// `invoice.round_to`.
    pub round_to: i64,
    /// PPN of the day of issue, if the company is PKP.
    pub tax: Option<Tax>,
}

/// Something rented beside the package, month by month (a device, a public IP).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOn {
    /// What the bill says.
    pub text: String,
    /// Rupiah a month.
    pub amount: Rupiah,
}

/// What is to be priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Standing discount on the package, if it holds in that month.
    pub discount: Option<Discount>,
    /// What is rented beside it in that month; whole months, never discounted.
    pub add_ons: Vec<AddOn>,
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
    lines.extend(off);
    lines.extend(input.add_ons.iter().filter(|add_on| add_on.amount.is_positive()).map(|add_on| rented(input, add_on)));
    let net: Rupiah = lines.iter().map(|line| line.amount).sum();
    if !net.is_positive() {
        return Err(Skip::Free);
    }
    if let Some(tax) = input.rules.tax {
        tax.add_to(&mut lines, input.period);
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
    if input.period == first {
        return match input.rules.first_month {
            FirstMonth::Prorate if joins => Err(Skip::JoinsNext),
            FirstMonth::Prorate if input.service_start.day() > 1 => Ok(vec![started(input, first)]),
            FirstMonth::Prorate | FirstMonth::Full => Ok(vec![whole(input)]),
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
    let amount = prorate::prorate_to(input.price, input.service_start, input.rules.round_to);
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
            let shown = percent(hundredths);
            (sum.mul_div_to(hundredths, PERCENT_DEN, input.rules.round_to), format!("{shown} dari {sum}"))
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

/// Prices a fee that is taken once: its line, and PPN on it like on every other bill.
pub fn price_charge(amount: Rupiah, text: &str, period: Period, tax: Option<Tax>) -> Vec<PricedLine> {
    let mut lines = vec![PricedLine {
        kind: LineKind::Charge,
        period,
        amount,
        text: text.to_owned(),
        derivation: "Biaya sekali, disepakati dengan pelanggan.".to_owned(),
    }];
    if let Some(tax) = tax {
        tax.add_to(&mut lines, period);
    }
    lines
}

fn rented(input: &PriceInput, add_on: &AddOn) -> PricedLine {
    let months = i64::from(input.duration_months);
    let amount = Rupiah(add_on.amount.0.saturating_mul(months)).round_to(input.rules.round_to);
    let length = if months == 1 { "1 bulan".to_owned() } else { format!("{months} bulan x {}", add_on.amount) };
    PricedLine {
        kind: LineKind::Addon,
        period: input.period,
        amount,
        text: add_on.text.clone(),
        derivation: format!("{}, {length} = {amount}", add_on.text),
    }
}

#[cfg(test)]
mod tests;
