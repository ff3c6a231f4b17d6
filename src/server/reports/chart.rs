//! Charts as SVG of attributes only: the content security policy forbids styles, and the browser needs no code for them.

use crate::app::dto::money;
use crate::app::ui::{short_amount, tick_step};
use html_escape::{encode_double_quoted_attribute as attribute, encode_text as safe};
use std::fmt::Write;

/// A row of a chart: label under or beside it, what a pointer or a screen reader gets, amounts of its bars.
pub type Bars = (String, String, Vec<i64>);

/// Bars shown beside each other of names; the rest is one more.
const NAMES_MAX: usize = 9;
const BASE: i64 = 196;
const TOP: i64 = 34;
const LEFT: i64 = 60;
const RIGHT: i64 = 636;

/// Upright bars over time, oldest first. `series` are the words of the bars that stand side by side.
pub fn over_time(title: &str, series: &[&str], rows: &[Bars]) -> String {
    let highest = rows.iter().flat_map(|row| &row.2).copied().max().unwrap_or(0);
    if highest <= 0 {
        // Nothing to draw: axes without a bar say less than the table below.
        return String::new();
    }
    let step = tick_step(highest);
    let top = (highest + step - 1).div_euclid(step) * step;
    let height = |amount: i64| amount.max(0).saturating_mul(BASE - TOP) / top;
    let mut svg = begin(title, 220);
    for n in 0..=top / step {
        let y = BASE - height(n * step);
        push(&mut svg, format_args!(r#"<line class="grid-line" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>"#));
        let word = short_amount(n * step);
        push(&mut svg, format_args!(r#"<text x="{}" y="{}" text-anchor="end">{word}</text>"#, LEFT - 6, y + 4));
    }
    if series.len() > 1 {
        let mut x = LEFT;
        for (at, word) in series.iter().enumerate() {
            push(
                &mut svg,
                format_args!(r#"<rect class="{}" x="{x}" y="8" width="12" height="12" rx="3"/>"#, class(at)),
            );
            push(&mut svg, format_args!(r#"<text x="{}" y="18">{}</text>"#, x + 18, safe(word)));
            x += 260;
        }
    }
    let count = number(rows.len()).max(1);
    let (slot, bars) = ((RIGHT - LEFT) / count, number(series.len()).max(1));
    let width = (slot * 2 / 3 / bars).clamp(3, 44);
    // Labels of many bars would run into each other.
    let every = count.div_euclid(13) + 1;
    for (at, (label, words, amounts)) in (0..).zip(rows) {
        let middle = LEFT + slot * at + slot / 2;
        push(&mut svg, format_args!("<g><title>{}</title>", safe(words)));
        for (place, amount) in (0..).zip(amounts) {
            let (x, high) = (middle - width * bars / 2 + width * place, height(*amount));
            let class = class(usize::try_from(place).unwrap_or(0));
            push(
                &mut svg,
                format_args!(
                    r#"<rect class="{class}" x="{x}" y="{}" width="{}" height="{high}" rx="3"/>"#,
                    BASE - high,
                    width - 1
                ),
            );
        }
        if (count - 1 - at) % every == 0 {
            push(&mut svg, format_args!(r#"<text x="{middle}" y="214" text-anchor="middle">{}</text>"#, safe(label)));
        }
        svg.push_str("</g>");
    }
    svg + "</svg>"
}

/// Bars lying one under the other, a name each, the largest first as they come; what is beyond a handful is one bar.
pub fn by_name(title: &str, rows: &[(String, i64)]) -> String {
    let mut shown: Vec<(String, i64)> = rows.iter().filter(|row| row.1 > 0).take(NAMES_MAX).cloned().collect();
    let rest: i64 = rows.iter().filter(|row| row.1 > 0).skip(NAMES_MAX).map(|row| row.1).sum();
    if rest > 0 {
        shown.push(("Lainnya".to_owned(), rest));
    }
    if shown.is_empty() {
        return String::new();
    }
    let highest = shown.iter().map(|row| row.1).max().unwrap_or(1).max(1);
    let mut svg = begin(title, 30 * number(shown.len()) + 8);
    for (at, (name, amount)) in (0..).zip(&shown) {
        let (y, width) = (6 + 30 * at, (amount.saturating_mul(300) / highest).max(2));
        let label: String = if name.chars().count() > 18 {
            name.chars().take(17).chain(std::iter::once('…')).collect()
        } else {
            name.clone()
        };
        push(
            &mut svg,
            format_args!(
                r#"<g><title>{}: {}</title><text x="0" y="{}">{}</text><rect class="bar now" x="200" y="{y}" width="{width}" height="20" rx="3"/><text x="{}" y="{}">{}</text></g>"#,
                safe(name),
                money(*amount),
                y + 15,
                safe(&label),
                208 + width,
                y + 15,
                short_amount(*amount)
            ),
        );
    }
    svg + "</svg>"
}

fn class(series: usize) -> &'static str {
    if series == 0 { "bar now" } else { "bar other" }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn begin(title: &str, height: i64) -> String {
    let title = attribute(title);
    format!(r#"<svg class="chart" viewBox="0 0 640 {height}" role="img" aria-label="{title}">"#)
}

fn push(svg: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing into a text does not fail.
    let _written = svg.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_inside_and_names_are_no_markup() {
        for (months, highest) in [(1, 1), (2, 300_000), (12, 171_450_000), (24, 40_000_000_000)] {
            let rows: Vec<Bars> =
                (0..months).map(|n| (format!("B{n}"), String::new(), vec![highest, highest / 2])).collect();
            let svg = over_time("Arus <kas>", &["Masuk", "Keluar"], &rows);
            assert!(
                svg.contains("aria-label=\"Arus &lt;kas&gt;\"") || svg.contains("aria-label=\"Arus <kas>\""),
                "{svg}"
            );
            assert!(!svg.contains("NaN") && !svg.contains("=\"-"), "{svg}");
            assert_eq!(svg.matches("<g>").count(), rows.len());
        }
        let names: Vec<(String, i64)> = (1..=12).map(|n| (format!("<b>{n}"), 100 - n)).collect();
        let svg = by_name("Wilayah \"Utara\"", &names);
        assert!(!svg.contains("<b>") && svg.contains("Lainnya") && svg.contains("&quot;Utara&quot;"), "{svg}");
        assert_eq!(svg.matches("<rect").count(), 10);
        assert_eq!(by_name("Nihil", &[(String::new(), 0)]), "");
        assert_eq!(over_time("Nihil", &["Masuk"], &[("Jan".to_owned(), String::new(), vec![0])]), "");
    }
}
