//! Dates, amounts and names in Indonesian words and forms.

use super::Rupiah;
use chrono::{Datelike, NaiveDate, Timelike, Weekday};

const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];
const MONTHS_SHORT: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"];
const DIGITS: [&str; 12] =
    ["", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"];

fn month_index(month: u32) -> Option<usize> {
    usize::try_from(month).ok()?.checked_sub(1)
}

/// `Januari` for 1; empty for what is no month.
pub fn month_name(month: u32) -> &'static str {
    month_index(month).and_then(|n| MONTHS.get(n)).copied().unwrap_or_default()
}

/// `Jan` for 1; empty for what is no month.
pub fn month_short(month: u32) -> &'static str {
    month_index(month).and_then(|n| MONTHS_SHORT.get(n)).copied().unwrap_or_default()
}

/// `Senin` for Monday.
pub fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Senin",
        Weekday::Tue => "Selasa",
        Weekday::Wed => "Rabu",
        Weekday::Thu => "Kamis",
        Weekday::Fri => "Jumat",
        Weekday::Sat => "Sabtu",
        Weekday::Sun => "Minggu",
    }
}

/// How people greet at this hour of the day: `Selamat pagi`.
pub fn greeting(at: impl Timelike) -> &'static str {
    match at.hour() {
        ..11 => "Selamat pagi",
        11..15 => "Selamat siang",
        15..18 => "Selamat sore",
        18.. => "Selamat malam",
    }
}

/// `15 Januari 2026`.
pub fn date_words(day: NaiveDate) -> String {
    format!("{} {} {}", day.day(), month_name(day.month()), day.year())
}

/// `Kamis, 15 Januari 2026`.
pub fn date_words_long(day: NaiveDate) -> String {
    format!("{}, {}", day_name(day.weekday()), date_words(day))
}

/// `15/01/2026`.
pub fn date_short(day: NaiveDate) -> String {
    format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year())
}

/// `15-31 Januari`, for derivations.
pub fn span_words(from: NaiveDate, to: NaiveDate) -> String {
    if from == to {
        format!("{} {}", from.day(), month_name(from.month()))
    } else {
        format!("{}-{} {}", from.day(), to.day(), month_name(to.month()))
    }
}

/// Reads a date that a person typed: `15/1` (in `year`), `15/1/2026`, `15-01-2026`, `2026-01-15`, `15 Januari 2026`.
/// A year has four digits: `26-01-15` could be meant either way round, and would else be a day of the year 26.
pub fn parse_date_input(text: &str, year: i32) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.trim().split(['/', '-', ' ', '.']).filter(|part| !part.is_empty()).collect();
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (day, month, year) = match parts.as_slice() {
        [day, month] => (*day, *month, year),
        [written, month, day] | [day, month, written] if written.len() == 4 && digits(written) && digits(day) => {
            (*day, *month, written.parse().ok()?)
        }
        _ => return None,
    };
    if !digits(day) {
        return None;
    }
    let month = month.parse::<u32>().ok().filter(|_| digits(month)).or_else(|| {
        let lower = month.to_lowercase();
        (1..=12).find(|n| month_name(*n).to_lowercase() == lower || month_short(*n).to_lowercase() == lower)
    })?;
    NaiveDate::from_ymd_opt(year, month, day.parse().ok()?)
}

/// An amount in words, as receipts have it: `seratus enam puluh empat ribu lima ratus enam belas rupiah`.
pub fn terbilang(amount: Rupiah) -> String {
    let mut words = Vec::new();
    if amount.0 < 0 {
        words.push("minus".to_owned());
    }
    if amount.is_zero() {
        words.push("nol".to_owned());
    }
    spell(amount.0.unsigned_abs(), &mut words);
    words.push("rupiah".to_owned());
    words.join(" ")
}

fn spell(n: u64, words: &mut Vec<String>) {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "triliun"), (1_000_000_000, "miliar"), (1_000_000, "juta"), (1_000, "ribu")];
    for (unit, name) in UNITS {
        if n >= unit {
            if unit == 1_000 && n / unit == 1 {
                words.push("seribu".to_owned());
            } else {
                spell(n / unit, words);
                words.push(name.to_owned());
            }
            return spell(n % unit, words);
        }
    }
    let digit = |n: u64| usize::try_from(n).ok().and_then(|n| DIGITS.get(n)).copied().unwrap_or_default();
    match n {
        0 => {}
        1..=11 => words.push(digit(n).to_owned()),
        12..=19 => words.push(format!("{} belas", digit(n - 10))),
        20..=99 => {
            words.push(format!("{} puluh", digit(n / 10)));
            spell(n % 10, words);
        }
        100..=199 => {
            words.push("seratus".to_owned());
            spell(n - 100, words);
        }
        _ => {
            words.push(format!("{} ratus", digit(n / 100)));
            spell(n % 100, words);
        }
    }
}

