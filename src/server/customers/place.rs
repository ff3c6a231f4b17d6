//! A place on the map, as millionths of a degree: no floating point, nothing lost.

use crate::server::error::{Error, Result};

const MILLION: i64 = 1_000_000;

/// Reads `-7.123456, 110.654321`; nothing typed is no place.
pub fn parse_place(text: &str) -> Result<Option<(i64, i64)>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let wrong =
        || Error::invalid("place", "Letak tidak terbaca. Tulis lintang dan bujur, misalnya -7.123456, 110.654321.");
    let [lat, lng] = parts.as_slice() else { return Err(wrong()) };
    match (degrees(lat), degrees(lng)) {
        (Some(lat), Some(lng)) if lat.abs() <= 90 * MILLION && lng.abs() <= 180 * MILLION => Ok(Some((lat, lng))),
        _ => Err(wrong()),
    }
}

fn degrees(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let six: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let value = whole.parse::<i64>().ok()? * MILLION + six.parse::<i64>().ok()?;
    Some(if negative { -value } else { value })
}

/// The same as text; empty where there is none.
pub fn place_words(lat: Option<i64>, lng: Option<i64>) -> String {
    let words = |value: i64| {
        let sign = if value < 0 { "-" } else { "" };
        format!("{sign}{}.{:06}", value.abs() / MILLION, value.abs() % MILLION)
    };
    match (lat, lng) {
        (Some(lat), Some(lng)) => format!("{}, {}", words(lat), words(lng)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_written() {
        for text in ["-7.123456, 110.654321", "0.000001, -0.500000", "-0.100000, 180.000000"] {
            let (lat, lng) = parse_place(text).unwrap().unwrap();
            assert_eq!(place_words(Some(lat), Some(lng)), text);
        }
        assert_eq!(parse_place("-7.1 110.65432199").unwrap(), Some((-7_100_000, 110_654_321)));
        assert_eq!(parse_place("  ").unwrap(), None);
        for wrong in ["7", "91.0, 110.0", "-7,1, 110,2", "a, b", "1.0, 181.0"] {
            assert!(parse_place(wrong).is_err(), "{wrong}");
        }
    }
}
