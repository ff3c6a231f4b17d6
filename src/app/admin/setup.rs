//! The set-up assistant: from an empty database to the first bill, one step after another, each of which may wait. What
//! is missing stands on Beranda until it is done.

mod missing;
#[cfg(feature = "ssr")]
mod query;
mod steps;

use crate::app::admin::settings::FormView;
use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
pub use missing::SetupPanel;
use serde::{Deserialize, Serialize};

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in addresses.
    pub code: String,
    /// Its heading.
    pub title: String,
    /// What it is for.
    pub why: String,
    /// `done`, `later`, `open`.
    pub state: String,
}

impl Step {
    /// Its state as a word.
    fn badge(&self) -> Badge {
        match self.state.as_str() {
            "done" => Badge::new("Selesai", Tone::Ok),
            "later" => Badge::new("Nanti", Tone::Plain),
            _ => Badge::new("Belum", Tone::Warn),
        }
    }
}

/// The assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupView {
    /// The step that is shown; empty when none is left.
    pub current: String,
    /// The form of settings of that step, if it has one.
    pub form: Option<FormView>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// `Asia/Jakarta, sekarang Kamis, 15 Januari 2026 10:00`.
    pub zone: String,
    /// Address that Flip calls.
    pub callback: String,
}

/// Opening sums against the old books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name, imported, in the old books, difference: formatted; and whether they agree.
    pub rows: Vec<(String, String, String, String, bool)>,
    /// Services that were imported or made.
    pub services: i64,
}

/// The assistant as it stands, at the wanted step or, without one, at the first that is open.
#[server(prefix = "/api/admin", endpoint = "setup/view", input = Json, output = Json)]
pub async fn read_setup(step: String) -> Result<SetupView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::view(&asked.app, &step).await?)
}

/// Steps that are missing, for Beranda; none for whoever cannot do them.
#[server(prefix = "/api/admin", endpoint = "setup/missing", input = Json, output = Json)]
pub async fn read_missing() -> Result<Vec<Step>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewDashboard).await?;
    if !asked.staff.may(Permission::ManageSettings) {
        return Ok(Vec::new());
    }
    Ok(query::missing(&asked.app).await?)
}

/// Leaves a step for later (`later`), says that it is right as it is (`done`), or takes either back (`open`).
#[server(prefix = "/api/admin", endpoint = "setup/mark", input = Json, output = Json)]
pub async fn mark_step(step: String, state: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::mark(&asked.app, asked.who, &step, &state).await?)
}

/// Compares what was imported with the sums of the old books, as typed.
#[server(prefix = "/api/admin", endpoint = "setup/compare", input = Json, output = Json)]
pub async fn compare_opening(arrears: String, credit: String) -> Result<Comparison, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::compare(&asked.app, &arrears, &credit).await?)
}

/// The page.
#[component]
pub fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| query.read().get("langkah").unwrap_or_default());
    // The step that is open when the page comes stays open when it is done: its way on appears then.
    let stays = StoredValue::new(String::new());
    let data = Resource::new(
        move || wanted.get(),
        move |wanted| read_setup(if wanted.is_empty() { stays.get_value() } else { wanted }),
    );
    view! {
        <Title text=text::SETUP />
        <div class="title"><div><h1>{text::SETUP}</h1><span class="mute">"Kerjakan berurutan, atau tinggalkan untuk nanti. Semua dapat diubah lagi kapan saja."</span></div></div>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(setup) => {
                        stays.set_value(setup.current.clone());
                        view! { <Whole setup refresh=Callback::new(move |()| data.refetch()) /> }.into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(setup: SetupView, refresh: Callback<()>) -> impl IntoView {
    let done = setup.steps.iter().filter(|step| step.state == "done").count();
    let all = setup.steps.len();
    let current = setup.current.clone();
    let next = setup
        .steps
        .iter()
        .skip_while(|step| step.code != current)
        .skip(1)
        .find(|step| step.state != "done")
        .map(|step| step.code.clone());
    let shown = setup.steps.iter().find(|step| step.code == current).cloned();
    let rows = setup
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let here = (step.code == current).then_some("step");
            view! {
                <li>
                    <a href=format!("/admin/siap?langkah={}", step.code) aria-current=here>{format!("{}. {}", at + 1, step.title)}</a>
                    <Tag badge=step.badge() />
                </li>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="grid g21">
            <div>
                {match shown {
                    Some(step) => view! { <steps::StepBody step setup=setup.clone() next refresh /> }.into_any(),
                    None => view! {
                        <section class="panel pad stack">
                            <h2>"Kimonet siap dipakai."</h2>
                            <p>"Tidak ada langkah yang tersisa."</p>
                            <div class="row"><a class="btn main" href="/admin">{text::HOME}</a></div>
                        </section>
                    }.into_any(),
                }}
            </div>
            <section class="panel pad stack">
                <h2>{format!("{done} dari {all} langkah selesai")}</h2>
                <progress max=all.to_string() value=done.to_string() aria-label="Langkah selesai"></progress>
                <ol class="plain steps">{rows}</ol>
            </section>
        </div>
    }
}
