//! Papers as PDF, with a font of our own inside, so that they look alike on every machine.

pub mod bills;
pub mod font;
pub mod invoice;
pub mod table;

/// A spreadsheet's number of an amount, by its two halves: exact below 2^53, without a cast.
pub fn sheet_number(amount: i64) -> f64 {
    let high = i32::try_from(amount.div_euclid(1_000_000)).unwrap_or(i32::MAX);
    let low = i32::try_from(amount.rem_euclid(1_000_000)).unwrap_or(0);
    f64::from(high) * 1_000_000.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use super::sheet_number;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(format!("{}", sheet_number(164_516)), "164516");
        assert_eq!(format!("{}", sheet_number(9_007_199_254)), "9007199254");
        assert_eq!(format!("{}", sheet_number(-1)), "-1");
    }
}
