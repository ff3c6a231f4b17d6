//! Catat Pengeluaran, and taking one back: forms on the page of Arus Kas.

use super::{Desk, ExpenseWish, record_expense, reverse_expense};
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::ui::{MoneyInput, Notice, OtherProblem, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// The forms.
#[component]
pub fn ExpenseDesk(
    /// What they need.
    desk: Desk,
    /// What was said last.
    said: RwSignal<String>,
    /// After a deed: what to say.
    done: Callback<String>,
) -> impl IntoView {
    let taking_back = desk.taking_back.clone();
    let form = match taking_back {
        Some((0, words)) => view! { <Notice tone=Tone::Warn><p>{words}</p></Notice> }.into_any(),
        Some((id, words)) => view! { <TakeBack id words done /> }.into_any(),
        None => view! { <Record desk done /> }.into_any(),
    };
    view! {
        <div class="stack gap-top no-print">
            {move || (!said.read().is_empty()).then(|| view! { <Notice tone=Tone::Ok><p>{said.get()}</p></Notice> })}
            {form}
        </div>
    }
}

#[component]
fn Record(desk: Desk, done: Callback<String>) -> impl IntoView {
    let problem = RwSignal::new(None::<ApiError>);
    let (day, amount, note) = (RwSignal::new(desk.today), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (category, method) = (RwSignal::new(String::new()), RwSignal::new("cash".to_owned()));
    let request_id = StoredValue::new(desk.request_id);
    let save = Action::new(move |(): &()| {
        let wish = ExpenseWish {
            day: day.get_untracked(),
            category: category.get_untracked(),
            amount: amount.get_untracked(),
            method: method.get_untracked(),
            note: note.get_untracked(),
            request_id: request_id.get_value(),
        };
        async move {
            problem.set(None);
            match record_expense(wish).await {
                Ok(words) => done.run(words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let mut kinds = vec![Choice::new("", "Pilih jenis")];
    kinds.extend(desk.kinds);
    let methods = vec![Choice::new("cash", "Tunai"), Choice::new("transfer", "Transfer")];
    view! {
        <details class="panel">
            <summary class="pad">"Catat Pengeluaran"</summary>
            <form class="pad stack" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                <div class="grid g4">
                    <TextInput label="Tanggal" id="keluar-tanggal" value=day wrong=wrong_of(problem, "day") hint="Misalnya 15/1" />
                    <Pick label="Jenis" id="keluar-jenis" value=category choices=kinds wrong=wrong_of(problem, "category") />
                    <MoneyInput label="Jumlah" id="keluar-jumlah" value=amount refused=wrong_of(problem, "amount") />
                    <Pick label="Dibayar dengan" id="keluar-cara" value=method choices=methods wrong=wrong_of(problem, "method") />
                </div>
                <TextInput label="Catatan" id="keluar-catatan" value=note wrong=wrong_of(problem, "note") hint="Untuk apa, kepada siapa; boleh kosong" />
                <OtherProblem problem fields=&["day", "category", "amount", "method", "note"] />
                <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Simpan pengeluaran"</button></div>
            </form>
        </details>
    }
}

#[component]
fn Pick(
    label: &'static str,
    id: &'static str,
    value: RwSignal<String>,
    choices: Vec<Choice>,
    wrong: Signal<String>,
) -> impl IntoView {
    let options = choices
        .into_iter()
        .map(|choice| view! { <option value=choice.value>{choice.word}</option> })
        .collect::<Vec<_>>();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id aria-invalid=move || (!wrong.read().is_empty()).to_string() on:change=move |event| value.set(event_target_value(&event))>{options}</select>
            <span class="wrong" role="alert">{wrong}</span>
        </div>
    }
}

#[component]
fn TakeBack(id: i64, words: String, done: Callback<String>) -> impl IntoView {
    let problem = RwSignal::new(None::<ApiError>);
    let reason = RwSignal::new(String::new());
    let navigate = StoredValue::new(use_navigate());
    let act = Action::new(move |(): &()| {
        let why = reason.get_untracked();
        async move {
            problem.set(None);
            match reverse_expense(id, why).await {
                Ok(words) => {
                    done.run(words);
                    navigate.with_value(|go| go("/admin/laporan/arus-kas", NavigateOptions::default()));
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <section class="panel">
            <form class="pad stack" on:submit=move |event| { event.prevent_default(); act.dispatch(()); }>
                <h2>"Batalkan pengeluaran"</h2>
                <p>{words}</p>
                <TextInput label="Alasan" id="keluar-alasan" value=reason wrong=wrong_of(problem, "reason") hint="Pembatalan tercatat hari ini; baris aslinya tetap ada" />
                <OtherProblem problem fields=&["reason"] />
                <div class="row">
                    <button class="btn bad" type="submit" disabled=act.pending()>"Batalkan pengeluaran"</button>
                    <a class="link row" href="/admin/laporan/arus-kas">"Tidak jadi"</a>
                </div>
            </form>
        </section>
    }
}
