//! Cadangan Data: the backups, whether the newest can be restored, make one now, take one home.

#[cfg(feature = "ssr")]
pub mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, PageInfo, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Notice, Pager, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRow {
    /// Its row.
    pub id: i64,
    /// When it was made.
    pub at: String,
    /// Daily, monthly, by hand; and by whom.
    pub kind: String,
    /// Its file.
    pub file: String,
    /// Its size.
    pub size: String,
    /// How it went.
    pub state: Badge,
    /// Why it failed, or why it was not copied.
    pub problem: String,
    /// Whether the second place has it.
    pub copied: Badge,
    /// How its drill went.
    pub drill: Badge,
    /// In words.
    pub drill_text: String,
    /// Whether it can be downloaded.
    pub there: bool,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupList {
    /// Its rows.
    pub rows: Vec<BackupRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// When one is made, how long they stay, and where they go, in words.
    pub plan: String,
    /// Whether a passphrase seals them.
    pub sealed: bool,
    /// Whether there is a second place.
    pub second: bool,
    /// The last drill.
    pub drill: Badge,
    /// In words, with its time.
    pub drill_text: String,
    /// The newest run that makes a backup.
    pub made: LastRun,
    /// The newest run that tries one.
    pub drilled: LastRun,
}

/// The newest run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its row; 0 before the first.
    pub id: i64,
    /// Whether it is not over yet.
    pub running: bool,
    /// Whether its end was good.
    pub tone: Tone,
    /// What came of it, in words.
    pub words: String,
}

/// The backups, newest first.
#[server(prefix = "/api/admin", endpoint = "backup/list", input = Json, output = Json)]
pub async fn list_backups(page: i64) -> Result<BackupList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Backup).await?;
    Ok(query::list(&asked.app, page).await?)
}

/// Makes a backup now, as work.
#[server(prefix = "/api/admin", endpoint = "backup/make", input = Json, output = Json)]
pub async fn make_backup() -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Backup).await?;
    Ok(crate::jobs::run::now(&asked.app, crate::jobs::backup::BACKUP, &asked.who).await?)
}

/// Tries the newest backup now, as work.
#[server(prefix = "/api/admin", endpoint = "backup/drill", input = Json, output = Json)]
pub async fn drill_backup() -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Backup).await?;
    Ok(crate::jobs::run::now(&asked.app, crate::jobs::backup::DRILL, &asked.who).await?)
}

/// Writes into the second place, reads it back, and takes it away again.
#[server(prefix = "/api/admin", endpoint = "backup/check", input = Json, output = Json)]
pub async fn check_place() -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Backup).await?;
    let settings = asked.app.fresh_settings().await?;
    Ok(crate::server::backup::check_second(&settings).await?)
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Make,
    Drill,
    Check,
}

/// A job that a button started, and the newest run there was before.
type Awaited = Option<(Deed, i64)>;

impl BackupList {
    /// How the run that is awaited ended; nothing while it has not.
    fn ended(&self, awaited: Awaited) -> Option<(Tone, String)> {
        let (deed, before) = awaited?;
        let run = match deed {
            Deed::Make => &self.made,
            Deed::Drill => &self.drilled,
            Deed::Check => return None,
        };
        (run.id > before && !run.running).then(|| (run.tone, run.words.clone()))
    }
}

