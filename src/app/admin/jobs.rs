//! Tugas Otomatis: what runs by itself, when, with which result; run now, switch on and off. Under a second tab what is
//! stuck (Macet).

mod dead;
#[cfg(feature = "ssr")]
pub mod query;
mod runs;

pub use dead::StuckPage;
pub use runs::RunsPage;

use crate::app::codec::Json;
use crate::app::dto::{Badge, PageInfo, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// Its name in addresses.
    pub job: String,
    /// Its title.
    pub title: String,
    /// When it runs, in words.
    pub when: String,
    /// When it last ran, how long, and who asked for it; empty when never.
    pub last: String,
    /// How that ended.
    pub state: Badge,
    /// What it did, in words.
    pub result: String,
    /// When it runs next; empty when it is off.
    pub next: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Whether the office cannot do without it.
    pub critical: bool,
    /// Whether it runs now.
    pub running: bool,
}

/// The jobs, and how many pieces of work are stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobList {
    /// The jobs.
    pub rows: Vec<JobRow>,
    /// Dead letters that this person may see.
    pub stuck: i64,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// When.
    pub at: String,
    /// Title of the job.
    pub title: String,
    /// For which slot.
    pub slot: String,
    /// How long.
    pub took: String,
    /// Who asked for it.
    pub who: String,
    /// How it ended.
    pub state: Badge,
    /// What it did.
    pub result: String,
}

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// Its rows.
    pub rows: Vec<RunRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// The jobs, for the filter: name and title.
    pub jobs: Vec<(String, String)>,
}

/// Work that is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckRow {
    /// Its row.
    pub id: i64,
    /// What it is, in words.
    pub what: String,
    /// About what.
    pub subject: String,
    /// Why it was given up.
    pub reason: String,
    /// First and last try.
    pub tries: String,
}

/// A page of stuck work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckList {
    /// Its rows.
    pub rows: Vec<StuckRow>,
    /// Where it stands.
    pub info: PageInfo,
}

/// The jobs.
#[server(prefix = "/api/admin", endpoint = "job/list", input = Json, output = Json)]
pub async fn list_jobs() -> Result<JobList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::jobs(&asked.app, &asked.staff).await?)
}

/// Runs of a job, or of all when empty, newest first.
#[server(prefix = "/api/admin", endpoint = "job/runs", input = Json, output = Json)]
pub async fn list_runs(job: String, page: i64) -> Result<RunList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::runs(&asked.app, &asked.staff, &job, page).await?)
}

/// Runs a job now.
#[server(prefix = "/api/admin", endpoint = "job/run", input = Json, output = Json)]
pub async fn run_job(job: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    query::may_run(&asked.staff, &job)?;
    Ok(crate::jobs::run::now(&asked.app, &job, &asked.who).await?)
}

/// Switches a job on or off.
#[server(prefix = "/api/admin", endpoint = "job/switch", input = Json, output = Json)]
pub async fn switch_job(job: String, enabled: bool) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    query::may_run(&asked.staff, &job)?;
    Ok(crate::jobs::run::set_enabled(&asked.app, &job, enabled, &asked.who).await?)
}

/// Stuck work, newest first.
#[server(prefix = "/api/admin", endpoint = "work/stuck", input = Json, output = Json)]
pub async fn list_stuck(page: i64) -> Result<StuckList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::stuck(&asked.app, &asked.staff, page).await?)
}

/// Tries stuck work again; how many pieces.
#[server(prefix = "/api/admin", endpoint = "work/again", input = Json, output = Json)]
pub async fn retry_stuck(ids: Vec<i64>) -> Result<i64, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::close(&asked.app, &asked.staff, &asked.who, ids, None).await?)
}

/// Gives stuck work up for good, with a reason; how many pieces.
#[server(prefix = "/api/admin", endpoint = "work/give-up", input = Json, output = Json)]
pub async fn give_up_stuck(ids: Vec<i64>, reason: String) -> Result<i64, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageWork).await?;
    Ok(query::close(&asked.app, &asked.staff, &asked.who, ids, Some(reason)).await?)
}

/// The three tabs.
#[component]
pub fn JobTabs(
    /// Which one this is.
    here: &'static str,
    /// How many are stuck, if known.
    #[prop(optional)]
    stuck: i64,
) -> impl IntoView {
    let tab = |href: &'static str, word: String| {
        let current = (href == here).then_some("page");
        view! { <a class=if href == here { "btn small main" } else { "btn small" } href=href aria-current=current>{word}</a> }
    };
    let macet = if stuck > 0 { format!("Macet ({})", text::count(stuck)) } else { "Macet".to_owned() };
    view! {
        <nav class="row" aria-label="Bagian Tugas Otomatis">
            {tab("/admin/tugas", "Jadwal".to_owned())}
            {tab("/admin/tugas/riwayat", "Riwayat".to_owned())}
            {tab("/admin/tugas/macet", macet)}
        </nav>
    }
}

