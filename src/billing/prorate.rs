//! Parts of a month. With n days in the month and d days left (that day included), F(d) = price × d / n rounded half
//! up, and a part from s to e costs F(left at s) − F(left after e): parts of a month always sum to the whole.

use super::{Period, Rupiah};
use chrono::{Datelike, NaiveDate};

/// First month of a service that starts on `start`: price / days in month × days left, start day included, rounded
/// half up to whole rupiah. 300_000 from 15 January 2026 is 164_516 (17 of 31 days).
///
/// Source: product documentation, "Sistem Prorate".
pub fn prorate(price: Rupiah, start: NaiveDate) -> Rupiah {
    prorate_to(price, start, 1)
}

/// [`prorate`], rounded half up once to a multiple of `step` rupiah (`invoice.round_to`).
pub fn prorate_to(price: Rupiah, start: NaiveDate, step: i64) -> Rupiah {
    let period = Period::of(start);
    price.mul_div_to(days_left(period, start), i64::from(period.days()), step)
}

/// What the days `from` to `to` (both included, both in `period`) cost. Days outside the month are cut off.
pub fn part(price: Rupiah, period: Period, from: NaiveDate, to: NaiveDate) -> Rupiah {
    let from = from.max(period.first_day());
    let to = to.min(period.last_day());
    if from > to {
        return Rupiah::ZERO;
    }
    left_worth(price, period, days_left(period, from)) - left_worth(price, period, days_left(period, to) - 1)
}

/// Days of the month from `day` on, that day included; the whole month for earlier days, none for later ones.
pub fn days_left(period: Period, day: NaiveDate) -> i64 {
    if day < period.first_day() {
        i64::from(period.days())
    } else if day > period.last_day() {
        0
    } else {
        i64::from(period.days() - day.day() + 1)
    }
}

fn left_worth(price: Rupiah, period: Period, left: i64) -> Rupiah {
    price.mul_div_round_half_up(left, i64::from(period.days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_documented_example() {
        assert_eq!(prorate(Rupiah(300_000), day("2026-01-15")), Rupiah(164_516));
        assert_eq!(prorate(Rupiah(300_000), day("2026-01-01")), Rupiah(300_000));
        assert_eq!(prorate(Rupiah(300_000), day("2026-01-31")), Rupiah(9_677));
        assert_eq!(prorate_to(Rupiah(300_000), day("2026-01-15"), 500), Rupiah(164_500));
    }

    #[test]
    fn days_outside_the_month_cost_nothing() {
        let january: Period = "2026-01".parse().unwrap();
        let price = Rupiah(300_000);
        assert_eq!(part(price, january, day("2025-12-20"), day("2026-01-14")), Rupiah(300_000 - 164_516));
        assert_eq!(part(price, january, day("2026-01-15"), day("2026-02-20")), Rupiah(164_516));
        assert_eq!(part(price, january, day("2026-02-01"), day("2026-02-20")), Rupiah::ZERO);
        assert_eq!(part(price, january, day("2025-12-01"), day("2025-12-31")), Rupiah::ZERO);
        assert_eq!(part(price, january, day("2026-01-20"), day("2026-01-19")), Rupiah::ZERO);
    }

    proptest! {
        #[test]
        fn parts_of_a_month_sum_to_the_whole(price in 0_i64..10_000_000, year in 2020_i32..2040, month in 1_u32..=12, cut in 0_u64..31) {
            let period = Period::new(year, month).unwrap();
            let price = Rupiah(price);
            let cut = (period.first_day() + Days::new(cut)).min(period.last_day());
            let first = part(price, period, period.first_day(), cut);
            let rest = part(price, period, cut + Days::new(1), period.last_day());
            prop_assert_eq!(first + rest, price);
            prop_assert!(first >= Rupiah::ZERO && first <= price);
            let single: Rupiah = (0..u64::from(period.days()))
                .map(|n| period.first_day() + Days::new(n))
                .map(|d| part(price, period, d, d))
                .sum();
            prop_assert_eq!(single, price);
            prop_assert_eq!(prorate(price, cut), part(price, period, cut, period.last_day()));
            prop_assert!(prorate(price, cut) >= Rupiah::ZERO && prorate(price, cut) <= price);
        }
    }
}
