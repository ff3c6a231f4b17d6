//! What every part of the running server shares.

use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::db::Db;
use crate::server::error::{Error, Result};
use crate::server::ledger::Settling;
use crate::server::rights::RightsTable;
use crate::server::secrets::Secrets;
use crate::server::settings::Settings;
use crate::{args, sql};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long settings are believed before they are read again; another process may have changed them.
const SETTINGS_FRESH: Duration = Duration::from_secs(1);
/// Deadline of a call to a gateway or to WhatsApp, connection included.
const OUTSIDE_TIMEOUT: Duration = Duration::from_secs(35);
/// Deadline of connecting to one.
const OUTSIDE_CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// Settings and rights, and when they were read.
type CachedSettings = (Instant, Arc<Settings>, Arc<RightsTable>);

/// Setting row that holds the check value of the application key.
const KEY_CHECK: &str = "internal.key_check";

sql!(FIND_KEY_CHECK = "SELECT value FROM setting WHERE key = $1");
sql!(
    PUT_KEY_CHECK =
        "INSERT INTO setting (key, value, sealed, updated_at) VALUES ($1, $2, FALSE, $3) ON CONFLICT (key) DO NOTHING"
);

/// Database, clock, keys and the outgoing HTTP client; cheap to clone, one a process.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// How this process was started.
    pub config: Arc<Config>,
    /// The application key.
    pub secrets: Secrets,
    /// The one client for gateways and WhatsApp, with deadlines.
    pub http: reqwest::Client,
    /// Rung when work was enqueued, so that a worker looks at once.
    pub work_bell: Arc<Notify>,
    /// Cancelled on SIGTERM.
    pub stop: CancellationToken,
    /// Name of this process among those that share the database.
    pub process: Arc<str>,
    /// The payments that wait to be taken.
    pub settling: Arc<Settling>,
    settings: Arc<Mutex<Option<CachedSettings>>>,
}

impl AppState {
    /// Puts a state together. The database must be migrated.
    pub fn new(db: Db, clock: Clock, config: Config, secrets: Secrets) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(OUTSIDE_TIMEOUT)
            .connect_timeout(OUTSIDE_CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Kimonet/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Internal(format!("klien HTTP: {error}")))?;
        let process = format!("{}-{}", std::process::id(), hex::encode(crate::server::secrets::random_bytes::<4>()?));
        Ok(Self {
            db,
            clock,
            config: Arc::new(config),
            secrets,
            http,
            work_bell: Arc::new(Notify::new()),
            stop: CancellationToken::new(),
            process: process.into(),
            settling: Arc::default(),
            settings: Arc::new(Mutex::new(None)),
        })
    }

    /// The settings, at most a second old.
    pub async fn settings(&self) -> Result<Arc<Settings>> {
        match self.cached() {
            Some((settings, _)) => Ok(settings),
            None => Ok(self.read_settings().await?.0),
        }
    }

    /// The table of rights, at most a second old.
    pub async fn rights(&self) -> Result<Arc<RightsTable>> {
        match self.cached() {
            Some((_, rights)) => Ok(rights),
            None => Ok(self.read_settings().await?.1),
        }
    }

    /// The settings as the database has them now.
    pub async fn fresh_settings(&self) -> Result<Arc<Settings>> {
        Ok(self.read_settings().await?.0)
    }

    fn cached(&self) -> Option<(Arc<Settings>, Arc<RightsTable>)> {
        let cached = self.settings.lock().ok()?;
        let (read_at, settings, rights) = cached.as_ref()?;
        (read_at.elapsed() < SETTINGS_FRESH).then(|| (Arc::clone(settings), Arc::clone(rights)))
    }

    async fn read_settings(&self) -> Result<(Arc<Settings>, Arc<RightsTable>)> {
        let settings = Arc::new(Settings::load(&self.db, &self.secrets).await?);
        let rights = Arc::new(RightsTable::load(&self.db).await?);
        if let Ok(mut cached) = self.settings.lock() {
            *cached = Some((Instant::now(), Arc::clone(&settings), Arc::clone(&rights)));
        }
        Ok((settings, rights))
    }

    /// Refuses a key other than the one the database was sealed with; a database without one takes this.
    pub async fn check_key(&self) -> Result<()> {
        let value = self.secrets.check_value();
        let now = self.clock.now();
        if self.db.opt::<(String,)>(FIND_KEY_CHECK, args![KEY_CHECK]).await?.is_none() {
            let value = value.clone();
            self.db
                .write::<_, Error, _>(move |tx| {
                    let value = value.clone();
                    Box::pin(async move { Ok(tx.exec(PUT_KEY_CHECK, args![KEY_CHECK, value, now]).await?) })
                })
                .await?;
        }
        let (stored,) = self.db.one::<(String,)>(FIND_KEY_CHECK, args![KEY_CHECK]).await?;
        if stored == value {
            Ok(())
        } else {
            Err(Error::Refused(
                "Kunci aplikasi ini bukan kunci yang menyegel basis data. Pakai KIMONET_KEY_FILE (atau KIMONET_KEY) yang lama; tanpa kunci itu, rahasia di basis data tidak dapat dibuka."
                    .to_owned(),
            ))
        }
    }
}
