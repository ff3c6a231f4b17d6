//! Kas Harian: day by day what lay in the bags, what came in, what was handed over, what was missing, and what lies there
//! now; and who received how much in which way.

#[cfg(feature = "ssr")]
pub(crate) mod query;

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{FilterForm, Loading, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

/// What the URL says: days as typed; empty: this month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DailyFilter {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
}

impl DailyFilter {
    /// Reads the URL.
    pub fn of(map: &ParamsMap) -> Self {
        let get = |key: &str| map.get(key).unwrap_or_default();
        Self { from: get("from"), to: get("to") }
    }
}

/// A day of the bags, formatted; empty where nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// The day.
    pub day: String,
    /// What lay in the bags before.
    pub opening: String,
    /// Cash that came in.
    pub cash: String,
    /// Handed over.
    pub handed: String,
    /// `kurang Rp 10.000` or `lebih Rp 10.000`.
    pub difference: String,
    /// Put back by refusals.
    pub refused: String,
    /// Taken back or given back to customers, formatted; empty when nothing.
    pub out: String,
    /// What lay in the bags after.
    pub closing: String,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyCash {
    /// The days that it covers, in words.
    pub days: String,
    /// A chart of it as SVG; empty where nothing moved.
    pub chart: String,
    /// Days on which something moved.
    pub rows: Vec<DayRow>,
    /// The whole span.
    pub whole: DayRow,
    /// Receiver, way, number of payments, sum.
    pub receivers: Vec<(String, String, i64, String)>,
    /// Sum of those.
    pub received: String,
    /// Whether the reader may take it away as a file.
    pub may_export: bool,
}

/// The report.
#[server(prefix = "/api/admin", endpoint = "cash/daily", input = Json, output = Json)]
pub async fn read_daily_cash(filter: DailyFilter) -> Result<DailyCash, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageCash).await?;
    Ok(query::report(&asked, &filter).await?)
}

/// The page.
#[component]
pub fn DailyCashPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| DailyFilter::of(&query.read()));
    let data = Resource::new(move || filter.get(), read_daily_cash);
    view! {
        <Title text=text::DAILY_CASH />
        <div class="title"><h1>{text::DAILY_CASH}</h1></div>
        <section class="panel no-print">
            <FilterForm action="/admin/kas-harian">
                <div class="filters">
                    <div class="field"><label for="from">"Dari tanggal"</label><input id="from" name="from" type="text" inputmode="numeric" placeholder="1/1/2026" value=filter.get_untracked().from /></div>
                    <div class="field"><label for="to">"Sampai tanggal"</label><input id="to" name="to" type="text" inputmode="numeric" value=filter.get_untracked().to /></div>
                    <div class="row">
                        <button class="btn main" type="submit">"Tampilkan"</button>
                        <a class="link row" href="/admin/kas-harian">"Bulan ini"</a>
                    </div>
                </div>
            </FilterForm>
        </section>
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(report) => view! { <Report report /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Report(report: DailyCash) -> impl IntoView {
    let query = use_query_map();
    let file = move || format!("/admin/kas-harian.xlsx{}", query.read().to_query_string());
    let cells = |row: DayRow, head: bool| {
        let day = if head {
            view! { <td class="strong">{row.day}</td> }.into_any()
        } else {
            view! { <td class="date">{row.day}</td> }.into_any()
        };
        view! {
            <tr>
                {day}
                <td class="num hide-s">{row.opening}</td>
                <td class="num">{row.cash}</td>
                <td class="num">{row.handed}</td>
                <td class="num">{row.difference}</td>
                <td class="num hide-s">{row.refused}</td>
                <td class="num hide-s">{row.out}</td>
                <td class="num">{row.closing}</td>
            </tr>
        }
    };
    let whole = cells(report.whole, true);
    let rows = report.rows.into_iter().map(|row| cells(row, false)).collect::<Vec<_>>();
    let receivers = report
        .receivers
        .into_iter()
        .map(|(name, way, count, sum)| view! { <tr><td>{name}</td><td>{way}</td><td class="num">{text::count(count)}</td><td class="num">{sum}</td></tr> })
        .collect::<Vec<_>>();
    view! {
        <section class="panel gap-top">
            <div class="head"><h2>"Uang tunai, "{report.days}</h2>{report.may_export.then(|| view! { <a class="no-print" href=file rel="external" download="kas-harian.xlsx">"Unduh Excel"</a> })}</div>
            {(!report.chart.is_empty()).then(|| view! { <div class="gap-top" inner_html=report.chart></div> })}
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                <thead><tr><th scope="col">"Tanggal"</th><th scope="col" class="num hide-s">"Awal"</th><th scope="col" class="num">"Masuk"</th><th scope="col" class="num">"Disetor"</th><th scope="col" class="num">"Selisih"</th><th scope="col" class="num hide-s">"Ditolak"</th><th scope="col" class="num hide-s">"Dikeluarkan"</th><th scope="col" class="num">"Akhir"</th></tr></thead>
                <tbody>{rows}</tbody>
                <tfoot>{whole}</tfoot>
            </table></div>
        </section>
        <section class="panel gap-top">
            <div class="head"><h2>"Diterima"</h2><strong class="num">{report.received}</strong></div>
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
                <thead><tr><th scope="col">"Penerima"</th><th scope="col">"Cara bayar"</th><th scope="col" class="num">"Pembayaran"</th><th scope="col" class="num">"Jumlah"</th></tr></thead>
                <tbody>{receivers}</tbody>
            </table></div>
        </section>
    }
}
