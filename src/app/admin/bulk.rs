//! Ubah massal: one change to the ticked services, or to all that the list's filter finds; first seen, then done.

#[cfg(feature = "ssr")]
mod query;

use crate::app::admin::customers::CustomerFilter;
use crate::app::codec::Json;
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Notice, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// What the form offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkStart {
    /// Services that it is about.
    pub total: i64,
    /// Id of this form.
    pub request_id: String,
    /// Areas.
    pub areas: Vec<Choice>,
    /// Collectors.
    pub collectors: Vec<Choice>,
    /// Packages.
    pub packages: Vec<Choice>,
}

/// The form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkWish {
    /// Id of this form.
    pub request_id: String,
    /// The list's filter.
    pub filter: CustomerFilter,
    /// The ticked ones; none: all that the filter finds.
    pub chosen: Vec<i64>,
    /// `area`, `collector`, `due_day`, `package` or `never_isolate`.
    pub what: String,
    /// The new value: a text, or an id.
    pub value: String,
    /// Why (package), or until when (never_isolate).
    pub more: String,
    /// Whether it is only to be seen.
    pub dry: bool,
}

/// What came of it, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkView {
    /// In a sentence.
    pub words: String,
    /// Whether it was done.
    pub done: bool,
    /// Services that were changed, or would be.
    pub changed: i64,
    /// Rows: name, number, before, after or why not.
    pub rows: Vec<(String, String, String, String, bool)>,
}

/// What the form offers.
#[server(prefix = "/api/admin", endpoint = "bulk/start", input = Json, output = Json)]
pub async fn start_bulk(filter: CustomerFilter, chosen: Vec<i64>) -> Result<BulkStart, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::start(&asked, filter, chosen).await?)
}

/// Shows or does it.
#[server(prefix = "/api/admin", endpoint = "bulk/run", input = Json, output = Json)]
pub async fn run_bulk(wish: BulkWish) -> Result<BulkView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::run(&asked, wish).await?)
}

/// What can be changed.
const WHAT: [(&str, &str); 5] = [
    ("area", "Wilayah"),
    ("collector", "Kolektor"),
    ("due_day", "Tanggal jatuh tempo"),
    ("package", "Paket mulai bulan depan"),
    ("never_isolate", "Jangan isolir"),
];

