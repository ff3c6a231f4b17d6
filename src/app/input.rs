//! What people type into fields, understood: `300rb`, `1,5jt`, `300.000`, `Rp 300.000`.

/// The amount a person typed, in whole rupiah; `None` when it cannot be one. Dots are thousands; a comma is a decimal
/// point only before `rb` or `jt`.
pub fn parse_amount(text: &str) -> Option<i64> {
    let text: String = text.trim().to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != '\u{a0}').collect();
    let text = text.strip_prefix("rp").unwrap_or(&text);
    let (number, unit) = if let Some(number) = text.strip_suffix("ribu").or_else(|| text.strip_suffix("rb")) {
        (number, 1_000)
    } else if let Some(number) = text.strip_suffix("juta").or_else(|| text.strip_suffix("jt")) {
        (number, 1_000_000)
    } else {
        (text, 1)
    };
    if unit == 1 {
        let number = number.strip_suffix(",00").or_else(|| number.strip_suffix(",-")).unwrap_or(number);
        return whole(number);
    }
    match number.split_once(',').or_else(|| number.split_once('.')) {
        None => whole(number)?.checked_mul(unit),
        Some((whole_part, decimals)) => {
            if decimals.is_empty() || decimals.len() > 6 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let scale = 10_i64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
            let part = decimals.parse::<i64>().ok()?.checked_mul(unit)?;
            if part % scale != 0 {
                return None;
            }
            whole(whole_part)?.checked_mul(unit)?.checked_add(part / scale)
        }
    }
}

/// Digits, in groups of three behind the first dot: `300.000`, `1.250.000`, `300000`.
fn whole(text: &str) -> Option<i64> {
    let mut groups = text.split('.');
    let first = groups.next()?;
    let mut digits = first.to_owned();
    let mut grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        grouped = true;
        digits.push_str(group);
    }
    if first.is_empty() || (grouped && first.len() > 3) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|amount| *amount <= 1_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::parse_amount;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, amount) in [
            ("300000", 300_000),
            ("300.000", 300_000),
            ("Rp 300.000", 300_000),
            ("rp1.250.000,00", 1_250_000),
            ("300rb", 300_000),
            ("300 ribu", 300_000),
            ("1,5jt", 1_500_000),
            ("1.5 juta", 1_500_000),
            ("0", 0),
        ] {
            assert_eq!(parse_amount(text), Some(amount), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "abc", "-5", "3.00", "1.2.3", "30.0000", "1,5", "1,23456789jt", "99999999999999999999", "3000.000"] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }
}
