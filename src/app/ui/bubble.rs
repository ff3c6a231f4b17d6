//! A message as the customer's WhatsApp shows it.

use leptos::prelude::*;

/// Cuts a text at `*bold*`, as WhatsApp does: on one line, with no blank just inside the stars. True is bold.
pub fn bold_parts(text: &str) -> Vec<(bool, String)> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('*') {
        plain.push_str(before);
        let inside = from
            .split_once('*')
            .filter(|(inside, _)| !inside.is_empty() && !inside.contains('\n') && inside.trim().len() == inside.len());
        if let Some((inside, after)) = inside {
            if !plain.is_empty() {
                parts.push((false, std::mem::take(&mut plain)));
            }
            parts.push((true, inside.to_owned()));
            rest = after;
        } else {
            plain.push('*');
            rest = from;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push((false, plain));
    }
    parts
}

/// The bubble.
#[component]
pub fn Bubble(
    /// The text, with its line breaks and stars.
    text: String,
) -> impl IntoView {
    let parts = bold_parts(&text)
        .into_iter()
        .map(|(bold, part)| if bold { view! { <strong>{part}</strong> }.into_any() } else { part.into_any() })
        .collect::<Vec<_>>();
    view! { <div class="bubble">{parts}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_make_bold_as_on_the_telephone() {
        let of = |text| bold_parts(text).into_iter().map(|(bold, part)| if bold { format!("<{part}>") } else { part });
        let shown = |text| of(text).collect::<String>();
        assert_eq!(shown("Halo *Budi*, *Rp 5*"), "Halo <Budi>, <Rp 5>");
        assert_eq!(shown("2 * 3 * 4"), "2 * 3 * 4");
        assert_eq!(shown("*satu\ndua* **"), "*satu\ndua* **");
        assert_eq!(shown(""), "");
    }
}
