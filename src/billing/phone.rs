//! Indonesian telephone numbers. Source: protocols/indonesia.md, section 1 (libphonenumber metadata).

use std::fmt;

/// A telephone number, digits only, with its country code: `6281234567890`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is no telephone number, for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Nothing there.
    #[error("Nomor telepon kosong; isi nomor WhatsApp pelanggan, misalnya 0812-3456-7890.")]
    Empty,
    /// A spreadsheet rounded it.
    #[error("Nomor dibulatkan oleh Excel ({0}); ubah kolom telepon menjadi teks, lalu tulis lagi nomornya.")]
    Scientific(String),
    /// Letters or other things in it.
    #[error("Nomor {0:?} berisi huruf; tulis angka saja, misalnya 0812-3456-7890.")]
    NotDigits(String),
    /// Digits, but no number of this kind.
    #[error("Nomor {0} bukan nomor HP Indonesia; nomor HP diawali 08 dan panjangnya 10 sampai 13 angka.")]
    NotMobile(String),
}

impl Phone {
    /// Reads any way of writing; answers the stored form and does not yet ask whether it is a mobile number.
    pub fn normalise(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        let shown = || text.chars().take(40).collect::<String>();
        if text.is_empty() {
            return Err(PhoneError::Empty);
        }
        let scientific = text.to_ascii_uppercase();
        if let Some((mantissa, exponent)) = scientific.split_once("E+")
            && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
            && exponent.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(PhoneError::Scientific(shown()));
        }
        if text.chars().any(char::is_alphabetic) {
            return Err(PhoneError::NotDigits(shown()));
        }
        let international = text.starts_with('+');
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.strip_prefix("00").unwrap_or(&digits);
        let stored = if let Some(rest) = digits.strip_prefix("620") {
            format!("62{rest}")
        } else if digits.starts_with("62") || (international && !digits.starts_with('0')) {
            digits.to_owned()
        } else if let Some(rest) = digits.strip_prefix('0') {
            format!("62{rest}")
        } else if digits.starts_with('8') {
            format!("62{digits}")
        } else {
            digits.to_owned()
        };
        if stored.is_empty() { Err(PhoneError::Empty) } else { Ok(Self(stored)) }
    }

    /// Reads an Indonesian mobile number, the only kind that WhatsApp reaches.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let phone = Self::normalise(text)?;
        if phone.is_mobile() { Ok(phone) } else { Err(PhoneError::NotMobile(text.trim().chars().take(40).collect())) }
    }

    /// Whether it is an Indonesian mobile number: 62, then 8[1-3 5-9], then 7 to 10 digits.
    pub fn is_mobile(&self) -> bool {
        let Some(national) = self.0.strip_prefix("628") else { return false };
        let mut digits = national.bytes();
        matches!(digits.next(), Some(b'1'..=b'3' | b'5'..=b'9')) && (7..=10).contains(&digits.count())
    }

    /// The stored form: digits with country code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people write it: `0812-3456-7890`; foreign numbers with their `+`.
    pub fn display(&self) -> String {
        let Some(national) = self.0.strip_prefix("62") else { return format!("+{}", self.0) };
        let local: Vec<char> = format!("0{national}").chars().collect();
        local.chunks(4).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }

    /// For those who need not know it: `0812****7890`.
    pub fn masked(&self) -> String {
        mask(&self.0.strip_prefix("62").map_or_else(|| self.0.clone(), |national| format!("0{national}")))
    }
}

/// Hides the middle of a number.
fn mask(local: &str) -> String {
    let chars: Vec<char> = local.chars().collect();
    if chars.len() < 9 {
        return "*".repeat(chars.len());
    }
    let head: String = chars.iter().take(4).collect();
    let tail: String = chars.iter().skip(chars.len() - 4).collect();
    format!("{head}{}{tail}", "*".repeat(chars.len() - 8))
}

/// [`Phone::masked`] for a stored number that may be empty or odd.
pub fn mask_stored(stored: &str) -> String {
    if stored.is_empty() { String::new() } else { Phone(stored.to_owned()).masked() }
}

/// [`Phone::display`] for a stored number that may be empty.
pub fn display_stored(stored: &str) -> String {
    if stored.is_empty() { String::new() } else { Phone(stored.to_owned()).display() }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_paper() {
        for (input, stored, mobile) in [
            ("081234567890", "6281234567890", true),
            ("0812-3456-7890", "6281234567890", true),
            ("+62 812-3456-7890", "6281234567890", true),
            ("62812 3456 7890", "6281234567890", true),
            ("8123456789", "628123456789", true),
            ("+62 0812 3456 7890", "6281234567890", true),
            ("6208123456789", "628123456789", true),
            ("0812345678", "62812345678", true),
            ("081234567", "6281234567", false),
            ("0812345678901", "62812345678901", true),
            ("08123456789012", "628123456789012", false),
            ("(021) 5551234", "62215551234", false),
            ("0062 812 3456 7890", "6281234567890", true),
        ] {
            let phone = Phone::normalise(input).unwrap();
            assert_eq!(phone.as_str(), stored, "{input}");
            assert_eq!(phone.is_mobile(), mobile, "{input}");
            assert_eq!(Phone::parse(input).is_ok(), mobile, "{input}");
        }
        assert!(matches!(Phone::parse("08xx-abc"), Err(PhoneError::NotDigits(_))));
        assert!(matches!(Phone::parse("8.12E+10"), Err(PhoneError::Scientific(_))));
        assert_eq!(Phone::parse("81234567890").unwrap().as_str(), "6281234567890");
    }

    #[test]
    fn shown_and_hidden() {
        let phone = Phone::parse("081234567890").unwrap();
        assert_eq!(phone.display(), "0812-3456-7890");
        assert_eq!(phone.masked(), "0812****7890");
    }
}
