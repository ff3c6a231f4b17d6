//! What has to change on a router: desired against observed, as a plan. Pure: nothing here talks to anyone.
//!
//! Names are compared byte for byte. A password is never touched, nothing is deleted, an account that someone disabled
//! by hand stays disabled. Source: DESIGN §6; RouterOS keeps a session's profile until the session ends, so every change
//! is followed by a kick, in both directions.

use super::session::{Active, NewSecret, Secret};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What the ledger wants for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Full speed: the package's profile.
    Normal,
    /// The router's isolation profile.
    Isolated,
    /// No session at all.
    Disabled,
}

/// One service that should be on this router.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceView {
    /// Ours.
    pub service_id: i64,
    /// Account name on the router.
    pub secret_name: String,
    /// Held only to create the account when it is missing.
    pub password: Option<String>,
    /// The package's profile on this router.
    pub package_profile: String,
    /// What the ledger wants.
    pub want: Want,
    /// The account is disabled because we disabled it.
    pub disabled_by_us: bool,
    /// The profile it had before we isolated it.
    pub remembered_profile: Option<String>,
    /// An earlier kick is still owed (the connection broke after the profile was set).
    pub kick_wanted: bool,
}

/// What one complete read of a router gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouterView {
    /// All accounts.
    pub secrets: Vec<Secret>,
    /// All running sessions.
    pub active: Vec<Active>,
    /// Names of all profiles.
    pub profiles: Vec<String>,
}

/// How a service stands on the router, as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// On its package's profile (or, where that does not exist, on the remembered one).
    Normal,
    /// On the isolation profile.
    Isolated,
    /// Disabled, whatever its profile.
    Disabled,
    /// No such account.
    Missing,
    /// On some other profile.
    Other(String),
}

impl Observed {
    /// Whether the wish is fulfilled. A disabled account is isolated, too; a missing one has no access.
    pub fn satisfies(&self, want: Want) -> bool {
        match want {
            Want::Normal => *self == Self::Normal,
            Want::Isolated => matches!(self, Self::Isolated | Self::Disabled),
            Want::Disabled => matches!(self, Self::Disabled | Self::Missing),
        }
    }
}

/// One thing to do. Steps of one service stand together, in the order in which they must be done.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Set an account's profile. `from` is the profile it has now: remember it when isolating.
    SetProfile {
        /// Whose.
        service_id: i64,
        /// `.id`, from this read.
        secret_id: String,
        /// Account name.
        name: String,
        /// Profile it has now.
        from: String,
        /// Profile it shall have.
        profile: String,
    },
    /// Disable an account (and remember that we did).
    Disable {
        /// Whose.
        service_id: i64,
        /// `.id`, from this read.
        secret_id: String,
        /// Account name.
        name: String,
    },
    /// Enable an account that we disabled.
    Enable {
        /// Whose.
        service_id: i64,
        /// `.id`, from this read.
        secret_id: String,
        /// Account name.
        name: String,
    },
    /// Create a missing account.
    Create {
        /// Whose.
        service_id: i64,
        /// What it shall be.
        secret: NewSecret,
    },
    /// End the account's sessions, so that the new setting takes hold.
    Kick {
        /// Whose.
        service_id: i64,
        /// Account name.
        name: String,
        /// `.id`s of the sessions seen in this read.
        active_ids: Vec<String>,
    },
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the password of a new account.
        match self {
            Self::SetProfile { name, from, profile, .. } => write!(f, "SetProfile({name}: {from} -> {profile})"),
            Self::Disable { name, .. } => write!(f, "Disable({name})"),
            Self::Enable { name, .. } => write!(f, "Enable({name})"),
            Self::Create { secret, .. } => write!(f, "Create({}: {})", secret.name, secret.profile),
            Self::Kick { name, active_ids, .. } => write!(f, "Kick({name}: {})", active_ids.join(",")),
        }
    }
}

