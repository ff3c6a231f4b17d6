//! What an office does with a customer day by day: change his data, note a talk, keep a photo, plan a stop; and who changed
//! what.

mod holds;
mod notes;
#[cfg(feature = "ssr")]
mod query;
mod service;

use crate::app::admin::adjust::SaidLast;
use crate::app::admin::install::WhereAmI;
use crate::app::codec::Json;
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::ui::{Loading, Notice, Problem};
use holds::HoldForms;
use leptos::prelude::*;
use notes::{Files, History, Notes};
use serde::{Deserialize, Serialize};
use service::ServiceEdit;

/// A customer's data as the form holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerForm {
    /// The customer.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Telephone as people write it.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Address.
    pub address: String,
}

/// A service's data as the form holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceForm {
    /// The service.
    pub id: i64,
    /// Area.
    pub area: String,
    /// Collector, or 0.
    pub collector_id: i64,
    /// Due day as typed.
    pub due_day: String,
    /// Router, or 0.
    pub router_id: i64,
    /// Account.
    pub pppoe_username: String,
    /// New password; empty keeps the old one.
    pub pppoe_password: String,
    /// Why it is never isolated.
    pub never_isolate: String,
    /// Until when, as typed.
    pub never_isolate_until: String,
    /// Place on the map, as typed.
    pub place: String,
}

/// A planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedView {
    /// Its row.
    pub id: i64,
    /// What happens, and from when.
    pub words: String,
    /// Why, and by whom.
    pub why: String,
}

/// A service with what can be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyService {
    /// Its number.
    pub number: String,
    /// The form.
    pub form: ServiceForm,
    /// What is planned.
    pub planned: Vec<PlannedView>,
    /// Whether it runs, so that something can be planned.
    pub runs: bool,
    /// Whether a promise to pay can be noted: it runs, and he may.
    pub may_promise: bool,
    /// Whether he may keep it from being cut.
    pub may_hold: bool,
    /// Whether it can be put into use again.
    pub stopped: bool,
    /// Whether it waits for its installation.
    pub waits: bool,
    /// Address of the place on a map; empty where there is none.
    pub map: String,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// When, and by whom.
    pub head: String,
    /// What.
    pub kind: String,
    /// Its text.
    pub text: String,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// Its row.
    pub id: i64,
    /// What it shows.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Size, when, by whom.
    pub sub: String,
}

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRow {
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// What was done.
    pub what: String,
    /// What was.
    pub before: String,
    /// What is.
    pub after: String,
}

/// Everything of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyView {
    /// His data.
    pub customer: CustomerForm,
    /// His services.
    pub services: Vec<DailyService>,
    /// Notes, newest first.
    pub notes: Vec<NoteRow>,
    /// Files; empty for who may not open them.
    pub files: Vec<FileRow>,
    /// Changes, newest first.
    pub history: Vec<HistoryRow>,
    /// Areas.
    pub areas: Vec<String>,
    /// Routers.
    pub routers: Vec<Choice>,
    /// Collectors.
    pub collectors: Vec<Choice>,
    /// Packages.
    pub packages: Vec<Choice>,
    /// Kinds of files.
    pub kinds: Vec<Choice>,
    /// `tel:` address; empty without a telephone.
    pub call: String,
    /// Address that opens WhatsApp; empty without a mobile number.
    pub whatsapp: String,
    /// Whether he may change.
    pub may_edit: bool,
    /// Whether he may open files.
    pub may_files: bool,
    /// Whether he may add a service.
    pub may_install: bool,
}

/// Everything of it.
#[server(prefix = "/api/admin", endpoint = "customer/daily", input = Json, output = Json)]
pub async fn read_daily(id: i64) -> Result<DailyView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    asked.reaches_customer(id).await?;
    Ok(query::view(&asked, id).await?)
}

/// Saves a customer's data.
#[server(prefix = "/api/admin", endpoint = "customer/save", input = Json, output = Json)]
pub async fn save_customer(form: CustomerForm) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    asked.reaches_customer(form.id).await?;
    Ok(query::save_customer(&asked.app, asked.who, form).await?)
}

