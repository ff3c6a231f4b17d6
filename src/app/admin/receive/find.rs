//! The first step: who pays. What is typed or scanned is looked up at once; Enter takes the first hit.

use crate::app::admin::search::{CustomerHits, find_customers};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem, focus_element};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The search.
#[component]
pub fn Find(
    /// What to do with the service that was chosen by Enter.
    chosen: Callback<i64>,
) -> impl IntoView {
    let query = use_query_map();
    let text = RwSignal::new(query.read_untracked().get("cari").unwrap_or_default());
    let problem = RwSignal::new(None::<ApiError>);
    let nobody = RwSignal::new(false);
    let found = Resource::new(
        move || text.get(),
        |text| async move { if text.trim().chars().count() < 2 { Ok(None) } else { find_customers(text).await.map(Some) } },
    );
    // A scanner types faster than hits arrive: Enter asks for exactly what stands in the field.
    let take = Action::new(move |typed: &String| {
        let typed = typed.clone();
        async move {
            match find_customers(typed).await {
                Ok(found) => match found.hits.first() {
                    Some(hit) => chosen.run(hit.service_id),
                    None => nobody.set(true),
                },
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        nobody.set(false);
        let typed = text.get_untracked();
        if typed.trim().chars().count() > 1 && !take.pending().get_untracked() {
            take.dispatch(typed);
        }
    };
    Effect::new(move |_| focus_element("cari-bayar"));
    view! {
        <section class="panel">
            <form method="GET" action="/admin/terima" on:submit=submit>
                <div class="filters">
                    <div class="field wide">
                        <label for="cari-bayar">"Siapa yang membayar?"</label>
                        <input id="cari-bayar" name="cari" type="search" autofocus autocomplete="off" placeholder=text::SEARCH value=text.get_untracked() prop:value=text on:input=move |event| text.set(event_target_value(&event)) />
                        <span class="wrong" role="alert">{move || nobody.get().then_some("Tidak ada pelanggan yang cocok. Coba sebagian nama, atau nomor teleponnya.")}</span>
                    </div>
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                </div>
            </form>
            {move || problem.get().map(|error| view! { <Problem error /> })}
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match found.await {
                        Ok(None) => view! { <p class="pad mute">"Ketik nama, nomor layanan, atau nomor telepon pelanggan. Enter mengambil yang pertama."</p> }.into_any(),
                        Ok(Some(found)) => view! { <Hits found /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Hits(found: CustomerHits) -> impl IntoView {
    let CustomerHits { hits, more } = found;
    if hits.is_empty() {
        return view! { <p class="pad">"Tidak ada pelanggan yang cocok. Coba sebagian nama, atau nomor teleponnya."</p> }
            .into_any();
    }
    let rows = hits
        .into_iter()
        .map(|hit| {
            let href = format!("/admin/terima?layanan={}", hit.service_id);
            let owed = if hit.owed.is_empty() { "Lunas".to_owned() } else { hit.owed };
            view! {
                <tr>
                    <td><a class="strong" href=href>{hit.name}</a><span class="sub num">{hit.number} " · " {hit.phone}</span></td>
                    <td class="num">{owed}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <table>
            <thead><tr><th scope="col">"Pelanggan"</th><th scope="col" class="num">"Belum dibayar"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {more.then(|| view! { <p class="pad mute" role="status">{text::MORE_HITS}</p> })}
    }
    .into_any()
}
