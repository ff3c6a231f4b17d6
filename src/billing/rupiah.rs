//! Whole rupiah. There are no cents in practice, and no float ever touches money.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount in whole rupiah; negative where something is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rupiah(pub i64);

/// Why a text is no amount, for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing there.
    #[error("Isi jumlahnya, misalnya 300.000.")]
    Empty,
    /// Not a number, or one with cents.
    #[error("Jumlah {0:?} tidak terbaca; tulis rupiah bulat, misalnya 300.000.")]
    Unreadable(String),
    /// Below zero.
    #[error("Jumlah tidak boleh kurang dari nol.")]
    Negative,
    /// Above [`Rupiah::MAX`].
    #[error("Jumlah terlalu besar; periksa lagi angkanya.")]
    TooLarge,
}

impl Rupiah {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than any bill or payment can be; what is typed above it is a mistake.
    pub const MAX: Self = Self(10_000_000_000_000);

    /// Whether there is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether there is something, above zero.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum, if it fits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, if it fits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self × num / den`, rounded half up (away from zero for negatives), exact in between. A `den` of zero gives zero.
    pub fn mul_div_round_half_up(self, num: i64, den: i64) -> Self {
        self.mul_div_to(num, den, 1)
    }

    /// `self × num / den`, rounded half up to a multiple of `step` rupiah: once, from the exact value. Rounding first
    /// to whole rupiah and then to the step would lift 149.52 to 150 and that to 200. A step below 2 is 1.
    pub fn mul_div_to(self, num: i64, den: i64, step: i64) -> Self {
        if den == 0 {
            return Self::ZERO;
        }
        let step = i128::from(step.max(1));
        let product = i128::from(self.0) * i128::from(num);
        let unit = i128::from(den).abs() * step;
        let size = product.abs();
        let steps = size / unit + if size % unit >= unit - size % unit { 1 } else { 0 };
        let rounded = steps * step * product.signum() * i128::from(den.signum());
        Self(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Rounded half up to a multiple of `step`.
    pub fn round_to(self, step: i64) -> Self {
        self.mul_div_to(1, 1, step)
    }

    /// `164.516`, without `Rp`.
    pub fn digits(self) -> String {
        let plain = self.0.unsigned_abs().to_string();
        let mut out = String::with_capacity(plain.len() + plain.len() / 3 + 1);
        if self.0 < 0 {
            out.push('-');
        }
        for (n, digit) in plain.chars().enumerate() {
            if n > 0 && (plain.len() - n).is_multiple_of(3) {
                out.push('.');
            }
            out.push(digit);
        }
        out
    }

    /// `Rp 164.516` with a no-break space, for pages: an amount is never broken over lines.
    pub fn html(self) -> String {
        self.to_string().replace(' ', "\u{a0}")
    }

    /// Reads what a person types: `300000`, `300.000`, `Rp 300.000,00`, `Rp 300.000,-`, `300rb`, `1,5jt`. Cents and
    /// negatives are refused.
    pub fn parse_input(text: &str) -> Result<Self, AmountError> {
        let trimmed = text.trim();
        let unreadable = || AmountError::Unreadable(trimmed.chars().take(40).collect());
        let rest = without_rp(&trimmed.to_lowercase()).to_owned();
        if rest.is_empty() {
            return Err(AmountError::Empty);
        }
        if rest.starts_with('-') {
            return Err(AmountError::Negative);
        }
        for (suffix, factor) in [("ribu", 1_000), ("rb", 1_000), ("juta", 1_000_000), ("jt", 1_000_000)] {
            if let Some(number) = rest.strip_suffix(suffix) {
                return Self::scaled(number.trim(), factor).unwrap_or_else(|| Err(unreadable()));
            }
        }
        let whole = match rest.rsplit_once(',') {
            Some((whole, cents)) if no_cents(cents) || matches!(cents, "-" | "--") => whole,
            Some(_) => return Err(unreadable()),
            None => &rest,
        };
        Self::of_digits(&ungroup(whole, '.').ok_or_else(unreadable)?)
    }

    /// Reads a cell of an import: as [`Rupiah::parse_input`], and what other programs export: `300,000` and
    /// `300,000.00` (groups by comma) as 300000, `300000.00` as 300000. The flag says that commas were taken for
    /// groups, which the import shows.
    pub fn parse_import(text: &str) -> Result<(Self, bool), AmountError> {
        let lower = text.trim().to_lowercase();
        let bare = without_rp(&lower);
        let whole = match bare.rsplit_once('.') {
            Some((whole, cents)) if no_cents(cents) => whole,
            _ => bare,
        };
        if whole.contains(',')
            && let Some(digits) = ungroup(whole, ',')
        {
            return Self::of_digits(&digits).map(|amount| (amount, true));
        }
        if whole.len() < bare.len() && !whole.contains(['.', ',']) {
            return Self::parse_input(whole).map(|amount| (amount, false));
        }
        Self::parse_input(text).map(|amount| (amount, false))
    }

    /// `1,5` times a factor of at least 1,000, with at most three digits behind the comma, so never a part of a
    /// rupiah. `None` if it is no number.
    fn scaled(number: &str, factor: i64) -> Option<Result<Self, AmountError>> {
        let (whole, thousandths) = match number.split_once(',') {
            None => (number, 0),
            Some((whole, part)) => {
                if !(1..=3).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                (whole, format!("{part:0<3}").parse::<i64>().ok()?)
            }
        };
        let whole = Self::of_digits(&ungroup(whole, '.')?);
        // At most 10^13 × 10^6 + 10^6, just above what an i64 holds.
        let large = whole.map(|whole| {
            i128::from(whole.0) * i128::from(factor) + i128::from(thousandths) * i128::from(factor) / 1_000
        });
        Some(large.and_then(|n| i64::try_from(n).map_err(|_| AmountError::TooLarge).and_then(|n| Self(n).bounded())))
    }

    fn of_digits(digits: &str) -> Result<Self, AmountError> {
        digits.parse::<i64>().map_err(|_| AmountError::TooLarge).map(Self).and_then(Self::bounded)
    }

    fn bounded(self) -> Result<Self, AmountError> {
        if self > Self::MAX { Err(AmountError::TooLarge) } else { Ok(self) }
    }
}

/// A lower-case amount without its `rp`.
fn without_rp(text: &str) -> &str {
    text.strip_prefix("rp").map_or(text, |bare| bare.trim_start_matches('.').trim_start())
}

/// Whether what stands behind the decimal mark is nothing: `0` or `00`.
fn no_cents(cents: &str) -> bool {
    (1..=2).contains(&cents.len()) && cents.bytes().all(|b| b == b'0')
}

/// The digits of a number whose thousands may be grouped by `mark`; `None` if it is not one.
fn ungroup(text: &str, mark: char) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let groups: Vec<&str> = text.split(mark).collect();
    let digits_only = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    // `0.500` is half of something, not five hundred.
    let well_grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => first.len() <= 3 && !first.starts_with('0') && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    (digits_only && well_grouped).then(|| groups.concat())
}

impl fmt::Display for Rupiah {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}Rp {}", self.digits().trim_start_matches('-'))
    }
}

