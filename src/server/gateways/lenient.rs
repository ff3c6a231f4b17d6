//! Reading what Flip sends: numbers as text, text as numbers, and `null` in three spellings (protocols/flip.md §3).

use crate::billing::Rupiah;
use serde_json::Value;

/// Text of a string, number or boolean; `null`, `""` and `"null"` are nothing.
///
/// A number keeps its digits: a 19-digit `link_id` never passes through a double.
pub(crate) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty() && !text.eq_ignore_ascii_case("null")).then_some(text)
}

/// [`text`] of a field of an object.
pub(crate) fn field(object: &Value, name: &str) -> Option<String> {
    object.get(name).and_then(text)
}

/// Rupiah from `300000`, `"300000"`, `"300000.00"`; cents other than zero, signs and separators are refused.
pub(crate) fn rupiah(value: &Value) -> Option<Rupiah> {
    let text = text(value)?;
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    // Three zeros would be the Indonesian thousands separator: `300.000` is not 300.
    let no_cents = matches!(cents.len(), 1 | 2) && cents.bytes().all(|b| b == b'0');
    if digits && no_cents { whole.parse().ok().map(Rupiah) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_in_every_spelling() {
        for value in [json!(300_000), json!("300000"), json!("300000.00"), json!(300_000.0), json!(" 300000 ")] {
            assert_eq!(rupiah(&value), Some(Rupiah(300_000)), "{value}");
        }
        for value in [json!(null), json!("null"), json!(""), json!("300.000"), json!("1.5"), json!(-5), json!([1])] {
            assert_eq!(rupiah(&value), None, "{value}");
        }
    }

    #[test]
    fn three_spellings_of_nothing_and_long_numbers() {
        for value in [json!(null), json!(""), json!("null"), json!("NULL")] {
            assert_eq!(text(&value), None);
        }
        let long: Value = serde_json::from_str("2502091430251230000").expect("number");
        assert_eq!(text(&long).as_deref(), Some("2502091430251230000"));
        assert_eq!(text(&json!("abc123")).as_deref(), Some("abc123"));
    }
}
