//! Pengaturan: one form a group, from the table in `settings/groups.rs`. What is typed is judged as a whole, its effect is
//! shown before it is saved, and what was wrong stands beside its field with what was typed still there.

#[cfg(feature = "ssr")]
mod check;
#[cfg(feature = "ssr")]
mod effect;
mod form;
#[cfg(feature = "ssr")]
pub(in crate::app::admin) mod groups;
mod inputs;
mod outside;
#[cfg(feature = "ssr")]
pub(crate) mod query;
#[cfg(all(test, feature = "ssr"))]
mod tests;

pub use form::SettingForm;
pub use outside::{Copy, GatewayChecks, Logo};

use crate::app::admin::tax::TaxRates;
use crate::app::codec::Json;
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldLook {
    /// A whole number.
    Number,
    /// Rupiah.
    Money,
    /// Yes or no.
    Flag,
    /// One line.
    Line,
    /// Several lines.
    Long,
    /// One of a list.
    Choice,
    /// `08:00`.
    Time,
    /// `07:00-20:00`.
    Window,
    /// Days of the week.
    Weekdays,
    /// A list of dates.
    Dates,
    /// Numbers of days, separated by commas.
    Days,
    /// An address.
    Url,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// Never shown again.
    Secret,
    /// The same, and the server can make one.
    Token,
    /// Ways to pay.
    Methods,
}

impl FieldLook {
    /// Whether the value never leaves the server.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Token)
    }
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// The setting.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What it does.
    pub explain: String,
    /// Behind the value.
    pub unit: String,
    /// How it is typed.
    pub look: FieldLook,
    /// Entries, where one or some are chosen.
    pub choices: Vec<Choice>,
    /// The value; empty for secrets.
    pub value: String,
    /// Whether a secret is set.
    pub set: bool,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormView {
    /// Its name in addresses.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What it is about.
    pub intro: String,
    /// What the stored values do, on forms that show it.
    pub effect: Option<EffectView>,
    /// Its fields.
    pub fields: Vec<FieldView>,
    /// Address that the gateway calls, on the gateway's form.
    pub callback: Option<String>,
    /// Name of the logo, maybe empty, on the company's form.
    pub logo: Option<String>,
    /// The business time zone.
    pub zone: String,
}

/// What was typed into a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedValue {
    /// The setting.
    pub key: String,
    /// As typed.
    pub value: String,
    /// Take the secret away.
    pub clear: bool,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The setting.
    pub key: String,
    /// What to do, in a sentence.
    pub message: String,
}

/// The answer to a form: saved whole, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaveAnswer {
    /// Saved; labels of what changed.
    Saved(Vec<String>),
    /// Nothing was saved; what is wrong.
    Wrong(Vec<FieldProblem>),
}

/// What typed values would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectView {
    /// Sentences.
    pub lines: Vec<String>,
    /// A field cannot be read, so nothing can be said.
    pub wrong: bool,
}

/// A link to a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLink {
    /// Its name in addresses.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// What it is about.
    pub intro: String,
}

/// The forms that this person may change.
#[server(prefix = "/api/admin", endpoint = "setting/groups", input = Json, output = Json)]
pub async fn list_groups() -> Result<Vec<GroupLink>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    let mine = groups::GROUPS.iter().filter(|group| asked.staff.may(group.permission));
    let link = |group: &groups::Group| GroupLink {
        name: group.name.to_owned(),
        title: group.title.to_owned(),
        intro: group.intro.to_owned(),
    };
    Ok(mine.map(link).collect())
}

/// A form as it stands.
#[server(prefix = "/api/admin", endpoint = "setting/read", input = Json, output = Json)]
pub async fn read_settings(group: String) -> Result<FormView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::read(&asked.app, query::group(&group, asked.staff.rights)?).await?)
}

/// Saves a form, whole or not at all.
#[server(prefix = "/api/admin", endpoint = "setting/save", input = Json, output = Json)]
pub async fn save_settings(group: String, values: Vec<TypedValue>) -> Result<SaveAnswer, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    let group = query::group(&group, asked.staff.rights)?;
    Ok(query::save(&asked.app, asked.who, group, values).await?)
}

/// What the typed values would do; changes nothing.
#[server(prefix = "/api/admin", endpoint = "setting/effect", input = Json, output = Json)]
pub async fn preview_settings(group: String, values: Vec<TypedValue>) -> Result<EffectView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    let group = query::group(&group, asked.staff.rights)?;
    Ok(effect::effect(&asked.app, group, values).await?)
}

/// Makes a new token for another program; this answer is the only place it is ever shown.
#[server(prefix = "/api/admin", endpoint = "setting/token", input = Json, output = Json)]
pub async fn make_token(key: String) -> Result<String, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageStaff).await?;
    Ok(query::token(&asked.app, asked.who, &key).await?)
}

/// A form's page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let params = use_params_map();
    let group = Memo::new(move |_| params.read().get("group").unwrap_or_default());
    let data = Resource::new(move || group.get(), read_settings);
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(form) => {
                        let gateway = form.callback.clone();
                        let logo = form.logo.clone();
                        let rates = form.name == "pajak";
                        view! {
                            <Title text=form.title.clone() />
                            <div class="title"><div><h1>{form.title.clone()}</h1><span class="mute">{form.intro.clone()}</span></div></div>
                            {logo.map(|logo| view! { <outside::Logo logo /> })}
                            <SettingForm form saved=Callback::new(|()| ()) />
                            {rates.then(|| view! { <div class="gap-top"><TaxRates /></div> })}
                            {gateway.map(|callback| view! { <GatewayChecks callback /><outside::Later /> })}
                        }
                            .into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// All forms.
#[component]
pub fn SettingsIndex() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_groups());
    view! {
        <Title text=text::ALL_SETTINGS />
        <div class="title"><h1>{text::ALL_SETTINGS}</h1></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(groups) => {
                        let links = groups
                            .into_iter()
                            .map(|group| view! {
                                <li>
                                    <span><a class="strong" href=format!("/admin/pengaturan/{}", group.name)>{group.title}</a><span class="sub">{group.intro}</span></span>
                                </li>
                            })
                            .collect::<Vec<_>>();
                        view! {
                            <section class="panel">
                                <ul class="todo">
                                    {links}
                                    <li><span><a class="strong" href="/admin/rekening">{text::BANK_ACCOUNTS}</a><span class="sub">"Rekening untuk pelanggan yang membayar lewat transfer."</span></span></li>
                                    <li><span><a class="strong" href="/admin/siap">{text::SETUP}</a><span class="sub">"Langkah demi langkah dari kosong sampai siap menagih."</span></span></li>
                                </ul>
                            </section>
                        }
                            .into_any()
                    }
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}
