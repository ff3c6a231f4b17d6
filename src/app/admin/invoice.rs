//! A bill: its lines and how each came to its amount, what paid it, and where its customer sees it.

use crate::app::admin::adjust::{AdjustBill, BillDeeds, SaidLast};
use crate::app::codec::Json;
use crate::app::dto::Badge;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Loading, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineView {
    /// What for.
    pub text: String,
    /// How the amount came about.
    pub derivation: String,
    /// Amount, formatted.
    pub amount: String,
    /// Whether it was cancelled.
    pub void: bool,
}

/// What a payment gave this bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// Row of the payment.
    pub payment_id: i64,
    /// Number of the receipt.
    pub receipt: String,
    /// Day it was used.
    pub day: String,
    /// How it came in.
    pub way: String,
    /// Amount, formatted.
    pub amount: String,
}

/// Everything about a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceView {
    /// Its number.
    pub number: String,
    /// The customer.
    pub customer_id: i64,
    /// His name when it was issued.
    pub name: String,
    /// Number of the service.
    pub service_number: String,
    /// Package when it was issued.
    pub package: String,
    /// Month.
    pub period: String,
    /// Day of issue.
    pub issued: String,
    /// Due day.
    pub due: String,
    /// Status.
    pub status: Badge,
    /// Lines.
    pub lines: Vec<LineView>,
    /// What paid it.
    pub shares: Vec<ShareView>,
    /// Whole, formatted.
    pub total: String,
    /// Paid with money or Saldo, formatted.
    pub paid: String,
    /// Taken off by notes of credit and write-offs, formatted; empty for none.
    pub lowered: String,
    /// Notes of credit for it of which something became Saldo.
    pub to_saldo: Vec<ShareView>,
    /// Left, formatted.
    pub left: String,
    /// The bill that stands in its place, where it is void: row and number.
    pub instead: Option<(i64, String)>,
    /// Where to take money for it; empty when nothing is open or not permitted.
    pub pay: String,
    /// Where its customer sees it.
    pub public: String,
    /// What he may do with it.
    pub deeds: BillDeeds,
}

/// Everything about a bill.
#[server(prefix = "/api/admin", endpoint = "invoice/view", input = Json, output = Json)]
pub async fn read_invoice(id: i64) -> Result<InvoiceView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    let view = query::view(&asked, id).await?;
    asked.reaches_customer(view.customer_id).await?;
    Ok(view)
}

#[cfg(feature = "ssr")]
mod query {
    use super::{InvoiceView, LineView, ShareView};
    use crate::app::admin::adjust::BillDeeds;
    use crate::app::admin::words;
    use crate::app::dto::money;
    use crate::app::text;
    use crate::billing::Rupiah;
    use crate::server::error::{Error, Result};
    use crate::server::gateways::methods::channel_name;
    use crate::server::guard::{Asked, Permission};
    use crate::{args, sql};
    use chrono::NaiveDate;

    #[derive(sqlx::FromRow)]
    struct Row {
        number: String,
        customer_id: i64,
        service_id: i64,
        customer_name: String,
        service_number: String,
        slug: String,
        package_name: String,
        period: String,
        issued_on: NaiveDate,
        due_on: NaiveDate,
        total: i64,
        paid: i64,
        status: String,
        kind: String,
        written_off: i64,
        billed: i64,
    }