/// Saves a service's data.
#[server(prefix = "/api/admin", endpoint = "service/save", input = Json, output = Json)]
pub async fn save_service(form: ServiceForm) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    asked.reaches_service(form.id).await?;
    Ok(query::save_service(&asked.app, asked.who, form).await?)
}

/// A change that is wished for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeWish {
    /// The service.
    pub service_id: i64,
    /// `berhenti`, `cuti:2`, or the id of a package.
    pub what: String,
    /// From today; else from the first month that is not billed yet.
    pub now: bool,
    /// Why.
    pub reason: String,
    /// Only to see what it would do.
    pub preview: bool,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSeen {
    /// In a sentence.
    pub words: String,
    /// Its lines: text, how the amount came about, amount.
    pub lines: Vec<(String, String, String)>,
}

/// Changes a service now or plans it, or shows what that would do.
#[server(prefix = "/api/admin", endpoint = "service/change", input = Json, output = Json)]
pub async fn change_service(wish: ChangeWish) -> Result<ChangeSeen, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    asked.reaches_service(wish.service_id).await?;
    Ok(query::change(&asked, wish).await?)
}

/// Takes a planned change back.
#[server(prefix = "/api/admin", endpoint = "service/unplan", input = Json, output = Json)]
pub async fn cancel_change(change_id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::unplan(&asked.app, asked.who, change_id).await?)
}

/// Puts a stopped service into use again.
#[server(prefix = "/api/admin", endpoint = "service/restart", input = Json, output = Json)]
pub async fn restart_service(service_id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    asked.reaches_service(service_id).await?;
    Ok(query::restart(&asked.app, asked.who, service_id).await?)
}

/// Writes a note (`catatan` or `kontak`).
#[server(prefix = "/api/admin", endpoint = "customer/note", input = Json, output = Json)]
pub async fn add_note(id: i64, kind: String, text: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    asked.reaches_customer(id).await?;
    Ok(query::add_note(&asked.app, asked.who, id, &kind, &text).await?)
}

/// Takes a file away.
#[server(prefix = "/api/admin", endpoint = "customer/file/remove", input = Json, output = Json)]
pub async fn remove_file(id: i64) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::EditCustomers).await?;
    Ok(query::remove_file(&asked, id).await?)
}

/// What is wrong with one field, if it is that.
pub(super) fn wrong_of(problem: RwSignal<Option<ApiError>>, field: &'static str) -> Option<String> {
    match problem.get() {
        Some(ApiError::Invalid { field: of, message }) if of == field => Some(message),
        _ => None,
    }
}

/// A text field with what is wrong under it. `id` is the whole page's, `field` the server's.
#[component]
pub(super) fn Line(
    label: &'static str,
    id: String,
    field: &'static str,
    value: RwSignal<String>,
    problem: RwSignal<Option<ApiError>>,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] list: &'static str,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                id=id
                type="text"
                maxlength="300"
                autocomplete="off"
                list=(!list.is_empty()).then_some(list)
                prop:value=value
                aria-invalid=move || wrong_of(problem, field).is_some().to_string()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {move || match wrong_of(problem, field) {
                Some(message) => view! { <span class="wrong">{message}</span> }.into_any(),
                None => view! { <span class="hint">{hint}</span> }.into_any(),
            }}
        </div>
    }
}

/// What the page said last. It outlives the page's being read anew, which follows each change.
#[derive(Clone, Copy, Debug)]
pub struct LastSaid(pub RwSignal<String>);