/// The page.
#[component]
pub fn BackupsPage() -> impl IntoView {
    let query = leptos_router::hooks::use_query_map();
    let page = Memo::new(move |_| query.read().get("page").and_then(|page| page.parse::<i64>().ok()).unwrap_or(1));
    let data = Resource::new(move || page.get(), list_backups);
    let said = RwSignal::new(None::<(Tone, String)>);
    let awaited = RwSignal::new(Awaited::None);
    // The newest runs that the page shows.
    let seen = StoredValue::new((0, 0));
    let act = Action::new(move |deed: &Deed| {
        let deed = *deed;
        let (made, drilled) = seen.get_value();
        let before = match deed {
            Deed::Make => Some((deed, made)),
            Deed::Drill => Some((deed, drilled)),
            Deed::Check => None,
        };
        async move {
            let result = match deed {
                Deed::Make => {
                    make_backup().await.map(|()| "Cadangan sedang dibuat. Halaman ini memuat sendiri hasilnya.")
                }
                Deed::Drill => drill_backup()
                    .await
                    .map(|()| "Latihan pemulihan sedang berjalan. Halaman ini memuat sendiri hasilnya."),
                Deed::Check => check_place().await.map(|()| "Tempat kedua dapat ditulis dan dibaca."),
            };
            // What says that it runs gives way to what came of it.
            awaited.set(before.filter(|_| result.is_ok()));
            said.set(Some(match result {
                Ok(words) if deed == Deed::Check => (Tone::Ok, words.to_owned()),
                Ok(words) => (Tone::Note, words.to_owned()),
                Err(error) => (Tone::Bad, error.to_string()),
            }));
            data.refetch();
        }
    });
    let busy = act.pending();
    view! {
        <Title text=text::BACKUPS />
        <div class="title">
            <h1>{text::BACKUPS}</h1>
            <span class="row">
                <button class="btn main" type="button" disabled=busy on:click=move |_| { act.dispatch(Deed::Make); }>"Buat cadangan sekarang"</button>
                <button class="btn" type="button" disabled=busy on:click=move |_| { act.dispatch(Deed::Drill); }>"Latihan pulihkan"</button>
            </span>
        </div>
        {move || said.get().map(|(tone, words)| view! { <Notice tone><p>{words}</p></Notice> })}
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(list) => view! { <Backups list seen awaited said refresh=Callback::new(move |()| data.refetch()) check=Callback::new(move |()| { act.dispatch(Deed::Check); }) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Backups(
    list: BackupList,
    seen: StoredValue<(i64, i64)>,
    awaited: RwSignal<Awaited>,
    said: RwSignal<Option<(Tone, String)>>,
    refresh: Callback<()>,
    check: Callback<()>,
) -> impl IntoView {
    seen.set_value((list.made.id, list.drilled.id));
    if let Some(end) = list.ended(awaited.get_untracked()) {
        awaited.set(None);
        said.set(Some(end));
    }
    if list.made.running || list.drilled.running {
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
            let href = format!("/admin/cadangan/{}/unduh", row.id);
            let label = format!("Unduh {}", row.file);
            view! {
                <tr>
                    <td class="num date">{row.at}<span class="sub">{row.kind}</span></td>
                    <td class="hide-s">{row.file}<span class="sub num">{row.size}</span></td>
                    <td><Tag badge=row.state /> <Tag badge=row.copied /><span class="sub">{row.problem}</span></td>
                    <td><Tag badge=row.drill /><span class="sub">{row.drill_text}</span></td>
                    <td>{row.there.then(|| view! { <a class="btn small" href=href aria-label=label rel="external" download="">"Unduh"</a> })}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let empty = rows.is_empty();
    view! {
        <div class="grid g2">
            <section class="panel">
                <div class="head"><h2>"Latihan pemulihan"</h2><Tag badge=list.drill /></div>
                <p class="pad">{list.drill_text}</p>
            </section>
            <section class="panel">
                <div class="head"><h2>"Rencana"</h2><a class="link row" href="/admin/pengaturan/cadangan">"Ubah"</a></div>
                <div class="pad stack tight">
                    <p>{list.plan}</p>
                    {(!list.sealed).then(|| view! { <p class="mute">"Tanpa kata sandi: siapa pun yang memegang berkasnya dapat membaca data pelanggan."</p> })}
                    {(!list.second).then(|| view! { <p class="mute">"Belum ada tempat kedua: bila disk server rusak, cadangan ikut hilang. Atur folder lain atau S3, atau unduh berkala."</p> })}
                    {list.second.then(|| view! { <div><button class="btn small" type="button" on:click=move |_| check.run(())>"Uji tempat kedua"</button></div> })}
                    <p class="mute small">"Kunci aplikasi (app.key) tidak ada di dalam cadangan. Simpan salinannya terpisah: tanpa kunci itu cadangan tidak dapat dipulihkan."</p>
                </div>
            </section>
        </div>
        <section class="panel gap-top">
            {empty.then(|| view! { <Empty title="Belum ada cadangan." hint="Cadangan dibuat sendiri setiap malam; yang pertama dapat dibuat sekarang." /> })}
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel" hidden=empty>
                <table>
                    <thead><tr>
                        <th scope="col">"Waktu"</th><th scope="col" class="hide-s">"Berkas"</th><th scope="col">"Status"</th><th scope="col">"Latihan"</th>
                        <th scope="col"><span class="sr">"Tindakan"</span></th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager info=list.info />
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_waits_for_the_end_of_its_own_run() {
        let run = |id: i64, running: bool| LastRun { id, running, tone: Tone::Ok, words: format!("selesai {id}") };
        let list = |made: LastRun| BackupList {
            rows: Vec::new(),
            info: PageInfo::of(1, 0),
            plan: String::new(),
            sealed: false,
            second: false,
            drill: Badge::new("Hijau", Tone::Ok),
            drill_text: String::new(),
            made,
            drilled: run(9, false),
        };
        let awaited = Some((Deed::Make, 4));
        assert_eq!(list(run(4, false)).ended(awaited), None, "the run before");
        assert_eq!(list(run(5, true)).ended(awaited), None, "not over");
        assert_eq!(list(run(5, false)).ended(awaited), Some((Tone::Ok, "selesai 5".to_owned())));
        assert_eq!(list(run(5, false)).ended(None), None, "nobody asked here");
        assert_eq!(list(run(5, false)).ended(Some((Deed::Check, 0))), None);
    }
}
