//! The part of a customer's page that says and changes what his services cost besides their packages.

use super::{CustomerExtras, ExtraWish, end_extra, save_extra, view_extras};
use crate::app::error::ApiError;
use crate::app::ui::{Loading, OtherProblem, Problem, TextInput, wrong_of};
use leptos::prelude::*;

/// What each kind asks for: word, label of the amount, hint.
const KINDS: [(&str, &str, &str); 4] = [
    (
        "bulanan",
        "Biaya bulanan (sewa alat, IP publik)",
        "Ditagih penuh setiap bulan, mulai bulan pertama yang belum ditagih",
    ),
    ("sekali", "Biaya sekali", "Terbit sekarang sebagai tagihan tersendiri"),
    ("diskon", "Diskon paket", "Persen (10%) atau rupiah dari harga paket; kosongkan untuk menghapus"),
    (
        "harga",
        "Harga khusus",
        "Harga sebulan layanan ini, mulai bulan pertama yang belum ditagih; kosongkan untuk kembali ke harga paket",
    ),
];

/// The panel.
#[component]
pub fn CustomerExtrasPanel(customer_id: i64, done: Callback<String>) -> impl IntoView {
    let data = Resource::new(move || customer_id, view_extras);
    view! {
        <section class="panel">
            <div class="head"><h2>"Biaya tambahan & diskon"</h2></div>
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(extras) => view! { <Whole extras done /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn Whole(extras: CustomerExtras, done: Callback<String>) -> impl IntoView {
    let problem = RwSignal::new(None::<ApiError>);
    let end = Action::new(move |id: &i64| {
        let id = *id;
        async move {
            match end_extra(id).await {
                Ok(words) => done.run(words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let none = extras.rows.is_empty();
    let rows = extras
        .rows
        .iter()
        .cloned()
        .map(|row| {
            view! {
                <div class="row between pad">
                    <span><strong>{row.kind}": "{row.text}" "{row.amount}</strong><br /><span class="mute small num">{row.number}" · "{row.days}</span></span>
                    {(row.addon_id > 0).then(|| view! { <button class="btn small" type="button" disabled=end.pending() on:click=move |_| { end.dispatch(row.addon_id); }>"Akhiri"</button> })}
                </div>
            }
        })
        .collect::<Vec<_>>();
    view! {
        {none.then(|| view! { <p class="pad mute">"Tidak ada; ditagih menurut harga paket."</p> })}
        {rows}
        <Form extras problem done />
    }
}

#[component]
fn Form(extras: CustomerExtras, problem: RwSignal<Option<ApiError>>, done: Callback<String>) -> impl IntoView {
    let first = extras.services.first().map_or(0, |service| service.0);
    let (service, kind) = (RwSignal::new(first), RwSignal::new("bulanan".to_owned()));
    let (text, amount, until) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let request_id = StoredValue::new(extras.request_id);
    let save = Action::new(move |(): &()| {
        let wish = ExtraWish {
            service_id: service.get_untracked(),
            kind: kind.get_untracked(),
            text: text.get_untracked(),
            amount: amount.get_untracked(),
            until: until.get_untracked(),
            request_id: request_id.get_value(),
        };
        async move {
            problem.set(None);
            match save_extra(wish).await {
                Ok(words) => done.run(words),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let several = extras.services.len() > 1;
    let services = extras
        .services
        .into_iter()
        .map(|(id, number)| view! { <option value=id.to_string()>{number}</option> })
        .collect::<Vec<_>>();
    let kinds = KINDS.iter().map(|(code, word, _)| view! { <option value=*code>{*word}</option> }).collect::<Vec<_>>();
    let hint = move || {
        let kind = kind.read();
        KINDS.iter().find(|known| known.0 == kind.as_str()).map_or("", |known| known.2)
    };
    let named = move || matches!(kind.read().as_str(), "bulanan" | "sekali");
    let lasting = move || matches!(kind.read().as_str(), "bulanan" | "diskon");
    view! {
        <details class="pad">
            <summary>"Tambah atau ubah"</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                {several.then(|| view! {
                    <div class="field">
                        <label for="biaya-layanan">"Layanan"</label>
                        <select id="biaya-layanan" on:change=move |event| service.set(event_target_value(&event).parse().unwrap_or(0))>{services}</select>
                    </div>
                })}
                <div class="field">
                    <label for="biaya-jenis">"Jenis"</label>
                    <select id="biaya-jenis" on:change=move |event| kind.set(event_target_value(&event))>{kinds}</select>
                    <span class="hint">{hint}</span>
                </div>
                <div hidden=move || !named()>
                    <TextInput label="Untuk apa" id="biaya-teks" value=text wrong=wrong_of(problem, "text") hint="Tertulis begitu di tagihan" />
                </div>
                <TextInput label="Jumlah" id="biaya-jumlah" value=amount wrong=wrong_of(problem, "amount") />
                <div hidden=move || !lasting()>
                    <TextInput label="Sampai bulan" id="biaya-sampai" value=until wrong=wrong_of(problem, "until") hint="Misalnya 2026-12; kosongkan bila tanpa akhir" />
                </div>
                <OtherProblem problem fields=&["text", "amount", "until"] />
                <div class="row"><button class="btn" type="submit" disabled=save.pending()>"Simpan"</button></div>
            </form>
        </details>
    }
}
