//! Pratinjau Tagihan: before the 1st, who will be billed what, what is out of line, who gets no bill and why, which messages
//! go out, who would be cut when; then an approval that the run is held to.

#[cfg(feature = "ssr")]
pub mod query;

use crate::app::codec::Json;
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Notice, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// A bill that is far from last month's, or was left out of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferRow {
    /// The parked line; 0 for a mere outlier.
    pub parked_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Before, formatted.
    pub before: String,
    /// Now, formatted.
    pub now: String,
}

/// Everything of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalView {
    /// Months to choose from.
    pub periods: Vec<Choice>,
    /// `2026-02`.
    pub period: String,
    /// `Februari 2026`.
    pub month: String,
    /// New bills.
    pub issued: i64,
    /// Bills that are there already.
    pub already: i64,
    /// Sum of both, formatted.
    pub total: String,
    /// Sum of last month, formatted.
    pub before: String,
    /// How many bills it had, in words.
    pub before_bills: String,
    /// Change against last month, in words.
    pub change: String,
    /// What would come in if people pay as last month, formatted; empty where nothing is known.
    pub expected: String,
    /// Telephones that get a message.
    pub messages: i64,
    /// By package: name, how many, sum.
    pub packages: Vec<(String, i64, String)>,
    /// Far from last month.
    pub outliers: Vec<DifferRow>,
    /// Differs from the approved set, where one is approved.
    pub drifted: Vec<DifferRow>,
    /// Whether the newest approval is of this very set.
    pub unchanged: bool,
    /// How many of the outliers there are.
    pub outliers_in_all: i64,
    /// Who gets no bill: reason, how many, and numbers of the first few.
    pub skipped: Vec<(String, i64, String)>,
    /// Day and how many lines would be cut if nobody paid.
    pub isolated: Vec<(String, i64)>,
    /// The hash of the set.
    pub set_hash: String,
    /// How the approval stands, in words; empty without one.
    pub approval: String,
    /// `approved`, `asked`, `used`, `cancelled`, or empty.
    pub state: String,
    /// Left out of the run, to be decided.
    pub parked: Vec<DifferRow>,
}

/// Everything of a month; an empty one is the next.
#[server(prefix = "/api/admin", endpoint = "rehearsal/view", input = Json, output = Json)]
pub async fn view_rehearsal(period: String) -> Result<RehearsalView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    Ok(query::view(&asked, &period).await?)
}

/// Approves the set that was seen.
#[server(prefix = "/api/admin", endpoint = "rehearsal/approve", input = Json, output = Json)]
pub async fn approve_rehearsal(period: String, set_hash: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    Ok(query::approve(&asked, &period, &set_hash).await?)
}

/// Takes an approval back.
#[server(prefix = "/api/admin", endpoint = "rehearsal/cancel", input = Json, output = Json)]
pub async fn cancel_rehearsal(period: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    Ok(query::cancel(&asked, &period).await?)
}

/// Issues a parked bill as it is now, or leaves it out; answers what to say.
#[server(prefix = "/api/admin", endpoint = "rehearsal/parked", input = Json, output = Json)]
pub async fn answer_parked(id: i64, issue: bool) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    Ok(query::parked(&asked, id, issue).await?)
}

