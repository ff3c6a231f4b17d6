//! Log Aktivitas: who did what, when, to what, from where, with what stood before and after. The newest first; a page
//! goes on from the row it ended with, so that a log of a million rows turns as quickly as a short one.

#[cfg(feature = "ssr")]
pub(crate) mod query;
#[cfg(feature = "ssr")]
pub(crate) mod words;

use crate::app::codec::Json;
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, FilterForm, Loading, Problem, Select, with_query};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says about the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivityFilter {
    /// A text in the row, or the name or number of a customer.
    pub q: String,
    /// Id of a member of staff, or the name of what acts by itself.
    pub who: String,
    /// What was done, as the log writes it.
    pub action: String,
    /// The thing, as the log writes it (`service:17`).
    pub subject: String,
    /// First day, as typed; empty: 30 days back.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Only rows older than this one; 0: from the newest.
    pub before: i64,
    /// Only rows newer than this one; 0: none.
    pub after: i64,
}

impl ActivityFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        let number = |key: &str| get(key).parse().unwrap_or(0);
        Self {
            q: get("q"),
            who: get("who"),
            action: get("action"),
            subject: get("subject"),
            from: get("from"),
            to: get("to"),
            before: number("before"),
            after: number("after"),
        }
    }
}

/// A part of what changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field; empty when the whole is meant.
    pub label: String,
    /// What stood there; empty when nothing.
    pub before: String,
    /// What stands there; empty when nothing.
    pub after: String,
}

impl Change {
    /// `Telepon: 0812 → 0813`.
    pub fn words(&self) -> String {
        let label = if self.label.is_empty() { String::new() } else { format!("{}: ", self.label) };
        match (self.before.is_empty(), self.after.is_empty()) {
            (true, _) => format!("{label}{}", self.after),
            (false, true) => format!("{label}{} → (kosong)", self.before),
            (false, false) => format!("{label}{} → {}", self.before, self.after),
        }
    }
}

/// Something somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    /// Its place in the log.
    pub id: i64,
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// From where; empty for the system.
    pub address: String,
    /// What, in words.
    pub action: String,
    /// The thing, in words.
    pub subject: String,
    /// The thing, as the log writes it.
    pub subject_code: String,
    /// Its page; empty when it has none.
    pub href: String,
    /// What changed.
    pub changes: Vec<Change>,
}

/// A page of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityList {
    /// Its rows, the newest first.
    pub rows: Vec<ActivityRow>,
    /// The row to go on from to older ones; 0 when there are none.
    pub older: i64,
    /// The row to go back from to newer ones; 0 when there are none.
    pub newer: i64,
    /// Which days are shown, in words.
    pub days: String,
    /// The text finds too many services: only what the log itself says was searched.
    pub too_many: bool,
    /// The thing that is looked at, in words; empty for everything.
    pub subject: String,
}

/// What the filters offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityChoices {
    /// People, and what acts by itself.
    pub people: Vec<Choice>,
    /// What can be done.
    pub actions: Vec<Choice>,
}

/// A page of the log.
#[server(prefix = "/api/admin", endpoint = "activity/list", input = Json, output = Json)]
pub async fn list_activity(filter: ActivityFilter) -> Result<ActivityList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewAudit).await?;
    Ok(query::list(&asked.app, &filter).await?)
}

/// What the filters offer.
#[server(prefix = "/api/admin", endpoint = "activity/choices", input = Json, output = Json)]
pub async fn read_activity_choices() -> Result<ActivityChoices, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewAudit).await?;
    Ok(query::choices(&asked.app).await?)
}

