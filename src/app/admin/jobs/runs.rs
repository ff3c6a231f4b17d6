//! The runs that were.

use super::{JobTabs, RunList, list_runs};
use crate::app::dto::Choice;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Pager, Problem, Select, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The page.
#[component]
pub fn RunsPage() -> impl IntoView {
    let query = use_query_map();
    let job = Memo::new(move |_| query.read().get("job").unwrap_or_default());
    let page = Memo::new(move |_| query.read().get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1));
    let data = Resource::new(move || (job.get(), page.get()), |(job, page)| list_runs(job, page));
    view! {
        <Title text="Riwayat Tugas" />
        <div class="title"><h1>"Riwayat Tugas"</h1></div>
        <JobTabs here="/admin/tugas/riwayat" />
        <section class="panel gap-top">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Runs list chosen=job.get_untracked() /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Runs(list: RunList, chosen: String) -> impl IntoView {
    let choices: Vec<Choice> = list.jobs.into_iter().map(|(job, title)| Choice::new(job, title)).collect();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="num date">{row.at}<span class="sub">{row.took}</span></td>
                    <td>{row.title}<span class="sub">{row.who}" · jadwal "{row.slot}</span></td>
                    <td><Tag badge=row.state /></td>
                    <td class="hide-s">{row.result}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let empty = rows.is_empty();
    view! {
        <FilterForm action="/admin/tugas/riwayat">
            <div class="filters">
                <Select label="Tugas" name="job" choices=choices chosen=chosen />
                <div class="row"><button class="btn main" type="submit">{text::SEARCH_BUTTON}</button></div>
            </div>
        </FilterForm>
        {empty.then(|| view! { <Empty title="Belum ada yang berjalan." hint="Tugas berjalan sendiri menurut jadwalnya." /> })}
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel" hidden=empty>
            <table>
                <thead><tr>
                    <th scope="col">"Mulai"</th><th scope="col">"Tugas"</th><th scope="col">"Status"</th><th scope="col" class="hide-s">"Hasil"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager info=list.info />
    }
}
