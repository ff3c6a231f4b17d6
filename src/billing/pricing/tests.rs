use super::*;
use crate::billing::prorate::part;
use chrono::Days;
use proptest::prelude::*;

fn input(price: i64, start: &str, period: &str) -> PriceInput {
    PriceInput {
        price: Rupiah(price),
        duration_months: 1,
        package_name: "Home 20M".to_owned(),
        period: period.parse().unwrap(),
        service_start: start.parse().unwrap(),
        discount: None,
        add_ons: Vec::new(),
        rules: PriceRules { first_month: FirstMonth::Prorate, join_after_day: 0, round_to: 1, tax: None },
    }
}

#[test]
fn a_mid_month_starter_pays_his_days() {
    let bill = price_bill(&input(300_000, "2026-01-15", "2026-01")).unwrap();
    assert_eq!(bill.total, Rupiah(164_516));
    assert_eq!(bill.lines[0].kind, LineKind::Prorate);
    assert_eq!(bill.lines[0].derivation, "Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari) = Rp 164.516");
    assert_eq!(price_bill(&input(300_000, "2026-01-15", "2026-02")).unwrap().total, Rupiah(300_000));
    assert_eq!(price_bill(&input(300_000, "2026-01-15", "2025-12")), Err(Skip::NotStarted));
    assert_eq!(price_bill(&input(0, "2025-01-15", "2026-01")), Err(Skip::Free));
}

#[test]
fn the_month_of_the_start_follows_the_setting() {
    for (first_month, start, answer) in [
        (FirstMonth::Prorate, "2026-01-01", Ok((LineKind::Subscription, 300_000))),
        (FirstMonth::Prorate, "2026-01-31", Ok((LineKind::Prorate, 9_677))),
        (FirstMonth::Full, "2026-01-15", Ok((LineKind::Subscription, 300_000))),
        (FirstMonth::Free, "2026-01-15", Err(Skip::FirstMonthFree)),
        (FirstMonth::Free, "2026-01-01", Err(Skip::FirstMonthFree)),
        (FirstMonth::Free, "2025-12-31", Ok((LineKind::Subscription, 300_000))),
    ] {
        let mut wish = input(300_000, start, "2026-01");
        wish.rules.first_month = first_month;
        let priced = price_bill(&wish).map(|bill| (bill.lines[0].kind, bill.total.0));
        assert_eq!(priced, answer, "{first_month:?} {start}");
    }
}

#[test]
fn a_line_is_rounded_once() {
    // 4,635 / 31 is 149.52: to the nearest hundred that is 100, though by way of 150 it would be 200.
    let mut wish = input(4_635, "2026-01-31", "2026-01");
    wish.rules.round_to = 100;
    assert_eq!(price_bill(&wish).unwrap().total, Rupiah(100));
}

#[test]
fn tax_inside_never_turns_a_line_negative() {
    let mut joined = input(300_000, "2026-01-31", "2026-02");
    joined.rules.join_after_day = 20;
    joined.rules.tax = Some(Tax { mode: TaxMode::Inclusive, rate: TaxRate::SINCE_2025 });
    let bill = price_bill(&joined).unwrap();
    let lines: Vec<(LineKind, i64)> = bill.lines.iter().map(|line| (line.kind, line.amount.0)).collect();
    assert_eq!(
        lines,
        [(LineKind::Prorate, 9_677), (LineKind::Subscription, 300_000 - 30_689), (LineKind::Tax, 30_689)]
    );
    assert_eq!(bill.total, Rupiah(309_677));
}