/// The page.
#[component]
pub fn BulkPage() -> impl IntoView {
    let map = use_query_map();
    let asked = Memo::new(move |_| {
        let map = map.read();
        let chosen: Vec<i64> =
            map.get_all("pilih").unwrap_or_default().iter().filter_map(|id| id.parse().ok()).collect();
        (CustomerFilter::of(&map), chosen, map.get("dipilih").is_some())
    });
    let data = Resource::new(
        move || asked.get(),
        |(filter, chosen, ticked)| async move {
            if ticked && chosen.is_empty() {
                let message = "Belum ada yang dicentang. Kembali ke daftar, lalu centang layanannya.".to_owned();
                return Err(ApiError::Refused { message });
            }
            start_bulk(filter, chosen).await
        },
    );
    view! {
        <Title text="Ubah massal" />
        <div class="title"><h1>"Ubah massal"</h1><a class="btn" href="/admin/pelanggan">{text::CUSTOMERS}</a></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(start) => {
                        let (filter, chosen, _) = asked.get_untracked();
                        view! { <Entry start filter chosen /> }.into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Entry(start: BulkStart, filter: CustomerFilter, chosen: Vec<i64>) -> impl IntoView {
    let what = RwSignal::new("area".to_owned());
    let (value, more) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<ApiError>);
    let seen = RwSignal::new(None::<BulkView>);
    let base = BulkWish { request_id: start.request_id, filter, chosen, ..BulkWish::default() };
    let send = Action::new(move |dry: &bool| {
        let wish = BulkWish {
            what: what.get_untracked(),
            value: value.get_untracked(),
            more: more.get_untracked(),
            dry: *dry,
            ..base.clone()
        };
        async move {
            problem.set(None);
            match run_bulk(wish).await {
                Ok(view) => seen.set(Some(view)),
                Err(error) => {
                    seen.set(None);
                    problem.set(Some(error));
                }
            }
        }
    });
    let busy = send.pending();
    let whats = WHAT.map(|(code, word)| view! { <option value=code>{word}</option> });
    let offers = StoredValue::new((start.areas, start.collectors, start.packages));
    let select = move |choices: Vec<Choice>, none: &'static str| {
        let entries =
            choices.into_iter().map(|one| view! { <option value=one.value>{one.word}</option> }).collect::<Vec<_>>();
        view! {
            <select id="nilai" on:change=move |event| { value.set(event_target_value(&event)); seen.set(None); }>
                <option value="">{none}</option>
                {entries}
            </select>
        }
        .into_any()
    };
    let typed = move || {
        view! { <input id="nilai" type="text" maxlength="200" autocomplete="off" on:input=move |event| { value.set(event_target_value(&event)); seen.set(None); } /> }
            .into_any()
    };
    view! {
        <form class="panel pad stack" on:submit=move |event| { event.prevent_default(); send.dispatch(true); }>
            <p>{move || match &*seen.read() {
                Some(view) if view.done => view! { <strong>{text::counted(view.changed, "layanan")}</strong>" diubah." }.into_any(),
                _ => view! { <strong>{text::counted(start.total, "layanan")}</strong>" akan diubah." }.into_any(),
            }}</p>
            <div class="field">
                <label for="apa">"Yang diubah"</label>
                <select id="apa" on:change=move |event| { what.set(event_target_value(&event)); value.set(String::new()); more.set(String::new()); seen.set(None); }>{whats}</select>
            </div>
            <div class="field">
                <label for="nilai">"Menjadi"</label>
                {move || {
                    let (areas, collectors, packages) = offers.get_value();
                    match what.get().as_str() {
                        "area" => select(areas, "Tanpa wilayah"),
                        "collector" => select(collectors, "Tanpa kolektor"),
                        "package" => select(packages, "Pilih paket"),
                        _ => typed(),
                    }
                }}
                {move || match what.get().as_str() {
                    "due_day" => view! { <span class="hint">"Angka 1 sampai 31"</span> }.into_any(),
                    "never_isolate" => view! { <span class="hint">"Alasannya; kosongkan agar boleh diisolir lagi"</span> }.into_any(),
                    _ => ().into_any(),
                }}
            </div>
            {move || matches!(what.get().as_str(), "package" | "never_isolate").then(|| {
                let label = if what.get() == "package" { "Alasan" } else { "Sampai tanggal (boleh kosong)" };
                view! {
                    <div class="field">
                        <label for="lagi">{label}</label>
                        <input id="lagi" type="text" maxlength="200" autocomplete="off" on:input=move |event| { more.set(event_target_value(&event)); seen.set(None); } />
                    </div>
                }
            })}
            {move || problem.get().map(|error| view! { <Problem error /> })}
            <div class="row">
                <button class="btn" type="submit" disabled=busy>"Lihat dulu"</button>
                {move || seen.get().is_some_and(|view| !view.done && view.changed > 0).then(|| view! {
                    <button class="btn main" type="button" disabled=busy on:click=move |_| { if !busy.get_untracked() { send.dispatch(false); } }>"Jalankan"</button>
                })}
            </div>
        </form>
        {move || seen.get().map(|view| view! { <Rows view /> })}
    }
}

#[component]
fn Rows(view: BulkView) -> impl IntoView {
    let tone = if view.done { Tone::Ok } else { Tone::Note };
    let rows = view
        .rows
        .into_iter()
        .map(|(name, number, before, after, fine)| {
            let class = if fine { "" } else { "mute" };
            view! { <tr><td>{name}<span class="sub num">{number}</span></td><td class="hide-s">{before}</td><td class=class>{after}</td></tr> }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel gap-top">
            <div class="pad"><Notice tone><p>{view.words}</p></Notice></div>
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                <table>
                    <thead><tr><th scope="col">"Layanan"</th><th scope="col" class="hide-s">"Sebelum"</th><th scope="col">"Menjadi"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
