//! What the simulated router holds: accounts, profiles, sessions.

use chrono::{DateTime, Utc};
use serde::Serialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// The table behind `/ppp/secret`. Keys are the numbers in `*HEX`.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Account name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// `pppoe`, `any`, …
    pub service: String,
    /// Profile the next session gets.
    pub profile: String,
    /// No new sessions.
    pub disabled: bool,
    /// `comment`, `remote-address` and the other optional properties, as set.
    pub extra: BTreeMap<String, String>,
}

/// `/ppp/profile`.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One of the two that cannot be removed.
    pub builtin: bool,
    /// `rate-limit` and the other optional properties, as set.
    pub extra: BTreeMap<String, String>,
}

/// `/ppp/active`: a session keeps what it came up with.
#[derive(Debug, Clone)]
pub struct Session {
    /// Account name.
    pub name: String,
    /// The account's service.
    pub service: String,
    /// Profile it came up with. (Not shown by the router's API, which is why a change needs a kick.)
    pub profile: String,
    /// Address it was given.
    pub address: String,
    /// When it came up.
    pub since: DateTime<Utc>,
}

/// The tables of one router.
#[derive(Debug, Default)]
pub struct Tables {
    /// Accounts by number.
    pub secrets: BTreeMap<u64, Secret>,
    /// Profiles by number.
    pub profiles: BTreeMap<u64, Profile>,
    /// Sessions by number.
    pub sessions: BTreeMap<u64, Session>,
    secret_by_name: HashMap<String, u64>,
    session_by_name: HashMap<String, u64>,
    last_id: u64,
}

impl Tables {
    /// The sandbox's profiles (CONTRACT, "Sandbox addresses and keys").
    pub fn new() -> Self {
        let mut tables = Self::default();
        tables.add_profile("default", None);
        tables.add_profile("default-encryption", None);
        for profile in tables.profiles.values_mut() {
            profile.builtin = true;
        }
        tables.add_profile("ISOLIR", Some("512k/512k"));
        for (name, rate) in
            [("Home-10M", "10M/10M"), ("Home-20M", "20M/20M"), ("Home-50M", "50M/50M"), ("Home-100M", "100M/100M")]
        {
            tables.add_profile(name, Some(rate));
        }
        tables
    }

    /// The next number for an item.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds a profile, or gives an existing one another rate; its number.
    pub fn add_profile(&mut self, name: &str, rate: Option<&str>) -> u64 {
        let found = self.profiles.iter().find(|(_, profile)| profile.name == name).map(|(id, _)| *id);
        let id = found.unwrap_or_else(|| self.next_id());
        let profile = self.profiles.entry(id).or_insert_with(|| Profile {
            name: name.to_owned(),
            builtin: false,
            extra: BTreeMap::new(),
        });
        if let Some(rate) = rate {
            profile.extra.insert("rate-limit".to_owned(), rate.to_owned());
        }
        id
    }

    /// Whether a profile of exactly this name exists.
    pub fn has_profile(&self, name: &str) -> bool {
        self.profiles.values().any(|profile| profile.name == name)
    }

    /// Number of the account of exactly this name.
    pub fn secret_id(&self, name: &str) -> Option<u64> {
        self.secret_by_name.get(name).copied()
    }

    /// Number of the running session of exactly this name.
    pub fn session_id(&self, name: &str) -> Option<u64> {
        self.session_by_name.get(name).copied()
    }

    /// Adds an account; `None` when the name is taken.
    pub fn add_secret(&mut self, secret: Secret) -> Option<u64> {
        if self.secret_by_name.contains_key(&secret.name) {
            return None;
        }
        let id = self.next_id();
        self.secret_by_name.insert(secret.name.clone(), id);
        self.secrets.insert(id, secret);
        Some(id)
    }

    /// Gives an account another name; false when it is taken.
    pub fn rename_secret(&mut self, id: u64, name: &str) -> bool {
        if self.secret_id(name).is_some_and(|other| other != id) {
            return false;
        }
        if let Some(secret) = self.secrets.get_mut(&id) {
            self.secret_by_name.remove(&secret.name);
            secret.name = name.to_owned();
            self.secret_by_name.insert(name.to_owned(), id);
        }
        true
    }

