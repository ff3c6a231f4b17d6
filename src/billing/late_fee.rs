//! The fee for paying late (denda): once for a bill, so many days after it was due, on what is left of it then. Source:
//! issue 4, "Late"; RULES has it off.

use super::pricing::{PricedLine, percent};
use super::words::date_words;
use super::{LineKind, Period, Rupiah};
use chrono::{Days, NaiveDate};

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateFee {
    /// The same for every bill.
    Amount(Rupiah),
    /// Hundredths of a percent of what is left.
    Percent(i64),
}

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFeeRule {
    /// How much.
    pub fee: LateFee,
    /// Days after the due day, at least one.
    pub days: u64,
    /// The fee is rounded once, half up, to a multiple of so many rupiah.
    pub round_to: i64,
}

/// A bill that is past due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateBill {
    /// Its number.
    pub number: String,
    /// When it was due.
    pub due_on: NaiveDate,
    /// What is left of it.
    pub left: Rupiah,
}

impl LateFeeRule {
    /// The last due day of bills that bear the fee on `today`.
    pub fn due_until(&self, today: NaiveDate) -> NaiveDate {
        today.checked_sub_days(Days::new(self.days.max(1))).unwrap_or(today)
    }

    /// The fee of a bill as a line of `period`; nothing where it comes to nothing. 2 % of Rp 164.516 are Rp 3.290.
    pub fn line(&self, bill: &LateBill, period: Period) -> Option<PricedLine> {
        let (amount, how) = match self.fee {
            LateFee::Amount(amount) => (amount, format!("denda {amount}")),
            LateFee::Percent(hundredths) => {
                let amount = bill.left.mul_div_to(hundredths, 10_000, self.round_to);
                (amount, format!("denda {} x {} = {amount}", percent(hundredths), bill.left))
            }
        };
        amount.is_positive().then(|| PricedLine {
            kind: LineKind::LateFee,
            period,
            amount,
            text: format!("Denda keterlambatan {}", bill.number),
            derivation: format!(
                "Tagihan {} jatuh tempo {} dan {} hari sesudahnya masih kurang {}: {how}. Sekali saja untuk tagihan itu.",
                bill.number,
                date_words(bill.due_on),
                self.days.max(1),
                bill.left
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(left: i64) -> LateBill {
        LateBill { number: "INV/2026/01/000001".to_owned(), due_on: "2026-01-10".parse().unwrap(), left: Rupiah(left) }
    }

    #[test]
    fn an_amount_or_a_share_of_what_is_left() {
        let period: Period = "2026-01".parse().unwrap();
        let of = |fee, round_to, left| {
            LateFeeRule { fee, days: 3, round_to }.line(&bill(left), period).map(|line| line.amount.0)
        };
        assert_eq!(of(LateFee::Amount(Rupiah(5_000)), 1, 300_000), Some(5_000));
        assert_eq!(of(LateFee::Percent(200), 1, 164_516), Some(3_290));
        assert_eq!(of(LateFee::Percent(200), 100, 164_516), Some(3_300));
        assert_eq!(of(LateFee::Percent(200), 1, 10), None, "less than half a rupiah is nothing");
        assert_eq!(of(LateFee::Amount(Rupiah::ZERO), 1, 300_000), None);
    }

    #[test]
    fn it_says_why_in_plain_words() {
        let rule = LateFeeRule { fee: LateFee::Percent(200), days: 3, round_to: 1 };
        let line = rule.line(&bill(300_000), "2026-01".parse().unwrap()).unwrap();
        assert_eq!(
            line.derivation,
            "Tagihan INV/2026/01/000001 jatuh tempo 10 Januari 2026 dan 3 hari sesudahnya masih kurang Rp 300.000: denda 2% x Rp 300.000 = Rp 6.000. Sekali saja untuk tagihan itu."
        );
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(rule.due_until(day("2026-01-13")), day("2026-01-10"));
    }
}
