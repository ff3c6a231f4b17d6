//! Daftar Tagihan: bills by month and status, found, sorted and paged on the server, all of it in the URL.

use crate::app::dto::{Badge, Choice, PageInfo};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Pager, Problem, Select, SortHead, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

/// What the URL says about the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceFilter {
    /// Name, service number, number of a bill, telephone.
    pub q: String,
    /// `2026-01`; empty is every month.
    pub period: String,
    /// As `text::INVOICE_STATES` names it; empty is any.
    pub status: String,
    /// Column, with `-` before it when downwards.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl InvoiceFilter {
    /// Reads the URL; what it does not say is empty.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            period: get("period"),
            status: get("status"),
            sort: get("sort"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// The bill.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Number of the service.
    pub service_number: String,
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

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceList {
    /// Its rows.
    pub rows: Vec<InvoiceRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// All matching bills together, formatted.
    pub total: String,
    /// Paid of them, formatted.
    pub paid: String,
    /// Left of them, formatted; cancelled ones left out.
    pub left: String,
    /// Months that have bills, newest first.
    pub periods: Vec<Choice>,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "invoice/list", input = Json)]
pub async fn list_invoices(filter: InvoiceFilter) -> Result<InvoiceList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewInvoices).await?;
    Ok(query::list(&asked.app, filter).await?)
}

#[cfg(feature = "ssr")]
mod query {
    use super::{InvoiceFilter, InvoiceList, InvoiceRow};
    use crate::app::admin::search::query::Patterns;
    use crate::app::admin::words;
    use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
    use crate::app::text;
    use crate::server::db::Sql;
    use crate::server::error::Result;
    use crate::server::state::AppState;
    use crate::{args, sql};
    use chrono::NaiveDate;

    // A month is asked for as a range, so that the index on it serves "every month" too.
    macro_rules! conditions {
        () => {
            " WHERE i.period >= $1 AND i.period <= $2
 AND ($3 = '' OR i.status = $3 OR ($3 = 'unpaid' AND i.status IN ('open', 'partial')) OR ($3 = 'overdue' AND i.status IN ('open', 'partial') AND i.due_on < $4))
 AND ($5 = '' OR i.service_id IN (SELECT s.id FROM service s JOIN customer c ON c.id = s.customer_id
   WHERE c.name_search LIKE $5 OR LOWER(s.service_number) LIKE $6 OR c.phone LIKE $7) OR i.number = $8)"
        };
    }

