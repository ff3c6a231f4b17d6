//! Impor & Ekspor Excel: choose a file, see what would happen, let it happen, watch it.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Field, Loading, Notice, Problem, Progress};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// How often a running import is asked how far it is.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(1);

/// Names of collectors that are written out; a column of something else would fill the page.
const COLLECTORS_SHOWN: usize = 20;

/// A cell that cannot be taken as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// Row as Excel counts; the header is row 1.
    pub row: i64,
    /// Column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong and what to do.
    pub problem: String,
}

/// An import: what would happen, what happens, what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// The import.
    pub id: i64,
    /// Name of the file.
    pub file: String,
    /// `preview`, `running`, `done`, `failed`.
    pub state: String,
    /// Rows of the file.
    pub rows: i64,
    /// Rows done so far.
    pub done: i64,
    /// New services.
    pub imported: i64,
    /// Changed services.
    pub updated: i64,
    /// Services that stay as they are.
    pub same: i64,
    /// How many rows are rejected.
    pub rejected_rows: i64,
    /// How many cells of them are wrong.
    pub rejected_count: i64,
    /// The first of them.
    pub rejected: Vec<RowProblem>,
    /// Opening arrears, formatted.
    pub arrears: String,
    /// Opening Saldo, formatted.
    pub credit: String,
    /// Titles of columns that were not read.
    pub unknown_columns: Vec<String>,
    /// Collectors that are nobody of the staff.
    pub unknown_collectors: Vec<String>,
    /// Why it failed; empty otherwise.
    pub problem: String,
}

/// An import.
#[server(prefix = "/api/admin", endpoint = "import/view", input = Json, output = Json)]
pub async fn read_import(id: i64) -> Result<ImportView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Import).await?;
    Ok(query::view(&asked.app, id).await?)
}

/// Lets a previewed import happen; once.
#[server(prefix = "/api/admin", endpoint = "import/start", input = Json, output = Json)]
pub async fn start_import(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::Import).await?;
    Ok(query::start(&asked.app, asked.who, id).await?)
}

/// The page.
#[component]
pub fn ImportPage() -> impl IntoView {
    let query = use_query_map();
    let id = Memo::new(move |_| query.read().get("berkas").and_then(|id| id.parse::<i64>().ok()));
    let wrong = move || query.read().get("galat");
    view! {
        <Title text=text::IMPORT />
        <div class="title">
            <h1>{text::IMPORT}</h1>
            <a class="btn" href="/admin/ekspor.xlsx" rel="external" download="pelanggan.xlsx">"Unduh semua pelanggan (Excel)"</a>
        </div>
        {move || wrong().map(|words| view! { <Notice tone=Tone::Bad><p>{words}</p></Notice> })}
        <div class="stack gap-top">
            {move || id.get().map(|id| view! { <Watch id /> })}
            <form class="panel pad stack" method="post" action="/admin/impor/unggah" enctype="multipart/form-data">
                <h2>"Impor pelanggan"</h2>
                <Field label="Berkas Excel (.xlsx) atau CSV" id="berkas" hint="Belum ada yang diubah: sesudah diunggah, Anda melihat dulu apa yang akan terjadi.">
                    <input id="berkas" name="berkas" type="file" accept=".xlsx,.csv" required />
                </Field>
                <div class="row"><button class="btn main" type="submit">"Unggah & periksa"</button><a class="link row" href="/contoh-impor.xlsx" rel="external" download="contoh-impor.xlsx">"Unduh contoh berkas"</a></div>
            </form>
        </div>
    }
}

