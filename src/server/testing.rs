//! What tests stand on: an application on a fresh database of each engine, with a clock that they move.

use crate::args;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::clock::Clock;
use crate::server::config::Config;
use crate::server::db::Db;
use crate::server::guard::{Asked, Rights, Role};
use crate::server::ledger::{IssueReport, IssueWish, PayForm, Receipt, Scope, Source, VerifyReport, verify};
use crate::server::secrets::Secrets;
use crate::server::session::StaffSession;
use crate::server::settings;
use crate::server::state::AppState;
use crate::sql;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::OnceCell;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// An application on its own database.
#[derive(Debug)]
pub struct TestApp {
    /// The state that production code gets.
    pub state: AppState,
    folder: TempDir,
}

sql!(
    TEST_PACKAGE = "INSERT INTO package (name, profile, down_kbps, up_kbps, duration_months, created_at) VALUES ($1, $2, 20000, 20000, $3, $4) RETURNING id"
);
sql!(TEST_PRICE = "INSERT INTO package_price (package_id, price, valid_from) VALUES ($1, $2, $3)");
sql!(TEST_CUSTOMER = "INSERT INTO customer (number, name, name_search, phone, email, address, portal_password_hash, money_turn, created_at)
 VALUES (NULL, $1, $2, $3, '', '', '', 0, $4) RETURNING id");
sql!(TEST_SERVICE = "INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area, collector,
   started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason, manual,
   isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)
 VALUES ($1, $2, $2, $3, $6, $2, '', '', '', $4, 10, 'aktif', '', 'none', 0, '', 'normal', $5, '', 'none',
   NULL, 'unknown', '', NULL, '', FALSE, FALSE, '', $5) RETURNING id");
sql!(TEST_INVOICES = "SELECT period, total, paid, status FROM invoice WHERE service_id = $1 ORDER BY id");

/// A bill, as tests read it: period, total, paid, status.
pub type Bill = (String, i64, i64, String);

/// A migrated database of each engine, made once a process: most of a small test would be spent on migrating.
static SQLITE_TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

async fn migrated_sqlite() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("template.db");
    let db = Db::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    std::fs::read(file).unwrap()
}

async fn migrated_postgres(server: &str) -> String {
    let name = format!("t{}_template", std::process::id());
    let db = Db::connect(&create_postgres(server, &name, "").await).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    name
}

/// Makes a database; answers its address.
async fn create_postgres(server: &str, name: &str, how: &str) -> String {
    let pool = sqlx::PgPool::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} {how}"))).execute(&pool).await.unwrap();
    pool.close().await;
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    url.into()
}

