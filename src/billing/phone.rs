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
        if is_scientific(text) {
            return Err(PhoneError::Scientific(shown()));
        }
        if text.chars().any(char::is_alphabetic) {
            return Err(PhoneError::NotDigits(shown()));
        }
        let text = without_fraction(text);
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
        let mut groups: Vec<String> = local.chunks(4).map(|chunk| chunk.iter().collect()).collect();
        // A last digit alone belongs to the group before it: 0812-3456-78901.
        if groups.len() > 2
            && let Some(single) = groups.pop_if(|last| last.len() == 1)
            && let Some(before) = groups.last_mut()
        {
            before.push_str(&single);
        }
        groups.join("-")
    }

    /// For those who need not know it: `0812****7890`.
    pub fn masked(&self) -> String {
        mask(&self.0.strip_prefix("62").map_or_else(|| self.0.clone(), |national| format!("0{national}")))
    }
}

/// Whether a spreadsheet wrote the number as a power of ten: `8.12E+10`, `8,12e10`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(exponent) && digits(&mantissa.replace(['.', ','], ""))
}

/// Takes away the `.0` of a number that a program exported as a decimal. Its zero would lengthen the number by a digit,
/// and the messages would go to a stranger.
fn without_fraction(text: &str) -> &str {
    match text.rsplit_once(['.', ',']) {
        Some((whole, "0" | "00")) if whole.strip_prefix('+').unwrap_or(whole).bytes().all(|b| b.is_ascii_digit()) => {
            whole
        }
        _ => text,
    }
}

/// Hides the middle of a number, four digits of it at least.
fn mask(local: &str) -> String {
    let chars: Vec<char> = local.chars().collect();
    if chars.len() < 9 {
        return "*".repeat(chars.len());
    }
    let head: String = chars.iter().take(4).collect();
    let shown = (chars.len() - 8).min(4);
    let tail: String = chars.iter().skip(chars.len() - shown).collect();
    format!("{head}{}{tail}", "*".repeat(chars.len() - 4 - shown))
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
    use proptest::prelude::*;

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
        assert!(matches!(Phone::parse("8,12E10"), Err(PhoneError::Scientific(_))));
        assert!(matches!(Phone::parse("081234567890e"), Err(PhoneError::NotDigits(_))));
        assert_eq!(Phone::parse("81234567890").unwrap().as_str(), "6281234567890");
    }

    #[test]
    fn a_decimal_of_another_program_adds_no_digit() {
        for text in ["81234567890.0", "6281234567890.0", "+6281234567890,00", "081234567890.00"] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), "6281234567890", "{text}");
        }
        assert!(Phone::parse("0812.3456.7890").is_ok());
        assert!(Phone::parse("081234567890 / 081298765432").is_err());
    }

    #[test]
    fn shown_and_hidden() {
        let phone = Phone::parse("081234567890").unwrap();
        assert_eq!(phone.display(), "0812-3456-7890");
        assert_eq!(phone.masked(), "0812****7890");
        let shown = |text: &str| Phone::parse(text).map(|phone| (phone.display(), phone.masked())).unwrap();
        assert_eq!(shown("0812345678"), ("0812-3456-78".to_owned(), "0812****78".to_owned()));
        assert_eq!(shown("0812345678901"), ("0812-3456-78901".to_owned(), "0812*****8901".to_owned()));
        assert_eq!(Phone::normalise("+65 8123 4567").unwrap().display(), "+6581234567");
        assert_eq!(mask_stored(""), "");
        assert_eq!(mask_stored("6221"), "***");
    }

    proptest! {
        #[test]
        fn a_stored_number_reads_back_and_hides(national in "8[1-35-9][0-9]{7,10}") {
            let phone = Phone::parse(&national).unwrap();
            prop_assert_eq!(phone.as_str(), format!("62{national}"));
            for written in [phone.as_str().to_owned(), phone.display(), format!("+{phone}"), format!("0{national}"), format!("00{phone}")] {
                prop_assert_eq!(&Phone::parse(&written).unwrap(), &phone, "{}", written);
            }
            prop_assert!(phone.masked().matches('*').count() >= 4);
            prop_assert_eq!(phone.masked().len(), national.len() + 1);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            if let Ok(phone) = Phone::normalise(&text) {
                prop_assert!(phone.as_str().bytes().all(|b| b.is_ascii_digit()) && !phone.as_str().is_empty());
                prop_assert!(!phone.display().is_empty() && !phone.masked().is_empty());
            }
            prop_assert_eq!(mask_stored(&text).is_empty(), text.is_empty());
        }
    }
}
