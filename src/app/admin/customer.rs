//! A customer: services and their access, bills, payments, messages, and the ledger that explains the balance.

mod daily;
#[cfg(feature = "ssr")]
pub(crate) mod query;
mod tables;

use crate::app::admin::adjust::RefundSaldo;
use crate::app::admin::extras::CustomerExtrasPanel;
use crate::app::admin::settings::Copy;
use crate::app::codec::Json;
use crate::app::dto::{Badge, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, Problem, Tag};
use daily::{Daily, LastSaid};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use tables::{Bills, Events, Ledger, Messages, Papers, Payments};

/// A service of the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The service.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Address of its portal.
    pub portal: String,
    /// Package.
    pub package: String,
    /// Price now, formatted; empty for who sees no money.
    pub price: String,
    /// Router and account on it.
    pub router: String,
    /// PPPoE account.
    pub account: String,
    /// Area and collector.
    pub place: String,
    /// Due day of the month.
    pub due_day: i64,
    /// First day.
    pub started: String,
    /// Stage.
    pub stage: Badge,
    /// Access.
    pub access: Option<Badge>,
    /// Why the access is what it is.
    pub reason: String,
    /// What the router said last, and when.
    pub observed: String,
    /// What went wrong there; empty when nothing.
    pub problem: String,
    /// Why it is never isolated; empty when it may be.
    pub never_isolate: String,
    /// What is owed for it, formatted; empty when nothing.
    pub owed: String,
    /// Whether it can be isolated by hand now.
    pub can_cut: bool,
    /// Whether it can be restored by hand now.
    pub can_restore: bool,
}

/// A bill of the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillRow {
    /// The bill.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// Month.
    pub period: String,
    /// Due day.
    pub due: String,
    /// Whole, formatted.
    pub total: String,
    /// Left to pay, formatted; empty when nothing.
    pub left: String,
    /// Status.
    pub status: Badge,
}

/// A payment of the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// The payment.
    pub id: i64,
    /// Whether it was taken back.
    pub reversed: bool,
    /// Its number.
    pub receipt: String,
    /// Day received.
    pub day: String,
    /// How, and by whom.
    pub way: String,
    /// What it paid, by number of bill.
    pub used_for: String,
    /// Amount, formatted.
    pub amount: String,
    /// What of it is still Saldo, formatted; empty when nothing.
    pub unused: String,
}

/// A message to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// When it was written.
    pub at: String,
    /// What it is about.
    pub kind: String,
    /// Its text.
    pub text: String,
    /// State.
    pub state: Badge,
    /// Why it failed; empty otherwise.
    pub reason: String,
}

/// Something that happened to a service's access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When.
    pub at: String,
    /// What.
    pub what: Badge,
    /// Number of the service.
    pub number: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub who: String,
}

/// A row of Kartu Piutang.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Business day.
    pub day: String,
    /// What it was.
    pub text: String,
    /// Raises the debt, formatted; empty when not.
    pub debit: String,
    /// Lowers the debt, formatted; empty when not.
    pub credit: String,
    /// Balance after it, formatted.
    pub balance: String,
}

/// Everything about a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerView {
    /// The customer.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Customer number, maybe empty.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// E-mail, maybe empty.
    pub email: String,
    /// Address, maybe empty.
    pub address: String,
    /// What is owed in all, formatted.
    pub owed: String,
    /// Whether anything is owed.
    pub owes: bool,
    /// Bills of months that have not begun, in words; empty without any.
    pub ahead: String,
    /// Saldo, formatted.
    pub saldo: String,
    /// Where all open bills are paid at once; empty for fewer than two.
    pub sheet: String,
    /// Id of the form that gives Saldo back; empty where there is none, or no right to it.
    pub refund: String,
    /// Services.
    pub services: Vec<ServiceView>,
    /// Newest bills.
    pub bills: Vec<BillRow>,
    /// Newest payments.
    pub payments: Vec<PaymentRow>,
    /// Newest messages.
    pub messages: Vec<MessageRow>,
    /// Newest access events.
    pub events: Vec<EventRow>,
    /// Kartu Piutang, newest first.
    pub ledger: Vec<LedgerRow>,
    /// Whether this person may change what services cost.
    pub may_adjust: bool,
    /// Whether this person may take money.
    pub may_pay: bool,
    /// Whether this person sees bills and payments.
    pub sees_money: bool,
    /// Whether this person may isolate and restore.
    pub may_access: bool,
}

