//! A desk: a form, what it would do, and the tables beside it, all of it described by the server. Screens that only ask and
//! show share this one component, so that each costs the browser nothing but its address.

use super::{FilterForm, Loading, Notice, OtherProblem, Pager, Problem};
use crate::app::dto::{Choice, PageInfo, Tone};
use crate::app::error::ApiError;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// A field of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskField {
    /// Its name, in the address and in errors.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What to know.
    pub hint: String,
    /// What stands in it.
    pub value: String,
    /// Entries, where one is chosen.
    pub choices: Vec<Choice>,
    /// What is wrong with what the address holds; empty when nothing.
    pub wrong: String,
}

impl DeskField {
    /// A field.
    pub fn new(key: &str, label: &str, hint: &str, value: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            hint: hint.to_owned(),
            value: value.into(),
            ..Self::default()
        }
    }

    /// The same, one of these.
    pub fn one_of(self, choices: Vec<Choice>) -> Self {
        Self { choices, ..self }
    }
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskRow {
    /// Its cells.
    pub cells: Vec<String>,
    /// What stands small under the first one.
    pub sub: String,
    /// Where the first one leads; empty for nowhere.
    pub href: String,
    /// The deed of its button; empty for none.
    pub deed: String,
    /// The word on that button.
    pub button: String,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskTable {
    /// Its heading.
    pub title: String,
    /// What it says, in a sentence; may be empty.
    pub about: String,
    /// Headings of its columns; one that ends in `#` is of numbers.
    pub heads: Vec<String>,
    /// Rows.
    pub rows: Vec<DeskRow>,
    /// What is said without rows.
    pub none: String,
    /// Where it stands, if it has pages.
    pub info: Option<PageInfo>,
}

/// What a desk shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskView {
    /// The page's heading; empty on a page that has one.
    pub title: String,
    /// What holds, in sentences.
    pub lines: Vec<String>,
    /// Heading of the form.
    pub form: String,
    /// Id of the form, sent back with it as `request_id`, so that the form sent twice is one deed; empty without.
    pub request_id: String,
    /// Its fields.
    pub fields: Vec<DeskField>,
    /// The word for looking first; empty where there is nothing to look at.
    pub preview: String,
    /// The word for the deed; empty where there is none, or none yet.
    pub button: String,
    /// The tables.
    pub tables: Vec<DeskTable>,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskDeed {
    /// Empty for the form's, else a row's.
    pub deed: String,
    /// What the form holds, and the address: name and value.
    pub values: Vec<(String, String)>,
}

impl DeskDeed {
    /// The value of that name; empty where there is none.
    pub fn get(&self, key: &str) -> &str {
        value_of(&self.values, key)
    }
}

/// The value of that name among `values`; empty where there is none.
pub fn value_of<'a>(values: &'a [(String, String)], key: &str) -> &'a str {
    values.iter().find(|(of, _)| of == key).map_or("", |(_, value)| value.as_str())
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>;
/// Reads a desk for what the address holds.
pub type DeskRead = fn(Vec<(String, String)>) -> Answer<DeskView>;
/// Does a deed; answers what to say.
pub type DeskAct = fn(DeskDeed) -> Answer<String>;

