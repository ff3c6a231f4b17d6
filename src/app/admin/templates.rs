//! Template Pesan: the text of each kind of message, with its placeholders, and what a customer would read.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Bubble, Confirm, Loading, Notice, OtherProblem, Problem, Tag, wrong_of};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A kind of message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRow {
    /// Its name in addresses.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// When it is sent.
    pub when: String,
    /// Delivered text, or whose own.
    pub state: Badge,
    /// Who changed it, and when; empty for a delivered text.
    pub changed: String,
}

/// A text being edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateForm {
    /// Its row.
    pub row: TemplateRow,
    /// The text.
    pub text: String,
    /// Whether it differs from the delivered one.
    pub own: bool,
    /// Placeholders of this kind with their meanings.
    pub placeholders: Vec<(String, String)>,
    /// What a customer would read.
    pub seen: Preview,
}

/// What a customer would read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The message with sample values.
    pub text: String,
    /// What is not as it should be, in sentences.
    pub remarks: Vec<String>,
}

/// Every kind of message.
#[server(prefix = "/api/admin", endpoint = "template/list", input = Json, output = Json)]
pub async fn list_templates() -> Result<Vec<TemplateRow>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::list(&asked.app).await?)
}

/// One text.
#[server(prefix = "/api/admin", endpoint = "template/read", input = Json, output = Json)]
pub async fn read_template(kind: String) -> Result<TemplateForm, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::read(&asked.app, query::kind(&kind)?).await?)
}

/// What a customer would read of a text that is not kept yet.
#[server(prefix = "/api/admin", endpoint = "template/preview", input = Json, output = Json)]
pub async fn preview_template(kind: String, text: String) -> Result<Preview, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    Ok(query::preview(&asked.app, query::kind(&kind)?, &text).await?)
}

/// Keeps a text.
#[server(prefix = "/api/admin", endpoint = "template/save", input = Json, output = Json)]
pub async fn save_template(kind: String, text: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    let kind = query::kind(&kind)?;
    Ok(crate::server::messages::editing::save(&asked.app, asked.who, kind, &text).await?)
}

/// Goes back to the delivered text.
#[server(prefix = "/api/admin", endpoint = "template/reset", input = Json, output = Json)]
pub async fn reset_template(kind: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageMessages).await?;
    let kind = query::kind(&kind)?;
    Ok(crate::server::messages::editing::reset(&asked.app, asked.who, kind).await?)
}