    macro_rules! list_sql {
        ($($name:ident: $order:literal;)*) => { $(
            sql!($name = concat!(
                "SELECT i.id, i.number, i.customer_id, i.customer_name AS name, s.service_number, i.period, i.due_on, i.total, i.paid, i.status
 FROM (SELECT i.id AS id FROM invoice i", conditions!(), " ORDER BY ", $order, " LIMIT $9 OFFSET $10) hit
 JOIN invoice i ON i.id = hit.id JOIN service s ON s.id = i.service_id ORDER BY ", $order));
        )* };
    }

    list_sql! {
        NEWEST: "i.id DESC";
        OLDEST: "i.id";
        BY_DUE: "i.due_on, i.id";
        BY_DUE_DOWN: "i.due_on DESC, i.id DESC";
        BY_NAME: "i.customer_name, i.id";
        BY_NAME_DOWN: "i.customer_name DESC, i.id DESC";
        BY_TOTAL: "i.total, i.id";
        BY_TOTAL_DOWN: "i.total DESC, i.id DESC";
        BY_LEFT: "i.total - i.paid, i.id";
        BY_LEFT_DOWN: "i.total - i.paid DESC, i.id DESC";
    }

    sql!(SUMS = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(i.total), 0) AS BIGINT), CAST(COALESCE(SUM(i.paid), 0) AS BIGINT),
  CAST(COALESCE(SUM(CASE WHEN i.status IN ('open', 'partial') THEN i.total - i.paid ELSE 0 END), 0) AS BIGINT) FROM invoice i", conditions!()));
    sql!(PERIODS = "SELECT period FROM invoice GROUP BY period ORDER BY period DESC LIMIT 60");

    fn order(sort: &str) -> Sql {
        match sort {
            "number" => OLDEST,
            "due" => BY_DUE,
            "-due" => BY_DUE_DOWN,
            "name" => BY_NAME,
            "-name" => BY_NAME_DOWN,
            "total" => BY_TOTAL,
            "-total" => BY_TOTAL_DOWN,
            "left" => BY_LEFT,
            "-left" => BY_LEFT_DOWN,
            _ => NEWEST,
        }
    }

    #[derive(sqlx::FromRow)]
    struct Row {
        id: i64,
        number: String,
        customer_id: i64,
        name: String,
        service_number: String,
        period: String,
        due_on: NaiveDate,
        total: i64,
        paid: i64,
        status: String,
    }

    /// A page of the list with its totals.
    pub async fn list(app: &AppState, filter: InvoiceFilter) -> Result<InvoiceList> {
        let today = app.clock.today();
        let patterns = Patterns::of(&filter.q);
        let (from, to) =
            if filter.period.is_empty() { ("", "9999-99") } else { (filter.period.as_str(), filter.period.as_str()) };
        let matching = args![
            from,
            to,
            &filter.status,
            today,
            patterns.name,
            patterns.number,
            patterns.phone,
            filter.q.trim().to_uppercase()
        ];
        let (count, total, paid, left): (i64, i64, i64, i64) = app.db.one(SUMS, matching.clone()).await?;
        let info = PageInfo::of(filter.page, count);
        let mut arguments = matching;
        arguments.extend(args![PAGE_ROWS, info.offset()]);
        let rows: Vec<Row> = app.db.all(order(&filter.sort), arguments).await?;
        let periods: Vec<(String,)> = app.db.all(PERIODS, args![]).await?;
        let rows = rows
            .into_iter()
            .map(|row| InvoiceRow {
                id: row.id,
                number: row.number,
                customer_id: row.customer_id,
                name: row.name,
                service_number: row.service_number,
                period: words::period(&row.period),
                due: words::day(row.due_on),
                total: money(row.total),
                left: if matches!(row.status.as_str(), "open" | "partial") {
                    money(row.total - row.paid)
                } else {
                    String::new()
                },
                status: text::invoice(&row.status, row.due_on < today),
            })
            .collect();
        let periods =
            periods.into_iter().map(|(period,)| Choice::new(period.clone(), words::period(&period))).collect();
        Ok(InvoiceList { rows, info, total: money(total), paid: money(paid), left: money(left), periods })
    }
}

/// The page.
#[component]
pub fn InvoicesPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| InvoiceFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_invoices);
    view! {
        <Title text=text::INVOICES />
        <div class="title">
            <h1>{text::INVOICES}</h1>
            <a class="btn" href="/admin/terbitkan">{text::ISSUE}</a>
        </div>
        <section class="panel">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Whole list filter=filter.get_untracked() /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Whole(list: InvoiceList, filter: InvoiceFilter) -> impl IntoView {
    let states: Vec<Choice> = text::INVOICE_STATES.iter().map(|(value, word)| Choice::new(*value, *word)).collect();
    let sort = if filter.sort.is_empty() { "-number".to_owned() } else { filter.sort.clone() };
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="num" href=format!("/admin/tagihan/{}", row.id)>{row.number}</a><span class="sub only-s">{row.period.clone()}</span></td>
                    <td><a href=format!("/admin/pelanggan/{}", row.customer_id)>{row.name}</a><span class="sub num">{row.service_number}</span></td>
                    <td class="hide-s">{row.period}</td>
                    <td class="num date hide-s">{row.due}</td>
                    <td class="num">{row.total}<span class="sub only-s"><Tag badge=row.status.clone() /></span></td>
                    <td class="num hide-s">{row.left}</td>
                    <td class="hide-s"><Tag badge=row.status /></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let table = if rows.is_empty() {
        view! { <Empty title="Tidak ada tagihan yang cocok." hint="Ubah saringan, atau terbitkan tagihan bulan ini." link=(text::ISSUE, "/admin/terbitkan") /> }
            .into_any()
    } else {
        view! {
            <div class="scroll">
                <table>
                    <thead><tr>
                        <SortHead label="Nomor" column="number" sort=sort.clone() />
                        <SortHead label="Pelanggan" column="name" sort=sort.clone() />
                        <th scope="col" class="hide-s">"Bulan"</th>
                        <SortHead label="Jatuh tempo" column="due" sort=sort.clone() class="hide-s" />
                        <SortHead label="Jumlah" column="total" sort=sort.clone() class="num" />
                        <SortHead label="Sisa" column="left" sort class="num hide-s" />
                        <th scope="col" class="hide-s">"Status"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager info=list.info />
        }
        .into_any()
    };
    view! {
        <Form method="GET" action="/admin/tagihan">
            <div class="filters">
                <div class="field wide">
                    <label for="q">"Nama, nomor, telepon"</label>
                    <input id="q" name="q" type="search" value=filter.q />
                </div>
                <Select label="Bulan" name="period" choices=list.periods chosen=filter.period />
                <Select label="Status" name="status" choices=states chosen=filter.status />
                <input type="hidden" name="sort" value=filter.sort />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/tagihan">{text::CLEAR}</a>
                </div>
            </div>
        </Form>
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" tagihan"</span>
            <span>"Jumlah "<b>{list.total}</b></span>
            <span>"Terkumpul "<b>{list.paid}</b></span>
            <span>"Belum dibayar "<b>{list.left}</b></span>
        </p>
        {table}
    }
}
