//! Brings a database to the newest schema.

use super::{Db, DbError};
use sqlx::migrate::Migrator;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

impl Db {
    /// Applies what is missing; how many migrations that were. Several processes may call it at once.
    pub async fn migrate(&self) -> Result<usize, DbError> {
        let before = self.applied().await?;
        match self {
            Self::Sqlite { write, .. } => SQLITE.run(write).await?,
            Self::Postgres(pool) => POSTGRES.run(pool).await?,
        }
        Ok(self.applied().await?.saturating_sub(before))
    }

    /// How many migrations this version has.
    pub fn known(&self) -> usize {
        Self::known_of(self.engine())
    }

    /// How many migrations this version has for `sqlite` or `postgres`.
    pub fn known_of(engine: &str) -> usize {
        if engine == "sqlite" { SQLITE.iter().count() } else { POSTGRES.iter().count() }
    }

    /// How many migrations are missing. Commands refuse a database that is behind; `serve` applies them first.
    pub async fn pending(&self) -> Result<usize, DbError> {
        Ok(self.known().saturating_sub(self.applied().await?))
    }

    /// How many migrations the database has; 0 for one that was never set up.
    pub async fn applied(&self) -> Result<usize, DbError> {
        let there: i64 = match self {
            Self::Sqlite { write, .. } => {
                sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
                    .fetch_one(write)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_scalar("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = '_sqlx_migrations' AND table_schema = current_schema()")
                    .fetch_one(pool)
                    .await?
            }
        };
        if there == 0 {
            return Ok(0);
        }
        const APPLIED: &str = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
        let applied: i64 = match self {
            Self::Sqlite { write, .. } => sqlx::query_scalar(APPLIED).fetch_one(write).await?,
            Self::Postgres(pool) => sqlx::query_scalar(APPLIED).fetch_one(pool).await?,
        };
        Ok(usize::try_from(applied).unwrap_or(0))
    }
}
