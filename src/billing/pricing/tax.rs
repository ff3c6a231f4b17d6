//! PPN: dated rates, on top of prices or inside them. Source: protocols/indonesia.md, section 3.

use super::PricedLine;
use crate::billing::{LineKind, Period, Rupiah};
use serde::{Deserialize, Serialize};

/// Whether prices hold the PPN already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxMode {
    /// It is added.
    Exclusive,
    /// It is inside.
    Inclusive,
}

/// A rate: so much of a base that is a share of the price (DPP nilai lain).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRate {
    /// Hundredths of a percent: 1200 is 12 %.
    pub rate: i64,
    /// The base is the price times this …
    pub base_num: i64,
    /// … over this.
    pub base_den: i64,
}

impl TaxRate {
    /// Since 1 January 2025: 12 % of 11/12 of the price.
    pub const SINCE_2025: Self = Self { rate: 1200, base_num: 11, base_den: 12 };

    const fn num(self) -> i64 {
        self.rate * self.base_num
    }

    const fn den(self) -> i64 {
        10_000 * self.base_den
    }

    /// The tax on a price without it; of a negative price, negative. Rounded once, half away from zero.
    pub fn on(self, net: Rupiah) -> Rupiah {
        signed(net, |net| net.mul_div_round_half_up(self.num(), self.den()))
    }

    /// The tax inside a price that holds it.
    pub fn inside(self, gross: Rupiah) -> Rupiah {
        signed(gross, |gross| gross.mul_div_round_half_up(self.num(), self.den() + self.num()))
    }

    /// The base that papers show for a price without tax.
    pub fn base(self, net: Rupiah) -> Rupiah {
        signed(net, |net| net.mul_div_round_half_up(self.base_num, self.base_den))
    }

    /// `PPN 12% x 11/12`, `PPN 11%`.
    pub fn words(self) -> String {
        let share = if self.base_num == self.base_den {
            String::new()
        } else {
            format!(" x {}/{}", self.base_num, self.base_den)
        };
        format!("PPN {}{share}", percent(self.rate))
    }

    /// ` (setara 11%)`, where the base is not the price and the effect is whole hundredths of a percent.
    pub fn effect(self) -> String {
        let whole = self.rate * self.base_num;
        if self.base_num == self.base_den || whole % self.base_den != 0 {
            return String::new();
        }
        format!(" (setara {})", percent(whole / self.base_den))
    }
}

fn signed(amount: Rupiah, of: impl Fn(Rupiah) -> Rupiah) -> Rupiah {
    if amount < Rupiah::ZERO { -of(-amount) } else { of(amount) }
}

/// `10%`, `12,5 %`, `11`: hundredths of a percent, from 0 to 100 percent.
pub fn parse_percent(typed: &str) -> Option<i64> {
    let typed = typed.trim();
    let number = typed.strip_suffix('%').unwrap_or(typed).trim().replace(',', ".");
    let (whole, part) = number.split_once('.').unwrap_or((number.as_str(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > 2 || whole.len() > 3 || !digits(part) || !digits(whole) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    Some(whole * 100 + part).filter(|hundredths| *hundredths <= 10_000)
}

/// Hundredths of a percent in words: `12%`, `12,50%`.
pub fn percent(hundredths: i64) -> String {
    match hundredths % 100 {
        0 => format!("{}%", hundredths / 100),
        part => format!("{},{part:02}%", hundredths / 100),
    }
}

/// The PPN of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// Whether it is inside.
    pub mode: TaxMode,
    /// The rate of the day of issue.
    pub rate: TaxRate,
}

impl Tax {
    /// Adds the line of PPN on the sum of `lines`, in rupiah of the bill of `period`; nothing where it comes to nothing.
    pub(super) fn add_to(self, lines: &mut Vec<PricedLine>, period: Period) {
        let sum: Rupiah = lines.iter().map(|line| line.amount).sum();
        let words = self.rate.words();
        let (amount, derivation) = match self.mode {
            TaxMode::Exclusive => {
                let tax = self.rate.on(sum);
                (tax, format!("{words} dari {sum}{} = {tax}", self.rate.effect()))
            }
            TaxMode::Inclusive => {
                let tax = self.rate.inside(sum);
                // The parts must add up to what the customer was told: the tax is taken out of the largest line, which
                // always holds it; the first could be a day's part that is smaller than the tax on both months.
                if let Some(largest) = lines.iter_mut().max_by_key(|line| line.amount.0.abs()) {
                    largest.amount -= tax;
                    largest.derivation = format!("{}, di dalamnya PPN {tax}", largest.derivation);
                }
                (tax, format!("{words}, sudah di dalam harga {sum} = {tax}"))
            }
        };
        if amount != Rupiah::ZERO {
            lines.push(PricedLine { kind: LineKind::Tax, period, amount, text: "PPN".to_owned(), derivation });
        }
    }
}