/// A name that its bearer recognises and a stranger does not learn: `Jo** D**` for `John Doe`.
pub fn mask_name(name: &str) -> String {
    name.split_whitespace()
        .enumerate()
        .map(|(n, word)| {
            let keep = if n == 0 { 2 } else { 1 };
            let shown: String = word.chars().take(keep).collect();
            let hidden = word.chars().count().saturating_sub(keep).max(2);
            format!("{shown}{}", "*".repeat(hidden))
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn greetings_follow_the_hour() {
        for (hour, minute, words) in [
            (0, 0, "Selamat pagi"),
            (10, 59, "Selamat pagi"),
            (11, 0, "Selamat siang"),
            (14, 59, "Selamat siang"),
            (15, 0, "Selamat sore"),
            (17, 59, "Selamat sore"),
            (18, 0, "Selamat malam"),
            (23, 59, "Selamat malam"),
        ] {
            assert_eq!(greeting(chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap()), words, "{hour}:{minute}");
        }
    }

    #[test]
    fn amounts_in_words() {
        for (n, words) in [
            (164_516, "seratus enam puluh empat ribu lima ratus enam belas rupiah"),
            (0, "nol rupiah"),
            (1_000, "seribu rupiah"),
            (1_000_000, "satu juta rupiah"),
            (111_011, "seratus sebelas ribu sebelas rupiah"),
            (2_200_019, "dua juta dua ratus ribu sembilan belas rupiah"),
        ] {
            assert_eq!(terbilang(Rupiah(n)), words);
        }
    }

    #[test]
    fn dates_as_people_write_them() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
        for text in ["15/1", "15/01/2026", "15-1-2026", "2026-01-15", "15 Januari 2026", "15 jan 2026"] {
            assert_eq!(parse_date_input(text, 2026), Some(day), "{text}");
        }
        assert_eq!(parse_date_input("2026/01/15", 2026), Some(day));
        for text in [
            "31/2/2026",
            "26-01-15",
            "15-1-20",
            "1-2-3",
            "15/1/+202",
            "+15/1",
            "15/+1",
            "15",
            "",
            "0/1",
            "15/13",
            "x/y",
        ] {
            assert_eq!(parse_date_input(text, 2026), None, "{text}");
        }
        assert_eq!(date_words_long(day), "Kamis, 15 Januari 2026");
        assert_eq!(date_short(day), "15/01/2026");
    }

    #[test]
    fn names_are_masked() {
        assert_eq!(mask_name("John Doe"), "Jo** D**");
        assert_eq!(mask_name("Siti Aminah"), "Si** A*****");
        assert_eq!(mask_name("Al"), "Al**");
        assert_eq!(mask_name("  "), "");
    }

    proptest! {
        #[test]
        fn a_date_reads_back_however_it_is_written(year in 2000_i32..2100, ordinal in 1_u32..=365) {
            let day = NaiveDate::from_yo_opt(year, ordinal).unwrap();
            for text in [day.to_string(), date_short(day), date_words(day), format!("{}/{}", day.day(), day.month())] {
                prop_assert_eq!(parse_date_input(&text, year), Some(day), "{}", text);
            }
        }

        #[test]
        fn any_amount_has_words(n in any::<i64>()) {
            let words = terbilang(Rupiah(n));
            prop_assert!(words.ends_with(" rupiah") && !words.contains("  ") && !words.contains("satu ratus"));
            prop_assert_eq!(words.starts_with("minus "), n < 0);
        }

        #[test]
        fn nothing_typed_panics(text in "\\PC{0,24}", year in any::<i32>(), month in any::<u32>()) {
            let _ = (parse_date_input(&text, year), month_name(month), month_short(month));
            prop_assert_eq!(mask_name(&text).split(' ').filter(|word| !word.is_empty()).count(), text.split_whitespace().count());
        }
    }
}