impl Add for Rupiah {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Rupiah {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Rupiah {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Rupiah {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Rupiah {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Rupiah {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_type() {
        for (text, amount) in [
            ("300000", 300_000),
            ("300.000", 300_000),
            ("Rp 300.000", 300_000),
            ("Rp300.000,00", 300_000),
            ("Rp. 300.000,-", 300_000),
            ("Rp\u{a0}300.000", 300_000),
            ("0,5jt", 500_000),
            ("1.500rb", 1_500_000),
            ("1,575 juta", 1_575_000),
            ("300rb", 300_000),
            ("300 ribu", 300_000),
            ("1,5jt", 1_500_000),
            ("2 juta", 2_000_000),
            ("0", 0),
        ] {
            assert_eq!(Rupiah::parse_input(text), Ok(Rupiah(amount)), "{text}");
        }
        for text in [
            "", "Rp", "300,5", "300,000", "-1", "-Rp 1", "30.00", "abc", "1e5", "1.000.00", "300 000", "0.300",
            "0.500jt", "1,-5jt", "1,+5jt", "1,jt", ",5jt", "1,5555jt",
        ] {
            assert!(Rupiah::parse_input(text).is_err(), "{text}");
        }
        for text in ["10000000000001", "99999999999999999999", "10000001jt", "99999999999999jt"] {
            assert_eq!(Rupiah::parse_input(text), Err(AmountError::TooLarge), "{text}");
        }
        assert_eq!(Rupiah::parse_input("10.000.000 juta"), Ok(Rupiah::MAX));
    }

