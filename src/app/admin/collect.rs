//! Daftar Tagih: who owes, where he lives, when he was last spoken to; cards with large buttons for whoever goes from
//! door to door, a sheet of paper for whoever prefers that.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::dto::{Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, OtherProblem, Pager, Problem, Select, TextInput, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CollectFilter {
    /// Name, number or telephone.
    pub q: String,
    /// Area.
    pub area: String,
    /// Collector's id.
    pub collector: String,
    /// `tempo`: only what is past due.
    pub due: String,
    /// Page, from 1.
    pub page: i64,
}

impl CollectFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            area: get("area"),
            collector: get("collector"),
            due: get("due"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// Somebody who owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectRow {
    /// The customer.
    pub customer_id: i64,
    /// The service.
    pub service_id: i64,
    /// Name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Telephone as people write it.
    pub phone: String,
    /// `tel:` and WhatsApp addresses; empty without a telephone.
    pub call: String,
    /// WhatsApp with a polite sentence.
    pub whatsapp: String,
    /// Address.
    pub address: String,
    /// Area.
    pub area: String,
    /// Link to a map; empty where the place is not known.
    pub map: String,
    /// First due day of what is open, in words.
    pub due: String,
    /// Whether that is past.
    pub late: bool,
    /// How many bills.
    pub bills: i64,
    /// Owed, formatted.
    pub owed: String,
    /// When and what the last contact was; empty when none.
    pub contact: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectList {
    /// Its rows, area by area.
    pub rows: Vec<CollectRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// Sum of all pages, formatted.
    pub owed: String,
    /// Areas to choose from.
    pub areas: Vec<Choice>,
    /// Collectors to choose from; empty for a collector himself.
    pub collectors: Vec<Choice>,
    /// Whether the reader takes money.
    pub takes_money: bool,
}

/// Who owes.
#[server(prefix = "/api/admin", endpoint = "collect/list", input = Json, output = Json)]
pub async fn list_collect(filter: CollectFilter) -> Result<CollectList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    Ok(query::list(&asked, filter).await?)
}

/// Writes down that somebody was spoken to.
#[server(prefix = "/api/admin", endpoint = "collect/contact", input = Json, output = Json)]
pub async fn note_contact(customer_id: i64, text: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Collect).await?;
    Ok(query::contact(&asked, customer_id, &text).await?)
}

/// The page.
#[component]
pub fn CollectPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| CollectFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_collect);
    let again = Callback::new(move |()| data.refetch());
    let paper = move || format!("/admin/tagih/cetak{}", query.read().to_query_string());
    view! {
        <Title text=text::COLLECT />
        <div class="title"><h1>{text::COLLECT}</h1><a class="btn" href=paper rel="external" target="_blank">"Cetak"</a></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                let now = filter.get_untracked();
                match data.await {
                    Ok(list) => view! { <Filters now areas=list.areas.clone() collectors=list.collectors.clone() /><Cards list again /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Filters(now: CollectFilter, areas: Vec<Choice>, collectors: Vec<Choice>) -> impl IntoView {
    let due = vec![Choice::new("tempo", "Lewat jatuh tempo")];
    view! {
        <section class="panel">
            <FilterForm action="/admin/tagih">
                <div class="filters">
                    <div class="field wide"><label for="q">"Nama, nomor, telepon"</label><input id="q" name="q" type="search" value=now.q /></div>
                    <Select label="Wilayah" name="area" choices=areas chosen=now.area />
                    {(!collectors.is_empty()).then(|| view! { <Select label="Kolektor" name="collector" choices=collectors chosen=now.collector /> })}
                    <Select label="Jatuh tempo" name="due" choices=due chosen=now.due />
                    <div class="row">
                        <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                        <a class="link row" href="/admin/tagih">{text::CLEAR}</a>
                    </div>
                </div>
            </FilterForm>
        </section>
    }
}

#[component]
fn Cards(list: CollectList, again: Callback<()>) -> impl IntoView {
    if list.rows.is_empty() {
        return view! { <section class="panel gap-top"><Empty title="Tidak ada yang perlu ditagih." hint="Semua yang cocok dengan saringan ini sudah lunas." /></section> }
            .into_any();
    }
    let takes = list.takes_money;
    let mut area = String::new();
    let cards = list
        .rows
        .into_iter()
        .map(|row| {
            let heading = (row.area != area).then(|| row.area.clone());
            area.clone_from(&row.area);
            view! {
                {heading.map(|area| view! { <h2 class="gap-top">{if area.is_empty() { "Tanpa wilayah".to_owned() } else { area }}</h2> })}
                <Card row takes again />
            }
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums"><span><b>{text::count(list.info.total)}</b>" layanan"</span><span>"Belum dibayar "<b>{list.owed}</b></span></p>
        {cards}
        <Pager info=list.info />
    }
    .into_any()
}

#[component]
fn Card(row: CollectRow, takes: bool, again: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let said = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let (customer, field) = (row.customer_id, row.service_id);
    let send = Action::new(move |(): &()| {
        let text = said.get_untracked();
        async move {
            match note_contact(customer, text).await {
                Ok(()) => again.run(()),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let due = if row.late {
        format!("{} tagihan, jatuh tempo {} (lewat)", row.bills, row.due)
    } else {
        format!("{} tagihan, jatuh tempo {}", row.bills, row.due)
    };
    view! {
        <section class="panel pad stack tight gap-top" id=format!("tagih-{field}")>
            <div class="row between">
                <div><a class="strong" href=format!("/admin/pelanggan/{customer}")>{row.name}</a><p class="small mute num">{row.number} " · " {row.phone}</p></div>
                <strong class="num">{row.owed}</strong>
            </div>
            <p class="small">{row.address} {(!row.map.is_empty()).then(|| view! { " " <a href=row.map rel="external noopener" target="_blank">"Peta"</a> })}</p>
            <p class="small mute">{due}</p>
            {(!row.contact.is_empty()).then(|| view! { <p class="small mute">"Kontak terakhir: " {row.contact}</p> })}
            <div class="row no-print">
                {takes.then(|| view! { <a class="btn main" href=format!("/admin/terima?layanan={field}")>"Terima"</a> })}
                {(!row.whatsapp.is_empty()).then(|| view! { <a class="btn" href=row.whatsapp rel="external noopener" target="_blank">"WhatsApp"</a> })}
                {(!row.call.is_empty()).then(|| view! { <a class="btn" href=row.call rel="external">"Telepon"</a> })}
                <button class="btn" type="button" aria-expanded=move || open.get().to_string() on:click=move |_| open.update(|open| *open = !*open)>"Catat kontak"</button>
            </div>
            {move || open.get().then(|| view! {
                <form class="stack tight" on:submit=move |event| { event.prevent_default(); problem.set(None); send.dispatch(()); }>
                    <TextInput label="Apa katanya?" id="kontak" value=said wrong=wrong_of(problem, "text") hint="Misalnya: janji bayar Jumat." />
                    <OtherProblem problem fields=&["text"] />
                    <div class="row"><button class="btn main small" type="submit" disabled=send.pending()>"Simpan kontak"</button></div>
                </form>
            })}
        </section>
    }
}
