//! Twelve months as bars: an SVG of attributes only, its geometry made on the server.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One bar, in the units of the view box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarView {
    /// Left edge.
    pub x: i64,
    /// Upper edge.
    pub y: i64,
    /// Height.
    pub height: i64,
    /// Month under it.
    pub label: String,
    /// What a pointer or a screen reader gets: month and amount.
    pub words: String,
    /// Whether it is the current month.
    pub now: bool,
}

/// A chart ready to draw: view box 640 by 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartView {
    /// Twelve bars.
    pub bars: Vec<BarView>,
    /// Grid lines: y and what stands there.
    pub ticks: Vec<(i64, String)>,
    /// The whole as a sentence.
    pub words: String,
}

const BASE: i64 = 176;
const TOP: i64 = 12;

impl ChartView {
    /// Lays out `(short label, full words, amount)` rows, oldest first, the last being the current month.
    pub fn of(rows: &[(String, String, i64)], words: String) -> Self {
        let highest = rows.iter().map(|row| row.2).max().unwrap_or(0).max(1);
        let step = tick_step(highest);
        let top = (highest + step - 1).div_euclid(step) * step;
        let height_of = |amount: i64| amount.max(0).saturating_mul(BASE - TOP) / top;
        let last = rows.len().saturating_sub(1);
        let bars = rows
            .iter()
            .enumerate()
            .map(|(index, (label, words, amount))| {
                let height = height_of(*amount);
                BarView {
                    x: 64 + 48 * i64::try_from(index).unwrap_or(0),
                    y: BASE - height,
                    height,
                    label: label.clone(),
                    words: words.clone(),
                    now: index == last,
                }
            })
            .collect();
        let ticks = (0..=top / step).map(|n| (BASE - height_of(n * step), short_amount(n * step))).collect();
        Self { bars, ticks, words }
    }
}

/// A round step that gives two to five lines.
pub fn tick_step(highest: i64) -> i64 {
    let mut unit = 1_i64;
    while unit.saturating_mul(10) <= highest {
        unit = unit.saturating_mul(10);
    }
    match highest / unit {
        0..=1 => (unit / 2).max(1),
        2..=4 => unit,
        _ => unit.saturating_mul(2),
    }
}

/// `150 jt`, `2,5 jt`, `300 rb`.
pub fn short_amount(amount: i64) -> String {
    let (unit, word) = match amount {
        1_000_000_000.. => (1_000_000_000, "M"),
        1_000_000.. => (1_000_000, "jt"),
        1_000.. => (1_000, "rb"),
        _ => return amount.to_string(),
    };
    match (amount % unit) * 10 / unit {
        0 => format!("{} {word}", amount / unit),
        tenth => format!("{},{tenth} {word}", amount / unit),
    }
}

/// The chart.
#[component]
pub fn MonthChart(
    /// What to draw.
    chart: ChartView,
) -> impl IntoView {
    let lines = chart
        .ticks
        .into_iter()
        .map(|(y, label)| {
            view! {
                <line class="grid-line" x1="56" x2="640" y1=y.to_string() y2=y.to_string()></line>
                <text x="50" y=(y + 4).to_string() text-anchor="end">{label}</text>
            }
        })
        .collect::<Vec<_>>();
    let bars = chart
        .bars
        .into_iter()
        .map(|bar| {
            view! {
                <g>
                    <title>{bar.words}</title>
                    <rect
                        class=if bar.now { "bar now" } else { "bar" }
                        x=bar.x.to_string()
                        y=bar.y.to_string()
                        width="32"
                        height=bar.height.to_string()
                        rx="4"
                    ></rect>
                    <text x=(bar.x + 16).to_string() y="194" text-anchor="middle">{bar.label}</text>
                </g>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <svg class="chart" viewBox="0 0 640 200" role="img" aria-label=chart.words>
            {lines}
            {bars}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_stays_inside_and_the_lines_are_few() {
        for highest in [0, 1, 9_999, 300_000, 19_500_000, 171_450_000, 40_000_000_000] {
            let rows = vec![("Jan".to_owned(), "Januari".to_owned(), highest), ("Feb".to_owned(), String::new(), 0)];
            let chart = ChartView::of(&rows, String::new());
            assert!(chart.bars.iter().all(|bar| bar.y >= TOP && bar.y + bar.height == BASE), "{highest}");
            assert!((2..=7).contains(&chart.ticks.len()), "{highest}: {:?}", chart.ticks);
            assert!(chart.bars.last().is_some_and(|bar| bar.now));
        }
    }

    #[test]
    fn amounts_on_the_axis_are_short() {
        assert_eq!(short_amount(150_000_000), "150 jt");
        assert_eq!(short_amount(2_500_000), "2,5 jt");
        assert_eq!(short_amount(300_000), "300 rb");
        assert_eq!(short_amount(0), "0");
    }
}