#[cfg(feature = "ssr")]
impl CustomerView {
    /// For who may see the customer, not his money.
    fn without_money(mut self) -> Self {
        for service in &mut self.services {
            service.owed.clear();
            service.price.clear();
        }
        Self {
            owed: String::new(),
            owes: false,
            ahead: String::new(),
            saldo: String::new(),
            sheet: String::new(),
            refund: String::new(),
            bills: Vec::new(),
            payments: Vec::new(),
            ledger: Vec::new(),
            messages: Vec::new(),
            sees_money: false,
            ..self
        }
    }
}

/// Everything about a customer.
#[server(prefix = "/api/admin", endpoint = "customer/view", input = Json, output = Json)]
pub async fn read_customer(id: i64) -> Result<CustomerView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    let may_pay = asked.staff.may(Permission::RecordPayment);
    let may_access = asked.staff.may(Permission::ManageAccess);
    asked.reaches_customer(id).await?;
    let mut view = query::view(&asked.app, id, may_pay, may_access).await?;
    view.may_adjust = asked.staff.may(Permission::AdjustBills);
    if !asked.staff.may(Permission::Refund) {
        view.refund.clear();
    }
    Ok(if asked.staff.may(Permission::ViewInvoices) { view } else { view.without_money() })
}

/// Isolates (`cut`) or restores a service by hand, for a reason that the history keeps.
#[server(prefix = "/api/admin", endpoint = "access/wish", input = Json, output = Json)]
pub async fn wish_access(service_id: i64, cut: bool, reason: String) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageAccess).await?;
    Ok(query::wish(&asked.app, asked.who, service_id, cut, &reason).await?)
}

/// The page.
#[component]
pub fn CustomerPage() -> impl IntoView {
    let params = use_params_map();
    // An address without a number is no customer; 0 never is one.
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_customer);
    provide_context(LastSaid(RwSignal::new(String::new())));
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(customer) => view! { <Whole customer refresh=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(customer: CustomerView, refresh: Callback<()>) -> impl IntoView {
    let first = customer.services.first().map(|service| service.id);
    let pay = first.filter(|_| customer.may_pay).map(|id| format!("/admin/terima?layanan={id}"));
    let may_access = customer.may_access;
    let (sees_money, owes) = (customer.sees_money, customer.owes);
    let LastSaid(said) = use_context().unwrap_or_else(|| LastSaid(RwSignal::new(String::new())));
    let refunded = Callback::new(move |words: String| {
        said.set(words);
        refresh.run(());
    });
    let services = customer
        .services
        .into_iter()
        .map(|service| view! { <Service service may_access refresh /> })
        .collect::<Vec<_>>();
    view! {
        <Title text=customer.name.clone() />
        <div class="title">
            <div>
                <h1>{customer.name}</h1>
                <span class="mute">{[customer.number, customer.phone].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")}</span>
            </div>
            {pay.map(|href| view! { <a class="btn main" href=href>{text::RECEIVE}</a> })}
        </div>
        <div class="grid g4">
            {sees_money.then(|| view! {
                <div class="panel stat"><span class="label">"Belum dibayar"</span><strong>{customer.owed}</strong><span class="note">{customer.ahead}</span></div>
                <div class="panel stat"><span class="label">"Saldo"</span><strong>{customer.saldo}</strong></div>
            })}
            <div class="panel pad"><h3>"Alamat"</h3><p>{if customer.address.is_empty() { "-".to_owned() } else { customer.address }}</p></div>
            <div class="panel pad"><h3>"Email"</h3><p>{if customer.email.is_empty() { "-".to_owned() } else { customer.email }}</p></div>
        </div>
        <Refused />
        <div class="grid g2 gap-top">{services}</div>
        <div class="stack gap-top">
            <Daily id=customer.id refresh />
            {first.zip((!customer.refund.is_empty()).then(|| customer.refund.clone())).map(|(service_id, request_id)| view! {
                <RefundSaldo service_id request_id done=refunded />
            })}
            {customer.may_adjust.then(|| view! { <CustomerExtrasPanel customer_id=customer.id done=refunded /> })}
            {(!customer.sheet.is_empty()).then(|| view! {
                <section class="panel pad"><Copy id="tautan-semua" label="Tautan bayar semua tagihan sekaligus" value=customer.sheet /></section>
            })}
            {sees_money.then(|| view! {
                <Bills rows=customer.bills />
                <Payments rows=customer.payments />
                <Papers id=customer.id owes=owes />
                <Ledger rows=customer.ledger />
            })}
            <Events rows=customer.events />
            {sees_money.then(|| view! { <Messages rows=customer.messages /> })}
        </div>
    }
}

/// What a form that the browser sent by itself came back with.
#[component]
fn Refused() -> impl IntoView {
    let map = leptos_router::hooks::use_query_map();
    move || map.read().get("galat").map(|words| view! { <Notice tone=Tone::Bad><p>{words}</p></Notice> })
}

#[component]
fn Service(service: ServiceView, may_access: bool, refresh: Callback<()>) -> impl IntoView {
    let facts = [
        (
            "Paket",
            [service.package, service.price]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
        ),
        ("Router", service.router),
        ("Akun PPPoE", service.account),
        ("Wilayah", service.place),
        ("Mulai", service.started),
        ("Jatuh tempo", format!("tanggal {}", service.due_day)),
        ("Keterangan akses", service.reason),
        ("Menurut router", service.observed),
        ("Jangan isolir", service.never_isolate),
    ];
    let facts = facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> })
        .collect::<Vec<_>>();
    let buttons = may_access.then(|| {
        view! { <AccessButtons service_id=service.id can_cut=service.can_cut can_restore=service.can_restore refresh /> }
    });
    let portal = service.portal.clone();
    view! {
        <section class="panel">
            <div class="head">
                <h2 class="num">{service.number}</h2>
                <span class="row"><Tag badge=service.stage />{service.access.map(|badge| view! { <Tag badge /> })}</span>
            </div>
            <div class="stack pad">
                {(!service.problem.is_empty()).then(|| view! { <Notice tone=Tone::Warn><p>{service.problem}</p></Notice> })}
                <dl class="facts">
                    {facts}
                    <dt>"Halaman pelanggan"</dt>
                    <dd><a href=portal rel="external noopener" target="_blank">{service.portal}</a></dd>
                    {(!service.owed.is_empty()).then(|| view! { <dt>"Belum dibayar"</dt><dd class="num strong">{service.owed}</dd> })}
                </dl>
                {buttons}
            </div>
        </section>
    }
}

