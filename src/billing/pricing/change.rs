//! A change inside a month that is billed already: what is left of the old is taken off, the same days of the new are put
//! on, both shown. Source: RULES, "Bills"; the month's parts always sum to the whole (`prorate`).

use super::tax::percent;
use super::{Discount, PERCENT_DEN, PriceRules, PricedLine};
use crate::billing::{LineKind, Period, Rupiah, prorate, words};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A package before or after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSide {
    /// Its name.
    pub package_name: String,
    /// Rupiah of a whole month.
    pub price: Rupiah,
}

/// A change from a day to the end of its month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeInput {
    /// First day of the new.
    pub from: NaiveDate,
    /// What was billed for these days; nothing where the service comes back.
    pub old: Option<ChangeSide>,
    /// What they cost now; nothing where the service stops.
    pub new: Option<ChangeSide>,
    /// Standing discount: a percentage holds for both, an amount was given with the month's bill already.
    pub discount: Option<Discount>,
    /// The settings.
    pub rules: PriceRules,
}

/// What a change costs: its lines sum to its total, which is negative where the customer gets something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedChange {
    /// The lines.
    pub lines: Vec<PricedLine>,
    /// Their sum; above zero a bill, below a note of credit.
    pub total: Rupiah,
}

/// Prices a change inside its month.
pub fn price_change(input: &ChangeInput) -> PricedChange {
    let period = Period::of(input.from);
    let mut lines = Vec::new();
    if let Some(old) = &input.old {
        lines.push(part(input, period, old, true));
    }
    if let Some(new) = &input.new {
        lines.push(part(input, period, new, false));
    }
    if let Some(Discount::Percent(hundredths)) = input.discount {
        let sum: Rupiah = lines.iter().map(|line| line.amount).sum();
        let size = if sum < Rupiah::ZERO { -sum } else { sum };
        let off = size.mul_div_to(hundredths, PERCENT_DEN, input.rules.round_to).min(size);
        if off.is_positive() {
            let amount = if sum < Rupiah::ZERO { off } else { -off };
            lines.push(PricedLine {
                kind: LineKind::Discount,
                period,
                amount,
                text: "Diskon".to_owned(),
                derivation: format!("Diskon {} dari {sum} = {amount}", percent(hundredths)),
            });
        }
    }
    if let Some(tax) = input.rules.tax {
        tax.add_to(&mut lines, period);
    }
    let total = lines.iter().map(|line| line.amount).sum();
    PricedChange { lines, total }
}

fn part(input: &ChangeInput, period: Period, side: &ChangeSide, old: bool) -> PricedLine {
    let days = prorate::days_left(period, input.from);
    let worth = prorate::prorate_to(side.price, input.from, input.rules.round_to);
    let amount = if old { -worth } else { worth };
    let span = words::span_words(input.from, period.last_day());
    let what = if old { "tidak dipakai" } else { "dipakai" };
    PricedLine {
        kind: LineKind::Adjustment,
        period,
        amount,
        text: format!("Paket {} {span} {}, {what}", side.package_name, period.year()),
        derivation: format!(
            "Paket {} {} / {} hari x {days} hari ({span}), {what} = {amount}",
            side.package_name,
            side.price,
            period.days()
        ),
    }
}
