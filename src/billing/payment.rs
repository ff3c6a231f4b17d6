//! Which bills a payment pays, in which order. Source: RULES, "Money in".

use super::{Period, Rupiah};
use chrono::NaiveDate;

/// A bill that is not fully paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBill {
    /// Its row.
    pub id: i64,
    /// The service it is for.
    pub service_id: i64,
    /// The month it is for.
    pub period: Period,
    /// Whether it is what was owed before Kimonet.
    pub opening: bool,
    /// When it is due.
    pub due_on: NaiveDate,
    /// Its number.
    pub number: String,
    /// What is left to pay; above zero.
    pub left: Rupiah,
    /// Whether its month has begun (always so for what is no month's bill).
    pub begun: bool,
}

/// What a payment is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Bills and what each gets, in order.
    pub parts: Vec<(i64, Rupiah)>,
    /// What no bill takes.
    pub rest: Rupiah,
}

/// Lays `amount` over the bills: first those that were chosen; then those whose month has begun, of the service it was
/// paid for, then of the payer's others; then next-month bills in the same order; the rest remains. Within each:
/// opening first, then oldest due, then lowest number.
pub fn plan(amount: Rupiah, chosen: &[i64], service_id: Option<i64>, bills: &[OpenBill]) -> Plan {
    let mut order: Vec<&OpenBill> = bills.iter().collect();
    order.sort_by_key(|bill| {
        let group = if chosen.contains(&bill.id) {
            0
        } else {
            let own = service_id == Some(bill.service_id);
            match (bill.begun, own) {
                (true, true) => 1,
                (true, false) => 2,
                (false, true) => 3,
                (false, false) => 4,
            }
        };
        (group, !bill.opening, bill.due_on, bill.number.clone())
    });
    lay(amount, &order)
}

/// Lays Saldo over the bills whose month has begun; Saldo waits for the others until their month comes.
pub fn plan_saldo(credit: Rupiah, bills: &[OpenBill]) -> Plan {
    let mut order: Vec<&OpenBill> = bills.iter().filter(|bill| bill.begun).collect();
    order.sort_by_key(|bill| (!bill.opening, bill.due_on, bill.number.clone()));
    lay(credit, &order)
}

fn lay(amount: Rupiah, order: &[&OpenBill]) -> Plan {
    let mut rest = amount.max(Rupiah::ZERO);
    let mut parts = Vec::new();
    for bill in order {
        let part = rest.min(bill.left);
        if part.is_positive() {
            parts.push((bill.id, part));
            rest -= part;
        }
    }
    Plan { parts, rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bill(id: i64, service_id: i64, due: &str, left: i64, begun: bool) -> OpenBill {
        OpenBill {
            id,
            service_id,
            period: due[..7].parse().unwrap(),
            opening: false,
            due_on: due.parse().unwrap(),
            number: format!("INV/2026/01/{id:06}"),
            left: Rupiah(left),
            begun,
        }
    }

    #[test]
    fn the_order_of_the_rules() {
        let mut opening = bill(9, 1, "2026-01-20", 50_000, true);
        opening.opening = true;
        let bills = [
            bill(1, 1, "2026-01-10", 100_000, true),
            bill(2, 2, "2025-12-10", 100_000, true),
            bill(3, 1, "2026-02-10", 100_000, false),
            opening,
        ];
        let all = plan(Rupiah(1_000_000), &[], Some(1), &bills);
        assert_eq!(all.parts.iter().map(|part| part.0).collect::<Vec<_>>(), [9, 1, 2, 3]);
        assert_eq!(all.rest, Rupiah(650_000));
        let chosen = plan(Rupiah(120_000), &[3], Some(1), &bills);
        assert_eq!(chosen.parts, [(3, Rupiah(100_000)), (9, Rupiah(20_000))]);
        let saldo = plan_saldo(Rupiah(1_000_000), &bills);
        assert_eq!(saldo.parts.iter().map(|part| part.0).collect::<Vec<_>>(), [9, 2, 1]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_paid_twice(amount in 0_i64..2_000_000, lefts in prop::collection::vec((1_i64..500_000, any::<bool>(), 1_i64..4), 0..8), chosen in prop::collection::vec(0_i64..8, 0..3)) {
            let bills: Vec<OpenBill> = lefts.iter().enumerate()
                .map(|(n, (left, begun, service))| bill(i64::try_from(n).unwrap(), *service, "2026-01-10", *left, *begun)).collect();
            let planned = plan(Rupiah(amount), &chosen, Some(1), &bills);
            prop_assert_eq!(planned.parts.iter().map(|part| part.1).sum::<Rupiah>() + planned.rest, Rupiah(amount));
            for (id, part) in &planned.parts {
                let bill = bills.iter().find(|bill| bill.id == *id).unwrap();
                prop_assert!(*part <= bill.left && part.is_positive());
                prop_assert_eq!(planned.parts.iter().filter(|other| other.0 == *id).count(), 1);
            }
            // Money rests only where no bill is left, and all but the last bill in turn are paid in full.
            let left: Rupiah = bills.iter().map(|bill| bill.left).sum();
            prop_assert_eq!(planned.rest, (Rupiah(amount) - left).max(Rupiah::ZERO));
            let full = planned.parts.iter().filter(|(id, part)| bills.iter().any(|bill| bill.id == *id && bill.left == *part)).count();
            prop_assert!(planned.parts.len() - full <= 1);
            // A next month's bill gets nothing while one whose month has begun, or a chosen one, is not fully paid.
            let paid = |bill: &OpenBill| planned.parts.contains(&(bill.id, bill.left));
            let touched = |bill: &OpenBill| planned.parts.iter().any(|part| part.0 == bill.id);
            if bills.iter().any(|bill| !bill.begun && !chosen.contains(&bill.id) && touched(bill)) {
                prop_assert!(bills.iter().filter(|bill| bill.begun || chosen.contains(&bill.id)).all(paid));
            }
        }

        #[test]
        fn saldo_waits_for_the_month(credit in 0_i64..2_000_000, lefts in prop::collection::vec((1_i64..500_000, any::<bool>()), 0..8)) {
            let bills: Vec<OpenBill> = lefts.iter().enumerate()
                .map(|(n, (left, begun))| bill(i64::try_from(n).unwrap(), 1, "2026-01-10", *left, *begun)).collect();
            let planned = plan_saldo(Rupiah(credit), &bills);
            prop_assert_eq!(planned.parts.iter().map(|part| part.1).sum::<Rupiah>() + planned.rest, Rupiah(credit));
            for (id, _) in &planned.parts {
                prop_assert!(bills.iter().any(|bill| bill.id == *id && bill.begun));
            }
        }
    }
}