/// The page.
#[component]
pub fn Desk(
    /// Reads it.
    read: DeskRead,
    /// Does its deeds.
    act: DeskAct,
) -> impl IntoView {
    let (query, params) = (use_query_map(), use_params_map());
    let address = Memo::new(move |_| {
        let all = params.get().into_iter().chain(query.get());
        all.map(|(key, value)| (key.into_owned(), value)).collect::<Vec<_>>()
    });
    let data = Resource::new(move || address.get(), read);
    let (said, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<ApiError>));
    let deed = Action::new(move |deed: &DeskDeed| {
        let mut deed = deed.clone();
        deed.values.extend(address.get_untracked());
        async move {
            problem.set(None);
            said.set(String::new());
            match act(deed).await {
                Ok(words) => {
                    said.set(words);
                    data.refetch();
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let pending = deed.pending();
    let run = Callback::new(move |wish: DeskDeed| {
        if !pending.get_untracked() {
            deed.dispatch(wish);
        }
    });
    view! {
        {move || Some(said.get()).filter(|words| !words.is_empty()).map(|words| view! { <Notice tone=Tone::Ok><p>{words}</p></Notice> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(view) => view! { <Whole view problem run /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(view: DeskView, problem: RwSignal<Option<ApiError>>, run: Callback<DeskDeed>) -> impl IntoView {
    let head = (!view.title.is_empty()).then(|| {
        view! { <Title text=view.title.clone() /><div class="title"><h1>{view.title.clone()}</h1></div> }
    });
    let lines = view.lines.iter().map(|line| view! { <p>{line.clone()}</p> }).collect::<Vec<_>>();
    let about = (!lines.is_empty()).then(|| view! { <section class="panel pad stack tight">{lines}</section> });
    let has_form = !view.fields.is_empty();
    let mut view = view;
    let tables =
        std::mem::take(&mut view.tables).into_iter().map(|table| view! { <Table table run /> }).collect::<Vec<_>>();
    view! {
        {head}
        <div class="stack">
            {about}
            {has_form.then(|| view! { <Form view problem run /> })}
            // A row's button has no field beside it.
            {(!has_form).then(|| view! { <OtherProblem problem fields=&[] /> })}
            {tables}
        </div>
    }
}

#[component]
fn Form(view: DeskView, problem: RwSignal<Option<ApiError>>, run: Callback<DeskDeed>) -> impl IntoView {
    let keys: Vec<String> = view.fields.iter().map(|field| field.key.clone()).collect();
    let slots: Vec<(String, RwSignal<String>)> =
        view.fields.iter().map(|field| (field.key.clone(), RwSignal::new(field.value.clone()))).collect();
    let shown = StoredValue::new(view.fields.iter().map(|field| field.value.clone()).collect::<Vec<_>>());
    let typed = StoredValue::new(slots.clone());
    // What was looked at is what is done: after another keystroke it is looked at again first.
    let other_than_shown = move || {
        typed.with_value(|slots| {
            shown.with_value(|shown| slots.iter().zip(shown).any(|(slot, was)| *slot.1.read() != *was))
        })
    };
    let fields = view
        .fields
        .into_iter()
        .zip(slots)
        .map(|(field, (_, value))| view! { <Line field value problem /> })
        .collect::<Vec<_>>();
    let go = move || {
        let mut values = typed.with_value(|slots| {
            slots.iter().map(|(key, value)| (key.clone(), value.get_untracked())).collect::<Vec<_>>()
        });
        values.push(("request_id".to_owned(), view.request_id.clone()));
        run.run(DeskDeed { deed: String::new(), values });
    };
    // What no field shows: an error about something else, or of a row's button.
    let other = move || {
        problem
            .get()
            .filter(|error| !error.fields().iter().any(|(field, _)| keys.iter().any(|key| key == field)))
            .map(|error| view! { <Problem error /> })
    };
    let heading = (!view.form.is_empty()).then(|| view! { <h2>{view.form}</h2> });
    let button = view.button;
    let has_button = !button.is_empty();
    let body = view! { {heading}{fields}{other} }.into_any();
    if view.preview.is_empty() {
        view! {
            <form class="panel pad stack" on:submit=move |event| { event.prevent_default(); go(); }>
                {body}
                <div class="row"><button class="btn main" type="submit">{button}</button></div>
            </form>
        }
        .into_any()
    } else {
        let action = use_location().pathname.get_untracked();
        view! {
            <section class="panel pad">
                <FilterForm action>
                    <div class="stack">
                        {body}
                        <div class="row">
                            <button class="btn" type="submit">{view.preview}</button>
                            {has_button.then(|| view! { <button class="btn main" type="button" hidden=other_than_shown on:click=move |_| go()>{button}</button> })}
                        </div>
                    </div>
                </FilterForm>
            </section>
        }
        .into_any()
    }
}

#[component]
fn Line(field: DeskField, value: RwSignal<String>, problem: RwSignal<Option<ApiError>>) -> impl IntoView {
    let DeskField { key, label, hint, value: first, choices, wrong: before } = field;
    let of = key.clone();
    let wrong = Memo::new(move |_| {
        let problem = problem.read();
        let fields = problem.as_ref().map(ApiError::fields).unwrap_or_default();
        fields.into_iter().find(|(field, _)| *field == of).map_or_else(|| before.clone(), |(_, words)| words.to_owned())
    });
    let (about, alarm) = (format!("{key}-ket"), format!("{key}-salah"));
    let described = format!("{about} {alarm}");
    let control = if choices.is_empty() {
        view! {
            <input
                id=key.clone()
                name=key.clone()
                type="text"
                autocomplete="off"
                value=first
                aria-describedby=described
                aria-invalid=move || (!wrong.read().is_empty()).to_string()
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            />
        }
        .into_any()
    } else {
        let entries = choices
            .into_iter()
            .map(|choice| {
                let selected = choice.value == first;
                view! { <option value=choice.value selected=selected>{choice.word}</option> }
            })
            .collect::<Vec<_>>();
        view! {
            <select id=key.clone() name=key.clone() aria-describedby=described on:change=move |event| value.set(event_target_value(&event))>
                {entries}
            </select>
        }
        .into_any()
    };
    view! {
        <div class="field">
            <label for=key>{label}</label>
            {control}
            <span class="hint" id=about>{hint}</span>
            <span class="wrong" id=alarm role="alert">{wrong}</span>
        </div>
    }
}

#[component]
fn Table(table: DeskTable, run: Callback<DeskDeed>) -> impl IntoView {
    let numbers: Vec<bool> = table.heads.iter().map(|head| head.ends_with('#')).collect();
    let class = |number: &bool| if *number { "num" } else { "" };
    let heads = table
        .heads
        .iter()
        .map(|head| view! { <th scope="col" class=class(&head.ends_with('#'))>{head.trim_end_matches('#').to_owned()}</th> })
        .collect::<Vec<_>>();
    let none = table.rows.is_empty();
    let rows = table
        .rows
        .into_iter()
        .map(|row| {
            let DeskRow { cells, sub, href, deed, button } = row;
            let mut cells = cells.into_iter().zip(numbers.iter());
            let (first, _) = cells.next().unwrap_or((String::new(), &false));
            let first = if href.is_empty() {
                view! { <span>{first}</span> }.into_any()
            } else {
                view! { <a href=href>{first}</a> }.into_any()
            };
            let act = (!deed.is_empty()).then(|| {
                view! { <button class="link" type="button" on:click=move |_| run.run(DeskDeed { deed: deed.clone(), values: Vec::new() })>{button}</button> }
            });
            let others = cells.map(|(cell, number)| view! { <td class=class(number)>{cell}</td> }).collect::<Vec<_>>();
            view! { <tr><td>{first}<span class="sub">{sub}</span>{act}</td>{others}</tr> }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel">
            <div class="head"><h2>{table.title}</h2><span class="mute">{table.about}</span></div>
            {none.then(|| view! { <p class="pad mute">{table.none}</p> })}
            {(!none).then(|| view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                    <table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
                </div>
            })}
            {table.info.map(|info| view! { <Pager info /> })}
        </section>
    }
}