    sql!(INVOICE = "SELECT i.number, i.customer_id, i.service_id, i.customer_name, s.service_number, s.slug, i.package_name, i.period, i.issued_on,
  i.due_on, i.total, i.paid, i.status, i.kind, i.written_off,
  (SELECT COUNT(*) FROM invoice_line l WHERE l.service_id = i.service_id AND l.period = i.period AND l.kind IN ('subscription', 'prorate') AND NOT l.void) AS billed FROM invoice i JOIN service s ON s.id = i.service_id WHERE i.id = $1");
    sql!(LINES = "SELECT text, derivation, amount, void FROM invoice_line WHERE invoice_id = $1 ORDER BY id");
    sql!(
        SHARES = "SELECT p.id AS payment_id, p.receipt, a.business_date, p.method, p.channel, p.gateway, a.amount,
   COALESCE((SELECT STRING_AGG(cl.derivation, '; ' ORDER BY cl.id) FROM credit_line cl WHERE cl.payment_id = p.id), '') AS how, p.note
 FROM allocation a JOIN payment p ON p.id = a.payment_id WHERE a.invoice_id = $1 ORDER BY a.id"
    );

    // A note for a bill that was paid already becomes Saldo: it has no share in its bill.
    sql!(
        TO_SALDO = "SELECT p.id AS payment_id, p.receipt, p.received_on AS business_date, p.method, p.channel, p.gateway,
   p.amount - CAST(COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.payment_id = p.id AND a.invoice_id = $1), 0) AS BIGINT) AS amount, '' AS how, p.note
 FROM payment p WHERE p.service_id = $2 AND p.method = 'credit' AND p.reference = $3 AND p.reversed_on IS NULL ORDER BY p.id"
    );

    sql!(
        INSTEAD = "SELECT i.id, i.number FROM invoice v JOIN invoice i ON i.service_id = v.service_id AND i.period = v.period AND i.kind = v.kind
 WHERE v.id = $1 AND v.status = 'void' AND v.kind = 'regular' AND i.status <> 'void' ORDER BY i.id LIMIT 1"
    );

    #[derive(sqlx::FromRow)]
    struct Share {
        payment_id: i64,
        receipt: String,
        business_date: NaiveDate,
        method: String,
        channel: String,
        gateway: Option<String>,
        amount: i64,
        how: String,
        note: String,
    }

    impl Share {
        fn into_view(self) -> ShareView {
            ShareView {
                payment_id: self.payment_id,
                receipt: self.receipt,
                day: words::day(self.business_date),
                // A note of credit says why, and what it is made of.
                way: [
                    text::method(&self.method, channel_name(&self.channel), self.gateway.as_deref()),
                    self.note,
                    self.how,
                ]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(": "),
                amount: money(self.amount),
            }
        }
    }

    /// Everything about a bill.
    pub async fn view(asked: &Asked, id: i64) -> Result<InvoiceView> {
        let app = &asked.app;
        let may_pay = asked.staff.may(Permission::RecordPayment);
        let row: Row = app
            .db
            .opt(INVOICE, args![id])
            .await?
            .ok_or_else(|| Error::NotFound("Tagihan ini tidak ada.".to_owned()))?;
        let lines: Vec<(String, String, i64, bool)> = app.db.all(LINES, args![id]).await?;
        let shares: Vec<Share> = app.db.all(SHARES, args![id]).await?;
        let is_lowering = |share: &&Share| matches!(share.method.as_str(), "credit" | "write_off");
        let lowered: i64 = shares.iter().filter(is_lowering).map(|share| share.amount).sum();
        let to_saldo: Vec<Share> = app.db.all(TO_SALDO, args![id, row.service_id, &row.number]).await?;
        let open = matches!(row.status.as_str(), "open" | "partial");
        let deeds = if asked.staff.may(Permission::AdjustBills) {
            BillDeeds {
                void: row.status == "open" && row.paid == 0,
                credit: row.status != "void",
                left: if open { Rupiah(row.total - row.paid).digits() } else { String::new() },
                again: row.status == "void" && row.kind == "regular" && row.billed == 0,
                request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
            }
        } else {
            BillDeeds::default()
        };
        Ok(InvoiceView {
            number: row.number,
            customer_id: row.customer_id,
            name: row.customer_name,
            service_number: row.service_number,
            package: row.package_name,
            period: words::period(&row.period),
            issued: words::day(row.issued_on),
            due: words::day(row.due_on),
            status: text::invoice(&row.status, row.due_on < app.clock.today(), row.written_off),
            lines: lines
                .into_iter()
                .map(|(text, derivation, amount, void)| LineView { text, derivation, amount: money(amount), void })
                .collect(),
            shares: shares.into_iter().map(Share::into_view).collect(),
            to_saldo: to_saldo.into_iter().filter(|note| note.amount > 0).map(Share::into_view).collect(),
            total: money(row.total),
            paid: money(row.paid - lowered),
            lowered: if lowered == 0 { String::new() } else { money(lowered) },
            left: money(if open { row.total - row.paid } else { 0 }),
            instead: app.db.opt(INSTEAD, args![id]).await?,
            pay: if open && may_pay {
                format!("/admin/terima?layanan={}&tagihan={id}", row.service_id)
            } else {
                String::new()
            },
            public: words::portal(&app.config, &row.slug),
            deeds,
        })
    }
}

