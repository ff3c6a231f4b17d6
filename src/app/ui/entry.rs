//! Text fields of forms whose errors come back by the name of the field.

use super::Problem;
use crate::app::error::ApiError;
use leptos::prelude::*;

/// The sentence for `field` in the last error; empty when it is about something else.
pub fn wrong_of(problem: RwSignal<Option<ApiError>>, field: &'static str) -> Signal<String> {
    Signal::derive(move || {
        let problem = problem.read();
        let wrong = problem.as_ref().map(ApiError::fields).unwrap_or_default();
        wrong.into_iter().find(|(of, _)| *of == field).map(|(_, message)| message.to_owned()).unwrap_or_default()
    })
}

/// A line of text, with what is wrong with it beside it.
#[component]
pub fn TextInput(
    /// The label.
    label: &'static str,
    /// Id of the control.
    id: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What is wrong; empty when nothing.
    wrong: Signal<String>,
    /// What to know.
    #[prop(optional)]
    hint: &'static str,
    /// `text` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What stands in the empty field.
    #[prop(optional)]
    placeholder: &'static str,
) -> impl IntoView {
    let (about, alarm) = (format!("{id}-ket"), format!("{id}-salah"));
    let described = format!("{about} {alarm}");
    let autocomplete = if kind == "password" { "new-password" } else { "off" };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type=kind
                autocomplete=autocomplete
                placeholder=placeholder
                aria-describedby=described
                aria-invalid=move || (!wrong.read().is_empty()).to_string()
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
            <span class="hint" id=about>{hint}</span>
            <span class="wrong" id=alarm role="alert">{wrong}</span>
        </div>
    }
}

/// An error that none of the fields shows.
#[component]
pub fn OtherProblem(
    /// The last error.
    problem: RwSignal<Option<ApiError>>,
    /// Fields that show their own.
    fields: &'static [&'static str],
) -> impl IntoView {
    move || {
        problem
            .get()
            .and_then(|error| {
                let wrong = error.fields();
                if wrong.is_empty() {
                    return Some(error);
                }
                let mut others = wrong.into_iter().filter(|(field, _)| !fields.contains(field));
                others
                    .next()
                    .map(|(field, message)| ApiError::Invalid { field: field.to_owned(), message: message.to_owned() })
            })
            .map(|error| view! { <Problem error /> })
    }
}