/// All kinds.
#[component]
pub fn TemplatesPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_templates());
    view! {
        <Title text=text::TEMPLATES />
        <div class="title"><div><h1>{text::TEMPLATES}</h1><span class="mute">"Teks pesan WhatsApp yang dikirim Kimonet kepada pelanggan."</span></div></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(rows) => {
                        let rows = rows
                            .into_iter()
                            .map(|row| view! {
                                <li>
                                    <span><a class="strong" href=format!("/admin/template/{}", row.kind)>{row.title}</a><span class="sub">{row.when}</span></span>
                                    <span><Tag badge=row.state /><span class="sub">{row.changed}</span></span>
                                </li>
                            })
                            .collect::<Vec<_>>();
                        view! { <section class="panel"><ul class="todo">{rows}</ul></section> }.into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// One text.
#[component]
pub fn TemplatePage() -> impl IntoView {
    let params = use_params_map();
    let kind = Memo::new(move |_| params.read().get("kind").unwrap_or_default());
    let data = Resource::new(move || kind.get(), read_template);
    let title = RwSignal::new(text::TEMPLATES.to_owned());
    view! {
        <Title text=move || title.get() />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(form) => {
                        title.set(form.row.title.clone());
                        view! { <Editor form again=Callback::new(move |()| data.refetch()) /> }.into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Editor(form: TemplateForm, again: Callback<()>) -> impl IntoView {
    let kind = StoredValue::new(form.row.kind.clone());
    let typed = RwSignal::new(form.text.clone());
    let seen = RwSignal::new(form.seen);
    let problem = RwSignal::new(None::<ApiError>);
    let said = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let own = RwSignal::new(form.own);
    let look = Action::new(move |text: &String| {
        let text = text.clone();
        async move {
            // Shown only while it is still what stands in the field; a lost answer leaves the last one.
            if let Ok(fresh) = preview_template(kind.get_value(), text.clone()).await
                && typed.get_untracked() == text
            {
                seen.set(fresh);
            }
        }
    });
    let changed = move |text: String| {
        typed.set(text.clone());
        said.set(false);
        // A pause between keys: only the last text is asked for.
        set_timeout(
            move || {
                if typed.get_untracked() == text {
                    look.dispatch(text.clone());
                }
            },
            Duration::from_millis(250),
        );
    };
    let save = Action::new(move |(): &()| {
        let text = typed.get_untracked();
        async move {
            problem.set(None);
            match save_template(kind.get_value(), text).await {
                Ok(()) => {
                    said.set(true);
                    own.set(true);
                }
                Err(error) => {
                    crate::app::ui::focus_element("text");
                    problem.set(Some(error));
                }
            }
        }
    });
    let reset = Action::new(move |(): &()| async move {
        problem.set(None);
        asking.set(false);
        match reset_template(kind.get_value()).await {
            Ok(()) => again.run(()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let busy = Memo::new(move |_| save.pending().get() || reset.pending().get());
    let wrong = wrong_of(problem, "text");
    let names = form
        .placeholders
        .into_iter()
        .map(|(name, meaning)| {
            let shown = format!("{{{name}}}");
            let (label, put) = (format!("Sisipkan {shown}"), shown.clone());
            let insert = move |_| {
                let mut text = typed.get_untracked();
                if !text.is_empty() && !text.ends_with([' ', '\n']) {
                    text.push(' ');
                }
                text.push_str(&put);
                changed(text);
            };
            view! { <li><button class="link code" type="button" aria-label=label on:click=insert>{shown}</button><span class="sub">{meaning}</span></li> }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="title"><div><h1>{form.row.title}</h1><span class="mute">{form.row.when}</span></div><a class="btn" href="/admin/template">"Semua template"</a></div>
        <div class="halves">
            <form class="panel pad stack" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                <div class="field">
                    <label for="text">"Teks pesan"</label>
                    <textarea id="text" class="letter" aria-describedby="text-ket text-salah"
                        aria-invalid=move || (!wrong.read().is_empty()).to_string()
                        prop:value=typed
                        on:input=move |event| changed(event_target_value(&event))>{form.text}</textarea>
                    <span class="hint" id="text-ket">"Kata di antara kurung kurawal diganti isinya saat dikirim. *tebal* memakai tanda bintang."</span>
                    <span class="wrong" id="text-salah" role="alert">{wrong}</span>
                </div>
                <OtherProblem problem fields=&["text"] />
                <div class="row">
                    <button class="btn main" type="submit" disabled=busy>"Simpan"</button>
                    <button class="btn" type="button" disabled=move || busy.get() || !own.get() on:click=move |_| asking.set(true)>"Kembalikan ke bawaan"</button>
                    <span role="status">{move || said.get().then_some("Tersimpan. Pesan berikutnya memakai teks ini.")}</span>
                </div>
            </form>
            <section class="panel pad stack">
                <h2>"Yang dibaca pelanggan"</h2>
                <span class="mute small">"Memakai data contoh."</span>
                {move || {
                    let seen = seen.get();
                    let remarks = seen.remarks.into_iter().map(|line| view! { <p>{line}</p> }).collect::<Vec<_>>();
                    let remarks = (!remarks.is_empty()).then(|| view! { <Notice tone=Tone::Warn>{remarks}</Notice> });
                    view! { <Bubble text=seen.text />{remarks} }
                }}
            </section>
            <section class="panel pad stack">
                <h2>"Isian yang dapat dipakai"</h2>
                <ul class="plain stack">{names}</ul>
                <p class="mute small">"Nama lama seperti {customer}, {tagihan}, dan {link_payment} tetap dikenal."</p>
            </section>
        </div>
        <Confirm open=asking title="Kembalikan ke teks bawaan?">
            <p>"Teks Anda sendiri hilang dari sini; isinya tetap ada di Log Aktivitas."</p>
            <div class="row"><button class="btn main" type="button" on:click=move |_| { reset.dispatch(()); }>"Ya, kembalikan"</button><button class="btn" type="button" on:click=move |_| asking.set(false)>{text::CANCEL}</button></div>
        </Confirm>
    }
}
