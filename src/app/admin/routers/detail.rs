//! One router: its state, what waits, and what can be done about it.

use super::form::RouterEntry;
use super::{RouterDetail, RouterSeen, WaitingRow, read_router, remove_router, sync_router, test_router};
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

/// What is on its way.
#[derive(Clone, Copy, PartialEq)]
enum Deed {
    Test,
    Sync,
    Remove,
}

/// What was done about the router and what came of it. It lives as long as the page, while what is read of the router is
/// drawn anew after each deed.
#[derive(Clone, Copy)]
struct Desk {
    act: Action<Deed, ()>,
    seen: RwSignal<Option<RouterSeen>>,
    said: RwSignal<Option<(Tone, String)>>,
    refresh: Callback<()>,
}

/// The page.
#[component]
pub fn RouterPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_router);
    let (seen, said) = (RwSignal::new(None::<RouterSeen>), RwSignal::new(None::<(Tone, String)>));
    let navigate = StoredValue::new(use_navigate());
    let act = Action::new(move |deed: &Deed| {
        let (deed, id) = (*deed, id.get_untracked());
        async move {
            said.set(None);
            let bad = |error: ApiError| said.set(Some((Tone::Bad, error.to_string())));
            match deed {
                Deed::Test => match test_router(id).await {
                    Ok(answer) => seen.set(Some(answer)),
                    Err(error) => bad(error),
                },
                Deed::Sync => match sync_router(id).await {
                    Ok(words) => said.set(Some((Tone::Ok, words))),
                    Err(error) => bad(error),
                },
                Deed::Remove => match remove_router(id).await {
                    Ok(()) => {
                        navigate.with_value(|go| go("/admin/router", leptos_router::NavigateOptions::default()));
                        return;
                    }
                    Err(error) => bad(error),
                },
            }
            data.refetch();
        }
    });
    // Who has just saved a router wants to know whether it works.
    Effect::new(move |first: Option<()>| {
        if first.is_none() && query.read_untracked().get("uji").is_some() {
            act.dispatch(Deed::Test);
        }
    });
    let desk = Desk { act, seen, said, refresh: Callback::new(move |()| data.refetch()) };
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(router) => view! { <Whole router desk /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(router: RouterDetail, desk: Desk) -> impl IntoView {
    let RouterDetail { row, form, waiting, profiles, may_manage } = router;
    let (read_at, since, problem, services) = (row.read_at, row.since, row.problem, row.services);
    let read_at = if read_at.is_empty() { "belum pernah".to_owned() } else { read_at };
    let list = if profiles.is_empty() { "belum dibaca".to_owned() } else { profiles.join(", ") };
    view! {
        <Title text=row.name.clone() />
        <div class="title">
            <div><h1>{row.name.clone()}</h1><span class="mute num">{row.address}</span></div>
            <a class="link row" href="/admin/router">"Semua router"</a>
        </div>
        <section class="panel pad stack">
            <dl class="facts">
                <dt>"Keadaan"</dt><dd><Tag badge=row.state />" "<span class="mute small">{since}</span></dd>
                <dt>"Terakhir dibaca"</dt><dd>{read_at}</dd>
                <dt>"Layanan"</dt><dd><a href=format!("/admin/pelanggan?router={}", row.id)>{text::count(services)}</a></dd>
                <dt>"Profil"</dt><dd>{list}</dd>
            </dl>
            {(!problem.is_empty()).then(|| view! { <Notice tone=Tone::Bad><p>{problem}</p></Notice> })}
        </section>
        {may_manage.then(|| view! { <Deeds name=row.name services desk form /> })}
        <section class="panel gap-top">
            <div class="head"><h2>"Menunggu router ini"</h2><span class="mute small">{text::counted(row.waiting, "layanan")}</span></div>
            <Waiting rows=waiting />
        </section>
    }
}

#[component]
fn Deeds(name: String, services: i64, form: super::RouterTyped, desk: Desk) -> impl IntoView {
    let Desk { act, seen, said, refresh } = desk;
    let (editing, sure) = (RwSignal::new(false), RwSignal::new(false));
    let busy = act.pending();
    let used = services > 0;
    let done = Callback::new(move |_| {
        editing.set(false);
        refresh.run(());
        act.dispatch(Deed::Test);
    });
    view! {
        <div class="row gap-top">
            <button class="btn main" type="button" disabled=busy on:click=move |_| { act.dispatch(Deed::Test); }>"Uji router"</button>
            <button class="btn" type="button" disabled=busy on:click=move |_| { act.dispatch(Deed::Sync); }>"Sinkronkan sekarang"</button>
            <button class="btn" type="button" on:click=move |_| editing.update(|on| *on = !*on)>"Ubah"</button>
            <button class="btn bad" type="button" on:click=move |_| sure.set(true)>"Hapus"</button>
            <span class="mute small" role="status">{move || busy.get().then_some("Menghubungi router…")}</span>
        </div>
        {move || said.get().map(|(tone, words)| view! { <div class="gap-top"><Notice tone><p>{words}</p></Notice></div> })}
        {move || seen.get().map(|seen| view! { <TestResult seen /> })}
        {move || editing.get().then(|| view! { <RouterEntry router=form.clone() done cancel=Callback::new(move |()| editing.set(false)) /> })}
        <Confirm open=sure title="Hapus router">
            <p>{if used {
                format!("Router {name} dipakai {services} layanan, jadi belum dapat dihapus. Pindahkan dahulu layanannya.")
            } else {
                format!("Hapus {name} dari Kimonet? Di routernya sendiri tidak ada yang berubah.")
            }}</p>
            <div class="row">
                <button class="btn bad" type="button" disabled=move || busy.get() || used on:click=move |_| { act.dispatch(Deed::Remove); }>"Ya, hapus"</button>
                <button class="btn" type="button" on:click=move |_| sure.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
}

/// What a test saw, with advice.
#[component]
pub fn TestResult(
    /// The answer.
    seen: RouterSeen,
) -> impl IntoView {
    let facts = seen
        .facts
        .into_iter()
        .map(|(name, value)| view! { <dt>{name}</dt><dd class="code">{value}</dd> })
        .collect::<Vec<_>>();
    let none = facts.is_empty();
    let advice = seen.advice.into_iter().map(|words| view! { <p>{words}</p> }).collect::<Vec<_>>();
    let tone = if seen.fine { Tone::Ok } else { Tone::Bad };
    view! {
        <section class="panel pad stack gap-top">
            <Notice tone>
                {seen.fine.then(|| view! { <p>"Router menjawab dan siap dipakai."</p> })}
                {advice}
            </Notice>
            {(!none).then(|| view! { <dl class="facts">{facts}</dl> })}
        </section>
    }
}

#[component]
fn Waiting(rows: Vec<WaitingRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <p class="pad mute">"Tidak ada yang menunggu: router memperlakukan semua layanan seperti seharusnya."</p> }.into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| view! {
            <tr>
                <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number} " · " {row.account}</span></td>
                <td><Tag badge=row.wanted /></td>
                <td><Tag badge=row.seen /><span class="sub">{row.problem}</span></td>
            </tr>
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Pelanggan"</th><th scope="col">"Seharusnya"</th><th scope="col">"Terlihat"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}