#[test]
fn the_table_of_the_paper_on_ppn() {
    for (mode, given, tax, total) in [
        (TaxMode::Exclusive, 300_000, 33_000, 333_000),
        (TaxMode::Exclusive, 150_000, 16_500, 166_500),
        (TaxMode::Exclusive, 199_000, 21_890, 220_890),
        (TaxMode::Exclusive, 164_516, 18_097, 182_613),
        (TaxMode::Inclusive, 166_500, 16_500, 166_500),
        (TaxMode::Inclusive, 300_000, 29_730, 300_000),
    ] {
        let mut wish = input(given, "2025-01-01", "2026-01");
        wish.rules.tax = Some(Tax { mode, rate: TaxRate::SINCE_2025 });
        let bill = price_bill(&wish).unwrap();
        assert_eq!((bill.lines[1].amount, bill.total), (Rupiah(tax), Rupiah(total)), "{mode:?} {given}");
    }
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
    taxed.rules.tax = Some(Tax { mode: TaxMode::Exclusive, rate: TaxRate::SINCE_2025 });
    assert_eq!(price_bill(&taxed).unwrap().total, Rupiah(333_000));
    taxed.discount = Some(Discount::Percent(1_000));
    assert_eq!(price_bill(&taxed).unwrap().total, Rupiah(299_700));
    taxed.discount = None;
    taxed.rules.tax = Some(Tax { mode: TaxMode::Inclusive, rate: TaxRate::SINCE_2025 });
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

    #[test]
    fn every_bill_adds_up(
        price in 0_i64..5_000_000, start in 0_u64..120, ahead in -2_i32..8, first in 0_usize..3, join in 0_u32..=31,
        off in prop_oneof![
            Just(None),
            (0_i64..=12_000).prop_map(|n| Some(Discount::Percent(n))),
            (0_i64..1_000_000).prop_map(|n| Some(Discount::Amount(Rupiah(n)))),
        ],
        step in prop_oneof![Just(1_i64), Just(100), Just(500), Just(1_000)], tax in 0_usize..3, duration in prop_oneof![Just(1_u32), Just(3), Just(6), Just(12)],
    ) {
        let mut wish = input(price, "2026-01-01", "2026-01");
        wish.service_start = wish.period.first_day() + chrono::Days::new(start);
        wish.period = Period::of(wish.service_start).add_months(ahead);
        wish.duration_months = duration;
        wish.discount = off;
        wish.rules = PriceRules {
            first_month: [FirstMonth::Prorate, FirstMonth::Full, FirstMonth::Free][first],
            join_after_day: join,
            round_to: step,
            tax: [None, Some(Tax { mode: TaxMode::Exclusive, rate: TaxRate::SINCE_2025 }), Some(Tax { mode: TaxMode::Inclusive, rate: TaxRate::SINCE_2025 })][tax],
        };
        let priced = price_bill(&wish);
        prop_assert_eq!(ahead < 0, priced == Err(Skip::NotStarted));
        if let Ok(bill) = priced {
            prop_assert!(bill.total.is_positive());
            prop_assert_eq!(bill.lines.iter().map(|line| line.amount).sum::<Rupiah>(), bill.total);
            for line in &bill.lines {
                prop_assert_eq!(line.amount < Rupiah::ZERO, line.kind == LineKind::Discount, "{:?}", line);
                prop_assert!(!line.text.is_empty() && !line.derivation.is_empty());
            }
            // A month is billed once: no two regular lines of one bill are for the same month.
            let mut months: Vec<Period> = bill.lines.iter().filter(|line| line.kind.is_regular()).map(|line| line.period).collect();
            let regular = months.len();
            months.dedup();
            prop_assert_eq!(months.len(), regular);
            if tax != 1 {
                let mut untaxed = wish.clone();
                untaxed.rules.tax = None;
                prop_assert_eq!(price_bill(&untaxed).map(|bill| bill.total), Ok(bill.total));
            }
        }
    }

    #[test]
    fn all_months_together_bill_each_month_once(start in 0_u64..59, join in 0_u32..=31) {
        let mut wish = input(300_000, "2026-01-01", "2026-01");
        wish.service_start = wish.period.first_day() + chrono::Days::new(start);
        wish.rules.join_after_day = join;
        let first = Period::of(wish.service_start);
        let mut billed = Vec::new();
        for n in 0..4 {
            wish.period = first.add_months(n);
            billed.extend(price_bill(&wish).map(|bill| bill.lines).unwrap_or_default());
        }
        let months: Vec<Period> = billed.iter().map(|line| line.period).collect();
        prop_assert_eq!(months, (0..4).map(|n| first.add_months(n)).collect::<Vec<_>>());
        prop_assert_eq!(billed[0].amount, prorate::prorate(Rupiah(300_000), wish.service_start));
    }
}

fn side(name: &str, price: i64) -> Option<ChangeSide> {
    Some(ChangeSide { package_name: name.to_owned(), price: Rupiah(price) })
}

fn change(from: &str, old: Option<ChangeSide>, new: Option<ChangeSide>) -> ChangeInput {
    ChangeInput {
        from: from.parse().unwrap(),
        old,
        new,
        discount: None,
        rules: input(0, "2025-01-01", "2026-01").rules,
    }
}

