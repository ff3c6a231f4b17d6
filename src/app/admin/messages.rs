//! Antrean & Riwayat: the WhatsApp messages, newest first, with the state of the device on top; and one message with
//! what may be done about it.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Bubble, Confirm, Empty, FilterForm, Loading, Pager, Problem, Select, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFilter {
    /// Name, number or telephone.
    pub q: String,
    /// State, as the table names it.
    pub state: String,
    /// Kind, as the table names it.
    pub kind: String,
    /// First day, as typed; empty: a week back.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Page, from 1.
    pub page: i64,
}

impl MessageFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            state: get("state"),
            kind: get("kind"),
            from: get("from"),
            to: get("to"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// The message.
    pub id: i64,
    /// When it was written.
    pub at: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Telephone.
    pub phone: String,
    /// What it is about.
    pub kind: String,
    /// State.
    pub state: Badge,
    /// Why it failed, when it goes out, or when it went.
    pub note: String,
}

/// The device, as the queue knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// In a word.
    pub state: Badge,
    /// In sentences.
    pub lines: Vec<String>,
}

/// A page of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageList {
    /// The text finds too many services: nothing was read.
    pub too_many: bool,
    /// Its rows.
    pub rows: Vec<MessageRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// The days it covers, in words.
    pub days: String,
    /// Kinds it can be filtered by.
    pub kinds: Vec<Choice>,
    /// The device.
    pub channel: ChannelView,
}

/// A bill that a message asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedFor {
    /// The bill.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// How it stands now.
    pub state: Badge,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its row.
    pub row: MessageRow,
    /// Its text.
    pub text: String,
    /// Bills it asks for.
    pub bills: Vec<AskedFor>,
    /// Whether this person may take it out of the queue.
    pub may_cancel: bool,
    /// Whether this person may send it again.
    pub may_resend: bool,
}

/// A page of messages.
#[server(prefix = "/api/admin", endpoint = "message/list", input = Json, output = Json)]
pub async fn list_messages(filter: MessageFilter) -> Result<MessageList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewMessages).await?;
    Ok(query::list(&asked, filter).await?)
}

/// One message.
#[server(prefix = "/api/admin", endpoint = "message/read", input = Json, output = Json)]
pub async fn read_message(id: i64) -> Result<MessageView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewMessages).await?;
    Ok(query::one(&asked, id).await?)
}

/// Takes a message out of the queue.
#[server(prefix = "/api/admin", endpoint = "message/cancel", input = Json, output = Json)]
pub async fn cancel_message(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    query::reach(&asked, id).await?;
    Ok(crate::server::messages::outbox::cancel(&asked.app, asked.who, id).await?)
}

/// Sends a message again; the id of the new one.
#[server(prefix = "/api/admin", endpoint = "message/resend", input = Json, output = Json)]
pub async fn resend_message(id: i64) -> Result<i64, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    query::reach(&asked, id).await?;
    Ok(crate::server::messages::outbox::resend(&asked.app, asked.who, id).await?)
}

/// The page.
#[component]
pub fn MessagesPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| MessageFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_messages);
    view! {
        <Title text=text::MESSAGES />
        <div class="title"><h1>{text::MESSAGES}</h1></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(list) => view! { <Listed list filter=filter.get_untracked() /> }.into_any(),
                    Err(error) => view! {
                        <section class="panel pad stack"><Problem error /><a class="btn" href="/admin/pesan">{text::CLEAR}</a></section>
                    }
                        .into_any(),
                }
            })}
        </Transition>
    }
}

/// The device's state.
#[component]
pub fn ChannelState(
    /// The device.
    channel: ChannelView,
) -> impl IntoView {
    let lines = channel.lines.into_iter().map(|line| view! { <p class="small">{line}</p> }).collect::<Vec<_>>();
    view! { <Tag badge=channel.state />{lines} }
}

