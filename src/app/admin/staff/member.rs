//! One member of staff: who he is, and what an owner does when he changes his post, forgets, loses his phone, or goes.

use super::{
    LinkBox, RoleSelect, StaffLink, StaffMember, drop_member_factor, end_member_session, link_member, read_member,
    save_member, switch_member,
};
use crate::app::admin::account::SessionTable;
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, OtherProblem, Problem, Tag, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

/// What is done to him with one click.
#[derive(Clone)]
enum Deed {
    Link,
    Switch(bool),
    DropFactor,
    End(String),
}

/// What was done and what came of it; it stays while the person is read anew.
#[derive(Clone, Copy)]
struct Desk {
    act: Action<Deed, ()>,
    said: RwSignal<Option<(Tone, String)>>,
    again: Callback<()>,
}

/// The page.
#[component]
pub fn MemberPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_member);
    let (link, said) = (RwSignal::new(None::<StaffLink>), RwSignal::new(None::<(Tone, String)>));
    let act = Action::new(move |deed: &Deed| {
        let (deed, id) = (deed.clone(), id.get_untracked());
        async move {
            said.set(None);
            let done = match deed {
                Deed::Link => link_member(id).await.map(|made| {
                    link.set(Some(made));
                    None
                }),
                Deed::Switch(active) => switch_member(id, active)
                    .await
                    .map(|()| Some(if active { "Diaktifkan." } else { "Dinonaktifkan; semua sesinya berakhir." })),
                Deed::DropFactor => drop_member_factor(id).await.map(|()| Some("Verifikasi dua langkah dimatikan.")),
                Deed::End(handle) => end_member_session(id, handle).await.map(|()| Some("Sesi diakhiri.")),
            };
            match done {
                Ok(Some(words)) => said.set(Some((Tone::Ok, words.to_owned()))),
                Ok(None) => {}
                Err(error) => said.set(Some((Tone::Bad, error.to_string()))),
            }
            data.refetch();
        }
    });
    let desk = Desk { act, said, again: Callback::new(move |()| data.refetch()) };
    view! {
        <p><a href="/admin/pengguna">{text::STAFF}</a></p>
        <LinkBox link />
        {move || said.get().map(|(tone, words)| view! { <Notice tone><p>{words}</p></Notice> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(member) => view! { <Whole member desk /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(member: StaffMember, desk: Desk) -> impl IntoView {
    let row = member.row.clone();
    let head = view! {
        <Title text=row.name.clone() />
        <div class="title"><h1>{row.name}</h1><span class="row"><Tag badge=row.state /></span></div>
        <p class="mute">{row.email}" · "{row.role}" · terakhir masuk: "{row.seen}" "{row.link_until}</p>
    };
    if member.mine {
        return view! {
            {head}
            <Notice tone=Tone::Note><p>"Ini Anda sendiri. Nama, kata sandi, verifikasi dua langkah dan sesi diatur di "<a href="/admin/akun">{text::ACCOUNT}</a>". Peran Anda hanya dapat diubah pemilik lain."</p></Notice>
        }
        .into_any();
    }
    if !member.may {
        return view! { {head}<Notice tone=Tone::Note><p>"Hanya pemilik yang dapat mengubah seorang pemilik."</p></Notice> }.into_any();
    }
    let (active, factor, sessions) = (member.active, row.factor, member.sessions.clone());
    view! {
        {head}
        <Data member desk />
        <Door active factor desk />
        <section class="panel gap-top">
            <div class="pad"><h2>"Sesi"</h2>{sessions.is_empty().then(|| view! { <p class="mute">"Tidak sedang masuk di mana pun."</p> })}</div>
            {(!sessions.is_empty()).then(|| view! {
                <SessionTable rows=sessions end=Callback::new(move |handle| { desk.act.dispatch(Deed::End(handle)); }) />
            })}
        </section>
    }
    .into_any()
}

#[component]
fn Data(member: StaffMember, desk: Desk) -> impl IntoView {
    let id = member.row.id;
    let (name, phone, role) = (RwSignal::new(member.row.name), RwSignal::new(member.phone), RwSignal::new(member.role));
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| {
        let typed = [name, phone, role].map(|signal| signal.get_untracked());
        async move {
            let [name, phone, role] = typed;
            match save_member(id, name, phone, role).await {
                Ok(()) => {
                    desk.said.set(Some((Tone::Ok, "Tersimpan.".to_owned())));
                    desk.again.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); desk.said.set(None); save.dispatch(()); }>
            <h2>"Data dan peran"</h2>
            <TextInput label="Nama" id="name" value=name wrong=wrong_of(problem, "name") />
            <TextInput label="Telepon" id="phone" value=phone wrong=wrong_of(problem, "phone") hint="Boleh kosong. Misalnya 0812-3456-7890." />
            <RoleSelect choices=member.roles value=role wrong=wrong_of(problem, "role") />
            <OtherProblem problem fields=&["name", "phone", "role"] />
            <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Simpan"</button></div>
        </form>
    }
}

/// Ways in, and the way out.
#[component]
fn Door(active: bool, factor: bool, desk: Desk) -> impl IntoView {
    let (out, lost) = (RwSignal::new(false), RwSignal::new(false));
    let busy = desk.act.pending();
    let deed = move |asked: RwSignal<bool>, deed: Deed| {
        asked.set(false);
        desk.act.dispatch(deed);
    };
    view! {
        <section class="panel pad stack gap-top">
            <h2>"Akses masuk"</h2>
            <p class="mute">"Lupa kata sandi atau undangan lewat waktu: buat tautan baru. Kata sandi yang lama tetap berlaku sampai yang baru ditetapkan."</p>
            <div class="row">
                {active.then(|| view! { <button class="btn" type="button" disabled=busy on:click=move |_| { desk.act.dispatch(Deed::Link); }>"Buat tautan kata sandi"</button> })}
                {factor.then(|| view! { <button class="btn" type="button" disabled=busy on:click=move |_| lost.set(true)>"Matikan verifikasi dua langkah"</button> })}
                {if active {
                    view! { <button class="btn bad" type="button" disabled=busy on:click=move |_| out.set(true)>"Nonaktifkan"</button> }.into_any()
                } else {
                    view! { <button class="btn main" type="button" disabled=busy on:click=move |_| { desk.act.dispatch(Deed::Switch(true)); }>"Aktifkan lagi"</button> }.into_any()
                }}
            </div>
        </section>
        <Confirm open=out title="Nonaktifkan pengguna ini?">
            <p>"Ia tidak dapat masuk lagi, dan semua sesinya berakhir sekarang. Namanya tetap tercatat pada semua yang pernah dikerjakannya."</p>
            <div class="row">
                <button class="btn bad" type="button" on:click=move |_| deed(out, Deed::Switch(false))>"Ya, nonaktifkan"</button>
                <button class="btn" type="button" on:click=move |_| out.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
        <Confirm open=lost title="Matikan verifikasi dua langkah?">
            <p>"Hanya bila HP dan kode cadangannya hilang. Pastikan dahulu bahwa yang meminta memang orangnya: sesudah ini kata sandi saja cukup untuk masuk."</p>
            <div class="row">
                <button class="btn bad" type="button" on:click=move |_| deed(lost, Deed::DropFactor)>"Ya, matikan"</button>
                <button class="btn" type="button" on:click=move |_| lost.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
}