/// The part of the customer's page; `refresh` reads all of it anew, this part too.
#[component]
pub fn Daily(id: i64, refresh: Callback<()>) -> impl IntoView {
    let data = Resource::new(move || id, read_daily);
    let LastSaid(said) = use_context().unwrap_or_else(|| LastSaid(RwSignal::new(String::new())));
    let again = Callback::new(move |words: String| {
        said.set(words);
        refresh.run(());
    });
    view! {
        <SaidLast said />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(daily) => view! { <Parts daily again /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Parts(daily: DailyView, again: Callback<String>) -> impl IntoView {
    let id = daily.customer.id;
    let offer = (daily.areas, daily.routers, daily.collectors, daily.packages);
    let services = daily.may_edit.then(|| {
        daily
            .services
            .clone()
            .into_iter()
            .map(|service| view! { <ServiceEdit service offer=offer.clone() again /> })
            .collect::<Vec<_>>()
    });
    let plans = daily
        .services
        .iter()
        .flat_map(|service| service.planned.iter().map(|change| format!("{}: {}", service.number, change.words)))
        .map(|words| view! { <p>{words}</p> })
        .collect::<Vec<_>>();
    let planned =
        (!plans.is_empty()).then(|| view! { <div class="pad"><Notice tone=Tone::Note>{plans}</Notice></div> });
    let holds = daily
        .services
        .iter()
        .filter(|service| service.may_promise)
        .map(|service| view! { <HoldForms service_id=service.form.id number=service.number.clone() may_hold=service.may_hold again /> })
        .collect::<Vec<_>>();
    let maps = daily
        .services
        .into_iter()
        .filter(|service| !service.map.is_empty())
        .map(|service| view! { <a class="btn small" href=service.map rel="external noopener" target="_blank">"Peta " {service.number}</a> })
        .collect::<Vec<_>>();
    view! {
        <section class="panel">
            <div class="row pad">
                {(!daily.call.is_empty()).then(|| view! { <a class="btn small" rel="external" href=daily.call>"Telepon"</a> })}
                {(!daily.whatsapp.is_empty()).then(|| view! { <a class="btn small" rel="external noopener" target="_blank" href=daily.whatsapp>"WhatsApp"</a> })}
                {maps}
                {daily.may_install.then(|| view! { <a class="btn small" href=format!("/admin/pasang/baru?pelanggan={id}")>"Tambah layanan"</a> })}
            </div>
            {planned}
            {daily.may_edit.then(|| view! { <CustomerEdit form=daily.customer again /> })}
            {services}
            {holds}
        </section>
        <Notes id rows=daily.notes may_edit=daily.may_edit again />
        {daily.may_files.then(|| view! { <Files id rows=daily.files kinds=daily.kinds may_edit=daily.may_edit again /> })}
        <History rows=daily.history />
    }
}

#[component]
fn CustomerEdit(form: CustomerForm, again: Callback<String>) -> impl IntoView {
    let signal = |text: String| RwSignal::new(text);
    let id = form.id;
    let (name, phone, email, address) =
        (signal(form.name), signal(form.phone), signal(form.email), signal(form.address));
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| async move {
        problem.set(None);
        let form = CustomerForm {
            id,
            name: name.get_untracked(),
            phone: phone.get_untracked(),
            email: email.get_untracked(),
            address: address.get_untracked(),
        };
        match save_customer(form).await {
            Ok(()) => again.run("Data pelanggan disimpan.".to_owned()),
            Err(error) => problem.set(Some(error)),
        }
    });
    view! {
        <details class="pad">
            <summary>"Ubah data pelanggan"</summary>
            <form class="stack gap-top" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                <Line label="Nama" id="ubah-nama".to_owned() field="name" value=name problem />
                <Line label="Telepon" id="ubah-telepon".to_owned() field="phone" value=phone problem hint="Pesan yang belum terkirim ikut ke nomor baru" />
                <Line label="Email" id="ubah-email".to_owned() field="email" value=email problem />
                <Line label="Alamat" id="ubah-alamat".to_owned() field="address" value=address problem />
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Simpan data pelanggan"</button></div>
            </form>
        </details>
    }
}

/// The geolocation button beside a place.
#[component]
pub(super) fn Here(place: RwSignal<String>) -> impl IntoView {
    view! { <WhereAmI place /> }
}