#[component]
fn Listed(list: MessageList, filter: MessageFilter) -> impl IntoView {
    let states: Vec<Choice> = text::MESSAGE_STATES.iter().map(|(value, word)| Choice::new(*value, *word)).collect();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="num date">{row.at}</td>
                    <td><a href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub">{row.phone}</span></td>
                    <td><a href=format!("/admin/pesan/{}", row.id)>{row.kind}</a></td>
                    <td><Tag badge=row.state /><span class="sub">{row.note}</span></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let table = if list.too_many {
        view! { <Empty title=text::TOO_MANY hint=text::TOO_MANY_HINT /> }.into_any()
    } else if rows.is_empty() {
        view! { <Empty title="Tidak ada pesan yang cocok." hint="Pesan muncul saat tagihan terbit, diingatkan, atau dibayar. Ubah saringan atau tanggalnya." /> }.into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Pelanggan"</th><th scope="col">"Pesan"</th><th scope="col">"Status"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            <Pager info=list.info />
        }
        .into_any()
    };
    view! {
        <section class="panel pad stack"><ChannelState channel=list.channel /></section>
        <section class="panel gap-top">
            <FilterForm action="/admin/pesan">
                <div class="filters">
                    <div class="field wide"><label for="q">"Nama, nomor, telepon"</label><input id="q" name="q" type="search" value=filter.q /></div>
                    <Select label="Status" name="state" choices=states chosen=filter.state />
                    <Select label="Jenis" name="kind" choices=list.kinds chosen=filter.kind />
                    <div class="field"><label for="from">"Dari tanggal"</label><input id="from" name="from" type="text" inputmode="numeric" placeholder="7 hari terakhir" value=filter.from /></div>
                    <div class="field"><label for="to">"Sampai tanggal"</label><input id="to" name="to" type="text" inputmode="numeric" placeholder="hari ini" value=filter.to /></div>
                    <div class="row wide"><button class="btn main" type="submit">{text::SEARCH_BUTTON}</button><a class="link row" href="/admin/pesan">{text::CLEAR}</a></div>
                </div>
            </FilterForm>
            <p class="sums"><span><b>{list.info.words()}</b>" pesan"</span><span>{list.days}</span></p>
            {table}
        </section>
    }
}

/// One message.
#[component]
pub fn MessagePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_message);
    view! {
        <Title text="Pesan" />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(message) => view! { <One message again=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn One(message: MessageView, again: Callback<()>) -> impl IntoView {
    let row = message.row;
    let id = row.id;
    let problem = RwSignal::new(None::<ApiError>);
    let asking = RwSignal::new(false);
    let navigate = use_navigate();
    let cancel = Action::new(move |(): &()| async move {
        asking.set(false);
        match cancel_message(id).await {
            Ok(()) => again.run(()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let resend = Action::new(move |(): &()| {
        let navigate = navigate.clone();
        async move {
            match resend_message(id).await {
                Ok(fresh) => navigate(&format!("/admin/pesan/{fresh}"), leptos_router::NavigateOptions::default()),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let bills = message
        .bills
        .into_iter()
        .map(|bill| view! { <li class="row"><a href=format!("/admin/tagihan/{}", bill.id)>{bill.number}</a><Tag badge=bill.state /></li> })
        .collect::<Vec<_>>();
    view! {
        <div class="title"><div><h1>{row.kind}</h1><span class="mute">{row.at}</span></div><a class="btn" href="/admin/pesan">{text::MESSAGES}</a></div>
        <div class="halves">
            <section class="panel pad stack">
                <p class="row"><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="mute num">{row.phone}</span></p>
                <p><Tag badge=row.state /><span class="sub">{row.note}</span></p>
                {(!bills.is_empty()).then(|| view! { <h2>"Tagihan yang disebut"</h2><ul class="plain">{bills}</ul> })}
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <div class="row">
                    {message.may_cancel.then(|| view! { <button class="btn" type="button" disabled=cancel.pending() on:click=move |_| asking.set(true)>"Batalkan"</button> })}
                    {message.may_resend.then(|| view! { <button class="btn main" type="button" disabled=resend.pending() on:click=move |_| { resend.dispatch(()); }>"Kirim ulang"</button> })}
                </div>
            </section>
            <section class="panel pad stack"><h2>"Isi pesan"</h2><Bubble text=message.text /></section>
        </div>
        <Confirm open=asking title="Batalkan pesan ini?">
            <p>"Pesan tidak jadi dikirim. Anda masih dapat mengirimnya ulang nanti."</p>
            <div class="row"><button class="btn main" type="button" on:click=move |_| { cancel.dispatch(()); }>"Ya, batalkan"</button><button class="btn" type="button" on:click=move |_| asking.set(false)>{text::CANCEL}</button></div>
        </Confirm>
    }
}
