//! Routers as rows: adding, changing, finding, and the way in with the password opened.

use super::api::Endpoint;
use super::probe::{self, Probe};
use super::tls::Tls;
use crate::server::audit::{self, Who};
use crate::server::db::DbError;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::server::work::{self, Job};
use crate::{args, sql};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// Where a router's password is sealed.
const PASSWORD_PLACE: &str = "router.password";

/// A router as stored. The password stays sealed.
#[derive(Clone, sqlx::FromRow)]
pub struct RouterRow {
    /// Its row.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Name or address.
    pub host: String,
    /// TCP port of its API.
    pub port: i64,
    /// RouterOS user.
    pub username: String,
    password_sealed: String,
    /// The profile of those who are isolated.
    pub isolir_profile: String,
    /// How isolation is done; `profile`.
    pub strategy: String,
    /// `off`, `any`, `pin`.
    pub tls: String,
    /// 64 hex digits for `pin`.
    pub tls_pin: String,
    /// `unknown`, `up`, `down`.
    pub state: String,
    /// Since when.
    pub state_since: Option<DateTime<Utc>>,
    /// Last complete read.
    pub last_read_at: Option<DateTime<Utc>>,
    /// What is wrong, in words; empty if nothing.
    pub last_problem: String,
    /// Failed visits in a row.
    pub failures: i64,
}

impl std::fmt::Debug for RouterRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({}: {} {}:{})", self.id, self.name, self.host, self.port)
    }
}

/// A router to be added or changed.
#[derive(Clone)]
pub struct RouterForm {
    /// What people call it; unique.
    pub name: String,
    /// Name or address.
    pub host: String,
    /// 8728 without TLS, 8729 with.
    pub port: u16,
    /// RouterOS user.
    pub username: String,
    /// Its password; `None` in a change keeps the old one.
    pub password: Option<String>,
    /// The profile of those who are isolated.
    pub isolir_profile: String,
    /// `profile`.
    pub strategy: String,
    /// `off`, `any` (or `insecure`), `pin:` and 64 hex digits.
    pub tls: String,
}

impl std::fmt::Debug for RouterForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs.
        write!(f, "RouterForm({}: {}@{}:{})", self.name, self.username, self.host, self.port)
    }
}