/// The page.
#[component]
pub fn InvoicePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0));
    let data = Resource::new(move || id.get(), read_invoice);
    let said = RwSignal::new(String::new());
    let done = Callback::new(move |words: String| {
        said.set(words);
        data.refetch();
    });
    view! {
        <SaidLast said />
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(invoice) => view! { <Whole id=id.get_untracked() invoice done /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Whole(id: i64, invoice: InvoiceView, done: Callback<String>) -> impl IntoView {
    let lines = invoice
        .lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <td>{line.text}<span class="sub">{line.derivation}</span>{line.void.then(|| view! { <span class="sub">"Dibatalkan"</span> })}</td>
                    <td class="num">{line.amount}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let shares = invoice
        .shares
        .into_iter()
        .map(|share| {
            view! {
                <tr>
                    <td><a class="num" href=format!("/admin/pembayaran/{}", share.payment_id)>{share.receipt}</a><span class="sub">{share.day} " · " {share.way}</span></td>
                    <td class="num">{share.amount}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let to_saldo = invoice
        .to_saldo
        .into_iter()
        .map(|note| {
            view! {
                <p class="pad">
                    <a class="num" href=format!("/admin/pembayaran/{}", note.payment_id)>{note.receipt}</a>
                    " · " {note.day} " · " {note.way} ". " <b class="num">{note.amount}</b> " tidak memotong tagihan ini: dipakai tagihan lain atau menjadi Saldo."
                </p>
            }
        })
        .collect::<Vec<_>>();
    let unpaid = shares.is_empty();
    let public = invoice.public.clone();
    view! {
        <Title text=invoice.number.clone() />
        <div class="title">
            <div>
                <h1 class="num">{invoice.number}</h1>
                <span class="row">
                    <Tag badge=invoice.status />
                    <a href=format!("/admin/pelanggan/{}", invoice.customer_id)>{invoice.name}</a>
                    <span class="mute num">{invoice.service_number}</span>
                </span>
            </div>
            <a class="btn" href=format!("/admin/tagihan/{id}/pdf") rel="external" target="_blank">"PDF"</a>
            {(!invoice.pay.is_empty()).then(|| view! { <a class="btn main" href=invoice.pay>{text::RECEIVE}</a> })}
        </div>
        {invoice.instead.map(|(id, number)| view! {
            <p>"Digantikan oleh "<a class="num" href=format!("/admin/tagihan/{id}")>{number}</a>"."</p>
        })}
        <div class="grid g21">
            <div class="stack">
                <section class="panel">
                    <div class="head"><h2>"Rincian"</h2><span class="mute">{invoice.period} " · " {invoice.package}</span></div>
                    <table>
                        <thead><tr><th scope="col">"Untuk"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                        <tbody>{lines}</tbody>
                        <tfoot><tr><td>"Jumlah tagihan"</td><td class="num">{invoice.total.clone()}</td></tr></tfoot>
                    </table>
                </section>
                <section class="panel">
                    <div class="head"><h2>"Pembayaran"</h2></div>
                    {if unpaid {
                        view! { <p class="pad mute">"Belum ada pembayaran untuk tagihan ini."</p> }.into_any()
                    } else {
                        view! {
                            <table>
                                <thead><tr><th scope="col">"Kuitansi"</th><th scope="col" class="num">"Dipakai"</th></tr></thead>
                                <tbody>{shares}</tbody>
                            </table>
                        }.into_any()
                    }}
                    {to_saldo}
                </section>
                <AdjustBill id deeds=invoice.deeds done />
            </div>
            <section class="panel pad stack">
                <div><h3>"Sisa"</h3><p class="total">{invoice.left}</p></div>
                <dl class="facts">
                    <dt>"Jumlah"</dt><dd class="num">{invoice.total}</dd>
                    <dt>"Sudah dibayar"</dt><dd class="num">{invoice.paid}</dd>
                    {(!invoice.lowered.is_empty()).then(|| view! { <dt>"Dikurangi"</dt><dd class="num">{invoice.lowered}</dd> })}
                    <dt>"Terbit"</dt><dd class="num">{invoice.issued}</dd>
                    <dt>"Jatuh tempo"</dt><dd class="num">{invoice.due}</dd>
                    <dt>"Halaman pelanggan"</dt>
                    <dd><a href=public rel="external noopener" target="_blank">{invoice.public}</a></dd>
                </dl>
            </section>
        </div>
    }
}
