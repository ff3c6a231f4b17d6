//! `service:change`, `service:pause`, `service:resume`, `service:stop`, `package:price`, `promise:add`, `hold:add`.

use super::Outcome;
use super::args::LifeArgs;
use crate::billing::Rupiah;
use crate::server::access::{AccessContext, holds};
use crate::server::audit::Who;
use crate::server::customers::change::{self, Wish};
use crate::server::customers::find::service_id;
use crate::server::customers::packages;
use crate::server::customers::planned::Change;
use crate::server::error::{Error, Result};
use crate::server::ledger::Changed;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;
use serde_json::json;

sql!(PACKAGE_OF_NAME = "SELECT id FROM package WHERE name = $1 AND active");

fn told(changed: &Changed) -> Outcome {
    let lines: Vec<_> = changed
        .lines
        .iter()
        .map(|line| {
            json!({ "kind": line.kind.as_str(), "period": line.period.to_string(), "amount": line.amount, "text": line.text, "derivation": line.derivation })
        })
        .collect();
    let mut text = vec![format!("mulai {}: {}", changed.from, changed.total)];
    text.extend(changed.lines.iter().map(|line| format!("  {}", line.derivation)));
    let value =
        json!({ "lines": lines, "from": changed.from.to_string(), "total": changed.total, "paper": changed.paper });
    Outcome::lines(value, text)
}

async fn wish(state: &AppState, change: Change, options: LifeArgs) -> Result<Outcome> {
    let wish = Wish {
        service_id: service_id(state, &options.service_number).await?,
        change,
        from: options.from,
        reason: options.reason,
        preview: options.preview,
    };
    Ok(told(&change::carry(state, Who::command(), wish).await?))
}

/// `package:price`.
pub async fn price(state: &AppState, name: &str, price: &str, from: NaiveDate) -> Result<Outcome> {
    let price = Rupiah::parse_input(price).map_err(|error| Error::invalid("--price", error.to_string()))?;
    let id = package_id(state, "--name", name).await?;
    let affected = packages::plan_price(state, Who::command(), id, price, from).await?;
    let text = format!("{name} {price} mulai {from}; {affected} layanan");
    Ok(Outcome::done(json!({ "affected_services": affected }), text))
}

async fn package_id(state: &AppState, option: &str, name: &str) -> Result<i64> {
    let found: Option<(i64,)> = state.db.opt(PACKAGE_OF_NAME, args![name.trim()]).await?;
    Ok(found.ok_or_else(|| Error::invalid(option, format!("Tidak ada paket bernama {name}.")))?.0)
}

pub async fn package(state: &AppState, name: &str, options: LifeArgs) -> Result<Outcome> {
    let id = package_id(state, "--package", name).await?;
    wish(state, Change::Package(id), options).await
}

pub async fn pause(state: &AppState, months: i64, options: LifeArgs) -> Result<Outcome> {
    wish(state, Change::Pause(months), options).await
}

pub async fn stop(state: &AppState, options: LifeArgs) -> Result<Outcome> {
    wish(state, Change::Stop, options).await
}

pub async fn resume(state: &AppState, options: LifeArgs) -> Result<Outcome> {
    if options.from.is_some_and(|from| from != state.clock.today()) {
        return Err(Error::invalid("--from", "Cuti diakhiri hari ini; tanpa perintah ini ia berakhir sesuai rencana."));
    }
    let id = service_id(state, &options.service_number).await?;
    Ok(told(&change::resume(state, Who::command(), id, options.preview).await?))
}

pub async fn promise(state: &AppState, number: &str, until: NaiveDate, reason: String) -> Result<Outcome> {
    let (ctx, service_id) = (AccessContext::now(state, Who::command()).await?, service_id(state, number).await?);
    let id = state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, reason) = (ctx.clone(), reason.clone());
            Box::pin(async move { holds::promise(tx, &ctx, service_id, until, &reason).await })
        })
        .await?;
    Ok(Outcome::done(json!({ "id": id }), format!("janji bayar sampai {until}")))
}

pub async fn hold(
    state: &AppState,
    number: &str,
    from: Option<NaiveDate>,
    to: NaiveDate,
    reason: String,
) -> Result<Outcome> {
    let (ctx, service_id) = (AccessContext::now(state, Who::command()).await?, service_id(state, number).await?);
    let from = from.unwrap_or(ctx.today);
    let id = state
        .db
        .write::<_, Error, _>(move |tx| {
            let (ctx, reason) = (ctx.clone(), reason.clone());
            Box::pin(async move { holds::hold(tx, &ctx, service_id, (from, to), &reason).await })
        })
        .await?;
    Ok(Outcome::done(json!({ "id": id }), format!("isolir ditahan dari {from} sampai {to}")))
}