/// Isolate and restore by hand; each asks for a reason first.
#[component]
fn AccessButtons(service_id: i64, can_cut: bool, can_restore: bool, refresh: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let cut = RwSignal::new(true);
    let reason = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<ApiError>);
    let wish = Action::new(move |(): &()| async move {
        match wish_access(service_id, cut.get_untracked(), reason.get_untracked()).await {
            Ok(()) => {
                open.set(false);
                refresh.run(());
            }
            Err(error) => problem.set(Some(error)),
        }
    });
    let ask = move |wanted: bool| {
        cut.set(wanted);
        reason.set(String::new());
        problem.set(None);
        open.set(true);
    };
    let field = format!("alasan-{service_id}");
    view! {
        <div class="row">
            {can_cut.then(|| view! { <button class="btn bad" type="button" on:click=move |_| ask(true)>"Isolir"</button> })}
            {can_restore.then(|| view! { <button class="btn" type="button" on:click=move |_| ask(false)>"Pulihkan"</button> })}
        </div>
        <Confirm open title="Isolir atau pulihkan dengan tangan">
            <p>{move || if cut.get() {
                "Layanan dipindah ke profil isolir sampai dipulihkan, atau sampai pembayaran melunasi yang lewat jatuh tempo."
            } else {
                "Layanan kembali normal. Jika masih menunggak, isolir harian berikutnya berlaku lagi."
            }}</p>
            <form
                class="stack"
                on:submit=move |event| {
                    event.prevent_default();
                    wish.dispatch(());
                }
            >
                <div class="field">
                    <label for=field.clone()>"Alasan"</label>
                    <input id=field type="text" required maxlength="200" prop:value=reason on:input=move |event| reason.set(event_target_value(&event)) />
                </div>
                {move || problem.get().map(|error| view! { <Problem error /> })}
                <div class="row">
                    <button class="btn main" type="submit" disabled=wish.pending()>{move || if cut.get() { "Isolir sekarang" } else { "Pulihkan sekarang" }}</button>
                    <button class="btn" type="button" on:click=move |_| open.set(false)>{text::CANCEL}</button>
                </div>
            </form>
        </Confirm>
    }
}