/// What to do, what was seen, what stands in the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
    /// One for each service, in the order given.
    pub observed: Vec<(i64, Observed)>,
    /// What a person must look at, in Indonesian. Services with a problem may have none or only some steps.
    pub problems: Vec<(i64, String)>,
    /// Accounts on the router that belong to no service given.
    pub unmatched: usize,
}

/// Compares wish and reading. `isolir_profile` is the router's isolation profile. Empty steps mean: all is as it should
/// be, or a problem says why it cannot be.
pub fn plan(services: &[ServiceView], router: &RouterView, isolir_profile: &str) -> Plan {
    let index = Index::of(services, router, isolir_profile);
    let mut plan = Plan::default();
    for service in services {
        index.decide(service, &mut plan);
    }
    plan.unmatched = router.secrets.iter().filter(|secret| !index.claims.contains_key(secret.name.as_str())).count();
    plan
}

struct Index<'a> {
    router: &'a RouterView,
    isolir_profile: &'a str,
    secrets: HashMap<&'a str, Vec<&'a Secret>>,
    /// Distinct spellings by lower-cased name.
    spellings: HashMap<String, Vec<&'a str>>,
    active: HashMap<&'a str, Vec<&'a str>>,
    /// How many services claim a name.
    claims: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    fn of(services: &'a [ServiceView], router: &'a RouterView, isolir_profile: &'a str) -> Self {
        let mut secrets: HashMap<&str, Vec<&Secret>> = HashMap::new();
        let mut spellings: HashMap<String, Vec<&str>> = HashMap::new();
        for secret in &router.secrets {
            let same = secrets.entry(&secret.name).or_default();
            if same.is_empty() {
                spellings.entry(secret.name.to_lowercase()).or_default().push(&secret.name);
            }
            same.push(secret);
        }
        let mut active: HashMap<&str, Vec<&str>> = HashMap::new();
        for session in &router.active {
            active.entry(&session.name).or_default().push(&session.id);
        }
        let mut claims = HashMap::new();
        for service in services {
            *claims.entry(service.secret_name.as_str()).or_default() += 1;
        }
        Self { router, isolir_profile, secrets, spellings, active, claims }
    }

    fn has_profile(&self, name: &str) -> bool {
        self.router.profiles.iter().any(|profile| profile == name)
    }

    /// The profile of normal service: the package's; where the router lacks it, the remembered one; else none.
    fn normal_profile(&self, service: &'a ServiceView) -> Option<&'a str> {
        [Some(service.package_profile.as_str()), service.remembered_profile.as_deref()]
            .into_iter()
            .flatten()
            .find(|profile| *profile != self.isolir_profile && self.has_profile(profile))
    }

    fn decide(&self, service: &'a ServiceView, plan: &mut Plan) {
        let name = service.secret_name.as_str();
        let found = self.secrets.get(name).map(Vec::as_slice).unwrap_or_default();
        let observed = found.first().map_or(Observed::Missing, |secret| self.observe(service, secret));
        plan.observed.push((service.service_id, observed));
        let mut problem = |text: String| plan.problems.push((service.service_id, text));

        let spellings = self.spellings.get(&name.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        if let Some(other) = spellings.iter().find(|spelling| **spelling != name) {
            problem(format!(
                "Di router ada akun \"{other}\" yang hanya berbeda huruf besar/kecil dari \"{name}\". Periksa mana yang \
                 benar."
            ));
            if found.is_empty() {
                return;
            }
        }
        if name.is_empty() {
            return problem("Nama akun PPPoE layanan ini belum diisi.".to_owned());
        }
        if self.claims.get(name).is_some_and(|count| *count > 1) {
            return problem(format!("Akun \"{name}\" dipakai lebih dari satu layanan. Perbaiki dulu nama akunnya."));
        }
        match found {
            [] => self.decide_missing(service, plan),
            [secret] => self.decide_found(service, secret, plan),
            _ => problem(format!("Akun \"{name}\" ada lebih dari satu di router. Hapus yang tidak dipakai.")),
        }
    }

    fn observe(&self, service: &'a ServiceView, secret: &Secret) -> Observed {
        if secret.disabled {
            Observed::Disabled
        } else if secret.profile == self.isolir_profile {
            Observed::Isolated
        } else if self.normal_profile(service) == Some(&secret.profile) {
            Observed::Normal
        } else {
            Observed::Other(secret.profile.clone())
        }
    }

    /// The profile this service shall have, or why there is none. Nothing for a service that shall be disabled: its
    /// profile does not matter.
    fn target(&self, service: &'a ServiceView) -> Result<Option<&'a str>, String> {
        match service.want {
            Want::Disabled => Ok(None),
            Want::Isolated if self.has_profile(self.isolir_profile) => Ok(Some(self.isolir_profile)),
            Want::Isolated => Err(format!(
                "Profil isolir \"{}\" tidak ada di router. Buat profil itu dulu; layanan belum diisolir.",
                self.isolir_profile
            )),
            Want::Normal => self.normal_profile(service).map(Some).ok_or_else(|| {
                format!(
                    "Profil paket \"{}\" tidak ada di router. Buat profil itu atau perbaiki nama profil pada paket.",
                    service.package_profile
                )
            }),
        }
    }

    fn decide_missing(&self, service: &'a ServiceView, plan: &mut Plan) {
        let target = match self.target(service) {
            Ok(None) => return,
            Ok(Some(target)) => target,
            Err(text) => return plan.problems.push((service.service_id, text)),
        };
        match service.password.as_deref().filter(|password| !password.is_empty()) {
            Some(password) => plan.steps.push(Step::Create {
                service_id: service.service_id,
                secret: NewSecret {
                    name: service.secret_name.clone(),
                    password: password.to_owned(),
                    profile: target.to_owned(),
                    comment: String::new(),
                },
            }),
            None => plan.problems.push((
                service.service_id,
                format!(
                    "Akun \"{}\" tidak ada di router dan kata sandinya tidak tersimpan, jadi tidak dapat dibuat. Isi \
                     kata sandi PPPoE, atau buat akunnya di router.",
                    service.secret_name
                ),
            )),
        }
    }

    fn decide_found(&self, service: &'a ServiceView, secret: &Secret, plan: &mut Plan) {
        let service_id = service.service_id;
        let (secret_id, name) = (secret.id.clone(), secret.name.clone());
        let by_hand = secret.disabled && !service.disabled_by_us;
        if by_hand && service.want == Want::Normal {
            return plan.problems.push((
                service_id,
                format!(
                    "Akun \"{name}\" dinonaktifkan manual di router. Aktifkan di router bila memang boleh dipakai."
                ),
            ));
        }
        let target = match self.target(service) {
            Ok(target) => target,
            Err(text) => return plan.problems.push((service_id, text)),
        };
        let mut changed = false;
        if let Some(profile) = target.filter(|profile| *profile != secret.profile) {
            let (from, profile) = (secret.profile.clone(), profile.to_owned());
            let (secret_id, name) = (secret_id.clone(), name.clone());
            plan.steps.push(Step::SetProfile { service_id, secret_id, name, from, profile });
            changed = true;
        }
        match service.want {
            Want::Disabled if !secret.disabled => {
                plan.steps.push(Step::Disable { service_id, secret_id, name: name.clone() });
                changed = true;
            }
            Want::Normal | Want::Isolated if secret.disabled && !by_hand => {
                plan.steps.push(Step::Enable { service_id, secret_id, name: name.clone() });
                changed = true;
            }
            Want::Disabled | Want::Normal | Want::Isolated => {}
        }
        // A session's profile cannot be read: whenever something changed, it has to start anew. A session that outlived
        // the disabling of its account goes as well.
        let outlived = service.want == Want::Disabled && secret.disabled;
        let active_ids: Vec<String> =
            self.active.get(name.as_str()).into_iter().flatten().map(|id| (*id).to_owned()).collect();
        if (changed || outlived || service.kick_wanted) && !active_ids.is_empty() {
            plan.steps.push(Step::Kick { service_id, name, active_ids });
        }
    }
}

#[cfg(test)]
#[path = "tests/strategy.rs"]
mod tests;