/// Which collectors nobody is, and how their services become theirs.
fn collectors_words(names: &[String]) -> String {
    let rest = names.len().saturating_sub(COLLECTORS_SHOWN);
    let shown = names.iter().take(COLLECTORS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = if rest == 0 { String::new() } else { format!(" dan {rest} nama lain") };
    format!(
        "Kolektor ini bukan nama seorang pengguna, atau dua pengguna bernama sama: {shown}{more}. Layanannya tetap dapat diimpor, hanya belum menjadi milik kolektornya. Undang orangnya dengan nama yang persis sama; sejak saat itu layanannya menjadi miliknya."
    )
}

/// An import, asked again while it runs.
#[component]
fn Watch(id: i64) -> impl IntoView {
    let data = Resource::new(move || id, read_import);
    let running = RwSignal::new(false);
    Effect::new(move |_| {
        if !running.get() {
            return;
        }
        if let Ok(handle) = set_interval_with_handle(move || data.refetch(), REFRESH) {
            on_cleanup(move || handle.clear());
        }
    });
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(import) => view! { <Import import running refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Import(import: ImportView, running: RwSignal<bool>, refresh: Callback<()>) -> impl IntoView {
    let is_running = import.state == "running";
    // Only in the browser: the server renders once and asks nothing again.
    Effect::new(move |_| running.set(is_running));
    let problem = RwSignal::new(None::<ApiError>);
    let id = import.id;
    let start = Action::new(move |(): &()| async move {
        match start_import(id).await {
            Ok(()) => refresh.run(()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let nothing = import.imported + import.updated == 0;
    let head = match import.state.as_str() {
        "preview" => view! {
            <p>"Periksa dulu. Belum ada yang diubah."</p>
            <div class="row">
                <button class="btn main" type="button" disabled=move || start.pending().get() || nothing on:click=move |_| { start.dispatch(()); }>
                    {format!("Impor {} sekarang", text::counted(import.imported + import.updated, "layanan"))}
                </button>
                <a class="btn" href="/admin/impor">{text::CANCEL}</a>
            </div>
        }
        .into_any(),
        "running" => view! {
            <p role="status">{format!("{} dari {} baris. Halaman ini boleh ditinggal.", text::count(import.done), text::count(import.rows))}</p>
            <Progress done=import.done total=import.rows label="Baris yang sudah diimpor" />
        }
        .into_any(),
        "failed" => view! { <Notice tone=Tone::Bad><p>{format!("Impor berhenti setelah {} baris. {}", text::count(import.done), import.problem)}</p></Notice> }.into_any(),
        _ => view! {
            <Notice tone=Tone::Ok><p>"Impor selesai."</p></Notice>
            <p><a class="btn main" href="/admin/pelanggan">{text::CUSTOMERS}</a></p>
        }
        .into_any(),
    };
    let rejected = import
        .rejected
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="num">{row.row}</td>
                    <td>{row.column}</td>
                    <td>{row.value}</td>
                    <td>{row.problem}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let shown = i64::try_from(rejected.len()).unwrap_or(0);
    let more = import.rejected_count - shown;
    view! {
        <section class="panel">
            <div class="head"><h2>{import.file}</h2><span class="mute">{text::counted(import.rows, "baris")}</span></div>
            <div class="stack pad">
                {head}
                {move || problem.get().map(|error| view! { <Problem error /> })}
                {(!import.unknown_columns.is_empty()).then(|| view! {
                    <Notice tone=Tone::Warn>
                        <p>{format!("Kolom ini tidak dikenal, jadi isinya tidak dibaca: {}. Bila diperlukan, ganti judulnya seperti di berkas contoh, lalu unggah lagi.", import.unknown_columns.join(", "))}</p>
                    </Notice>
                })}
                {(!import.unknown_collectors.is_empty()).then(|| view! {
                    <Notice tone=Tone::Warn>
                        <p>{collectors_words(&import.unknown_collectors)}</p>
                        <p><a href="/admin/pengguna">{text::STAFF}</a></p>
                    </Notice>
                })}
                <div class="grid g4">
                    <div class="panel stat"><span class="label">"Baru"</span><strong>{text::count(import.imported)}</strong></div>
                    <div class="panel stat"><span class="label">"Berubah"</span><strong>{text::count(import.updated)}</strong></div>
                    <div class="panel stat"><span class="label">"Sama"</span><strong>{text::count(import.same)}</strong></div>
                    <div class="panel stat"><span class="label">"Ditolak"</span><strong>{text::count(import.rejected_rows)}</strong></div>
                    <div class="panel stat"><span class="label">"Tunggakan awal"</span><strong>{import.arrears}</strong></div>
                    <div class="panel stat"><span class="label">"Saldo awal"</span><strong>{import.credit}</strong></div>
                </div>
            </div>
            {(shown > 0).then(|| view! {
                <div class="head"><h2>"Baris yang ditolak"</h2></div>
                <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                    <table>
                        <thead><tr><th scope="col" class="num">"Baris"</th><th scope="col">"Kolom"</th><th scope="col">"Isi"</th><th scope="col">"Yang perlu diperbaiki"</th></tr></thead>
                        <tbody>{rejected}</tbody>
                    </table>
                </div>
            })}
            {(more > 0).then(|| view! { <p class="pad mute">{format!("dan {} lagi.", text::counted(more, "isian"))}</p> })}
        </section>
    }
}
