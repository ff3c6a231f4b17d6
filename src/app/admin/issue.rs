//! Terbitkan Tagihan: count first (Pratinjau Tagihan), then issue. Issuing twice changes nothing.

use crate::app::codec::Json;
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Confirm, Loading, Notice, Problem};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// Numbers of a reason that stand there; the others are folded.
const OPEN_NUMBERS: usize = 5;

/// A reason for which services get no bill, and how many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedView {
    /// Why.
    pub reason: String,
    /// How many.
    pub count: i64,
    /// Their numbers; of very many the first.
    pub numbers: Vec<String>,
}

/// What a run did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueView {
    /// `2026-01`.
    pub period: String,
    /// `Januari 2026`.
    pub month: String,
    /// Whether it only counted.
    pub dry_run: bool,
    /// Bills it issued or would issue.
    pub issued: i64,
    /// Services that had their bill before.
    pub already: i64,
    /// All bills of the month together, formatted.
    pub total: String,
    /// Services left out.
    pub skipped: Vec<SkippedView>,
}

/// Months that can be issued: the one before, this one, the next; the second is the usual one.
#[server(prefix = "/api/admin", endpoint = "issue/periods", input = Json, output = Json)]
pub async fn issue_periods() -> Result<Vec<Choice>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    let this = crate::billing::Period::of(asked.app.clock.today());
    Ok([this.prev(), this, this.next()].map(|period| Choice::new(period.to_string(), period.words())).to_vec())
}

/// Counts (`dry_run`) or issues the bills of a month, for all services, with announcements when `notify`.
#[server(prefix = "/api/admin", endpoint = "issue/run", input = Json, output = Json)]
pub async fn issue_bills(period: String, notify: bool, dry_run: bool) -> Result<IssueView, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::RunBilling).await?;
    Ok(query::issue(&asked.app, asked.who, &period, notify, dry_run).await?)
}

#[cfg(feature = "ssr")]
mod query {
    use super::{IssueView, SkippedView};
    use crate::app::dto::money;
    use crate::billing::Period;
    use crate::server::audit::Who;
    use crate::server::error::{Error, Result};
    use crate::server::ledger::{IssueWish, Scope};
    use crate::server::state::AppState;
    use std::collections::BTreeMap;

    /// Numbers listed beside a reason: of a large company they would fill megabytes.
    const LISTED: usize = 1_000;

    /// Counts or issues.
    pub async fn issue(app: &AppState, who: Who, period: &str, notify: bool, dry_run: bool) -> Result<IssueView> {
        let period: Period =
            period.parse().map_err(|_| Error::invalid("period", "Pilih bulan dari daftar, misalnya Januari 2026."))?;
        let wish = IssueWish { period: Some(period), scope: Scope::All, notify, dry_run };
        let report = app.ledger(who).await?.issue(wish).await?;
        if !dry_run {
            app.work_bell.notify_one();
        }
        if report.held {
            return Err(Error::Refused(
                "Tidak ada yang terbit: terlalu banyak yang berbeda dari pratinjau yang disetujui. Putuskan di Pratinjau Tagihan."
                    .to_owned(),
            ));
        }
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for skipped in report.skipped {
            reasons.entry(skipped.reason).or_default().push(skipped.service_number);
        }
        Ok(IssueView {
            period: report.period.to_string(),
            month: report.period.words(),
            dry_run,
            issued: report.issued,
            already: report.already,
            total: money(report.total.0),
            skipped: reasons
                .into_iter()
                .map(|(reason, mut numbers)| {
                    let count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
                    numbers.truncate(LISTED);
                    SkippedView { reason, count, numbers }
                })
                .collect(),
        })
    }
}

