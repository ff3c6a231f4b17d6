//! Our own components on plain CSS: no style attributes (the content security policy forbids them), words beside
//! every colour, keyboard first.

mod bubble;
mod chart;
mod desk;
mod entry;
mod list;
mod search;

pub use bubble::Bubble;
pub use chart::{BarView, ChartView, MonthChart, short_amount, tick_step};
pub use desk::{Desk, DeskAct, DeskDeed, DeskField, DeskRead, DeskRow, DeskTable, DeskView, value_of};
pub use entry::{OtherProblem, TextInput, wrong_of};
pub use list::{FilterForm, Pager, SortHead, with_query};
pub use search::{SearchBox, focus_element};

use crate::app::dto::{Badge, Choice, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::billing::Rupiah;
use leptos::prelude::*;

impl Tone {
    /// Its class beside `base`.
    pub fn class(self, base: &str) -> String {
        let tone = match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Note => "note",
            Self::Plain => "plain",
        };
        format!("{base} {tone}")
    }
}

/// A status.
#[component]
pub fn Tag(
    /// Word and meaning.
    badge: Badge,
) -> impl IntoView {
    view! { <span class=badge.tone.class("tag")>{badge.word}</span> }
}

/// A message on the page.
#[component]
pub fn Notice(
    /// Its meaning.
    tone: Tone,
    /// What it says.
    children: Children,
) -> impl IntoView {
    let role = if matches!(tone, Tone::Bad | Tone::Warn) { "alert" } else { "status" };
    view! { <div class=tone.class("notice") role=role>{children()}</div> }
}

/// An error of the server, in its own words.
#[component]
pub fn Problem(
    /// The error.
    error: ApiError,
) -> impl IntoView {
    // Pages wait for their data, so the status of the whole answer can still say that there is nothing.
    #[cfg(feature = "ssr")]
    if let (ApiError::NotFound { .. }, Some(response)) = (&error, use_context::<leptos_axum::ResponseOptions>()) {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    // A session ran out while the page was open: the way back in stands beside the sentence.
    let door = (error == ApiError::Unauthenticated)
        .then(|| view! { <p><a class="btn small" href="/admin/masuk">{text::LOGIN_TITLE}</a></p> });
    view! { <Notice tone=Tone::Bad><p>{error.to_string()}</p>{door}</Notice> }
}

/// What stands while data is on its way.
#[component]
pub fn Loading() -> impl IntoView {
    view! { <p class="pad mute" role="status">{text::LOADING}</p> }
}

/// An empty list: says so, and how to fill it.
#[component]
pub fn Empty(
    /// What is missing.
    title: &'static str,
    /// What to do.
    #[prop(optional)]
    hint: &'static str,
    /// Where to do it: words and address.
    #[prop(optional)]
    link: Option<(&'static str, &'static str)>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <strong>{title}</strong>
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
            {link.map(|(word, href)| view! { <a class="btn main" href=href>{word}</a> })}
        </div>
    }
}

/// A number that leads to its rows.
#[component]
pub fn Stat(
    /// What it counts.
    label: &'static str,
    /// The number, formatted.
    value: String,
    /// Where its rows are.
    href: String,
    /// What to know beside it.
    #[prop(optional)]
    note: String,
    /// A share of 100 to draw as a bar.
    #[prop(optional)]
    share: Option<i64>,
) -> impl IntoView {
    view! {
        <a class="panel stat" href=href>
            <span class="label">{label}</span>
            <strong>{value}</strong>
            {share.map(|share| view! { <progress max="100" value=share.to_string() aria-label=label></progress> })}
            <span class="note">{note}</span>
        </a>
    }
}

/// A label, its control, and what to know about it.
#[component]
pub fn Field(
    /// The label.
    label: &'static str,
    /// Id of the control.
    id: &'static str,
    /// What to know.
    #[prop(optional)]
    hint: &'static str,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {children()}
            {(!hint.is_empty()).then(|| view! { <span class="hint">{hint}</span> })}
        </div>
    }
}

/// A select whose first entry is "all".
#[component]
pub fn Select(
    /// The label.
    label: &'static str,
    /// Name in the URL, also the id.
    name: &'static str,
    /// Entries.
    choices: Vec<Choice>,
    /// What is chosen.
    chosen: String,
    /// The word for no choice.
    #[prop(default = text::ALL)]
    all: &'static str,
) -> impl IntoView {
    let entries = choices
        .into_iter()
        .map(|choice| {
            let selected = choice.value == chosen;
            view! { <option value=choice.value selected=selected prop:selected=selected>{choice.word}</option> }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name>
                <option value="">{all}</option>
                {entries}
            </select>
        </div>
    }
}

/// An amount, typed as people type it; under it stands what was understood.
#[component]
pub fn MoneyInput(
    /// The label.
    label: &'static str,
    /// Id and name.
    id: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What the server said of it last; empty when nothing.
    #[prop(optional)]
    refused: Option<Signal<String>>,
) -> impl IntoView {
    let refused = move || refused.map(|said| said.get()).unwrap_or_default();
    let understood = move || {
        let typed = value.get();
        let refused = refused();
        if !refused.is_empty() {
            return refused;
        }
        if typed.trim().is_empty() {
            return text::MONEY_HINT.to_owned();
        }
        Rupiah::parse_input(&typed).map_or_else(|error| error.to_string(), Rupiah::html)
    };
    let wrong = move || {
        let typed = value.get();
        !refused().is_empty() || (!typed.trim().is_empty() && Rupiah::parse_input(&typed).is_err())
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=id
                class="money"
                type="text"
                inputmode="decimal"
                autocomplete="off"
                prop:value=value
                aria-invalid=move || wrong().to_string()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <span class=move || if wrong() { "wrong" } else { "hint" }>{understood}</span>
        </div>
    }
}

/// How far long work is.
#[component]
pub fn Progress(
    /// Done so far.
    done: i64,
    /// Of how many; 0 when not known yet.
    total: i64,
    /// What it counts, for screen readers.
    label: &'static str,
) -> impl IntoView {
    let value = (total > 0).then(|| done.to_string());
    view! { <progress max=total.max(1).to_string() value=value aria-label=label></progress> }
}

/// A question before a deed: a native dialog, so Escape and focus work by themselves.
#[component]
pub fn Confirm(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Its heading.
    title: &'static str,
    /// Body, with the buttons.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        let wanted = open.get();
        #[cfg(feature = "hydrate")]
        if let Some(dialog) = dialog.get() {
            if wanted && !dialog.open() {
                // Refused only when the dialog is no longer in the document; then there is nothing to show.
                if dialog.show_modal().is_err() {
                    open.set(false);
                }
            } else if !wanted && dialog.open() {
                dialog.close();
            }
        }
        #[cfg(not(feature = "hydrate"))]
        let _not_in_a_browser = (wanted, dialog);
    });
    view! {
        <dialog node_ref=dialog aria-label=title on:close=move |_| open.set(false)>
            <div class="stack">
                <h2>{title}</h2>
                {children()}
            </div>
        </dialog>
    }
}