/// The page.
#[component]
pub fn JobsPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_jobs());
    let said = RwSignal::new(None::<(Tone, String)>);
    view! {
        <Title text=text::JOBS />
        <div class="title"><h1>{text::JOBS}</h1></div>
        {move || said.get().map(|(tone, words)| view! { <Notice tone><p>{words}</p></Notice> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(list) => view! { <Jobs list said refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Jobs(list: JobList, said: RwSignal<Option<(Tone, String)>>, refresh: Callback<()>) -> impl IntoView {
    let asked = RwSignal::new(None::<(String, String)>);
    let open = RwSignal::new(false);
    // Jobs that reach customers are asked about first.
    let to_run = RwSignal::new(None::<(String, String)>);
    let ask_run = RwSignal::new(false);
    let run = Action::new(move |(job, title): &(String, String)| {
        let (job, title) = (job.clone(), title.clone());
        async move {
            said.set(Some(match run_job(job).await {
                Ok(()) => (Tone::Ok, format!("{title} dijalankan. Hasilnya tampil di sini setelah selesai.")),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            refresh.run(());
        }
    });
    let switch = Action::new(move |(job, title, on): &(String, String, bool)| {
        let (job, title, on) = (job.clone(), title.clone(), *on);
        async move {
            said.set(Some(match switch_job(job, on).await {
                Ok(()) if on => (Tone::Ok, format!("{title} dihidupkan.")),
                Ok(()) => (Tone::Warn, format!("{title} dimatikan. Jadwal yang lewat selama mati tidak disusul.")),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            refresh.run(());
        }
    });
    let busy = Memo::new(move |_| run.pending().get() || switch.pending().get());
    // Somebody waits for what runs: the page looks again by itself.
    if list.rows.iter().any(|row| row.running) {
        Effect::new(move |_| {
            let again = set_timeout_with_handle(move || refresh.run(()), std::time::Duration::from_secs(2));
            if let Ok(handle) = again {
                on_cleanup(move || handle.clear());
            }
        });
    }
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let (job, title, enabled) = (row.job.clone(), row.title.clone(), row.enabled);
            let (run_job, run_title) = (row.job.clone(), row.title.clone());
            let flip = move |_| {
                if enabled {
                    asked.set(Some((job.clone(), title.clone())));
                    open.set(true);
                } else {
                    switch.dispatch((job.clone(), title.clone(), true));
                }
            };
            let (run_label, flip_label) = (format!("Jalankan sekarang: {}", row.title), format!("{} {}", if enabled { "Matikan" } else { "Hidupkan" }, row.title));
            let buttons = view! {
                <span class="row">
                    <button class="btn small" type="button" aria-label=run_label disabled=move || busy.get() || row.running
                        on:click=move |_| {
                            let wanted = (run_job.clone(), run_title.clone());
                            if matches!(wanted.0.as_str(), "reminders" | "isolir" | "invoicing") {
                                to_run.set(Some(wanted));
                                ask_run.set(true);
                            } else {
                                run.dispatch(wanted);
                            }
                        }>"Jalankan sekarang"</button>
                    <button class="link" type="button" aria-label=flip_label disabled=busy on:click=flip>
                        {if enabled { "Matikan" } else { "Hidupkan" }}
                    </button>
                </span>
            };
            let off = (!enabled).then(|| view! { <Tag badge=Badge::new("Mati", if row.critical { Tone::Bad } else { Tone::Warn }) /> });
            view! {
                <tr>
                    <td>
                        <a class="strong" href=format!("/admin/tugas/riwayat?job={}", row.job)>{row.title.clone()}</a>
                        <span class="sub">{text::job_about(&row.job)}</span>
                        <span class="sub">{row.when}</span>
                        <span class="sub">{if enabled { format!("Berikutnya {}", row.next) } else { "Tidak dijadwalkan".to_owned() }}</span>
                        {off}
                    </td>
                    <td><Tag badge=row.state /><span class="sub num">{row.last}</span></td>
                    <td class="hide-s">{row.result}</td>
                    <td>{buttons}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <JobTabs here="/admin/tugas" stuck=list.stuck />
        <section class="panel gap-top">
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                <table>
                    <thead><tr>
                        <th scope="col">"Tugas"</th><th scope="col">"Terakhir"</th><th scope="col" class="hide-s">"Hasil"</th>
                        <th scope="col"><span class="sr">"Tindakan"</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        <Confirm open=ask_run title="Jalankan sekarang?">
            <p>{move || to_run.get().map(|(job, title)| format!("{title}: {} Pesan kepada pelanggan tidak dapat ditarik.", text::job_about(&job)))}</p>
            <div class="row">
                <button class="btn main" type="button" on:click=move |_| {
                    ask_run.set(false);
                    if let Some(wanted) = to_run.get_untracked() {
                        run.dispatch(wanted);
                    }
                }>"Ya, jalankan"</button>
                <button class="btn" type="button" on:click=move |_| ask_run.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
        <Confirm open title="Matikan tugas ini?">
            <p>{move || asked.get().map(|(_, title)| format!("{title} tidak berjalan sendiri lagi sampai dihidupkan. Jadwal yang lewat tidak disusul."))}</p>
            <div class="row">
                <button class="btn bad" type="button" on:click=move |_| {
                    open.set(false);
                    if let Some((job, title)) = asked.get_untracked() {
                        switch.dispatch((job, title, false));
                    }
                }>"Matikan"</button>
                <button class="btn" type="button" on:click=move |_| open.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
}
