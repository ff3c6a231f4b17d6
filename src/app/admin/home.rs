//! Beranda: how many customers, how much money, what needs a hand now. Reads itself again every ten seconds.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{ChartView, Loading, MonthChart, Notice, Problem, Stat, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// How often the page reads itself again.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(10);

/// What a button beside a matter does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Nothing; the address is enough.
    None,
    /// Runs a dead piece of work again.
    Retry(i64),
    /// Lets a braked isolir run go on.
    Approve,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// What it is about.
    pub badge: Badge,
    /// What happened.
    pub title: String,
    /// What to know.
    pub detail: String,
    /// Where its rows are; empty when nowhere yet.
    pub href: String,
    /// What can be done here.
    pub deed: Deed,
}

/// What the last look at something that must hold has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What was looked at.
    pub title: String,
    /// Where more of it stands; empty when nowhere for this person.
    pub href: String,
    /// What was found, in a word.
    pub badge: Badge,
    /// When, and in words.
    pub words: String,
}

/// The live part of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// `Kamis, 15 Januari 2026`.
    pub today: String,
    /// `09:30:05`.
    pub read_at: String,
    /// `Januari 2026`.
    pub month: String,
    /// `2026-01`, for links.
    pub period: String,
    /// Services that are active.
    pub active: i64,
    /// Of these, how many are to be isolated.
    pub isolated: i64,
    /// Services on pause.
    pub paused: i64,
    /// Services that stopped.
    pub stopped: i64,
    /// Bills of this month: formatted sum and count; only for whoever sees the income of the whole business.
    pub billed: Option<(String, i64)>,
    /// Paid of them: formatted sum and share of 100; for the same.
    pub collected: Option<(String, i64)>,
    /// Open of them: formatted sum and count; only for whoever sees bills.
    pub outstanding: Option<(String, i64)>,
    /// Open bills past their day, of any month: formatted sum and count; for the same.
    pub overdue: Option<(String, i64)>,
    /// What needs attention.
    pub matters: Vec<Matter>,
    /// Whether the books agree and the newest backup could be restored, as far as this person has a say in it.
    pub health: Vec<Health>,
    /// What this person often does from here: word and address.
    pub actions: Vec<(String, String)>,
}

/// The live part of the page.
#[server(prefix = "/api/admin", endpoint = "home/now", input = Json, output = Json)]
pub async fn read_dashboard() -> Result<Dashboard, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewDashboard).await?;
    Ok(query::dashboard(&asked.app, &asked.staff).await?)
}

/// Payments of the last twelve months, as a chart; nothing for whoever does not see the income of the whole business.
#[server(prefix = "/api/admin", endpoint = "home/revenue", input = Json, output = Json)]
pub async fn read_revenue() -> Result<Option<ChartView>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewDashboard).await?;
    if !asked.staff.may(Permission::ViewReports) {
        return Ok(None);
    }
    Ok(Some(query::revenue(&asked.app).await?))
}

/// Runs a dead piece of work again, from its first try.
#[server(prefix = "/api/admin", endpoint = "work/retry", input = Json, output = Json)]
pub async fn retry_work(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::retry(&asked.app, asked.who, id).await?)
}

/// Lets today's braked isolir run go on; answers what it did.
#[server(prefix = "/api/admin", endpoint = "isolir/approve", input = Json, output = Json)]
pub async fn approve_isolir() -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageAccess).await?;
    Ok(query::approve(&asked.app, asked.who).await?)
}

/// The page.
#[component]
pub fn HomePage() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_dashboard());
    let chart = Resource::new(|| (), |()| read_revenue());
    Effect::new(move |_| {
        let handle = set_interval_with_handle(
            move || {
                if is_visible() {
                    data.refetch();
                }
            },
            REFRESH,
        );
        if let Ok(handle) = handle {
            on_cleanup(move || handle.clear());
        }
    });
    view! {
        <Title text=text::HOME />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(now) => view! { <Now now refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
        <crate::app::admin::setup::SetupPanel />
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                let chart = match chart.await {
                    Ok(Some(chart)) => view! { <MonthChart chart /> }.into_any(),
                    Ok(None) => return ().into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                };
                view! {
                    <section class="panel gap-top">
                        <div class="head"><h2>"Pendapatan 12 bulan"</h2></div>
                        {chart}
                    </section>
                }
                    .into_any()
            })}
        </Suspense>
    }
}

/// Whether anybody can see the page: a tab in the background does not ask.
fn is_visible() -> bool {
    #[cfg(feature = "hydrate")]
    {
        !document().hidden()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        false
    }
}