sql!(
    ROUTERS = "SELECT id, name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures FROM router ORDER BY name"
);
sql!(
    ROUTER = "SELECT id, name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures FROM router WHERE id = $1"
);
sql!(
    ROUTER_BY_NAME = "SELECT id, name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures FROM router WHERE name = $1"
);
sql!(INSERT_ROUTER = "INSERT INTO router (name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures, created_at)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'unknown', NULL, NULL, '', 0, $10) RETURNING id");
sql!(UPDATE_ROUTER = "UPDATE router SET name = $2, host = $3, port = $4, username = $5, password_sealed = CASE WHEN $6 = '' THEN password_sealed ELSE $6 END,
   isolir_profile = $7, strategy = $8, tls = $9, tls_pin = $10 WHERE id = $1");

/// All routers by name.
pub async fn list(state: &AppState) -> Result<Vec<RouterRow>> {
    Ok(state.db.all(ROUTERS, args![]).await?)
}

/// One router.
pub async fn get(state: &AppState, id: i64) -> Result<RouterRow> {
    state.db.opt(ROUTER, args![id]).await?.ok_or_else(|| Error::NotFound("Router itu tidak ada.".to_owned()))
}

/// The router of that name or, failing that, of that id. Both matching different routers is an error that names both.
pub async fn find(state: &AppState, name_or_id: &str) -> Result<RouterRow> {
    let text = name_or_id.trim();
    let by_name: Option<RouterRow> = state.db.opt(ROUTER_BY_NAME, args![text]).await?;
    let by_id: Option<RouterRow> = match text.parse::<i64>() {
        Ok(id) => state.db.opt(ROUTER, args![id]).await?,
        Err(_) => None,
    };
    match (by_name, by_id) {
        (Some(named), Some(numbered)) if named.id != numbered.id => Err(Error::invalid(
            "server",
            format!(
                "{text} adalah nama router {} dan nomor router {}; sebutkan nama yang lain.",
                named.id, numbered.name
            ),
        )),
        (Some(router), _) | (None, Some(router)) => Ok(router),
        (None, None) => Err(Error::NotFound(format!(
            "Router {text:?} tidak ada. Lihat daftar router, atau tambahkan dengan `kimonet router:add`."
        ))),
    }
}

/// Adds a router; its id. It is read at once.
pub async fn add(state: &AppState, form: RouterForm, who: &Who) -> Result<i64> {
    let Some(password) = form.password.clone().filter(|password| !password.is_empty()) else {
        return Err(Error::invalid("password", "Kata sandi router harus diisi."));
    };
    let sealed = state.secrets.seal(PASSWORD_PLACE, &password)?;
    save(state, None, form, sealed, who).await
}

/// Changes a router; without a password the old one stays.
pub async fn update(state: &AppState, id: i64, form: RouterForm, who: &Who) -> Result<()> {
    let sealed = match form.password.clone().filter(|password| !password.is_empty()) {
        Some(password) => state.secrets.seal(PASSWORD_PLACE, &password)?,
        None => String::new(),
    };
    save(state, Some(id), form, sealed, who).await.map(|_| ())
}

async fn save(state: &AppState, id: Option<i64>, form: RouterForm, sealed: String, who: &Who) -> Result<i64> {
    let (tls, pin) = check(&form)?;
    let (now, who, name) = (state.clock.now(), who.clone(), form.name.trim().to_owned());
    let taken = format!("Router bernama {name} sudah ada.");
    let saved = state
        .db
        .write::<_, Error, _>(move |tx| {
            let (form, sealed, who, name, pin) = (form.clone(), sealed.clone(), who.clone(), name.clone(), pin.clone());
            Box::pin(async move {
                let (host, port) = (form.host.trim().to_owned(), i64::from(form.port));
                let before: Option<RouterRow> = match id {
                    Some(id) => tx.opt(ROUTER, args![id]).await?,
                    None => None,
                };
                let replaced = if id.is_some() && !sealed.is_empty() { ", kata sandi diganti" } else { "" };
                let after =
                    format!("{name} {}@{host}:{port} {} tls {tls}{replaced}", form.username, form.isolir_profile);
                let router_id = match id {
                    None => {
                        let args = args![
                            &name,
                            host,
                            port,
                            form.username,
                            sealed,
                            form.isolir_profile,
                            form.strategy,
                            tls,
                            pin,
                            now
                        ];
                        tx.number(INSERT_ROUTER, args).await?
                    }
                    Some(id) => {
                        let args = args![
                            id,
                            &name,
                            host,
                            port,
                            form.username,
                            sealed,
                            form.isolir_profile,
                            form.strategy,
                            tls,
                            pin
                        ];
                        if tx.exec(UPDATE_ROUTER, args).await? == 0 {
                            return Err(Error::NotFound("Router itu tidak ada.".to_owned()));
                        }
                        id
                    }
                };
                let action = if id.is_some() { "router.update" } else { "router.add" };
                work::enqueue(tx, &Job::SyncRouter { router_id }, now, now).await?;
                let before = before.as_ref().map(words_of).unwrap_or_default();
                audit::record(tx, &who, now, action, &format!("router:{router_id}"), &before, &after).await?;
                Ok(router_id)
            })
        })
        .await;
    state.work_bell.notify_waiters();
    match saved {
        Err(Error::Db(error)) if DbError::is_unique_violation(&error) => Err(Error::invalid("name", taken)),
        other => other,
    }
}

/// Checks a form; gives the columns `tls` and `tls_pin`.
fn check(form: &RouterForm) -> Result<(&'static str, String)> {
    let must = |field: &str, text: &str, label: &str, max: usize| {
        if text.trim().is_empty() || text.chars().count() > max || text.chars().any(char::is_control) {
            Err(Error::invalid(field, format!("{label} harus diisi, paling panjang {max} huruf.")))
        } else {
            Ok(())
        }
    };
    must("name", &form.name, "Nama router", 60)?;
    must("host", &form.host, "Alamat router", 253)?;
    must("username", &form.username, "Nama pengguna router", 100)?;
    must("isolir_profile", &form.isolir_profile, "Profil isolir", 100)?;
    if form.port == 0 {
        return Err(Error::invalid(
            "port",
            "Port harus 1 sampai 65535; API MikroTik biasanya 8728, atau 8729 dengan TLS.",
        ));
    }
    if form.strategy != "profile" {
        return Err(Error::invalid("strategy", "Cara isolir yang didukung hanya profile."));
    }
    let tls = if form.tls == "any" { "insecure" } else { form.tls.as_str() };
    match tls.parse::<Tls>() {
        Ok(Tls::Off) => Ok(("off", String::new())),
        Ok(Tls::AnyCert) => Ok(("any", String::new())),
        Ok(Tls::Pin(pin)) => Ok(("pin", hex::encode(pin))),
        Err(_) => {
            Err(Error::invalid("tls", "TLS harus off, any, atau pin: diikuti sidik jari SHA-256 (64 angka hex)."))
        }
    }
}

sql!(ROUTER_USES = "SELECT COUNT(*) FROM service WHERE router_id = $1");
sql!(PROFILES_OF = "SELECT name FROM router_profile WHERE router_id = $1");
sql!(DROP_PROFILES = "DELETE FROM router_profile WHERE router_id = $1");
sql!(
    ADD_PROFILE = "INSERT INTO router_profile (router_id, name, seen_at) SELECT r.id, $2, $3 FROM router r WHERE r.id = $1 ON CONFLICT (router_id, name) DO NOTHING"
);
sql!(DROP_ROUTER = "DELETE FROM router WHERE id = $1");

/// Removes a router that no service is on.
pub async fn remove(state: &AppState, id: i64, who: &Who) -> Result<()> {
    let (now, who) = (state.clock.now(), who.clone());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let router: RouterRow =
                    tx.opt(ROUTER, args![id]).await?.ok_or_else(|| Error::NotFound("Router itu tidak ada.".to_owned()))?;
                let uses = tx.number(ROUTER_USES, args![id]).await?;
                if uses > 0 {
                    return Err(Error::Refused(format!(
                        "Router {} dipakai {uses} layanan, jadi tidak dapat dihapus. Pindahkan dahulu layanannya ke router lain.",
                        router.name
                    )));
                }
                tx.exec(DROP_PROFILES, args![id]).await?;
                tx.exec_one(DROP_ROUTER, args![id]).await?;
                audit::record(tx, &who, now, "router.remove", &format!("router:{id}"), &words_of(&router), "").await
            })
        })
        .await
}