    /// Removes an account; a running session stays.
    pub fn remove_secret(&mut self, id: u64) {
        if let Some(secret) = self.secrets.remove(&id) {
            self.secret_by_name.remove(&secret.name);
        }
    }

    /// Ends a session; the account's name.
    pub fn end_session(&mut self, id: u64) -> Option<String> {
        let session = self.sessions.remove(&id)?;
        self.session_by_name.remove(&session.name);
        Some(session.name)
    }

    /// Ends all sessions.
    pub fn end_all_sessions(&mut self) {
        self.sessions.clear();
        self.session_by_name.clear();
    }

    /// The customer's device dials: a session under the account's current profile, unless one runs already, the account
    /// is gone or disabled. A profile that was dropped meanwhile is taken as `default`. Whether a session came up.
    pub fn dial(&mut self, name: &str, now: DateTime<Utc>) -> bool {
        let Some(secret) = self.secret_id(name).and_then(|id| self.secrets.get(&id)) else { return false };
        if secret.disabled || self.session_by_name.contains_key(name) {
            return false;
        }
        let profile = if self.has_profile(&secret.profile) { secret.profile.clone() } else { "default".to_owned() };
        let (service, fixed) = (secret.service.clone(), secret.extra.get("remote-address").cloned());
        let id = self.next_id();
        let [.., b, c, d] = id.to_be_bytes();
        let session = Session {
            name: name.to_owned(),
            service: if service == "any" { "pppoe".to_owned() } else { service },
            profile,
            address: fixed.unwrap_or_else(|| format!("10.{b}.{c}.{d}")),
            since: now,
        };
        self.sessions.insert(id, session);
        self.session_by_name.insert(name.to_owned(), id);
        true
    }

    /// All devices dial.
    pub fn dial_all(&mut self, now: DateTime<Utc>) {
        let names: Vec<String> = self.secrets.values().map(|secret| secret.name.clone()).collect();
        for name in names {
            self.dial(&name, now);
        }
    }
}

/// The router as `/control/state` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouterState {
    /// `r0`, `r1`, …
    pub name: String,
    /// Accounts in the order they were made.
    pub secrets: Vec<SecretState>,
    /// Running sessions in the order they came up.
    pub active: Vec<ActiveState>,
}

/// An account as `/control/state` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretState {
    /// Account name.
    pub name: String,
    /// Profile of the next session.
    pub profile: String,
    /// No new sessions.
    pub disabled: bool,
}

/// A session as `/control/state` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveState {
    /// Account name.
    pub name: String,
    /// Profile it came up with.
    pub profile: String,
    /// When, RFC 3339 in UTC.
    pub since: DateTime<Utc>,
}

/// A row of a `print`: its property names, and their values when it has them.
pub trait Printed {
    /// In the order printed.
    fn properties(&self) -> &[&'static str];
    /// The value of a property, as the router writes it.
    fn property(&self, id: u64, now: DateTime<Utc>, name: &str) -> Option<Cow<'_, str>>;
}

fn flag(value: bool) -> Cow<'static, str> {
    Cow::Borrowed(if value { "true" } else { "false" })
}

/// `*1F`.
pub fn handle(id: u64) -> String {
    format!("*{id:X}")
}

impl Printed for Secret {
    fn properties(&self) -> &[&'static str] {
        &[
            ".id",
            "name",
            "service",
            "caller-id",
            "password",
            "profile",
            "local-address",
            "remote-address",
            "routes",
            "ipv6-routes",
            "limit-bytes-in",
            "limit-bytes-out",
            "last-logged-out",
            "disabled",
            "comment",
        ]
    }

