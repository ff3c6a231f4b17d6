//! The form of a group: its fields, what they would do, one button.

use super::inputs::Input;
use super::{
    EffectView, FieldProblem, FormView, SaveAnswer, TypedValue, preview_settings, read_settings, save_settings,
};
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::ui::{Notice, Problem, focus_element};
use leptos::prelude::*;

/// What a field holds while it is typed into.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The setting.
    pub key: String,
    /// As typed.
    pub value: RwSignal<String>,
    /// Whether a secret is stored.
    pub set: RwSignal<bool>,
    /// Whether the secret is to be taken away.
    pub clear: RwSignal<bool>,
}

/// The id of a field's control.
pub fn control_id(key: &str) -> String {
    key.replace(['.', '_'], "-")
}

/// Fills the fields with what is stored.
fn take_over(slots: &[Slot], fresh: &FormView) {
    for slot in slots {
        if let Some(field) = fresh.fields.iter().find(|field| field.key == slot.key) {
            slot.value.set(field.value.clone());
            slot.set.set(field.set);
            slot.clear.set(false);
        }
    }
}

/// The form.
#[component]
pub fn SettingForm(
    /// What it starts from.
    form: FormView,
    /// After it was saved.
    saved: Callback<()>,
) -> impl IntoView {
    let slots: Vec<Slot> = form
        .fields
        .iter()
        .map(|field| Slot {
            key: field.key.clone(),
            value: RwSignal::new(field.value.clone()),
            set: RwSignal::new(field.set),
            clear: RwSignal::new(false),
        })
        .collect();
    let group = StoredValue::new(form.name.clone());
    let all = StoredValue::new(slots.clone());
    let typed = move || {
        all.with_value(|slots| {
            slots
                .iter()
                .map(|slot| TypedValue {
                    key: slot.key.clone(),
                    value: slot.value.get_untracked(),
                    clear: slot.clear.get_untracked(),
                })
                .collect::<Vec<_>>()
        })
    };
    let wrong = RwSignal::new(Vec::<FieldProblem>::new());
    let problem = RwSignal::new(None::<ApiError>);
    let said = RwSignal::new(None::<String>);
    // Counts what was changed, so that the effect is asked for again.
    let touched = RwSignal::new(0_u32);
    let save = Action::new(move |(): &()| {
        let values = typed();
        async move {
            problem.set(None);
            said.set(None);
            match save_settings(group.get_value(), values).await {
                Ok(SaveAnswer::Saved(labels)) => {
                    wrong.set(Vec::new());
                    said.set(Some(if labels.is_empty() {
                        "Tidak ada yang berubah.".to_owned()
                    } else {
                        format!("Tersimpan dan langsung berlaku: {} (yang baru).", labels.join(", "))
                    }));
                    // What was typed is shown as it is kept from now on; a secret is gone from the page.
                    match read_settings(group.get_value()).await {
                        Ok(fresh) => all.with_value(|slots| take_over(slots, &fresh)),
                        Err(error) => problem.set(Some(error)),
                    }
                    touched.update(|n| *n += 1);
                    if !labels.is_empty() {
                        saved.run(());
                    }
                }
                Ok(SaveAnswer::Wrong(problems)) => {
                    if let Some(first) = problems.first() {
                        focus_element(&control_id(&first.key));
                    }
                    wrong.set(problems);
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let busy = save.pending();
    let fields = form
        .fields
        .into_iter()
        .zip(slots)
        .map(|(field, held)| {
            let key = field.key.clone();
            let sentence = Memo::new(move |_| {
                wrong
                    .read()
                    .iter()
                    .find(|problem| problem.key == key)
                    .map(|problem| problem.message.clone())
                    .unwrap_or_default()
            });
            view! { <Input field held sentence touched /> }
        })
        .collect::<Vec<_>>();
    let count = move || wrong.read().len();
    view! {
        <form
            class="stack gap-top"
            on:submit=move |event| {
                event.prevent_default();
                if !busy.get_untracked() {
                    save.dispatch(());
                }
            }
        >
            <section class="panel pad stack">
                {fields}
            </section>
            {form.effect.map(|first| view! { <Effects group first touched values=Callback::new(move |()| typed()) /> })}
            {move || (count() > 0).then(|| view! { <Notice tone=Tone::Bad><p>"Belum disimpan. Perbaiki isian yang ditandai; yang sudah Anda ketik tetap ada."</p></Notice> })}
            {move || problem.get().map(|error| view! { <Problem error /> })}
            {move || said.get().map(|words| view! { <Notice tone=Tone::Ok><p>{words}</p></Notice> })}
            <div class="row">
                <button class="btn main" type="submit" disabled=busy>{move || if busy.get() { "Menyimpan…" } else { "Simpan" }}</button>
            </div>
        </form>
    }
}

/// What the typed values would do. The stored values' effect comes with the form; the page asks again after a change.
#[component]
fn Effects(
    group: StoredValue<String>,
    first: EffectView,
    touched: RwSignal<u32>,
    values: Callback<(), Vec<TypedValue>>,
) -> impl IntoView {
    let shown = RwSignal::new(Ok::<_, ApiError>(first));
    let ask = Action::new(move |(): &()| {
        let values = values.run(());
        async move { shown.set(preview_settings(group.get_value(), values).await) }
    });
    Effect::new(move |before: Option<u32>| {
        let now = touched.get();
        if before.is_some_and(|before| before != now) {
            ask.dispatch(());
        }
        now
    });
    view! {
        <section class="panel pad stack tight" aria-live="polite">
            <h2>"Akibatnya"</h2>
            {move || match shown.get() {
                Ok(EffectView { wrong: true, .. }) => view! { <p class="mute">"Ada isian yang belum dapat dibaca."</p> }.into_any(),
                Ok(EffectView { lines, .. }) => lines.into_iter().map(|line| view! { <p>{line}</p> }).collect::<Vec<_>>().into_any(),
                Err(error) => view! { <Problem error /> }.into_any(),
            }}
        </section>
    }
}
