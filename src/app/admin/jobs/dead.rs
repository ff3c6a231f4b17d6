//! Macet: work that was given up. One looks at the reason, mends the cause, and tries again, several at once.

use super::{JobTabs, StuckList, give_up_stuck, list_stuck, retry_stuck};
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Empty, Loading, Notice, Pager, Problem, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use std::collections::BTreeSet;

/// The page.
#[component]
pub fn StuckPage() -> impl IntoView {
    let query = use_query_map();
    let page = Memo::new(move |_| query.read().get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1));
    let data = Resource::new(move || page.get(), list_stuck);
    let said = RwSignal::new(None::<(Tone, String)>);
    view! {
        <Title text="Macet" />
        <div class="title"><div><h1>"Macet"</h1><span class="mute">"Tugas yang sudah dicoba berkali-kali dan tetap gagal."</span></div></div>
        <JobTabs here="/admin/tugas/macet" />
        {move || said.get().map(|(tone, words)| view! { <Notice tone><p>{words}</p></Notice> })}
        <section class="panel gap-top">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Stuck list said refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Stuck(list: StuckList, said: RwSignal<Option<(Tone, String)>>, refresh: Callback<()>) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <Empty title="Tidak ada yang macet." hint="Yang gagal untuk sementara dicoba lagi sendiri." /> }.into_any();
    }
    let picked = RwSignal::new(BTreeSet::<i64>::new());
    let all: Vec<i64> = list.rows.iter().map(|row| row.id).collect();
    let of_all = all.len();
    let open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let again = Action::new(move |ids: &Vec<i64>| {
        let ids = ids.clone();
        async move {
            said.set(Some(match retry_stuck(ids).await {
                Ok(n) => (Tone::Ok, format!("{} dicoba lagi.", text::counted(n, "tugas"))),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            refresh.run(());
        }
    });
    let give_up = Action::new(move |(ids, why): &(Vec<i64>, String)| {
        let (ids, why) = (ids.clone(), why.clone());
        async move {
            match give_up_stuck(ids, why).await {
                Ok(n) => {
                    open.set(false);
                    said.set(Some((Tone::Ok, format!("{} dilepas.", text::counted(n, "tugas")))));
                    refresh.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let none = Memo::new(move |_| picked.read().is_empty());
    let busy = Memo::new(move |_| again.pending().get() || give_up.pending().get());
    let ids = move || picked.get_untracked().into_iter().collect::<Vec<_>>();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let id = row.id;
            let label = format!("Pilih {} {}", row.what, row.subject);
            view! {
                <tr>
                    <td>
                        <label class="check"><input type="checkbox" prop:checked=move || picked.read().contains(&id)
                            on:change=move |event| picked.update(|set| { if event_target_checked(&event) { set.insert(id); } else { set.remove(&id); } }) />
                            <span class="sr">{label}</span></label>
                    </td>
                    <td><span class="strong">{row.what}</span><span class="sub">{row.subject}</span></td>
                    <td>{row.reason}<span class="sub">{row.tries}</span></td>
                    <td><button class="btn small" type="button" disabled=busy on:click=move |_| { again.dispatch(vec![id]); }>"Coba lagi"</button></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="row pad">
            <label class="check"><input type="checkbox" prop:checked=move || picked.read().len() == of_all
                on:change=move |event| picked.set(if event_target_checked(&event) { all.iter().copied().collect() } else { BTreeSet::new() }) />"Pilih semua"</label>
            <button class="btn main" type="button" disabled=move || none.get() || busy.get() on:click=move |_| { again.dispatch(ids()); }>"Coba lagi yang dipilih"</button>
            <button class="btn bad" type="button" disabled=move || none.get() || busy.get() on:click=move |_| { problem.set(None); open.set(true); }>"Lepaskan yang dipilih"</button>
        </div>
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
            <table>
                <thead><tr>
                    <th scope="col"><span class="sr">"Pilih"</span></th><th scope="col">"Tugas"</th><th scope="col">"Sebab"</th>
                    <th scope="col"><span class="sr">"Tindakan"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager info=list.info />
        <Confirm open title="Lepaskan tugas yang dipilih?">
            <p>"Tugas itu tidak akan dikerjakan lagi. Sebabnya dicatat di Log Aktivitas."</p>
            <TextInput label="Alasan" id="alasan" value=reason wrong=wrong_of(problem, "reason") />
            <div class="row">
                <button class="btn bad" type="button" disabled=busy on:click=move |_| { give_up.dispatch((ids(), reason.get_untracked())); }>"Lepaskan"</button>
                <button class="btn" type="button" on:click=move |_| open.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
    .into_any()
}