#[component]
fn Now(now: Dashboard, refresh: Callback<()>) -> impl IntoView {
    let actions = now
        .actions
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, (word, href))| {
            let class = if at == 0 { "btn main" } else { "btn" };
            view! { <a class=class href=href>{word}</a> }
        })
        .collect::<Vec<_>>();
    let health = now
        .health
        .iter()
        .cloned()
        .map(|Health { title, href, badge, words }| {
            let href = (!href.is_empty()).then_some(href);
            view! { <p class="small"><a href=href>{title}</a>" "<Tag badge />" "<span class="sub">{words}</span></p> }
        })
        .collect::<Vec<_>>();
    let of_month = |more: &str| format!("/admin/tagihan?period={}{more}", now.period);
    let money = [
        now.billed.clone().map(|(sum, bills)| view! {
            <Stat label="Tertagih bulan ini" value=sum href=of_month("") note=text::counted(bills, "tagihan") />
        }.into_any()),
        now.collected.clone().map(|(sum, share)| view! {
            <Stat label="Terkumpul" value=sum href=of_month("") share note=format!("{share}% dari tagihan {}", now.month) />
        }.into_any()),
        now.outstanding.clone().map(|(sum, bills)| view! {
            <Stat label="Belum dibayar" value=sum href=of_month("&status=unpaid") note=text::counted(bills, "tagihan bulan ini") />
        }.into_any()),
        now.overdue.clone().map(|(sum, bills)| view! {
            <Stat
                label="Lewat jatuh tempo"
                value=sum
                href="/admin/tagihan?period=semua&status=overdue".to_owned()
                note=text::counted(bills, "tagihan, semua bulan")
            />
        }.into_any()),
    ];
    let money: Vec<_> = money.into_iter().flatten().collect();
    let columns = if money.len() == 2 { "grid g2" } else { "grid g4" };
    let money = (!money.is_empty()).then(|| view! { <div class=columns>{money}</div> });
    view! {
        <div class="title">
            <div>
                <h1>{text::HOME}</h1>
                <span class="mute">{now.today.clone()}</span>
            </div>
            <span class="mute small" role="status">"Diperbarui pukul "<span class="num">{now.read_at.clone()}</span></span>
        </div>
        {money}
        <div class="grid g4 gap-top">
            <Stat label="Pelanggan aktif" value=text::count(now.active) href="/admin/pelanggan?stage=aktif".to_owned() note="layanan".to_owned() />
            <Stat label="Terisolir" value=text::count(now.isolated) href="/admin/pelanggan?access=isolated".to_owned() note="layanan".to_owned() />
            <Stat label="Cuti" value=text::count(now.paused) href="/admin/pelanggan?stage=cuti".to_owned() note="layanan".to_owned() />
            <Stat label="Berhenti" value=text::count(now.stopped) href="/admin/pelanggan?stage=berhenti".to_owned() note="layanan".to_owned() />
        </div>
        <div class="grid g21 gap-top">
            <section class="panel">
                <div class="head"><h2>"Perlu perhatian"</h2></div>
                <Matters matters=now.matters refresh />
            </section>
            <section class="panel">
                <div class="head"><h2>"Kerjakan sekarang"</h2></div>
                <div class="stack tight pad">
                    {actions}
                    {health}
                </div>
            </section>
        </div>
    }
}

#[component]
fn Matters(matters: Vec<Matter>, refresh: Callback<()>) -> impl IntoView {
    let said = RwSignal::new(None::<(Tone, String)>);
    let act = Action::new(move |deed: &Deed| {
        let deed = deed.clone();
        async move {
            let result = match deed {
                Deed::Retry(id) => retry_work(id).await.map(|()| "Tugas dijalankan lagi.".to_owned()),
                Deed::Approve => approve_isolir().await,
                Deed::None => return,
            };
            said.set(Some(match result {
                Ok(words) => (Tone::Ok, words),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            refresh.run(());
        }
    });
    let busy = act.pending();
    if matters.is_empty() {
        return view! { <p class="pad mute">"Tidak ada yang macet atau menunggu keputusan."</p> }.into_any();
    }
    let rows = matters
        .into_iter()
        .map(|matter| {
            let deed = matter.deed.clone();
            let word = match &deed {
                Deed::Retry(_) => Some("Coba lagi"),
                Deed::Approve => Some("Setujui isolir"),
                Deed::None => None,
            };
            let button = word.map(|word| {
                view! {
                    <button class="btn small" type="button" disabled=busy on:click=move |_| { act.dispatch(deed.clone()); }>
                        {word}
                    </button>
                }
            });
            view! {
                <li>
                    <Tag badge=matter.badge />
                    <span>{matter.title}<span class="sub">{matter.detail}</span></span>
                    <span class="row">
                        {button}
                        {(!matter.href.is_empty()).then(|| view! { <a class="link row" href=matter.href>{text::OPEN}</a> })}
                    </span>
                </li>
            }
        })
        .collect::<Vec<_>>();
    view! {
        {move || said.get().map(|(tone, words)| view! { <div class="pad"><Notice tone><p>{words}</p></Notice></div> })}
        <ul class="todo">{rows}</ul>
    }
    .into_any()
}
