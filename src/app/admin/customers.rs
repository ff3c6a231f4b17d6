//! Daftar Pelanggan: a row a service, found, filtered, sorted and paged on the server, all of it in the URL.

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

/// What the URL says about the list; everything empty is the whole list by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFilter {
    /// Name, number or telephone.
    pub q: String,
    /// Stage of the service.
    pub stage: String,
    /// `lunas` or `belum`.
    pub paid: String,
    /// Access, as `text::ACCESSES` names it.
    pub access: String,
    /// Id of a package.
    pub package: String,
    /// Id of a router.
    pub router: String,
    /// Area.
    pub area: String,
    /// Column, with `-` before it when downwards.
    pub sort: String,
    /// Page, from 1.
    pub page: i64,
}

impl CustomerFilter {
    /// Reads the URL; what it does not say is empty.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self {
            q: get("q"),
            stage: get("stage"),
            paid: get("paid"),
            access: get("access"),
            package: get("package"),
            router: get("router"),
            area: get("area"),
            sort: get("sort"),
            page: get("page").parse().unwrap_or(1),
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// The customer.
    pub customer_id: i64,
    /// The service.
    pub service_id: i64,
    /// Name.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Telephone.
    pub phone: String,
    /// Package.
    pub package: String,
    /// Area, maybe empty.
    pub area: String,
    /// Router, maybe empty.
    pub router: String,
    /// Due day of the month.
    pub due_day: i64,
    /// Stage.
    pub stage: Badge,
    /// Access.
    pub access: Badge,
    /// What is owed, formatted; empty when nothing.
    pub owed: String,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerList {
    /// Its rows.
    pub rows: Vec<CustomerRow>,
    /// Where it stands.
    pub info: PageInfo,
    /// What all matching services owe together, formatted.
    pub owed: String,
    /// How many of them owe.
    pub owing: i64,
}

/// What the filters offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerChoices {
    /// Packages.
    pub packages: Vec<Choice>,
    /// Routers.
    pub routers: Vec<Choice>,
    /// Areas.
    pub areas: Vec<Choice>,
}

/// A page of the list.
#[server(prefix = "/api/admin", endpoint = "customer/list", input = Json)]
pub async fn list_customers(filter: CustomerFilter) -> Result<CustomerList, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::list(&asked.app, filter).await?)
}

/// What the filters offer.
#[server(prefix = "/api/admin", endpoint = "customer/choices", input = Json)]
pub async fn read_choices() -> Result<CustomerChoices, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::choices(&asked.app).await?)
}

#[cfg(feature = "ssr")]
pub(super) mod query {
    use super::{CustomerChoices, CustomerFilter, CustomerList, CustomerRow};
    use crate::app::admin::search::query::Patterns;
    use crate::app::admin::words::phone;
    use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
    use crate::app::text;
    use crate::server::db::{Sql, Val};
    use crate::server::error::Result;
    use crate::server::state::AppState;
    use crate::{args, sql};

    /// The access of a service `s` as one word; the words are those of `text::access`.
    macro_rules! access_case {
        () => {
            "CASE WHEN s.desired = 'absent' THEN 'none' WHEN s.desired = 'as_is' THEN 'as_is' WHEN s.router_id IS NULL THEN CASE WHEN s.desired = 'normal' THEN 'none' ELSE s.desired END WHEN s.desired = s.observed THEN s.desired WHEN s.observed IN ('other', 'missing') THEN 'differs' ELSE 'waiting' END"
        };
    }
    pub(in crate::app::admin) use access_case;

