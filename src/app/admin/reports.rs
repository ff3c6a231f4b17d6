//! LAPORAN: one page for all reports. The server sends words, links and a drawn chart; the browser only sets them out.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::{Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use serde::{Deserialize, Serialize};

/// Words that may lead somewhere: to the rows behind a number, another look, a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// What is read.
    pub words: String,
    /// Address; empty where it leads nowhere.
    pub href: String,
}

/// A heading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Its words.
    pub title: String,
    /// Classes of its cells.
    pub class: String,
}

/// What narrows a report down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFilter {
    /// Its name in the address.
    pub name: String,
    /// Its label.
    pub label: String,
    /// What is chosen or typed.
    pub value: String,
    /// What can be chosen; nothing where it is typed.
    pub choices: Vec<Choice>,
    /// What is wrong with it; empty when nothing.
    pub wrong: String,
}

/// A report, ready to be set out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// Its title.
    pub title: String,
    /// What it says.
    pub says: String,
    /// Where it came from, and what can be done from here.
    pub doors: Vec<Linked>,
    /// Other looks at the same; the one that is shown leads nowhere.
    pub tabs: Vec<Linked>,
    /// Address that its filters are sent to.
    pub action: String,
    /// What the filters keep of the address.
    pub kept: Vec<(String, String)>,
    /// What narrows it down.
    pub filters: Vec<ReportFilter>,
    /// Files of it.
    pub files: Vec<Linked>,
    /// Headings.
    pub columns: Vec<Heading>,
    /// Rows, a cell a column.
    pub rows: Vec<Vec<Linked>>,
    /// The last row; empty without.
    pub totals: Vec<Linked>,
    /// The chart as SVG; empty without.
    pub chart: String,
    /// What to know beside it.
    pub notes: Vec<Linked>,
    /// Where a long list stands.
    pub info: Option<PageInfo>,
}

/// A report, narrowed down as the query of the address says.
#[server(prefix = "/api/admin", endpoint = "report/view", input = Json, output = Json)]
pub async fn read_report(name: String, query: String) -> Result<ReportView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewReports).await?;
    Ok(query::view(&asked, &name, &query).await?)
}

/// The page of every report.
#[component]
pub fn ReportPage() -> impl IntoView {
    let (params, map) = (use_params_map(), use_query_map());
    let wish = Memo::new(move |_| (params.read().get("name").unwrap_or_default(), map.read().to_query_string()));
    let data = Resource::new(move || wish.get(), |(name, query)| read_report(name, query));
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(report) => view! { <Whole report /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Words, as a link where they lead somewhere.
fn linked(of: Linked) -> AnyView {
    if of.href.is_empty() { of.words.into_any() } else { view! { <a href=of.href>{of.words}</a> }.into_any() }
}

#[component]
fn Whole(report: ReportView) -> impl IntoView {
    let doors = report
        .doors
        .into_iter()
        .map(|door| view! { <a class="btn no-print" href=door.href>{door.words}</a> })
        .collect::<Vec<_>>();
    let tabs = report
        .tabs
        .into_iter()
        .map(|tab| {
            let now = tab.href.is_empty();
            let class = if now { "btn small main" } else { "btn small" };
            let href = (!now).then_some(tab.href);
            view! { <a class=class href=href aria-current=now.then_some("page")>{tab.words}</a> }
        })
        .collect::<Vec<_>>();
    let files = report
        .files
        .into_iter()
        .map(|file| view! { <a class="no-print" href=file.href rel="external" download="">{file.words}</a> })
        .collect::<Vec<_>>();
    let notes = report.notes.into_iter().map(|note| view! { <p>{linked(note)}</p> }).collect::<Vec<_>>();
    let chart = (!report.chart.is_empty()).then(|| view! { <div class="gap-top" inner_html=report.chart></div> });
    // Without columns something is wrong with a filter, which says so itself.
    let empty = report.rows.is_empty() && !report.columns.is_empty();
    let table = (!report.columns.is_empty()).then(|| {
        view! {
            <Table columns=report.columns rows=report.rows totals=report.totals />
        }
    });
    view! {
        <Title text=report.title.clone() />
        <div class="title"><h1>{report.title}</h1><span class="row">{doors}</span></div>
        {(!tabs.is_empty()).then(|| view! { <nav class="row no-print" aria-label="Tampilan">{tabs}</nav> })}
        <section class="panel gap-top">
            {(!report.filters.is_empty()).then(|| view! {
                <Filters action=report.action kept=report.kept filters=report.filters />
            })}
            <div class="pad stack tight"><p>{report.says}</p>{notes}<p class="row">{files}</p></div>
            {chart}
            {if empty {
                view! { <Empty title="Tidak ada yang tercatat." hint="Pilih bulan, tanggal, atau saringan lain." /> }.into_any()
            } else {
                table.into_any()
            }}
            {report.info.map(|info| view! { <Pager info /> })}
        </section>
    }
}

#[component]
fn Filters(action: String, kept: Vec<(String, String)>, filters: Vec<ReportFilter>) -> impl IntoView {
    let kept = kept
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect::<Vec<_>>();
    let fields = filters
        .into_iter()
        .map(|filter| {
            let (id, name) = (filter.name.clone(), filter.name.clone());
            let about = format!("{id}-salah");
            let wrong = !filter.wrong.is_empty();
            let control = if filter.choices.is_empty() {
                view! {
                    <input id=id name=name type="text" inputmode="numeric" value=filter.value
                        aria-invalid=wrong.to_string() aria-describedby=about.clone() />
                }
                .into_any()
            } else {
                let options = filter
                    .choices
                    .into_iter()
                    .map(|choice| {
                        let chosen = choice.value == filter.value;
                        view! { <option value=choice.value selected=chosen prop:selected=chosen>{choice.word}</option> }
                    })
                    .collect::<Vec<_>>();
                view! { <select id=id name=name>{options}</select> }.into_any()
            };
            view! {
                <div class="field">
                    <label for=filter.name>{filter.label}</label>
                    {control}
                    {wrong.then(|| view! { <span class="wrong" id=about role="alert">{filter.wrong}</span> })}
                </div>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <FilterForm action=action>
            <div class="filters no-print">
                {kept}
                {fields}
                <div class="row"><button class="btn main" type="submit">"Tampilkan"</button></div>
            </div>
        </FilterForm>
    }
}

#[component]
fn Table(columns: Vec<Heading>, rows: Vec<Vec<Linked>>, totals: Vec<Linked>) -> impl IntoView {
    let classes: Vec<String> = columns.iter().map(|column| column.class.clone()).collect();
    let row = move |cells: Vec<Linked>| {
        let cells = cells
            .into_iter()
            .zip(classes.clone())
            .map(|(cell, class)| view! { <td class=class>{linked(cell)}</td> })
            .collect::<Vec<_>>();
        view! { <tr>{cells}</tr> }
    };
    let heads = columns
        .into_iter()
        .map(|column| view! { <th scope="col" class=column.class>{column.title}</th> })
        .collect::<Vec<_>>();
    let total = (!totals.is_empty()).then(|| row(totals));
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table class="slim">
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows.into_iter().map(row).collect::<Vec<_>>()}</tbody>
            <tfoot>{total}</tfoot>
        </table></div>
    }
}