/// The page.
#[component]
pub fn ActivityPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| ActivityFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_activity);
    view! {
        <Title text=text::AUDIT />
        <div class="title"><h1>{text::AUDIT}</h1></div>
        <section class="panel">
            <Filters filter />
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list /> }.into_any(),
                        Err(error) => view! { <div class="pad"><Problem error /></div> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Filters(filter: Memo<ActivityFilter>) -> impl IntoView {
    let choices = Resource::new(|| (), |()| read_activity_choices());
    view! {
        <FilterForm action="/admin/log">
            <div class="filters">
                <div class="field wide">
                    <label for="q">"Nama, nomor, atau isi perubahan"</label>
                    <input id="q" name="q" type="search" value=filter.get_untracked().q prop:value=move || filter.get().q />
                </div>
                <Suspense>
                    {move || Suspend::new(async move {
                        let now = filter.get();
                        choices.await.map(|offered| view! {
                            <Select label="Oleh" name="who" choices=offered.people chosen=now.who />
                            <Select label="Tindakan" name="action" choices=offered.actions chosen=now.action />
                        })
                    })}
                </Suspense>
                <div class="field"><label for="from">"Dari tanggal"</label><input id="from" name="from" type="text" inputmode="numeric" placeholder="15/1/2026" value=filter.get_untracked().from prop:value=move || filter.get().from /></div>
                <div class="field"><label for="to">"Sampai tanggal"</label><input id="to" name="to" type="text" inputmode="numeric" value=filter.get_untracked().to prop:value=move || filter.get().to /></div>
                {move || {
                    let subject = filter.get().subject;
                    (!subject.is_empty()).then(|| view! { <input type="hidden" name="subject" value=subject /> })
                }}
                <div class="row wide">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/log">{text::CLEAR}</a>
                </div>
            </div>
        </FilterForm>
    }
}

#[component]
fn Rows(list: ActivityList) -> impl IntoView {
    let query = use_query_map();
    let link = move |changes: &[(&'static str, String)]| {
        let from_the_top = [("before", String::new()), ("after", String::new())];
        format!("/admin/log{}", with_query(query.get_untracked(), &[&from_the_top, changes].concat()))
    };
    let file = move || {
        let top = [("before", String::new()), ("after", String::new())];
        format!("/admin/log.xlsx{}", with_query(query.get(), &top))
    };
    let older = (list.older > 0).then(|| link(&[("before", list.older.to_string())]));
    let newer = (list.newer > 0).then(|| link(&[("after", list.newer.to_string())]));
    let everything = link(&[("subject", String::new())]);
    let empty = list.rows.is_empty();
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let all_of_it = link(&[("subject", row.subject_code)]);
            let of_what = format!("riwayatnya: {}", row.subject);
            let subject = if row.href.is_empty() {
                view! { <span class="strong">{row.subject}</span> }.into_any()
            } else {
                view! { <a class="strong" href=row.href>{row.subject}</a> }.into_any()
            };
            let changes = row
                .changes
                .iter()
                .map(|change| view! { <span class="sub">{change.words()}</span> })
                .collect::<Vec<_>>();
            view! {
                <tr>
                    <td class="num date">{row.at}</td>
                    <td>{row.who}<span class="sub num">{row.address}</span></td>
                    <td>{row.action}{changes}</td>
                    <td>{subject}<span class="sub"><a href=all_of_it aria-label=of_what>"riwayatnya"</a></span></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let subject = (!list.subject.is_empty())
        .then(|| view! { <span>"Tentang "<b>{list.subject}</b>" "<a href=everything>"tampilkan semua"</a></span> });
    view! {
        <p class="sums">
            <span>{list.days}</span>
            {list.too_many.then(|| view! { <span>{text::ONLY_IN_LOG}</span> })}
            {subject}
            {(!empty).then(|| view! { <a href=file rel="external" download="log-aktivitas.xlsx">"Unduh Excel"</a> })}
        </p>
        {if empty && older.is_some() {
            view! { <Empty title="Belum ada yang cocok." hint="Baru sebagian catatan yang dicari. Tekan Lebih lama untuk mencari lebih jauh ke belakang." /> }.into_any()
        } else if empty {
            view! { <Empty title="Tidak ada kegiatan yang cocok." hint="Ubah saringan atau tanggalnya; tanpa tanggal, hanya 30 hari terakhir yang dicari." /> }.into_any()
        } else {
            view! {
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                    <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Oleh"</th><th scope="col">"Tindakan"</th><th scope="col">"Tentang"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            }.into_any()
        }}
        <nav class="pager" aria-label=text::PAGES>
            <span></span>
            <span class="row">
                {newer.map(|href| view! { <a class="btn small" rel="prev" href=href>"Lebih baru"</a> })}
                {older.map(|href| view! { <a class="btn small" rel="next" href=href>"Lebih lama"</a> })}
            </span>
        </nav>
    }
}