impl TestApp {
    /// An application on each engine that is there: SQLite always, PostgreSQL when `TEST_DATABASE_URL` names a server
    /// (`make test` starts one). `at` is business time, `2026-01-15 10:00`.
    pub async fn each(at: &str) -> Vec<Self> {
        let mut apps = vec![Self::sqlite(at).await];
        if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
            apps.push(Self::postgres(at, &server).await);
        }
        apps
    }

    /// An application on SQLite.
    pub async fn sqlite(at: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("test.db");
        std::fs::write(&file, SQLITE_TEMPLATE.get_or_init(migrated_sqlite).await).unwrap();
        Self::on(at, &format!("sqlite:{}", file.display()), folder).await
    }

    async fn postgres(at: &str, server: &str) -> Self {
        let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let template = POSTGRES_TEMPLATE.get_or_init(|| migrated_postgres(server)).await;
        let url = create_postgres(server, &name, &format!("TEMPLATE {template}")).await;
        Self::on(at, &url, TempDir::new().unwrap()).await
    }

    async fn on(at: &str, database_url: &str, folder: TempDir) -> Self {
        let mut config = Config::load().unwrap();
        config.data = folder.path().to_owned();
        config.database_url = database_url.to_owned();
        let clock = Clock::at_business_date(config.zone, NaiveDate::MIN.max("2000-01-01".parse().unwrap()));
        let db = Db::connect(database_url).await.unwrap();
        let app = Self { state: AppState::new(db, clock, config, Secrets::generate().unwrap()).unwrap(), folder };
        app.at(at);
        app
    }

    /// Moves the clock to a business time.
    pub fn at(&self, at: &str) {
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M").unwrap();
        self.state.clock.set(self.state.clock.instant(at.date(), at.time()));
    }

    /// Somebody who was let in with the delivered rights of a role, as server functions hand him on.
    pub fn asked(&self, role: Role, staff_id: i64) -> Asked {
        let (name, rights) = (role.label().to_owned(), Rights::delivered(role));
        let staff = StaffSession { id: staff_id, name, role, rights, must_secure: false };
        let who = Who { staff_id: Some(staff_id), name: staff.name.clone(), address: String::new() };
        Asked { app: self.state.clone(), who, staff }
    }

    /// The folder of this application's data.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sets settings.
    pub async fn set(&self, pairs: &[(&str, &str)]) {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (secrets, now) = (self.state.secrets.clone(), self.state.clock.now());
        self.state
            .db
            .write::<_, crate::server::error::Error, _>(move |tx| {
                let (pairs, secrets) = (pairs.clone(), secrets.clone());
                Box::pin(async move {
                    for (key, value) in &pairs {
                        settings::put(tx, &secrets, key, value, now).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
        self.state.fresh_settings().await.unwrap();
    }

    /// A package, priced since 2000.
    pub async fn package(&self, name: &str, price: i64, duration_months: i64) -> i64 {
        let mut tx = self.state.db.begin().await.unwrap();
        let now = self.state.clock.now();
        let id = tx.number(TEST_PACKAGE, args![name, "Home-20M", duration_months, now]).await.unwrap();
        let since: NaiveDate = "2000-01-01".parse().unwrap();
        tx.exec_one(TEST_PRICE, args![id, price, since]).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A customer with one active service; answers the service. Its number is its name.
    pub async fn service(&self, name: &str, package_id: i64, started_on: &str) -> i64 {
        self.service_on(name, package_id, started_on, None).await
    }

    /// The same, on a router.
    pub async fn service_on(&self, name: &str, package_id: i64, started_on: &str, router_id: Option<i64>) -> i64 {
        let mut tx = self.state.db.begin().await.unwrap();
        let now = self.state.clock.now();
        let phone = format!("62812{:07}", NEXT.fetch_add(1, Ordering::Relaxed));
        let customer = tx.number(TEST_CUSTOMER, args![name, name.to_lowercase(), phone, now]).await.unwrap();
        let start: NaiveDate = started_on.parse().unwrap();
        let id = tx.number(TEST_SERVICE, args![customer, name, package_id, start, now, router_id]).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Issues a month for everybody.
    pub async fn issue(&self, period: &str) -> IssueReport {
        let wish =
            IssueWish { period: Some(period.parse().unwrap()), scope: Scope::All, notify: false, dry_run: false };
        self.state.ledger(Who::system()).await.unwrap().issue(wish).await.unwrap()
    }

    /// Takes cash.
    pub async fn cash(&self, service_id: i64, amount: i64) -> Receipt {
        let form = self.form(service_id, amount, Source::Cash);
        self.state.ledger(Who::command()).await.unwrap().settle(form).await.unwrap()
    }

    /// A payment form for today.
    pub fn form(&self, service_id: i64, amount: i64, source: Source) -> PayForm {
        PayForm {
            service_id,
            amount: Rupiah(amount),
            source,
            chosen: Vec::new(),
            received_on: self.state.clock.today(),
            received_by: "Rina".to_owned(),
            holder_id: None,
            reference: String::new(),
            note: String::new(),
            request_id: None,
            attempt_id: None,
        }
    }

    /// The bills of a service, in order of issue.
    pub async fn bills(&self, service_id: i64) -> Vec<Bill> {
        self.state.db.all(TEST_INVOICES, args![service_id]).await.unwrap()
    }

    /// Saldo of the payer of a service.
    pub async fn saldo(&self, service_id: i64) -> i64 {
        self.state.ledger(Who::system()).await.unwrap().balance(service_id).await.unwrap().credit.0
    }

    /// Fails unless the books agree.
    pub async fn assert_books(&self) -> VerifyReport {
        let report = verify(&self.state, true).await.unwrap();
        assert_eq!(report.differences, Vec::<String>::new(), "on {}", self.state.db.engine());
        report
    }

    /// Noon, for tests that need a time.
    pub fn noon() -> NaiveTime {
        NaiveTime::from_hms_opt(12, 0, 0).unwrap()
    }
}
