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
        if den == 0 {
            return Self::ZERO;
        }
        let product = i128::from(self.0) * i128::from(num) * i128::from(den.signum());
        let den = i128::from(den).abs();
        let rounded = (product.abs() * 2 + den) / (den * 2) * product.signum();
        Self(i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Rounded half up to a multiple of `step`.
    pub fn round_to(self, step: i64) -> Self {
        if step <= 1 { self } else { Self(self.mul_div_round_half_up(1, step).0 * step) }
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

    /// Reads what a person types: `300000`, `300.000`, `Rp 300.000,00`, `300rb`, `1,5jt`. Cents and negatives are refused.
    pub fn parse_input(text: &str) -> Result<Self, AmountError> {
        let trimmed = text.trim();
        let unreadable = || AmountError::Unreadable(trimmed.chars().take(40).collect());
        let mut rest = trimmed.to_lowercase();
        if let Some(bare) = rest.strip_prefix("rp") {
            rest = bare.trim_start_matches('.').trim_start().to_owned();
        }
        if rest.is_empty() {
            return Err(AmountError::Empty);
        }
        if rest.starts_with('-') {
            return Err(AmountError::Negative);
        }
        for (suffix, factor) in [("ribu", 1_000), ("rb", 1_000), ("juta", 1_000_000), ("jt", 1_000_000)] {
            if let Some(number) = rest.strip_suffix(suffix) {
                return Self::scaled(number.trim(), factor).ok_or_else(unreadable).and_then(Self::bounded);
            }
        }
        let whole = match rest.rsplit_once(',') {
            Some((whole, cents)) if (1..=2).contains(&cents.len()) && cents.bytes().all(|b| b == b'0') => whole,
            Some(_) => return Err(unreadable()),
            None => &rest,
        };
        let digits = ungroup(whole, '.').ok_or_else(unreadable)?;
        digits.parse::<i64>().map_err(|_| AmountError::TooLarge).map(Self).and_then(Self::bounded)
    }

    /// Reads a cell of an import: as [`Rupiah::parse_input`], and `300,000` (groups by comma) as 300000. The flag says
    /// that commas were taken for groups, which the import shows.
    pub fn parse_import(text: &str) -> Result<(Self, bool), AmountError> {
        let bare = text.trim();
        if bare.contains(',')
            && !bare.contains('.')
            && let Some(digits) = ungroup(bare, ',')
        {
            return digits
                .parse::<i64>()
                .map_err(|_| AmountError::TooLarge)
                .map(Self)
                .and_then(Self::bounded)
                .map(|amount| (amount, true));
        }
        Self::parse_input(text).map(|amount| (amount, false))
    }

    fn scaled(number: &str, factor: i64) -> Option<Self> {
        let (whole, part) = number.split_once(',').unwrap_or((number, ""));
        if part.len() > 3 || (number.contains(',') && part.is_empty()) {
            return None;
        }
        let whole: i64 = ungroup(whole, '.')?.parse().ok()?;
        let mut amount = whole.checked_mul(factor)?;
        if !part.is_empty() {
            let unit = 10_i64.checked_pow(u32::try_from(part.len()).ok()?)?;
            amount = amount.checked_add(part.parse::<i64>().ok()?.checked_mul(factor)?.checked_div(unit)?)?;
        }
        Some(Self(amount))
    }

    fn bounded(self) -> Result<Self, AmountError> {
        if self > Self::MAX { Err(AmountError::TooLarge) } else { Ok(self) }
    }
}

/// The digits of a number whose thousands may be grouped by `mark`; `None` if it is not one.
fn ungroup(text: &str, mark: char) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let groups: Vec<&str> = text.split(mark).collect();
    let digits_only = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let well_grouped = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
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
            ("300rb", 300_000),
            ("300 ribu", 300_000),
            ("1,5jt", 1_500_000),
            ("2 juta", 2_000_000),
            ("0", 0),
        ] {
            assert_eq!(Rupiah::parse_input(text), Ok(Rupiah(amount)), "{text}");
        }
        for text in ["", "300,5", "-1", "30.00", "abc", "1e5", "1.000.00", "10000000000001", "99999999999999999999"] {
            assert!(Rupiah::parse_input(text).is_err(), "{text}");
        }
        assert_eq!(Rupiah::parse_import("300,000"), Ok((Rupiah(300_000), true)));
        assert_eq!(Rupiah::parse_import("300.000"), Ok((Rupiah(300_000), false)));
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
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(n in 0_i64..=10_000_000_000_000) {
            prop_assert_eq!(Rupiah::parse_input(&Rupiah(n).to_string()), Ok(Rupiah(n)));
        }
    }
}