/// The page.
#[component]
pub fn IssuePage() -> impl IntoView {
    let periods = Resource::new(|| (), |()| issue_periods());
    view! {
        <Title text=text::ISSUE />
        <div class="title"><h1>{text::ISSUE}</h1></div>
        <Suspense fallback=Loading>
            {move || Suspend::new(async move {
                match periods.await {
                    Ok(periods) => view! { <Run periods /> }.into_any(),
                    Err(error) => view! { <Problem error /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Run(periods: Vec<Choice>) -> impl IntoView {
    let period = RwSignal::new(periods.get(1).map(|choice| choice.value.clone()).unwrap_or_default());
    let notify = RwSignal::new(true);
    let sure = RwSignal::new(false);
    let result = RwSignal::new(None::<Result<IssueView, ApiError>>);
    let run = Action::new(move |dry_run: &bool| {
        let dry_run = *dry_run;
        async move {
            sure.set(false);
            result.set(Some(issue_bills(period.get_untracked(), notify.get_untracked(), dry_run).await));
        }
    });
    let busy = run.pending();
    let options = periods
        .into_iter()
        .map(|choice| {
            let selected = choice.value == period.get_untracked();
            view! { <option value=choice.value selected=selected>{choice.word}</option> }
        })
        .collect::<Vec<_>>();
    let issue = move |_| sure.set(true);
    view! {
        <section class="panel pad stack">
            <div class="grid g2">
                <div class="field">
                    <label for="period">"Bulan tagihan"</label>
                    <select id="period" name="period" on:change=move |event| {
                        period.set(event_target_value(&event));
                        result.set(None);
                    }>{options}</select>
                </div>
                <label class="check">
                    <input type="checkbox" prop:checked=notify on:change=move |event| notify.set(event_target_checked(&event)) />
                    "Kirim tagihan lewat WhatsApp"
                </label>
            </div>
            <div class="row">
                <button class="btn main" type="button" disabled=busy on:click=move |_| { run.dispatch(true); }>"Pratinjau Tagihan"</button>
                <span class="mute small" role="status">{move || busy.get().then_some("Sedang dihitung…")}</span>
            </div>
        </section>
        {move || result.get().map(|result| match result {
            Err(error) => view! { <div class="gap-top"><Problem error /></div> }.into_any(),
            Ok(view) => view! { <Report view issue=Callback::new(issue) /> }.into_any(),
        })}
        <Confirm open=sure title="Terbitkan sekarang?">
            <p>"Tagihan yang terbit tidak dapat dihapus, hanya dibatalkan satu per satu. Yang sudah terbit tidak terbit dua kali."</p>
            <div class="row">
                <button class="btn main" type="button" disabled=busy on:click=move |_| { run.dispatch(false); }>"Ya, terbitkan"</button>
                <button class="btn" type="button" on:click=move |_| sure.set(false)>{text::CANCEL}</button>
            </div>
        </Confirm>
    }
}

#[component]
fn Report(view: IssueView, issue: Callback<()>) -> impl IntoView {
    let rows = view
        .skipped
        .into_iter()
        .map(|row| {
            let why = text::skip_reason(&row.reason);
            let (first, rest) = row.numbers.split_at(row.numbers.len().min(OPEN_NUMBERS));
            let (first, folded) = (first.join(", "), rest.join(", "));
            let unlisted = row.count - i64::try_from(row.numbers.len()).unwrap_or(row.count);
            let tail = if unlisted > 0 { format!(" dan {} lagi", text::count(unlisted)) } else { String::new() };
            let beyond = row.count - i64::try_from(OPEN_NUMBERS).unwrap_or(0);
            view! {
                <tr>
                    <td>
                        <span class="strong">{row.reason}</span>
                        {(!why.is_empty()).then(|| view! { <span class="sub">{why}</span> })}
                        <span class="sub">{first}</span>
                        {(beyond > 0).then(|| view! { <details><summary>{format!("dan {} lagi", text::counted(beyond, "layanan"))}</summary><span class="sub">{folded}{tail}</span></details> })}
                    </td>
                    <td class="num">{text::count(row.count)}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    let none_skipped = rows.is_empty();
    let again = view.dry_run && view.issued > 0;
    let said =
        (!view.dry_run).then(|| format!("{} terbit untuk {}.", text::counted(view.issued, "tagihan"), view.month));
    view! {
        <div class="stack gap-top">
            {said.map(|words| view! { <Notice tone=Tone::Ok><p>{words}</p></Notice> })}
            <div class="grid g4">
                <div class="panel stat"><span class="label">{if view.dry_run { "Akan terbit" } else { "Terbit" }}</span><strong>{text::count(view.issued)}</strong></div>
                <div class="panel stat"><span class="label">"Sudah terbit sebelumnya"</span><strong>{text::count(view.already)}</strong></div>
                <div class="panel stat"><span class="label">"Seluruh tagihan bulan ini"</span><strong>{view.total}</strong></div>
                <a class="panel stat" href=format!("/admin/tagihan?period={}", view.period)><span class="label">{view.month}</span><strong>"Lihat tagihan"</strong></a>
            </div>
            {again.then(|| view! { <p><button class="btn main" type="button" on:click=move |_| issue.run(())>{text::ISSUE}</button></p> })}
            <section class="panel">
                <div class="head"><h2>"Tidak ditagih"</h2></div>
                {if none_skipped {
                    view! { <p class="pad mute">"Tidak ada layanan yang dilewati."</p> }.into_any()
                } else {
                    view! { <table><thead><tr><th scope="col">"Alasan"</th><th scope="col" class="num">"Layanan"</th></tr></thead><tbody>{rows}</tbody></table> }.into_any()
                }}
            </section>
        </div>
    }
}
