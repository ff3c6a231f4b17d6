//! Antrean & Riwayat: the WhatsApp messages, newest first.

use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Pager, Problem, Select, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// When it was written.
    pub at: String,
    /// To whom: customer and his name.
    pub customer_id: i64,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: String,
    /// What it is about.
    pub kind: String,
    /// Its text.
    pub text: String,
    /// State.
    pub state: Badge,
    /// Why it failed; empty otherwise.
    pub reason: String,
}

/// A page of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageList {
    /// Its rows.
    pub rows: Vec<MessageRow>,
    /// Where it stands.
    pub info: PageInfo,
}

/// A page of messages in one state, or in any when empty.
#[server(prefix = "/api/admin", endpoint = "message/list", input = Json)]
pub async fn list_messages(state: String, page: i64) -> Result<MessageList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewMessages).await?;
    Ok(query::list(&asked.app, &state, page).await?)
}

#[cfg(feature = "ssr")]
mod query {
    use super::{MessageList, MessageRow};
    use crate::app::admin::words;
    use crate::app::dto::{PAGE_ROWS, PageInfo};
    use crate::app::text;
    use crate::server::error::Result;
    use crate::server::messages::defaults::TemplateKind;
    use crate::server::state::AppState;
    use crate::{args, sql};
    use chrono::{DateTime, Utc};

    sql!(COUNT = "SELECT COUNT(*) FROM message m WHERE ($1 = '' OR m.state = $1)");
    sql!(LIST = "SELECT m.created_at, m.customer_id, c.name, m.phone, m.kind, m.text, m.state, m.reason
 FROM message m JOIN customer c ON c.id = m.customer_id WHERE ($1 = '' OR m.state = $1) ORDER BY m.id DESC LIMIT $2 OFFSET $3");

    /// A page of messages.
    pub async fn list(app: &AppState, state: &str, page: i64) -> Result<MessageList> {
        type Row = (DateTime<Utc>, i64, String, String, String, String, String, String);
        let info = PageInfo::of(page, app.db.number(COUNT, args![state]).await?);
        let rows: Vec<Row> = app.db.all(LIST, args![state, PAGE_ROWS, info.offset()]).await?;
        let rows = rows
            .into_iter()
            .map(|(at, customer_id, name, tel, kind, body, state, reason)| MessageRow {
                at: words::instant(&app.clock, at),
                customer_id,
                name,
                phone: words::phone(&tel),
                kind: TemplateKind::title_of(&kind),
                text: body,
                state: text::message(&state),
                reason,
            })
            .collect();
        Ok(MessageList { rows, info })
    }
}

/// The page.
#[component]
pub fn MessagesPage() -> impl IntoView {
    let query = use_query_map();
    let state = Memo::new(move |_| query.read().get("state").unwrap_or_default());
    let page = Memo::new(move |_| query.read().get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1));
    let data = Resource::new(move || (state.get(), page.get()), |(state, page)| list_messages(state, page));
    let choices: Vec<Choice> = text::MESSAGE_STATES.iter().map(|(value, word)| Choice::new(*value, *word)).collect();
    view! {
        <Title text=text::MESSAGES />
        <div class="title"><h1>{text::MESSAGES}</h1></div>
        <section class="panel">
            <Form method="GET" action="/admin/pesan">
                <div class="filters">
                    {move || view! { <Select label="Status" name="state" choices=choices.clone() chosen=state.get() /> }}
                    <div class="row"><button class="btn main" type="submit">{text::SEARCH_BUTTON}</button></div>
                </div>
            </Form>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(list: MessageList) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <Empty title="Belum ada pesan." hint="Pesan muncul saat tagihan terbit, diingatkan, atau dibayar." /> }.into_any();
    }
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="num date">{row.at}</td>
                    <td><a href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub">{row.phone}</span></td>
                    <td class="hide-s"><details><summary>{row.kind}</summary><p class="small">{row.text}</p></details></td>
                    <td><Tag badge=row.state /><span class="sub">{row.reason}</span></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums"><span><b>{text::count(list.info.total)}</b>" pesan"</span></p>
        <div class="scroll">
            <table>
                <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Pelanggan"</th><th scope="col" class="hide-s">"Pesan"</th><th scope="col">"Status"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager info=list.info />
    }
    .into_any()
}
