//! One conversation with a router: read, plan, send the difference, read back, end sessions.

use super::{Loaded, PPPOE_PLACE};
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::error::Error;
use crate::server::routers::api::{Connection, Wire, connect};
use crate::server::routers::error::RouterError;
use crate::server::routers::store::{self, RouterRow};
use crate::server::routers::strategy::{Observed, Plan, RouterView, ServiceView, Step, Want, plan};
use crate::server::state::AppState;
use crate::{args, id_list, sql};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// Services that one visit changes at most; the next visit goes on, restores first. A customer who pays while thousands
/// are cut must not wait for the last of them.
const CHANGES_MAX: usize = 500;
/// Sessions that one visit ends at most; the next visit goes on, restores first.
const KICKS_MAX: usize = 200;
/// So many sessions end at once; from there on 20 a second, to spare the router's PPPoE server.
const KICKS_AT_ONCE: usize = 20;
const KICK_PAUSE: Duration = Duration::from_millis(50);

/// Why a visit came to nothing.
pub(super) enum Failure {
    /// The router.
    Router(RouterError),
    /// The database, the keys.
    Server(Error),
}

impl From<RouterError> for Failure {
    fn from(error: RouterError) -> Self {
        Self::Router(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

/// What a visit saw and did.
pub(super) struct Seen {
    /// As first read.
    pub before: HashMap<i64, Observed>,
    /// As read back.
    pub after: HashMap<i64, Observed>,
    /// Profile of each account as read back, by account name.
    pub profiles: HashMap<String, String>,
    /// Every profile that the router has.
    pub known_profiles: Vec<String>,
    /// What a person must look at.
    pub problems: BTreeMap<i64, String>,
    /// Services with changed or created accounts.
    pub changed: BTreeSet<i64>,
    /// Services whose account was to be changed, whether or not that came about.
    pub attempted: BTreeSet<i64>,
    /// Created accounts.
    pub created: BTreeSet<i64>,
    /// Services that the next visit changes.
    pub changes_left: usize,
    /// Services whose sessions must still end.
    pub kicks_left: BTreeSet<i64>,
    /// Sessions ended.
    pub kicked: i64,
    /// Accounts read.
    pub read: usize,
    /// Accounts of no service.
    pub unmatched: usize,
    /// Why to come again soon.
    pub again: Option<String>,
    /// What is wrong with the router as such, though it answers.
    pub router_problem: String,
}

sql!(
    SEALED_PASSWORDS = concat!(
        "SELECT s.id, s.pppoe_password_sealed FROM service s WHERE s.pppoe_password_sealed <> '' AND s.id IN ",
        id_list!()
    )
);
sql!(REMEMBER_PROFILE = concat!("UPDATE service SET remembered_profile = $2 WHERE id IN ", id_list!()));
sql!(REMEMBER_DISABLING = concat!("UPDATE service SET disabled_by_us = TRUE WHERE id IN ", id_list!()));
sql!(REMEMBER_KICK = concat!("UPDATE service SET kick_wanted = TRUE WHERE id IN ", id_list!()));

/// Connects and logs in.
pub(super) async fn reach(state: &AppState, router: &RouterRow) -> Result<Connection<Box<dyn Wire>>, Failure> {
    Ok(connect(&store::endpoint(state, router)?).await?)
}

/// The conversation behind the log-in.
pub(super) async fn visit<S: Wire>(
    state: &AppState,
    router: &RouterRow,
    connection: &mut Connection<S>,
    loaded: &[Loaded],
    shut: bool,
) -> Result<Seen, Failure> {
    let first = read(connection).await?;
    let views = views(state, loaded, &first).await?;
    let planned = plan(&views, &first, &router.isolir_profile);
    let before: HashMap<i64, Observed> = planned.observed.iter().cloned().collect();
    let held = if shut { held(loaded, &before) } else { HashSet::new() };
    let mut problems: BTreeMap<i64, String> = BTreeMap::new();
    for (id, problem) in &planned.problems {
        problems.entry(*id).or_insert_with(|| problem.clone());
    }

    let (kicks, mut changes): (Vec<&Step>, Vec<&Step>) = planned
        .steps
        .iter()
        .filter(|step| !held.contains(&service_of(step)))
        .partition(|step| matches!(step, Step::Kick { .. }));
    let mut owed: BTreeSet<i64> = kicks.iter().map(|step| service_of(step)).collect();
    let changes_left = restores_first(&mut changes, loaded);
    remember(state, router, &changes, loaded).await?;

    let (mut changed, mut created) = (BTreeSet::new(), BTreeSet::new());
    for step in &changes {
        let id = service_of(step);
        match send(connection, step).await {
            Ok(()) => {
                changed.insert(id);
                owed.insert(id);
                if matches!(step, Step::Create { .. }) {
                    created.insert(id);
                }
            }
            Err(error) if is_about_one_account(&error) => {
                problems.insert(id, error.problem());
            }
            Err(error) => return Err(error.into()),
        }
    }

    // Proof: what the router says now, not what it said to the commands.
    let last = if changes.is_empty() { first } else { read(connection).await? };
    let proof = plan(&views, &last, &router.isolir_profile);
    let mut again = None;
    for step in proof.steps.iter().filter(|step| !matches!(step, Step::Kick { .. })) {
        let id = service_of(step);
        if changed.contains(&id) {
            let text = "Router menjawab berhasil, tetapi setelah dibaca ulang akunnya belum berubah.".to_owned();
            again = Some(text.clone());
            problems.insert(id, text);
            changed.remove(&id);
            created.remove(&id);
            owed.remove(&id);
        }
    }
    let router_problem = missing_profile(router, loaded, &last);
    if !router_problem.is_empty() && loaded.iter().any(|service| service.desired == "isolated") {
        again = again.or_else(|| Some(router_problem.clone()));
    }
    let after = observed_of_all(loaded, &proof, &last, router);
    let (kicked, kicks_left) = end_sessions(connection, loaded, &last, &owed).await?;

    let ours: HashSet<&str> = loaded.iter().map(|service| service.pppoe_username.as_str()).collect();
    Ok(Seen {
        before,
        after,
        unmatched: last.secrets.iter().filter(|secret| !ours.contains(secret.name.as_str())).count(),
        read: last.secrets.len(),
        known_profiles: last.profiles,
        profiles: last.secrets.into_iter().map(|secret| (secret.name, secret.profile)).collect(),
        problems,
        attempted: changes.iter().map(|step| service_of(step)).collect(),
        changed,
        created,
        changes_left,
        kicks_left,
        kicked,
        again,
        router_problem,
    })
}

async fn read<S: Wire>(connection: &mut Connection<S>) -> Result<RouterView, RouterError> {
    Ok(RouterView {
        profiles: connection.profiles().await?,
        secrets: connection.secrets().await?,
        active: connection.active().await?,
    })
}

/// Services that Kimonet has a say in. Passwords are read and opened only where the account is missing.
async fn views(state: &AppState, loaded: &[Loaded], router: &RouterView) -> Result<Vec<ServiceView>, Error> {
    let there: HashSet<&str> = router.secrets.iter().map(|secret| secret.name.as_str()).collect();
    let missing = |service: &&Loaded| !there.contains(service.pppoe_username.as_str());
    let wanted = |service: &&Loaded| service.want().is_some_and(|want| want != Want::Disabled);
    let without: Vec<i64> = loaded.iter().filter(wanted).filter(missing).map(|service| service.id).collect();
    let mut passwords: HashMap<i64, String> = HashMap::new();
    for chunk in without.chunks(IDS_MAX) {
        for (id, sealed) in state.db.all::<(i64, String)>(SEALED_PASSWORDS, args![id_text(chunk)]).await? {
            passwords.insert(id, state.secrets.open(PPPOE_PLACE, &sealed)?);
        }
    }
    let view = |service: &Loaded| Some(service.view(service.want()?, passwords.remove(&service.id)));
    Ok(loaded.iter().filter_map(view).collect())
}

/// Cuts that nobody ordered by hand and that the router has not carried out yet.
fn held(loaded: &[Loaded], before: &HashMap<i64, Observed>) -> HashSet<i64> {
    loaded
        .iter()
        .filter(|service| service.desired == "isolated" && service.manual != "cut")
        .filter(|service| before.get(&service.id).is_none_or(|observed| !observed.satisfies(Want::Isolated)))
        .map(|service| service.id)
        .collect()
}

/// Puts the steps of restores first and those that failed at the last visit at the end, then keeps those of the first
/// services; how many services are left. Steps of one service stay together and in order.
fn restores_first(changes: &mut Vec<&Step>, loaded: &[Loaded]) -> usize {
    let rank: HashMap<i64, (bool, bool)> = loaded
        .iter()
        .map(|service| (service.id, (!service.router_problem.is_empty(), service.desired != "normal")))
        .collect();
    changes.sort_by_key(|step| rank.get(&service_of(step)).copied());
    let (mut kept, mut left) = (HashSet::new(), HashSet::new());
    changes.retain(|step| {
        let id = service_of(step);
        let fits = kept.contains(&id) || kept.len() < CHANGES_MAX;
        let side = if fits { &mut kept } else { &mut left };
        side.insert(id);
        fits
    });
    left.len()
}

/// Takes down, before anything is sent, what a cut connection would make us forget.
async fn remember(state: &AppState, router: &RouterRow, changes: &[&Step], loaded: &[Loaded]) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let known: HashMap<i64, &Loaded> = loaded.iter().map(|service| (service.id, service)).collect();
    let mut profiles: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let (mut disabled, mut kicks) = (Vec::new(), BTreeSet::new());
    for step in changes {
        kicks.insert(service_of(step));
        match step {
            Step::SetProfile { service_id, from, profile, .. }
                if *profile == router.isolir_profile
                    && known.get(service_id).is_none_or(|service| service.remembered_profile != *from) =>
            {
                profiles.entry(from.clone()).or_default().push(*service_id);
            }
            Step::Disable { service_id, .. } => disabled.push(*service_id),
            Step::SetProfile { .. } | Step::Enable { .. } | Step::Create { .. } | Step::Kick { .. } => {}
        }
    }
    let kicks: Vec<i64> = kicks.into_iter().collect();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (profiles, disabled, kicks) = (profiles.clone(), disabled.clone(), kicks.clone());
            Box::pin(async move {
                for (profile, ids) in &profiles {
                    for chunk in ids.chunks(IDS_MAX) {
                        tx.exec(REMEMBER_PROFILE, args![id_text(chunk), profile]).await?;
                    }
                }
                for chunk in disabled.chunks(IDS_MAX) {
                    tx.exec(REMEMBER_DISABLING, args![id_text(chunk)]).await?;
                }
                for chunk in kicks.chunks(IDS_MAX) {
                    tx.exec(REMEMBER_KICK, args![id_text(chunk)]).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn send<S: Wire>(connection: &mut Connection<S>, step: &Step) -> Result<(), RouterError> {
    match step {
        Step::SetProfile { secret_id, profile, .. } => connection.set_secret_profile(secret_id, profile).await,
        Step::Disable { secret_id, .. } => connection.set_secret_disabled(secret_id, true).await,
        Step::Enable { secret_id, .. } => connection.set_secret_disabled(secret_id, false).await,
        Step::Create { secret, .. } => connection.add_secret(secret).await.map(|_| ()),
        Step::Kick { name, .. } => connection.kick(name).await.map(|_| ()),
    }
}

/// Ends the sessions of `owed`, those that were restored first; how many ended, and whose are left for the next visit.
/// They are named by the read after the changes, so that a session that came up meanwhile ends too.
async fn end_sessions<S: Wire>(
    connection: &mut Connection<S>,
    loaded: &[Loaded],
    last: &RouterView,
    owed: &BTreeSet<i64>,
) -> Result<(i64, BTreeSet<i64>), RouterError> {
    if owed.is_empty() {
        return Ok((0, BTreeSet::new()));
    }
    let mut sessions: HashMap<&str, Vec<&str>> = HashMap::new();
    for session in &last.active {
        sessions.entry(&session.name).or_default().push(&session.id);
    }
    let mut services: Vec<&Loaded> = loaded
        .iter()
        .filter(|service| owed.contains(&service.id) && sessions.contains_key(service.pppoe_username.as_str()))
        .collect();
    services.sort_by_key(|service| service.desired != "normal");
    let left: BTreeSet<i64> = services.iter().skip(KICKS_MAX).map(|service| service.id).collect();
    let mut kicked = 0;
    for (n, service) in services.into_iter().take(KICKS_MAX).enumerate() {
        if n >= KICKS_AT_ONCE {
            tokio::time::sleep(KICK_PAUSE).await;
        }
        for id in sessions.get(service.pppoe_username.as_str()).into_iter().flatten() {
            match connection.remove_active(id).await {
                Ok(()) => kicked += 1,
                // It ended by itself.
                Err(RouterError::NoSuchItem(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok((kicked, left))
}

/// What every service has, those included that Kimonet keeps its hands off.
fn observed_of_all(loaded: &[Loaded], proof: &Plan, last: &RouterView, router: &RouterRow) -> HashMap<i64, Observed> {
    let mut observed: HashMap<i64, Observed> = proof.observed.iter().cloned().collect();
    let secrets: HashMap<&str, _> = last.secrets.iter().map(|secret| (secret.name.as_str(), secret)).collect();
    for service in loaded.iter().filter(|service| service.want().is_none()) {
        let seen = match secrets.get(service.pppoe_username.as_str()) {
            None => Observed::Missing,
            Some(secret) if secret.disabled => Observed::Disabled,
            Some(secret) if secret.profile == router.isolir_profile => Observed::Isolated,
            Some(secret) if secret.profile == service.profile => Observed::Normal,
            Some(secret) => Observed::Other(secret.profile.clone()),
        };
        observed.insert(service.id, seen);
    }
    observed
}

fn missing_profile(router: &RouterRow, loaded: &[Loaded], view: &RouterView) -> String {
    if loaded.is_empty() || view.profiles.contains(&router.isolir_profile) {
        String::new()
    } else {
        format!("Profil isolir \"{}\" tidak ada di router.", router.isolir_profile)
    }
}

fn service_of(step: &Step) -> i64 {
    match step {
        Step::SetProfile { service_id, .. }
        | Step::Disable { service_id, .. }
        | Step::Enable { service_id, .. }
        | Step::Create { service_id, .. }
        | Step::Kick { service_id, .. } => *service_id,
    }
}

/// Whether the conversation goes on after this error.
fn is_about_one_account(error: &RouterError) -> bool {
    matches!(
        error,
        RouterError::NoSuchItem(_)
            | RouterError::ProfileMissing(_)
            | RouterError::Duplicate(_)
            | RouterError::NoPermission(_)
            | RouterError::Trap { .. }
    )
}