#[test]
fn what_is_rented_is_billed_whole_and_not_discounted() {
    let mut wish = input(300_000, "2026-01-15", "2026-01");
    wish.discount = Some(Discount::Percent(10_000));
    wish.add_ons = vec![AddOn { text: "Sewa alat".to_owned(), amount: Rupiah(25_000) }];
    let bill = price_bill(&wish).unwrap();
    let lines: Vec<(LineKind, i64)> = bill.lines.iter().map(|line| (line.kind, line.amount.0)).collect();
    assert_eq!(lines, [(LineKind::Prorate, 164_516), (LineKind::Discount, -164_516), (LineKind::Addon, 25_000)]);
    assert_eq!(bill.lines[2].derivation, "Sewa alat, 1 bulan = Rp 25.000");
    wish.duration_months = 3;
    wish.service_start = "2025-10-01".parse().unwrap();
    assert_eq!(price_bill(&wish).unwrap().total, Rupiah(75_000));
}

#[test]
fn a_rate_without_another_base_says_so() {
    let mut wish = input(300_000, "2025-01-01", "2026-01");
    wish.rules.tax = Some(Tax { mode: TaxMode::Exclusive, rate: TaxRate { rate: 1100, base_num: 1, base_den: 1 } });
    let bill = price_bill(&wish).unwrap();
    assert_eq!(bill.lines[1].derivation, "PPN 11% dari Rp 300.000 = Rp 33.000");
    wish.rules.tax = Some(Tax { mode: TaxMode::Exclusive, rate: TaxRate::SINCE_2025 });
    let bill = price_bill(&wish).unwrap();
    assert_eq!(bill.lines[1].derivation, "PPN 12% x 11/12 dari Rp 300.000 (setara 11%) = Rp 33.000");
    assert_eq!(TaxRate::SINCE_2025.base(Rupiah(300_000)), Rupiah(275_000));
}

#[test]
fn an_upgrade_shows_both_and_costs_the_difference() {
    let priced = price_change(&change("2026-01-15", side("Home 20M", 300_000), side("Home 50M", 450_000)));
    let amounts: Vec<i64> = priced.lines.iter().map(|line| line.amount.0).collect();
    assert_eq!((amounts.as_slice(), priced.total), ([-164_516, 246_774].as_slice(), Rupiah(82_258)));
    assert_eq!(
        priced.lines[0].derivation,
        "Paket Home 20M Rp 300.000 / 31 hari x 17 hari (15-31 Januari), tidak dipakai = -Rp 164.516"
    );
    let mut taxed = change("2026-01-15", side("Home 20M", 300_000), None);
    taxed.discount = Some(Discount::Percent(1_000));
    taxed.rules.tax = Some(Tax { mode: TaxMode::Exclusive, rate: TaxRate::SINCE_2025 });
    let priced = price_change(&taxed);
    let amounts: Vec<i64> = priced.lines.iter().map(|line| line.amount.0).collect();
    assert_eq!((amounts.as_slice(), priced.total), ([-164_516, 16_452, -16_287].as_slice(), Rupiah(-164_351)));
}

proptest! {
    #[test]
    fn a_month_in_two_packages_costs_its_days(old in 0_i64..2_000_000, new in 0_i64..2_000_000, day in 1_u64..28) {
        let from = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(day);
        let period = Period::of(from);
        let priced = price_change(&change(&from.to_string(), side("A", old), side("B", new)));
        // The month's bill and the change together: the days before at the old price, the rest at the new.
        let before = part(Rupiah(old), period, period.first_day(), from - Days::new(1));
        let after = part(Rupiah(new), period, from, period.last_day());
        prop_assert_eq!(Rupiah(old) + priced.total, before + after);
    }
}

#[test]
fn percentages_as_people_type_them() {
    for (typed, hundredths) in
        [("10%", 1_000), ("12,5 %", 1_250), ("0,25%", 25), ("100%", 10_000), ("11", 1_100), ("0", 0)]
    {
        assert_eq!(parse_percent(typed), Some(hundredths), "{typed}");
    }
    for typed in ["101%", "-1%", "1,234%", "%", "", "sepuluh%", "100,01"] {
        assert_eq!(parse_percent(typed), None, "{typed}");
    }
}