/// The page.
#[component]
pub fn RehearsalPage() -> impl IntoView {
    let map = use_query_map();
    let period = Memo::new(move |_| map.read().get("bulan").unwrap_or_default());
    let data = Resource::new(move || period.get(), view_rehearsal);
    let said = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let deed = Action::new(move |deed: &Deed| {
        let deed = deed.clone();
        async move {
            problem.set(None);
            let done = match deed {
                Deed::Approve(period, hash) => approve_rehearsal(period, hash).await.map(|()| "Disetujui.".to_owned()),
                Deed::Cancel(period) => cancel_rehearsal(period).await.map(|()| "Persetujuan ditarik.".to_owned()),
                Deed::Parked(id, issue) => answer_parked(id, issue).await,
            };
            match done {
                Ok(words) => {
                    said.set(words);
                    data.refetch();
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let run = Callback::new(move |wanted: Deed| {
        deed.dispatch(wanted);
    });
    view! {
        <Title text=text::REHEARSAL />
        <div class="title"><h1>{text::REHEARSAL}</h1></div>
        <crate::app::admin::adjust::SaidLast said />
        {move || problem.get().map(|error| view! { <Problem error /> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(view) => view! { <Whole view run /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[derive(Clone, Debug)]
enum Deed {
    Approve(String, String),
    Cancel(String),
    Parked(i64, bool),
}

#[component]
fn Whole(view: RehearsalView, run: Callback<Deed>) -> impl IntoView {
    let periods = view
        .periods
        .iter()
        .cloned()
        .map(|choice| {
            let here = (choice.value == view.period).then_some("page");
            let class = if here.is_some() { "btn small main" } else { "btn small" };
            view! { <a class=class href=format!("/admin/pratinjau?bulan={}", choice.value) aria-current=here>{choice.word}</a> }
        })
        .collect::<Vec<_>>();
    let tone = match view.state.as_str() {
        "asked" => Tone::Bad,
        "used" | "approved" => Tone::Ok,
        _ => Tone::Note,
    };
    let approval =
        (!view.approval.is_empty()).then(|| view! { <Notice tone=tone><p>{view.approval.clone()}</p></Notice> });
    let (period, hash) = (view.period.clone(), view.set_hash.clone());
    let stands = matches!(view.state.as_str(), "approved" | "asked");
    let to_cancel = view.period.clone();
    // Nothing to approve: it is approved as it is, or it is issued.
    let (about, button) = match view.state.as_str() {
        "approved" if view.unchanged => (
            "Pratinjau ini sudah disetujui. Tagihan terbit persis seperti ini; yang berubah sampai saat itu ditahan dan tampil di sini.",
            "",
        ),
        "approved" | "asked" => (
            "Sejak disetujui ada yang berubah. Setujui yang sekarang supaya terbit seperti yang tampil, atau biarkan: yang berubah ditahan.",
            "Setujui yang sekarang",
        ),
        _ if view.issued == 0 && view.already == 0 => {
            ("Tidak ada tagihan yang akan terbit; tidak ada yang perlu disetujui.", "")
        }
        _ if view.issued == 0 => ("Semua tagihan bulan ini sudah terbit; tidak ada yang perlu disetujui.", ""),
        _ => (
            "Setelah disetujui, tagihan terbit persis seperti ini. Yang berubah sampai saat itu ditahan dan tampil di sini; yang lain tetap terbit. Tanpa persetujuan, tagihan terbit seperti biasa.",
            "Setujui pratinjau ini",
        ),
    };
    let packages = view
        .packages
        .into_iter()
        .map(|(name, count, sum)| view! { <tr><td>{name}</td><td class="num">{text::count(count)}</td><td class="num">{sum}</td></tr> })
        .collect::<Vec<_>>();
    let skipped = view
        .skipped
        .into_iter()
        .map(|(reason, count, numbers)| {
            let about = text::skip_reason(&reason);
            view! { <tr><td>{reason}<span class="sub">{about}</span><span class="sub">{numbers}</span></td><td class="num">{text::count(count)}</td></tr> }
        })
        .collect::<Vec<_>>();
    let isolated = view
        .isolated
        .into_iter()
        .map(|(day, count)| view! { <tr><td>{day}</td><td class="num">{text::count(count)}</td></tr> })
        .collect::<Vec<_>>();
    let (no_skipped, no_isolated, nothing) = (skipped.is_empty(), isolated.is_empty(), view.issued == 0);
    view! {
        <div class="row between">
            <nav class="row" aria-label="Bulan">{periods}</nav>
            <a class="btn small" href=format!("/admin/pratinjau.xlsx?bulan={}", view.period) rel="external">"Daftar lengkap (Excel)"</a>
        </div>
        <div class="gap-top">{approval}</div>
        <div class="grid g4 gap-top">
            <Figure label="Akan terbit" value=text::count(view.issued) note=format!("{} sudah terbit", text::count(view.already)) />
            <Figure label="Seluruh tagihan bulan ini" value=view.total note=view.change />
            <Figure label="Bulan lalu" value=view.before note=view.before_bills />
            <Figure label="Perkiraan uang masuk" value=if view.expected.is_empty() { "-".to_owned() } else { view.expected } note=format!("{} pesan tagihan", text::count(view.messages)) />
        </div>
        {(!view.parked.is_empty()).then(|| view! {
            <Differ title="Tertahan: berbeda dari yang disetujui" before="Disetujui" rows=view.parked run=Some(run) />
        })}
        {(!view.drifted.is_empty()).then(|| view! {
            <Differ title="Berubah sejak disetujui: akan ditahan" before="Disetujui" rows=view.drifted run=None />
        })}
        <Differ title="Berbeda jauh dari bulan lalu (lebih dari 30%)" before="Bulan lalu" rows=view.outliers run=None />
        {(view.outliers_in_all > 200).then(|| view! { <p class="pad mute">{format!("Semuanya {}; 200 yang terbesar tampil.", text::count(view.outliers_in_all))}</p> })}
        <div class="grid g2 gap-top">
            <section class="panel">
                <div class="head"><h2>"Menurut paket"</h2></div>
                {nothing.then(|| view! { <p class="pad mute">"Tidak ada tagihan baru."</p> })}
                {(!nothing).then(|| view! {
                    <table>
                        <thead><tr><th scope="col">"Paket"</th><th scope="col" class="num">"Tagihan"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                        <tbody>{packages}</tbody>
                    </table>
                })}
            </section>
            <section class="panel">
                <div class="head"><h2>"Tidak ditagih"</h2></div>
                {no_skipped.then(|| view! { <p class="pad mute">"Semua layanan aktif ditagih."</p> })}
                {(!no_skipped).then(|| view! {
                    <table>
                        <thead><tr><th scope="col">"Sebab"</th><th scope="col" class="num">"Layanan"</th></tr></thead>
                        <tbody>{skipped}</tbody>
                    </table>
                })}
            </section>
            <section class="panel">
                <div class="head"><h2>"Bila tidak ada yang membayar"</h2></div>
                {no_isolated.then(|| view! { <p class="pad mute">"Tidak ada yang akan terisolir."</p> })}
                {(!no_isolated).then(|| view! {
                    <table>
                        <thead><tr><th scope="col">"Terisolir pada"</th><th scope="col" class="num">"Layanan"</th></tr></thead>
                        <tbody>{isolated}</tbody>
                    </table>
                })}
            </section>
            <section class="panel pad stack">
                <h2>"Setujui"</h2>
                <p class="mute">{about}</p>
                <div class="row">
                    {(!button.is_empty()).then(|| view! { <button class="btn main" type="button" on:click=move |_| run.run(Deed::Approve(period.clone(), hash.clone()))>{button}</button> })}
                    {stands.then(|| view! { <button class="btn" type="button" on:click=move |_| run.run(Deed::Cancel(to_cancel.clone()))>"Tarik persetujuan"</button> })}
                </div>
            </section>
        </div>
    }
}

/// A number with what to know beside it.
#[component]
fn Figure(label: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <div class="panel stat"><span class="label">{label}</span><strong>{value}</strong><span class="note">{note}</span></div>
    }
}

#[component]
fn Differ(
    title: &'static str,
    before: &'static str,
    rows: Vec<DifferRow>,
    run: Option<Callback<Deed>>,
) -> impl IntoView {
    let none = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|row| {
            let id = row.parked_id;
            view! {
                <tr>
                    <td><a class="strong" href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.number}</span></td>
                    <td class="num">{row.before}</td>
                    <td class="num">{row.now}</td>
                    {run.map(|run| view! {
                        <td><div class="row">
                            <button class="btn small" type="button" on:click=move |_| run.run(Deed::Parked(id, true))>"Terbitkan"</button>
                            <button class="btn small" type="button" on:click=move |_| run.run(Deed::Parked(id, false))>"Biarkan"</button>
                        </div></td>
                    })}
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let acts = run.is_some();
    view! {
        <section class="panel gap-top">
            <div class="head"><h2>{title}</h2></div>
            {if none {
                view! { <p class="pad mute">"Tidak ada."</p> }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                        <table>
                            <thead><tr>
                                <th scope="col">"Pelanggan"</th><th scope="col" class="num">{before}</th><th scope="col" class="num">"Sekarang"</th>
                                {acts.then(|| view! { <th scope="col">"Putusan"</th> })}
                            </tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
        </section>
    }
}