    macro_rules! matching {
        () => {
            concat!(
                "FROM service s JOIN customer c ON c.id = s.customer_id
 WHERE ($1 = '' OR c.name_search LIKE $1 OR s.service_number LIKE $2 OR LOWER(s.pppoe_username) LIKE $2 OR LOWER(COALESCE(c.number, '')) LIKE $2 OR c.phone LIKE $3)
 AND ($4 = '' OR s.stage = $4)
 AND ($5 = '' OR $5 = CASE WHEN EXISTS (SELECT 1 FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')) THEN 'belum' ELSE 'lunas' END)
 AND ($6 = '' OR $6 = ",
                access_case!(),
                ")
 AND ($7 = 0 OR s.package_id = $7)
 AND ($8 = 0 OR s.router_id = $8)
 AND ($9 = '' OR s.area = $9)"
            )
        };
    }

    macro_rules! list_sql {
        ($($name:ident: $order:literal;)*) => { $(
            sql!($name = concat!(
                "SELECT c.id AS customer_id, s.id AS service_id, c.name, s.service_number, c.phone, p.name AS package, s.area, COALESCE(r.name, '') AS router, s.due_day, s.stage, ",
                access_case!(), " AS access,
  CAST(COALESCE((SELECT SUM(i.total - i.paid) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')), 0) AS BIGINT) AS owed
 FROM (SELECT s.id AS id ", matching!(), " ORDER BY ", $order, " LIMIT $10 OFFSET $11) hit
 JOIN service s ON s.id = hit.id JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id LEFT JOIN router r ON r.id = s.router_id
 ORDER BY ", $order));
        )* };
    }

    list_sql! {
        BY_NAME: "c.name_search, s.service_number";
        BY_NAME_DOWN: "c.name_search DESC, s.service_number DESC";
        BY_NUMBER: "s.service_number";
        BY_NUMBER_DOWN: "s.service_number DESC";
        BY_DUE: "s.due_day, c.name_search, s.service_number";
        BY_DUE_DOWN: "s.due_day DESC, c.name_search, s.service_number";
        BY_AREA: "s.area, c.name_search, s.service_number";
        BY_AREA_DOWN: "s.area DESC, c.name_search, s.service_number";
        BY_STARTED: "s.started_on, s.id";
        BY_STARTED_DOWN: "s.started_on DESC, s.id DESC";
        BY_OWED: "(SELECT COALESCE(SUM(i.total - i.paid), 0) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')), s.service_number";
        BY_OWED_DOWN: "(SELECT COALESCE(SUM(i.total - i.paid), 0) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')) DESC, s.service_number";
    }

    sql!(COUNT = concat!("SELECT COUNT(*) ", matching!()));
    sql!(OWED = concat!(
        "SELECT CAST(COALESCE(SUM(d.owed), 0) AS BIGINT), COUNT(*)
 FROM (SELECT i.service_id AS service_id, SUM(i.total - i.paid) AS owed FROM invoice i WHERE i.status IN ('open', 'partial') GROUP BY i.service_id) d
 JOIN (SELECT s.id AS id ", matching!(), ") hit ON hit.id = d.service_id"
    ));
    // The whole list, which everybody opens first, is counted over indexes alone.
    sql!(COUNT_ALL = "SELECT COUNT(*) FROM service");
    sql!(OWED_ALL = "SELECT CAST(COALESCE(SUM(i.total - i.paid), 0) AS BIGINT), COUNT(DISTINCT i.service_id) FROM invoice i WHERE i.status IN ('open', 'partial')");
    sql!(PACKAGES = "SELECT CAST(id AS TEXT), name FROM package ORDER BY name");
    sql!(ROUTERS = "SELECT CAST(id AS TEXT), name FROM router ORDER BY name");
    sql!(AREAS = "SELECT area, area FROM service WHERE area <> '' GROUP BY area ORDER BY area LIMIT 500");

    fn order(sort: &str) -> Sql {
        match sort {
            "-name" => BY_NAME_DOWN,
            "number" => BY_NUMBER,
            "-number" => BY_NUMBER_DOWN,
            "due" => BY_DUE,
            "-due" => BY_DUE_DOWN,
            "area" => BY_AREA,
            "-area" => BY_AREA_DOWN,
            "started" => BY_STARTED,
            "-started" => BY_STARTED_DOWN,
            "owed" => BY_OWED,
            "-owed" => BY_OWED_DOWN,
            _ => BY_NAME,
        }
    }

    #[derive(sqlx::FromRow)]
    struct ListRow {
        customer_id: i64,
        service_id: i64,
        name: String,
        service_number: String,
        phone: String,
        package: String,
        area: String,
        router: String,
        due_day: i64,
        stage: String,
        access: String,
        owed: i64,
    }

    fn conditions(filter: &CustomerFilter) -> Vec<Val> {
        let patterns = Patterns::of(&filter.q);
        // An id that is no number matches nothing, rather than everything.
        let id = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().unwrap_or(-1) };
        args![
            patterns.name,
            patterns.number,
            patterns.phone,
            &filter.stage,
            &filter.paid,
            &filter.access,
            id(&filter.package),
            id(&filter.router),
            &filter.area
        ]
    }

    /// A page of the list with its totals.
    pub async fn list(app: &AppState, filter: CustomerFilter) -> Result<CustomerList> {
        let matching = conditions(&filter);
        let whole = CustomerFilter { sort: filter.sort.clone(), page: filter.page, ..CustomerFilter::default() } == filter;
        let (total, (owed, owing)): (i64, (i64, i64)) = if whole {
            (app.db.number(COUNT_ALL, args![]).await?, app.db.one(OWED_ALL, args![]).await?)
        } else {
            (app.db.number(COUNT, matching.clone()).await?, app.db.one(OWED, matching.clone()).await?)
        };
        let info = PageInfo::of(filter.page, total);
        let mut arguments = matching;
        arguments.extend(args![PAGE_ROWS, info.offset()]);
        let rows: Vec<ListRow> = app.db.all(order(&filter.sort), arguments).await?;
        let rows = rows
            .into_iter()
            .map(|row| CustomerRow {
                customer_id: row.customer_id,
                service_id: row.service_id,
                name: row.name,
                number: row.service_number,
                phone: phone(&row.phone),
                package: row.package,
                area: row.area,
                router: row.router,
                due_day: row.due_day,
                stage: text::stage(&row.stage),
                access: text::access(&row.access),
                owed: if row.owed == 0 { String::new() } else { money(row.owed) },
            })
            .collect();
        Ok(CustomerList { rows, info, owed: money(owed), owing })
    }

    /// What the filters offer.
    pub async fn choices(app: &AppState) -> Result<CustomerChoices> {
        let choice = |rows: Vec<(String, String)>| rows.into_iter().map(|row| Choice::new(row.0, row.1)).collect();
        Ok(CustomerChoices {
            packages: choice(app.db.all(PACKAGES, args![]).await?),
            routers: choice(app.db.all(ROUTERS, args![]).await?),
            areas: choice(app.db.all(AREAS, args![]).await?),
        })
    }
}

fn choices_of(pairs: &[(&str, &str)]) -> Vec<Choice> {
    pairs.iter().map(|(value, word)| Choice::new(*value, *word)).collect()
}

/// The page.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| CustomerFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), list_customers);
    let title = move || if filter.read().access == "isolated" { text::ISOLATED } else { text::CUSTOMERS };
    view! {
        <Title text=title />
        <div class="title">
            <h1>{title}</h1>
            <a class="btn" href="/admin/impor">{text::IMPORT}</a>
        </div>
        <section class="panel">
            <Filters filter />
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(list) => view! { <Rows list sort=filter.get_untracked().sort /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Filters(filter: Memo<CustomerFilter>) -> impl IntoView {
    let choices = Resource::new(|| (), |()| read_choices());
    let paid = vec![Choice::new("belum", "Belum Lunas"), Choice::new("lunas", "Lunas")];
    view! {
        <Form method="GET" action="/admin/pelanggan">
            <div class="filters">
                <div class="field wide">
                    <label for="q">"Nama, nomor, telepon"</label>
                    <input id="q" name="q" type="search" value=filter.get_untracked().q prop:value=move || filter.get().q />
                </div>
                {move || view! { <Select label="Layanan" name="stage" choices=choices_of(text::STAGES) chosen=filter.get().stage /> }}
                {move || view! { <Select label="Pembayaran" name="paid" choices=paid.clone() chosen=filter.get().paid /> }}
                {move || view! { <Select label="Akses" name="access" choices=choices_of(text::ACCESSES) chosen=filter.get().access /> }}
                <Suspense>
                    {move || Suspend::new(async move {
                        let now = filter.get();
                        choices
                            .await
                            .map(|offered| {
                                view! {
                                    <Select label="Paket" name="package" choices=offered.packages chosen=now.package />
                                    <Select label="Router" name="router" choices=offered.routers chosen=now.router />
                                    <Select label="Wilayah" name="area" choices=offered.areas chosen=now.area />
                                }
                            })
                    })}
                </Suspense>
                <input type="hidden" name="sort" value=move || filter.get().sort />
                <div class="row">
                    <button class="btn main" type="submit">{text::SEARCH_BUTTON}</button>
                    <a class="link row" href="/admin/pelanggan">{text::CLEAR}</a>
                </div>
            </div>
        </Form>
    }
}

#[component]
fn Rows(list: CustomerList, sort: String) -> impl IntoView {
    if list.rows.is_empty() {
        return view! {
            <Empty
                title="Tidak ada pelanggan yang cocok."
                hint="Ubah saringan, atau impor pelanggan dari berkas Excel."
                link=(text::IMPORT, "/admin/impor")
            />
        }
        .into_any();
    }
    let sort = if sort.is_empty() { "name".to_owned() } else { sort };
    let rows = list
        .rows
        .into_iter()
        .map(|row| {
            let href = format!("/admin/pelanggan/{}", row.customer_id);
            let pay = format!("/admin/terima?layanan={}", row.service_id);
            let owes = !row.owed.is_empty();
            view! {
                <tr>
                    <td>
                        <a class="strong" href=href>{row.name}</a>
                        <span class="sub num">{row.number}</span>
                        <span class="sub only-s"><Tag badge=row.access.clone() /></span>
                    </td>
                    <td class="hide-s">{row.phone}<span class="sub">{row.area}</span></td>
                    <td class="hide-s">{row.package}<span class="sub">{row.router}</span></td>
                    <td class="num hide-s">{row.due_day}</td>
                    <td class="hide-s"><Tag badge=row.stage /></td>
                    <td class="hide-s"><Tag badge=row.access /></td>
                    <td class="num">
                        {if owes { view! { <a href=pay>{row.owed}</a> }.into_any() } else { view! { <span class="mute">"Lunas"</span> }.into_any() }}
                    </td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <p class="sums">
            <span><b>{text::count(list.info.total)}</b>" layanan"</span>
            <span><b>{text::count(list.owing)}</b>" belum lunas"</span>
            <span>"Belum dibayar "<b>{list.owed}</b></span>
        </p>
        <div class="scroll">
            <table>
                <thead>
                    <tr>
                        <SortHead label="Pelanggan" column="name" sort=sort.clone() />
                        <th scope="col" class="hide-s">"Telepon"</th>
                        <th scope="col" class="hide-s">"Paket"</th>
                        <SortHead label="Jatuh tempo" column="due" sort=sort.clone() class="num hide-s" />
                        <th scope="col" class="hide-s">"Layanan"</th>
                        <th scope="col" class="hide-s">"Akses"</th>
                        <SortHead label="Belum dibayar" column="owed" sort class="num" />
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <Pager info=list.info />
    }
    .into_any()
}
