//! Setoran & Tutup Kas: what lies in one's own bag of cash, handing it over, and answering what others hand over.

mod form;
#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Notice, OtherProblem, Problem, Tag, TextInput, wrong_of};
use form::GiveForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// A payment whose cash lies in the bag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BagPayment {
    /// The payment.
    pub id: i64,
    /// Its receipt.
    pub receipt: String,
    /// Who paid.
    pub name: String,
    /// When.
    pub at: String,
    /// How much, formatted.
    pub amount: String,
}

/// A bag of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BagRow {
    /// The bag.
    pub id: i64,
    /// Whose it is.
    pub name: String,
    /// His role; empty for a name that is no staff.
    pub role: String,
    /// What lies in it, formatted.
    pub holds: String,
    /// When something last moved.
    pub last: String,
    /// Whether it holds more than the limit.
    pub over: bool,
    /// Whether it is a name's that is no staff, so that whoever manages the cash empties it.
    pub named: bool,
}

/// A hand-over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverRow {
    /// The hand-over.
    pub id: i64,
    /// `ST/2026/01/000001`.
    pub number: String,
    /// Whose bag.
    pub bag: String,
    /// What the bag held, formatted.
    pub expected: String,
    /// What was handed over, formatted.
    pub counted: String,
    /// What stayed, formatted; empty when nothing.
    pub kept: String,
    /// `kurang Rp 10.000`; empty when none.
    pub difference: String,
    /// Why.
    pub reason: String,
    /// Where it went.
    pub destination: String,
    /// The bank's reference.
    pub reference: String,
    /// Business day.
    pub day: String,
    /// Who gave it.
    pub given_by: String,
    /// When.
    pub given_at: String,
    /// Who answered; empty while it waits.
    pub answered_by: String,
    /// What he said.
    pub answer: String,
    /// Whether the reader may answer it.
    pub may_answer: bool,
    /// Its state.
    pub state: Badge,
}

/// All of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverView {
    /// The bag; 0 while there is none.
    pub bag_id: i64,
    /// Whose it is.
    pub name: String,
    /// What lies in it, in rupiah.
    pub holds: i64,
    /// The same, formatted.
    pub holds_words: String,
    /// Since when; empty when nothing came in since the last hand-over.
    pub since: String,
    /// How many payments came in since.
    pub count: i64,
    /// The newest of them.
    pub payments: Vec<BagPayment>,
    /// Whether a hand-over of his waits for its answer.
    pub open: bool,
    /// A sentence when it holds more than the limit.
    pub over: String,
    /// Whether the reader manages the cash.
    pub manages: bool,
    /// All bags, for whoever manages the cash.
    pub bags: Vec<BagRow>,
    /// Hand-overs, those that wait first.
    pub handovers: Vec<HandoverRow>,
    /// Id of the form.
    pub request_id: String,
}

/// A hand-over as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverWish {
    /// The bag.
    pub bag_id: i64,
    /// What the page said it held.
    pub expected: i64,
    /// Counted, as typed.
    pub counted: String,
    /// Kept as change, as typed.
    pub kept: String,
    /// Why there is a difference.
    pub reason: String,
    /// `kantor` or `bank`.
    pub destination: String,
    /// The bank's reference.
    pub reference: String,
    /// Id of the form.
    pub request_id: String,
}

/// An answer to a hand-over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The hand-over.
    pub id: i64,
    /// Received, or refused.
    pub confirm: bool,
    /// What to say; needed to refuse.
    pub text: String,
}

/// The page's data; `bag` names a bag of no staff.
#[server(prefix = "/api/admin", endpoint = "handover/view", input = Json, output = Json)]
pub async fn view_handover(bag: Option<i64>) -> Result<HandoverView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::HandOver).await?;
    Ok(query::view(&asked, bag).await?)
}

/// Hands over; answers its number.
#[server(prefix = "/api/admin", endpoint = "handover/give", input = Json, output = Json)]
pub async fn give_handover(wish: HandoverWish) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::HandOver).await?;
    Ok(query::give(&asked, wish).await?)
}

/// Confirms or refuses.
#[server(prefix = "/api/admin", endpoint = "handover/answer", input = Json, output = Json)]
pub async fn answer_handover(answer: Answer) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageCash).await?;
    Ok(query::answer(&asked, answer).await?)
}