/// Keeps the profiles that a visit or a probe saw, so that packages can say where they work; nothing is written while
/// they are the same.
pub(super) async fn note_profiles(state: &AppState, id: i64, profiles: &[String]) -> Result<()> {
    let stored: Vec<(String,)> = state.db.all(PROFILES_OF, args![id]).await?;
    let stored: BTreeSet<&str> = stored.iter().map(|row| row.0.as_str()).collect();
    if profiles.iter().map(String::as_str).collect::<BTreeSet<_>>() == stored {
        return Ok(());
    }
    remember_profiles(state, id, profiles.to_vec()).await
}

async fn remember_profiles(state: &AppState, id: i64, profiles: Vec<String>) -> Result<()> {
    let now = state.clock.now();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let profiles = profiles.clone();
            Box::pin(async move {
                tx.exec(DROP_PROFILES, args![id]).await?;
                for name in &profiles {
                    tx.exec(ADD_PROFILE, args![id, name, now]).await?;
                }
                Ok(())
            })
        })
        .await
}

/// A router for the log; without its password.
fn words_of(router: &RouterRow) -> String {
    format!(
        "{} {}@{}:{} {} tls {}",
        router.name, router.username, router.host, router.port, router.isolir_profile, router.tls
    )
}

/// The way into a router, its password opened.
pub fn endpoint(state: &AppState, router: &RouterRow) -> Result<Endpoint> {
    let corrupt = |what: &str| Error::Corrupt(format!("router {}: {what}", router.name));
    let tls = match router.tls.as_str() {
        "off" => Tls::Off,
        "any" => Tls::AnyCert,
        _ => format!("pin:{}", router.tls_pin).parse().map_err(|_| corrupt("sidik jari TLS"))?,
    };
    Ok(Endpoint {
        host: router.host.clone(),
        port: u16::try_from(router.port).map_err(|_| corrupt("port"))?,
        username: router.username.clone(),
        password: state.secrets.open(PASSWORD_PLACE, &router.password_sealed)?,
        tls,
    })
}

/// `mikrotik:test`: does this router work for us? Changes nothing on it; the profiles it has are remembered.
pub async fn probe(state: &AppState, router: &RouterRow) -> Result<Probe> {
    let seen = probe::probe(&endpoint(state, router)?, &router.isolir_profile).await;
    if let Probe::Works { profiles, .. } = &seen {
        note_profiles(state, router.id, profiles).await?;
    }
    Ok(seen)
}