    fn property(&self, id: u64, _now: DateTime<Utc>, name: &str) -> Option<Cow<'_, str>> {
        Some(match name {
            ".id" => Cow::Owned(handle(id)),
            "name" => Cow::Borrowed(&self.name),
            "service" => Cow::Borrowed(&self.service),
            "password" => Cow::Borrowed(&self.password),
            "profile" => Cow::Borrowed(&self.profile),
            "disabled" => flag(self.disabled),
            other => match (self.extra.get(other), other) {
                (Some(value), _) => Cow::Borrowed(value),
                (None, "caller-id" | "routes" | "ipv6-routes") => Cow::Borrowed(""),
                (None, "limit-bytes-in" | "limit-bytes-out") => Cow::Borrowed("0"),
                (None, "last-logged-out") => Cow::Borrowed("1970-01-01 00:00:00"),
                (None, _) => return None,
            },
        })
    }
}

impl Printed for Profile {
    fn properties(&self) -> &[&'static str] {
        &[
            ".id",
            "name",
            "local-address",
            "remote-address",
            "address-list",
            "rate-limit",
            "only-one",
            "session-timeout",
            "dns-server",
            "default",
            "comment",
        ]
    }

    fn property(&self, id: u64, _now: DateTime<Utc>, name: &str) -> Option<Cow<'_, str>> {
        Some(match name {
            ".id" => Cow::Owned(handle(id)),
            "name" => Cow::Borrowed(&self.name),
            "default" => flag(self.builtin),
            other => match (self.extra.get(other), other) {
                (Some(value), _) => Cow::Borrowed(value),
                (None, "only-one") => Cow::Borrowed("default"),
                (None, "address-list") => Cow::Borrowed(""),
                (None, _) => return None,
            },
        })
    }
}

impl Printed for Session {
    fn properties(&self) -> &[&'static str] {
        &[
            ".id",
            "name",
            "service",
            "caller-id",
            "address",
            "uptime",
            "encoding",
            "session-id",
            "limit-bytes-in",
            "limit-bytes-out",
            "radius",
        ]
    }

    fn property(&self, id: u64, now: DateTime<Utc>, name: &str) -> Option<Cow<'_, str>> {
        Some(match name {
            ".id" => Cow::Owned(handle(id)),
            "name" => Cow::Borrowed(&self.name),
            "service" => Cow::Borrowed(&self.service),
            "caller-id" => {
                let [.., a, b, c, d] = id.to_be_bytes();
                Cow::Owned(format!("02:00:{a:02X}:{b:02X}:{c:02X}:{d:02X}"))
            }
            "address" => Cow::Borrowed(&self.address),
            "uptime" => Cow::Owned(uptime((now - self.since).num_seconds())),
            "encoding" => Cow::Borrowed(""),
            "session-id" => Cow::Owned(format!("0x{:08x}", 0x8110_0000 + id)),
            "limit-bytes-in" | "limit-bytes-out" => Cow::Borrowed("0"),
            "radius" => flag(false),
            _ => return None,
        })
    }
}

/// A row of a menu that is not kept in tables.
pub struct Plain {
    names: Vec<&'static str>,
    values: Vec<String>,
}

impl Plain {
    /// A row of these properties.
    pub fn new(properties: Vec<(&'static str, String)>) -> Self {
        let (names, values) = properties.into_iter().unzip();
        Self { names, values }
    }
}

impl Printed for Plain {
    fn properties(&self) -> &[&'static str] {
        &self.names
    }

    fn property(&self, _id: u64, _now: DateTime<Utc>, name: &str) -> Option<Cow<'_, str>> {
        let at = self.names.iter().position(|have| *have == name)?;
        self.values.get(at).map(|value| Cow::Borrowed(value.as_str()))
    }
}

/// Seconds as RouterOS writes them: `1w2d3h4m5s`, parts of zero left out.
pub fn uptime(seconds: i64) -> String {
    let mut left = seconds.max(0);
    let mut text = String::new();
    for (unit, size) in [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)] {
        if left >= size || (unit == 's' && text.is_empty()) {
            text.push_str(&(left / size).to_string());
            text.push(unit);
            left %= size;
        }
    }
    text
}
