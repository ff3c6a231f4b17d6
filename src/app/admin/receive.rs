//! Terima Pembayaran: find the customer, see what is owed, type the money, get the receipt, and the search waits for the
//! next one: all by keyboard. The form carries an id made on the server, so sending it twice is one payment.

mod done;
mod find;
mod form;
#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem};
use find::Find;
use form::PayForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use serde::{Deserialize, Serialize};

/// The name under which a payment is asked about that another took while the form was open.
pub const MEANWHILE_FIELD: &str = "meanwhile";

/// An open bill that can be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBill {
    /// The bill.
    pub id: i64,
    /// The service it is for.
    pub service_id: i64,
    /// Number of that service, where it is another one of the same payer; else empty.
    pub other: String,
    /// Its number.
    pub number: String,
    /// Month.
    pub period: String,
    /// Due day, and whether it is past.
    pub due: String,
    /// Left to pay, in rupiah.
    pub left: i64,
    /// Left to pay, formatted.
    pub left_words: String,
    /// Whether its month has begun.
    pub begun: bool,
}

/// What the form starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayStart {
    /// The service.
    pub service_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Package.
    pub package: String,
    /// Open bills of the service and then of the payer's others, each in the order they must be paid.
    pub bills: Vec<OpenBill>,
    /// Saldo, formatted; empty when none.
    pub saldo: String,
    /// `15/01/2026`.
    pub today: String,
    /// A sentence when this service was paid for minutes ago, or when the receiver's bag is full; else empty.
    pub warnings: Vec<String>,
    /// Accounts that a transfer may have come to.
    pub banks: Vec<Choice>,
    /// Id of this form.
    pub request_id: String,
    /// The payer's newest payment when the form was opened; 0 for none.
    pub newest: i64,
}

/// A payment as the cashier recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayWish {
    /// The service.
    pub service_id: i64,
    /// Id of the form.
    pub request_id: String,
    /// `cash` or `transfer`.
    pub method: String,
    /// Rupiah handed over.
    pub received: i64,
    /// Rupiah of it that is kept: the rest was given back.
    pub amount: i64,
    /// Bills that were ticked.
    pub chosen: Vec<i64>,
    /// Day of receipt, as typed.
    pub received_on: String,
    /// The bank's reference.
    pub reference: String,
    /// A note.
    pub note: String,
    /// Months in advance that are issued and paid with it; then all open bills of the service are paid as well.
    #[serde(default)]
    pub months: i64,
    /// The payer's newest payment that the cashier knows of, as [`PayStart::newest`] told it; without one, one that came
    /// meanwhile is not asked about.
    #[serde(default)]
    pub newest: Option<i64>,
}

/// What a payment would be used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayPreview {
    /// What the open bills and the months in advance come to; 0 without months.
    pub needed: i64,
    /// Bills it would pay: number, amount formatted.
    pub used_for: Vec<(String, String)>,
    /// What of it would become Saldo, formatted; empty when nothing.
    pub saldo: String,
}

/// A receipt for the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The payment.
    pub payment_id: i64,
    /// Who paid.
    pub name: String,
    /// Link that opens WhatsApp with the receipt; empty without a telephone.
    pub whatsapp: String,
    /// A sentence when the receiver's bag is full now; else empty.
    pub bag: String,
    /// `KW/2026/01/000001`.
    pub receipt: String,
    /// Kept, formatted.
    pub amount: String,
    /// Given back, formatted; empty when nothing.
    pub change: String,
    /// Bills it paid: id, number, amount formatted.
    pub used_for: Vec<(i64, String, String)>,
    /// What of it became Saldo, formatted; empty when nothing.
    pub saldo: String,
    /// What stays owed and that the line stays cut, in a sentence; empty when all is paid.
    pub left: String,
    /// Whether it had been recorded before.
    pub already: bool,
}

/// What is owed for a service, and a fresh form id.
#[server(prefix = "/api/admin", endpoint = "payment/start", input = Json, output = Json)]
pub async fn start_payment(service_id: i64) -> Result<PayStart, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    Ok(query::start(&asked, service_id).await?)
}

/// Records a payment.
#[server(prefix = "/api/admin", endpoint = "payment/record", input = Json, output = Json)]
pub async fn record_payment(wish: PayWish) -> Result<ReceiptView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    Ok(query::record(&asked, wish).await?)
}

/// What a payment would be used for; nothing is written.
#[server(prefix = "/api/admin", endpoint = "payment/preview", input = Json, output = Json)]
pub async fn preview_payment(wish: PayWish) -> Result<PayPreview, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RecordPayment).await?;
    Ok(query::preview(&asked, wish).await?)
}

/// The page.
#[component]
pub fn ReceivePage() -> impl IntoView {
    let query = use_query_map();
    let service = Memo::new(move |_| query.read().get("layanan").and_then(|id| id.parse::<i64>().ok()));
    let bill = move || query.read_untracked().get("tagihan").and_then(|id| id.parse::<i64>().ok());
    view! {
        <Title text=text::RECEIVE />
        <div class="title"><h1>{text::RECEIVE}</h1></div>
        {move || match service.get() {
            None => {
                let navigate = use_navigate();
                let chosen = Callback::new(move |id: i64| navigate(&format!("/admin/terima?layanan={id}"), NavigateOptions::default()));
                view! { <Find chosen /> }.into_any()
            }
            Some(id) => view! { <Chosen id bill=bill() /> }.into_any(),
        }}
    }
}

#[component]
fn Chosen(id: i64, bill: Option<i64>) -> impl IntoView {
    let data = Resource::new(move || id, start_payment);
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(start) => view! { <PayForm start bill again=Callback::new(move |()| data.refetch()) /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}
