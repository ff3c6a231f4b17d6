//! Service numbers (nomor layanan), and the host names made from them.

use std::fmt;

/// Longest number that is kept.
const LENGTH_MAX: usize = 64;
/// Longest label of a host name.
const SLUG_MAX: usize = 63;

/// The number that names a service. Imported ones of any form are kept as they are; generated ones have ten digits,
/// the last a check digit (Luhn), so that a typing error names nobody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceNumber(String);

/// Why a text is no service number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNumberError {
    /// Nothing there.
    #[error("Nomor layanan kosong.")]
    Empty,
    /// Too long to be one.
    #[error("Nomor layanan terlalu panjang; paling banyak 64 huruf.")]
    TooLong,
    /// Control characters in it.
    #[error("Nomor layanan berisi tanda yang tidak dapat dipakai.")]
    Control,
}

impl ServiceNumber {
    /// Keeps a number of any form, trimmed.
    pub fn parse(text: &str) -> Result<Self, ServiceNumberError> {
        let text = text.trim();
        if text.is_empty() {
            Err(ServiceNumberError::Empty)
        } else if text.chars().count() > LENGTH_MAX {
            Err(ServiceNumberError::TooLong)
        } else if text.chars().any(char::is_control) {
            Err(ServiceNumberError::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// A new number: two digits of area (10 to 99), seven of serial, one of check.
    pub fn generate(area: u32, serial: u64) -> Self {
        let body = format!("{:02}{:07}", area % 100, serial % 10_000_000);
        let check = check_digit(&body);
        Self(format!("{body}{check}"))
    }

    /// Whether the last digit fits the others, as in every generated number.
    pub fn has_valid_check(&self) -> bool {
        let Some((body, check)) = self.0.split_at_checked(self.0.len() - 1) else { return false };
        self.0.len() == 10 && self.0.bytes().all(|b| b.is_ascii_digit()) && check_digit(body).to_string() == check
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Luhn: from the right, every second digit doubled.
fn check_digit(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, b)| {
            let digit = u32::from(b.saturating_sub(b'0'));
            if n % 2 == 0 { if digit > 4 { digit * 2 - 9 } else { digit * 2 } } else { digit }
        })
        .sum();
    (10 - sum % 10) % 10
}

/// A host-safe form: lower case letters, digits and single dashes, at most 63, never empty.
pub fn slug(number: &str) -> String {
    let mut out = String::new();
    for c in number.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(SLUG_MAX);
    let trimmed = out.trim_end_matches('-');
    if trimmed.is_empty() { "layanan".to_owned() } else { trimmed.to_owned() }
}

/// The `n`th way to write a slug that is taken.
pub fn slug_with_suffix(base: &str, n: u32) -> String {
    let suffix = format!("-{n}");
    let head: String = base.chars().take(SLUG_MAX - suffix.len()).collect();
    format!("{}{suffix}", head.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn generated_numbers_catch_a_typing_error() {
        let number = ServiceNumber::generate(10, 234_567);
        assert_eq!(number.as_str().len(), 10);
        assert!(number.has_valid_check());
        for place in 0..10 {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = number.as_str().chars().collect();
                if typed[place] == digit {
                    continue;
                }
                typed[place] = digit;
                let typed = ServiceNumber::parse(&typed.iter().collect::<String>()).unwrap();
                assert!(!typed.has_valid_check(), "{typed}");
            }
        }
    }

    #[test]
    fn imported_numbers_are_kept_and_slugs_are_safe() {
        assert_eq!(ServiceNumber::parse(" CUST/001 ").unwrap().as_str(), "CUST/001");
        assert_eq!(slug("CUST/001"), "cust-001");
        assert_eq!(slug("**"), "layanan");
        assert_eq!(slug("Budi & Siti_2"), "budi-siti-2");
        assert_eq!(slug_with_suffix("cust-001", 2), "cust-001-2");
    }

    proptest! {
        #[test]
        fn every_generated_number_checks(area in 10_u32..100, serial in 0_u64..10_000_000) {
            let number = ServiceNumber::generate(area, serial);
            prop_assert!(number.as_str().len() == 10 && number.has_valid_check());
        }

        #[test]
        fn imported_numbers_never_panic(text in "\\PC{0,80}", n in any::<u32>()) {
            if let Ok(number) = ServiceNumber::parse(&text) {
                let _ = number.has_valid_check();
                let base = slug(number.as_str());
                let other = slug_with_suffix(&base, n);
                prop_assert!(other != base && other.len() <= 63 && !other.starts_with('-'));
                prop_assert_eq!(slug(&other), other);
            }
        }

        #[test]
        fn slugs_are_host_labels(text in "\\PC{0,80}") {
            let slug = slug(&text);
            prop_assert!(!slug.is_empty() && slug.len() <= 63);
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'));
        }
    }
}
