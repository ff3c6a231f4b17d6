//! A change in the life of a service, asked for by a person or a command: now, with what it costs, or planned from a coming
//! month on. The same door for both, with a preview that does everything and keeps nothing.

use super::planned::{self, Change};
use crate::billing::Rupiah;
use crate::billing::pricing::PricedLine;
use crate::billing::words::date_short;
use crate::server::access::AccessContext;
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::{Changed, Ledger};
use crate::server::state::AppState;
use chrono::NaiveDate;

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The service.
    pub service_id: i64,
    /// What happens to it.
    pub change: Change,
    /// From when: today, the first of a coming month; without one the first month that is not billed yet.
    pub from: Option<NaiveDate>,
    /// Why.
    pub reason: String,
    /// Only to see what it would do.
    pub preview: bool,
}

/// Carries a wish out, or shows what it would do.
pub async fn carry(app: &AppState, who: Who, wish: Wish) -> Result<Changed> {
    let (ledger, ctx) = (app.ledger(who.clone()).await?, AccessContext::now(app, who).await?);
    if wish.preview {
        let mut tx = app.db.begin().await?;
        let result = inside(&mut tx, &ledger, &ctx, &wish).await;
        tx.rollback().await?;
        return result;
    }
    let changed = app
        .db
        .write(move |tx| {
            let (ledger, ctx, wish) = (ledger.clone(), ctx.clone(), wish.clone());
            Box::pin(async move { inside(tx, &ledger, &ctx, &wish).await })
        })
        .await?;
    app.work_bell.notify_waiters();
    Ok(changed)
}

async fn inside(tx: &mut Tx, ledger: &Ledger, ctx: &AccessContext, wish: &Wish) -> Result<Changed> {
    match (&wish.change, wish.from == Some(ctx.today)) {
        (Change::Package(id), true) => ledger.change_package(tx, wish.service_id, *id, &wish.reason).await,
        (Change::Stop, true) => ledger.stop_now(tx, wish.service_id, &wish.reason).await,
        _ => {
            let from = planned::plan(tx, ctx, wish.service_id, &wish.change, wish.from, &wish.reason).await?;
            let what = match wish.change {
                Change::Stop => "Berhenti".to_owned(),
                Change::Package(id) => format!("Ganti ke paket {}", planned::name(tx, id).await?),
                Change::Pause(months) => format!("Cuti {months} bulan"),
            };
            let after = format!("{what} mulai {}: {}", date_short(from), wish.reason.trim());
            let subject = format!("service:{}", wish.service_id);
            audit::record(tx, &ctx.who, ctx.now, "service.plan", &subject, "", &after).await?;
            Ok(Changed { from, lines: Vec::<PricedLine>::new(), total: Rupiah::ZERO, paper: None })
        }
    }
}

/// Ends a pause, or puts a stopped service into use again, from today; answers the bill of the month that runs.
pub async fn resume(app: &AppState, who: Who, service_id: i64, preview: bool) -> Result<Changed> {
    let (ledger, ctx) = (app.ledger(who.clone()).await?, AccessContext::now(app, who).await?);
    if preview {
        let mut tx = app.db.begin().await?;
        let result = resume_inside(&mut tx, &ledger, &ctx, service_id).await;
        tx.rollback().await?;
        return result;
    }
    let changed = app
        .db
        .write(move |tx| {
            let (ledger, ctx) = (ledger.clone(), ctx.clone());
            Box::pin(async move { resume_inside(tx, &ledger, &ctx, service_id).await })
        })
        .await?;
    app.work_bell.notify_waiters();
    Ok(changed)
}

async fn resume_inside(tx: &mut Tx, ledger: &Ledger, ctx: &AccessContext, service_id: i64) -> Result<Changed> {
    let bill = planned::resume(tx, ledger, ctx, service_id).await?;
    let Some(invoice_id) = bill else {
        return Ok(Changed { from: ctx.today, lines: Vec::new(), total: Rupiah::ZERO, paper: None });
    };
    let (number, lines) = ledger.bill_lines(tx, invoice_id).await?;
    let total = lines.iter().map(|line| line.amount).sum();
    Ok(Changed { from: ctx.today, lines, total, paper: Some(number) })
}

/// The change of a word: `berhenti`, `cuti:2`, or the id of a package.
pub fn parse(word: &str) -> Result<Change> {
    let unknown = || Error::invalid("what", "Pilih perubahannya dari daftar.");
    match word.split_once(':') {
        None if word == "berhenti" => Ok(Change::Stop),
        None => Ok(Change::Package(word.parse().map_err(|_| unknown())?)),
        Some(("cuti", months)) => Ok(Change::Pause(months.parse().map_err(|_| unknown())?)),
        Some(_) => Err(unknown()),
    }
}