/// The page.
#[component]
pub fn HandoverPage() -> impl IntoView {
    let query = use_query_map();
    let bag = Memo::new(move |_| query.read().get("tas").and_then(|id| id.parse::<i64>().ok()));
    let data = Resource::new(move || bag.get(), view_handover);
    let done = RwSignal::new(String::new());
    let again = Callback::new(move |said: String| {
        done.set(said);
        data.refetch();
    });
    view! {
        <Title text=text::HANDOVER />
        <div class="title"><h1>{text::HANDOVER}</h1></div>
        <div role="status">{move || Some(done.get()).filter(|said| !said.is_empty()).map(|said| view! { <Notice tone=Tone::Ok><p>{said}</p></Notice> })}</div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(page) => view! { <Whole page again /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(page: HandoverView, again: Callback<String>) -> impl IntoView {
    let (bags, handovers) = (page.bags.clone(), page.handovers.clone());
    view! {
        <GiveForm page again />
        {(!bags.is_empty()).then(|| view! { <Bags bags /> })}
        <Handovers handovers again />
    }
}

#[component]
fn Bags(bags: Vec<BagRow>) -> impl IntoView {
    let rows = bags
        .into_iter()
        .map(|bag| view! {
            <tr>
                <td><span class="strong">{bag.name}</span><span class="sub">{bag.role}</span></td>
                <td class="num">{bag.holds}{bag.over.then(|| view! { <span class="sub"><Tag badge=Badge::new("Lewat batas", Tone::Warn) /></span> })}</td>
                <td class="hide-s num">{bag.last}</td>
                <td class="num">{bag.named.then(|| view! { <a href=format!("/admin/setoran?tas={}", bag.id)>"Setorkan"</a> })}</td>
            </tr>
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel gap-top">
            <div class="head"><h2>"Kas yang belum disetor"</h2></div>
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                <thead><tr><th scope="col">"Pemegang"</th><th scope="col" class="num">"Isi tas"</th><th scope="col" class="hide-s num">"Terakhir bergerak"</th><th scope="col"><span class="sr">"Setorkan"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
}

#[component]
fn Handovers(handovers: Vec<HandoverRow>, again: Callback<String>) -> impl IntoView {
    if handovers.is_empty() {
        return view! {
            <section class="panel gap-top"><Empty title="Belum ada setoran." hint="Setoran yang diserahkan muncul di sini sampai diterima." /></section>
        }
        .into_any();
    }
    let rows = handovers.into_iter().map(|row| view! { <HandoverLine row again /> }).collect::<Vec<_>>();
    view! {
        <section class="panel gap-top">
            <div class="head"><h2>"Setoran"</h2></div>
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                <thead><tr><th scope="col">"Setoran"</th><th scope="col" class="num">"Disetor"</th><th scope="col" class="hide-s">"Tujuan"</th><th scope="col">"Keadaan"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
    .into_any()
}

#[component]
fn HandoverLine(row: HandoverRow, again: Callback<String>) -> impl IntoView {
    let paper = format!("/admin/setoran/{}/cetak", row.id);
    let (id, number) = (row.id, row.number.clone());
    let answered =
        if row.answered_by.is_empty() { String::new() } else { format!("{} {}", row.answered_by, row.answer) };
    view! {
        <tr>
            <td><a class="strong num" href=paper rel="external" target="_blank">{row.number}</a><span class="sub">{row.bag} " · " {row.given_at}</span></td>
            <td class="num">
                {row.counted}
                {(!row.difference.is_empty()).then(|| view! { <span class="sub">{row.difference} ": " {row.reason}</span> })}
                {(!row.kept.is_empty()).then(|| view! { <span class="sub">"disimpan " {row.kept}</span> })}
            </td>
            <td class="hide-s">{row.destination}<span class="sub">{row.reference}</span></td>
            <td>
                <Tag badge=row.state /><span class="sub">{answered}</span>
                {row.may_answer.then(|| view! { <AnswerForm id number again /> })}
            </td>
        </tr>
    }
}

#[component]
fn AnswerForm(id: i64, number: String, again: Callback<String>) -> impl IntoView {
    let refusing = RwSignal::new(false);
    let why = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let words = StoredValue::new(number);
    let send = Action::new(move |confirm: &bool| {
        let confirm = *confirm;
        let answer = Answer { id, confirm, text: why.get_untracked() };
        async move {
            match answer_handover(answer).await {
                Ok(()) => again.run(format!(
                    "Setoran {} {}.",
                    words.get_value(),
                    if confirm { "diterima" } else { "ditolak; uangnya kembali ke tas pemberi" }
                )),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    view! {
        <div class="stack tight">
            <div class="row">
                <button class="btn small main" type="button" disabled=send.pending() on:click=move |_| { send.dispatch(true); }>"Terima setoran"</button>
                <button class="btn small" type="button" on:click=move |_| refusing.update(|open| *open = !*open)>"Tolak"</button>
            </div>
            {move || refusing.get().then(|| view! {
                <form class="stack tight" on:submit=move |event| { event.prevent_default(); problem.set(None); send.dispatch(false); }>
                    <TextInput label="Mengapa ditolak?" id="why" value=why wrong=wrong_of(problem, "answer") />
                    <button class="btn small bad" type="submit" disabled=send.pending()>"Tolak setoran"</button>
                </form>
            })}
            <OtherProblem problem fields=&["answer"] />
        </div>
    }
}
