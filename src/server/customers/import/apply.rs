//! Writing what was planned, in transactions of a few hundred rows: a long one would hold up every cashier.

use super::known::Known;
use super::plan::Step;
use crate::billing::service_number::{ServiceNumber, slug, slug_with_suffix};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::{self, Ledger};
use crate::server::secrets::hash_password;
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Rows of one transaction.
const CHUNK: usize = 500;
/// Counter of the numbers that are given.
const NUMBERS: &str = "service_number";
/// Area digits of a given number.
const NUMBER_AREA: u32 = 10;
/// What a PPPoE password is sealed for.
const PPPOE_PLACE: &str = "service.pppoe_password";

sql!(INSERT_CUSTOMER = "INSERT INTO customer (number, name, name_search, phone, email, address, portal_password_hash, money_turn, created_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) RETURNING id");
sql!(INSERT_SERVICE = "INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area,
   collector, started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason,
   manual, isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'impor', 'none', NULL, 'unknown', '', NULL, '',
   FALSE, FALSE, '', $18) RETURNING id");
sql!(UPDATE_CUSTOMER = "UPDATE customer SET number = COALESCE($2, number), name = COALESCE($3, name), name_search = COALESCE($4, name_search),
   phone = COALESCE($5, phone), email = COALESCE($6, email), address = COALESCE($7, address) WHERE id = $1");
sql!(UPDATE_SERVICE = "UPDATE service SET package_id = COALESCE($2, package_id), router_id = COALESCE($3, router_id),
   pppoe_username = COALESCE($4, pppoe_username), area = COALESCE($5, area), collector = COALESCE($6, collector),
   due_day = COALESCE($7, due_day), discount_kind = COALESCE($8, discount_kind), discount_value = COALESCE($9, discount_value),
   never_isolate = COALESCE($10, never_isolate), observed = CASE WHEN $11 THEN 'unknown' ELSE observed END WHERE id = $1");
sql!(MARK_DONE = "UPDATE import_job SET rows_done = $2 WHERE id = $1");

/// A step with everything that must be made outside a transaction.
#[derive(Clone, Debug)]
struct Ready {
    step: Step,
    service_id: Option<i64>,
    customer_id: Option<i64>,
    number: String,
    slug: String,
    sealed: String,
    hash: String,
    due_day: i64,
}

/// What all chunks share.
#[derive(Clone, Debug)]
struct Shared {
    ledger: Ledger,
    today: NaiveDate,
    now: DateTime<Utc>,
    job: Option<i64>,
    who: Who,
    file: String,
}

/// Writes `steps`; `progress` hears how many of `total` rows are done, the rejected ones first. With `job`, the import
/// job's `rows_done` moves with each transaction. Each transaction leaves its own audit row, so that no row of `file` is
/// in without a trace, wherever the program stops.
pub async fn apply(
    state: &AppState,
    (who, file): (Who, &str),
    mut known: Known,
    steps: Vec<Step>,
    job: Option<i64>,
    total: i64,
    progress: &(impl Fn(i64, i64) + Send + Sync),
) -> Result<()> {
    let shared = Shared {
        ledger: state.ledger(who.clone()).await?,
        today: state.clock.today(),
        now: state.clock.now(),
        job,
        who,
        file: file.to_owned(),
    };
    let work: Vec<Step> = steps.into_iter().filter(|step| !step.is_idle()).collect();
    let mut left = i64::try_from(work.len()).unwrap_or(i64::MAX);
    progress(total - left, total);
    let mut numbers = new_numbers(state, &known, &work).await?.into_iter();
    let mut work = work.into_iter().peekable();
    while work.peek().is_some() {
        let steps: Vec<Step> = work.by_ref().take(CHUNK).collect();
        left -= i64::try_from(steps.len()).unwrap_or(0);
        let mut chunk = Vec::with_capacity(steps.len());
        for step in steps {
            chunk.push(ready(state, &mut known, &mut numbers, step)?);
        }
        let chunk = hash_passwords(chunk).await?;
        let payers = write_chunk(state, chunk, &shared, total - left).await?;
        for (place, id) in payers {
            if let Some(customer) = known.customers.get_mut(place) {
                customer.id = Some(id);
            }
        }
        progress(total - left, total);
    }
    state.work_bell.notify_one();
    Ok(())
}

/// Numbers for the services that came without one. A number that is given and then not used leaves a gap, which
/// service numbers may have.
async fn new_numbers(state: &AppState, known: &Known, work: &[Step]) -> Result<Vec<String>> {
    let wanted = work.iter().filter(|step| step.is_new && step.row.service_number.is_empty()).count();
    let mut numbers = Vec::with_capacity(wanted);
    while numbers.len() < wanted {
        let count = i64::try_from(wanted - numbers.len()).unwrap_or(i64::MAX);
        let last = state
            .db
            .write::<_, Error, _>(move |tx| Box::pin(async move { ledger::count_on(tx, NUMBERS, count).await }))
            .await?;
        for serial in (last - count + 1)..=last {
            let serial = u64::try_from(serial).map_err(|_| Error::Corrupt(format!("pencacah {NUMBERS}")))?;
            let number = ServiceNumber::generate(NUMBER_AREA, serial).to_string();
            if !known.by_number.contains_key(&number) {
                numbers.push(number);
            }
        }
    }
    Ok(numbers)
}

fn free_slug(taken: &mut HashSet<String>, number: &str) -> String {
    let base = slug(number);
    let mut candidate = base.clone();
    let mut n = 2;
    while !taken.insert(candidate.clone()) {
        candidate = slug_with_suffix(&base, n);
        n += 1;
    }
    candidate
}

fn ready(state: &AppState, known: &mut Known, numbers: &mut impl Iterator<Item = String>, step: Step) -> Result<Ready> {
    let service = known.services.get(step.service);
    let (service_id, due_day) = service.map_or((None, 1), |service| (service.id, service.due_day));
    let customer_id = known.customers.get(step.customer).and_then(|customer| customer.id);
    let (mut number, mut slug, mut sealed) = (String::new(), String::new(), String::new());
    if step.is_new {
        number = if step.row.service_number.is_empty() {
            numbers.next().ok_or_else(|| Error::Internal("nomor layanan baru habis".to_owned()))?
        } else {
            step.row.service_number.clone()
        };
        slug = free_slug(&mut known.slugs, &number);
        if !step.row.pppoe_password.is_empty() {
            sealed = state.secrets.seal(PPPOE_PLACE, &step.row.pppoe_password)?;
        }
    }
    Ok(Ready { step, service_id, customer_id, number, slug, sealed, hash: String::new(), due_day })
}

/// Hashes the portal passwords of new payers, away from the threads that serve.
async fn hash_passwords(mut chunk: Vec<Ready>) -> Result<Vec<Ready>> {
    if chunk.iter().all(|ready| ready.step.row.portal_password.is_empty()) {
        return Ok(chunk);
    }
    tokio::task::spawn_blocking(move || {
        for ready in chunk.iter_mut().filter(|ready| ready.step.is_new_customer) {
            if !ready.step.row.portal_password.is_empty() {
                ready.hash = hash_password(&ready.step.row.portal_password)?;
            }
        }
        Ok(chunk)
    })
    .await
    .map_err(|error| Error::Internal(format!("kata sandi portal: {error}")))?
}

/// One transaction; answers the ids of the payers it made, by place.
async fn write_chunk(state: &AppState, chunk: Vec<Ready>, shared: &Shared, done: i64) -> Result<Vec<(usize, i64)>> {
    let (chunk, shared) = (Arc::new(chunk), shared.clone());
    let result = state
        .db
        .write::<_, Error, _>(move |tx| {
            let (chunk, shared) = (Arc::clone(&chunk), shared.clone());
            Box::pin(async move {
                let mut payers: HashMap<usize, i64> = HashMap::new();
                let mut routers: BTreeSet<i64> = BTreeSet::new();
                for ready in chunk.iter() {
                    write_step(tx, ready, &shared, &mut payers).await?;
                    routers.extend(&ready.step.routers);
                }
                for router_id in routers {
                    work::enqueue(tx, &Job::SyncRouter { router_id }, shared.now, shared.now).await?;
                }
                if let Some(job) = shared.job {
                    tx.exec_one(MARK_DONE, args![job, done]).await?;
                }
                let (subject, rows) = (
                    shared.job.map_or_else(|| "import".to_owned(), |job| format!("import_job:{job}")),
                    rows_of(&chunk),
                );
                let after = format!("{}: {rows}", shared.file);
                audit::record(tx, &shared.who, shared.now, "customer.import.rows", &subject, "", &after).await?;
                Ok(payers.into_iter().collect())
            })
        })
        .await;
    match result {
        Err(Error::Db(error)) if error.is_unique_violation() => Err(Error::Conflict(
            "Data pelanggan berubah selama impor ini. Impor berkas yang sama sekali lagi; yang sudah masuk tidak masuk dua kali.".to_owned(),
        )),
        other => other,
    }
}

/// `baris 2 sampai 501, 500 layanan`, as Excel counts rows.
fn rows_of(chunk: &[Ready]) -> String {
    let rows = || chunk.iter().map(|ready| ready.step.row.row);
    let (first, last) = (rows().min().unwrap_or(0), rows().max().unwrap_or(0));
    format!("baris {first} sampai {last}, {} layanan", chunk.len())
}

async fn write_step(tx: &mut Tx, ready: &Ready, shared: &Shared, payers: &mut HashMap<usize, i64>) -> Result<()> {
    let (step, row) = (&ready.step, &ready.step.row);
    let customer_id = match payers.get(&step.customer).copied().or(ready.customer_id) {
        Some(id) => id,
        None => {
            let number = (!row.customer_number.is_empty()).then(|| row.customer_number.clone());
            let search = row.name.to_lowercase();
            let values =
                args![number, &row.name, search, &row.phone, &row.email, &row.address, &ready.hash, shared.now];
            let id = tx.number(INSERT_CUSTOMER, values).await?;
            payers.insert(step.customer, id);
            id
        }
    };
    let change = &step.customer_change;
    if *change != super::plan::CustomerChange::default() {
        let search = change.name.as_ref().map(|name| name.to_lowercase());
        let values = args![
            customer_id,
            change.number.clone(),
            change.name.clone(),
            search,
            change.phone.clone(),
            change.email.clone(),
            change.address.clone()
        ];
        tx.exec_one(UPDATE_CUSTOMER, values).await?;
    }
    let service_id = match ready.service_id {
        Some(id) => {
            update_service(tx, id, step).await?;
            id
        }
        None => insert_service(tx, ready, customer_id, shared).await?,
    };
    shared.ledger.open_books(tx, service_id, customer_id, step.arrears, step.credit).await
}

async fn insert_service(tx: &mut Tx, ready: &Ready, customer_id: i64, shared: &Shared) -> Result<i64> {
    let (step, row) = (&ready.step, &ready.step.row);
    let (stage, desired) = row.status.unwrap_or(("aktif", "normal"));
    let (kind, value) = row.discount.unwrap_or(("none", 0));
    let values = args![
        customer_id,
        &ready.number,
        &ready.slug,
        step.package_id,
        step.routers.first().copied(),
        &row.pppoe_username,
        &ready.sealed,
        &row.area,
        &row.collector,
        row.started_on.unwrap_or(shared.today),
        ready.due_day,
        stage,
        row.covered_until.map(|period| period.to_string()).unwrap_or_default(),
        kind,
        value,
        &row.never_isolate,
        desired,
        shared.now
    ];
    Ok(tx.number(INSERT_SERVICE, values).await?)
}

async fn update_service(tx: &mut Tx, service_id: i64, step: &Step) -> Result<()> {
    let change = &step.service_change;
    if *change == super::plan::ServiceChange::default() {
        return Ok(());
    }
    // What was seen of another secret says nothing of this one.
    let unseen = change.router_id.is_some() || change.pppoe_username.is_some();
    let values = args![
        service_id,
        change.package_id,
        change.router_id,
        change.pppoe_username.clone(),
        change.area.clone(),
        change.collector.clone(),
        change.due_day,
        change.discount.as_ref().map(|(kind, _)| kind.clone()),
        change.discount.as_ref().map(|(_, value)| *value),
        change.never_isolate.clone(),
        unseen
    ];
    Ok(tx.exec_one(UPDATE_SERVICE, values).await?)
}