    #[test]
    fn reads_what_other_programs_export() {
        for text in ["300,000", "Rp 300,000", "300,000.00"] {
            assert_eq!(Rupiah::parse_import(text), Ok((Rupiah(300_000), true)), "{text}");
        }
        for text in ["300.000", "300000", "300000.00", "300000.0", "Rp 300.000,00"] {
            assert_eq!(Rupiah::parse_import(text), Ok((Rupiah(300_000), false)), "{text}");
        }
        for text in [
            "",
            "300,50",
            "300000.50",
            "0,300",
            "3,00,000",
            "-300,000",
            "300.000.00",
            "300,000,00",
            "10,000,000,000,001",
        ] {
            assert!(Rupiah::parse_import(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_as_indonesians_do() {
        assert_eq!(Rupiah(164_516).to_string(), "Rp 164.516");
        assert_eq!(Rupiah(-1_234).to_string(), "-Rp 1.234");
        assert_eq!(Rupiah(999).digits(), "999");
        assert_eq!(Rupiah(1_000_000).html(), "Rp\u{a0}1.000.000");
    }

    #[test]
    fn rounds_half_up() {
        assert_eq!(Rupiah(300_000).mul_div_round_half_up(17, 31), Rupiah(164_516));
        assert_eq!(Rupiah(1).mul_div_round_half_up(1, 2), Rupiah(1));
        assert_eq!(Rupiah(164_516).round_to(100), Rupiah(164_500));
        assert_eq!(Rupiah(150).round_to(100), Rupiah(200));
        assert_eq!(Rupiah(-150).round_to(100), Rupiah(-200));
        assert_eq!(Rupiah(4_635).mul_div_to(1, 31, 100), Rupiah(100));
        assert_eq!(Rupiah(7).mul_div_round_half_up(1, -2), Rupiah(-4));
        assert_eq!(Rupiah(i64::MIN).mul_div_round_half_up(i64::MIN, 1), Rupiah(i64::MAX));
        assert_eq!(Rupiah(i64::MAX).mul_div_round_half_up(i64::MAX, i64::MAX), Rupiah(i64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(n in 0_i64..=10_000_000_000_000) {
            prop_assert_eq!(Rupiah::parse_input(&Rupiah(n).to_string()), Ok(Rupiah(n)));
            prop_assert_eq!(Rupiah::parse_input(&Rupiah(n).html()), Ok(Rupiah(n)));
            prop_assert_eq!(Rupiah::parse_import(&Rupiah(n).digits()), Ok((Rupiah(n), false)));
            prop_assert_eq!(Rupiah::parse_import(&Rupiah(n).digits().replace('.', ",")), Ok((Rupiah(n), n > 999)));
        }

        #[test]
        fn no_text_panics_or_passes_the_bounds(text in "(\\PC{0,12}|[-+Rp0-9., ]{0,24}(jt|rb|ribu|juta)?)") {
            for read in [Rupiah::parse_input(&text), Rupiah::parse_import(&text).map(|(amount, _)| amount)].into_iter().flatten() {
                prop_assert!(read >= Rupiah::ZERO && read <= Rupiah::MAX);
            }
        }

        #[test]
        fn rounding_goes_to_the_nearest_and_halves_go_up(n in -10_000_000_000_000_i64..=10_000_000_000_000, num in 0_i64..10_000, den in 1_i64..10_000, step in 1_i64..1_000) {
            let rounded = Rupiah(n).mul_div_to(num, den, step);
            let off = i128::from(rounded.0) * i128::from(den) - i128::from(n) * i128::from(num);
            prop_assert_eq!(rounded.0 % step, 0);
            prop_assert!(off.abs() * 2 <= i128::from(den) * i128::from(step));
            if off.abs() * 2 == i128::from(den) * i128::from(step) {
                prop_assert_eq!(off > 0, n > 0);
            }
            prop_assert_eq!(Rupiah(-n).mul_div_to(num, den, step), -rounded);
            prop_assert_eq!(Rupiah(n).mul_div_round_half_up(num, den), Rupiah(n).mul_div_to(num, den, 1));
        }
    }
}
