//! The database, one facade over SQLite and PostgreSQL. Nothing outside this folder knows that there are two.
//!
//! SQL is written once, with `$1…` placeholders, in consts declared by [`sql!`]; arguments are a closed set of types
//! ([`Val`]); rows are `#[derive(sqlx::FromRow)]` structs. Writes exist only on [`Tx`], behind [`Db::write`], which
//! runs in a task of its own (a client that goes away must not cancel it) and repeats what the database asks to repeat.

mod bulk;
pub mod dump;
mod migrate;
mod val;

pub use val::{Row, Val};

use futures::TryStreamExt;
use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Database, Encode, Postgres, Sqlite, Transaction, Type};
use std::str::FromStr;
use std::time::Duration;

/// Connections that read beside the one that writes (SQLite). 8 gave twice the look-ups of 1 on two cores.
const SQLITE_READERS: u32 = 8;
/// Bytes of the file that readers see in their own addresses: a scan of 100,000 rows is not copied page by page into each
/// connection's cache, which is smaller than that (20 ms instead of 28). The most that SQLite maps.
const SQLITE_MAP: &str = "2147418112";
/// How long a statement waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections of one process to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How often a write is repeated when the database says that it collided with another.
const WRITE_TRIES_MAX: u32 = 8;

/// One SQL text of the program, gathered for the test that prepares each on both engines.
#[derive(Debug)]
pub struct SqlText {
    /// `module::NAME`.
    pub name: &'static str,
    /// The text on SQLite.
    pub sqlite: &'static str,
    /// The text on PostgreSQL; the same but for a handful.
    pub postgres: &'static str,
}
inventory::collect!(SqlText);

/// Every SQL text of the program.
pub fn all_sql() -> Vec<&'static SqlText> {
    inventory::iter::<SqlText>().collect()
}

/// A statement, one text for both engines or, for at most ten in the program, one for each.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// The same text on both engines.
    pub const fn same(text: &'static str) -> Self {
        Self { sqlite: text, postgres: text }
    }

    /// The way out where the engines have no common words (row locks, date arithmetic). At most ten in the program.
    pub const fn per_engine(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// The text on SQLite.
    pub const fn sqlite(&self) -> &'static str {
        self.sqlite
    }

    /// The text on PostgreSQL.
    pub const fn postgres(&self) -> &'static str {
        self.postgres
    }
}

/// Declares a statement and enters it in the list that a test prepares on both engines:
/// `sql!(pub FIND_SERVICE = "SELECT …");` or, per engine, `sql!(CLAIM = "…sqlite…" | "…postgres…");`
#[macro_export]
macro_rules! sql {
    ($(#[$doc:meta])* $vis:vis $name:ident = $text:expr) => {
        $(#[$doc])*
        $vis const $name: $crate::server::db::Sql = $crate::server::db::Sql::same($text);
        inventory::submit! { $crate::server::db::SqlText {
            name: concat!(module_path!(), "::", stringify!($name)), sqlite: $text, postgres: $text } }
    };
    ($(#[$doc:meta])* $vis:vis $name:ident = sqlite $lite:expr, postgres $pg:expr) => {
        $(#[$doc])*
        $vis const $name: $crate::server::db::Sql = $crate::server::db::Sql::per_engine($lite, $pg);
        inventory::submit! { $crate::server::db::SqlText {
            name: concat!(module_path!(), "::", stringify!($name)), sqlite: $lite, postgres: $pg } }
    };
}

/// Arguments of a statement, in the order of `$1…`: `args![id, now, "aktif"]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::server::db::Val::from($value)),*] };
}

/// What the database can answer instead of rows.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The driver's own error: connection, syntax, constraint.
    #[error(transparent)]
    Driver(#[from] sqlx::Error),
    /// A migration failed or does not match what the database holds.
    #[error(transparent)]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A guarded statement moved another number of rows than it must.
    #[error("{actual} baris berubah, seharusnya {expected}: {sql}")]
    RowsAffected {
        /// Rows that had to move.
        expected: u64,
        /// Rows that moved.
        actual: u64,
        /// The statement.
        sql: &'static str,
    },
    /// `DATABASE_URL` names neither engine.
    #[error("DATABASE_URL harus dimulai dengan sqlite: atau postgres://, bukan {0:?}")]
    UnknownEngine(String),
    /// A copy of the database could not be made or read back.
    #[error("{0}")]
    Dump(String),
    /// The task that wrote ended without an answer.
    #[error("penulisan ke basis data terputus: {0}")]
    Task(String),
}

impl DbError {
    /// Whether the same transaction may succeed when it is run again (serialization failure, deadlock, busy).
    pub fn is_retryable(&self) -> bool {
        let Self::Driver(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("40001" | "40P01" | "5" | "6" | "261" | "517" | "55P03"))
    }

    /// Whether the database did not answer at all.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed))
    }

    /// Whether a unique key refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

/// An error that a write may end with: the database's own, or one of the area that wrote.
pub trait WriteError: From<DbError> + Send + 'static {
    /// The database's error, if that is what it is.
    fn db(&self) -> Option<&DbError>;
}

impl WriteError for DbError {
    fn db(&self) -> Option<&DbError> {
        Some(self)
    }
}

/// The database: pools of one of the two engines. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// One file, one writer, many readers.
    Sqlite {
        /// The one connection that writes.
        write: SqlitePool,
        /// The connections that read.
        read: SqlitePool,
    },
    /// A server that several processes may share.
    Postgres(PgPool),
}

/// An open transaction of one of the two engines.
#[derive(Debug)]
pub enum Tx {
    /// `BEGIN IMMEDIATE` on the write connection.
    Sqlite(Transaction<'static, Sqlite>),
    /// An ordinary transaction (READ COMMITTED).
    Postgres(Transaction<'static, Postgres>),
}

fn bind<'q, DB: Database>(mut query: Query<'q, DB, DB::Arguments>, args: Vec<Val>) -> Query<'q, DB, DB::Arguments>
where
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<bool>: Encode<'q, DB> + Type<DB>,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Option<chrono::NaiveDate>: Encode<'q, DB> + Type<DB>,
    Option<chrono::DateTime<chrono::Utc>>: Encode<'q, DB> + Type<DB>,
{
    for arg in args {
        query = match arg {
            Val::I64(x) => query.bind(x),
            Val::Bool(x) => query.bind(x),
            Val::Text(x) => query.bind(x),
            Val::Date(x) => query.bind(x),
            Val::At(x) => query.bind(x),
        };
    }
    query
}

macro_rules! fetch_all {
    ($db:ty, $row:ty, $exec:expr, $sql:expr, $args:expr) => {{
        // Each row as it comes: a driver's row is many times as large as what is made of it.
        let mut rows = bind(sqlx::query::<$db>($sql), $args).fetch($exec);
        let mut all = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let row: $row = row;
            all.push(T::from_row(&row)?);
        }
        Ok(all)
    }};
}

macro_rules! fetch_opt {
    ($db:ty, $row:ty, $exec:expr, $sql:expr, $args:expr) => {
        bind(sqlx::query::<$db>($sql), $args)
            .fetch_optional($exec)
            .await?
            .as_ref()
            .map(|row: &$row| T::from_row(row))
            .transpose()
            .map_err(DbError::from)
    };
}

impl Db {
    /// Rows that one transaction of a long run writes: on SQLite few enough that others soon get the one writer (4,000 are
    /// some tens of milliseconds); PostgreSQL's writers do not wait for each other, and joins large chunks better.
    pub fn rows_per_write(&self) -> i64 {
        match self {
            Self::Sqlite { .. } => 4_000,
            Self::Postgres(_) => 25_000,
        }
    }

    /// Opens the database that `url` names. A missing SQLite file is created; nothing is migrated.
    pub async fn connect(url: &str) -> Result<Self, DbError> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("cache_size", "-16000")
                .pragma("temp_store", "memory")
                .foreign_keys(true);
            // A file does not go away: no question to the connection before each use, which would cost as much as a look-up.
            let pool = || SqlitePoolOptions::new().test_before_acquire(false);
            let write = pool().max_connections(1).connect_with(options.clone()).await?;
            let read = options.pragma("query_only", "on").pragma("mmap_size", SQLITE_MAP);
            let read = pool().max_connections(SQLITE_READERS).connect_with(read).await?;
            Ok(Self::Sqlite { write, read })
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // Statements here are short or insert rows: compiling a plan to machine code, or helpers beside it, cost more than
            // they save where a page's statements run side by side already. Nobody runs this on a disk that turns.
            let options = PgConnectOptions::from_str(url)?.options([
                ("jit", "off"),
                ("max_parallel_workers_per_gather", "0"),
                ("random_page_cost", "1.1"),
            ]);
            Ok(Self::Postgres(PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).connect_with(options).await?))
        } else {
            Err(DbError::UnknownEngine(url.split("://").next().unwrap_or_default().to_owned()))
        }
    }

    /// `sqlite` or `postgres`, for people.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Every row of a read.
    pub async fn all<T: Row>(&self, sql: Sql, args: Vec<Val>) -> Result<Vec<T>, DbError> {
        match self {
            Self::Sqlite { read, .. } => fetch_all!(Sqlite, SqliteRow, read, sql.sqlite, args),
            Self::Postgres(pool) => fetch_all!(Postgres, PgRow, pool, sql.postgres, args),
        }
    }

    /// The first row of a read, if there is one.
    pub async fn opt<T: Row>(&self, sql: Sql, args: Vec<Val>) -> Result<Option<T>, DbError> {
        match self {
            Self::Sqlite { read, .. } => fetch_opt!(Sqlite, SqliteRow, read, sql.sqlite, args),
            Self::Postgres(pool) => fetch_opt!(Postgres, PgRow, pool, sql.postgres, args),
        }
    }

    /// The one row that a read must answer with; none is an error.
    pub async fn one<T: Row>(&self, sql: Sql, args: Vec<Val>) -> Result<T, DbError> {
        self.opt(sql, args).await?.ok_or(DbError::Driver(sqlx::Error::RowNotFound))
    }

    /// The one number that a read answers with (a count, a sum).
    pub async fn number(&self, sql: Sql, args: Vec<Val>) -> Result<i64, DbError> {
        Ok(self.one::<(i64,)>(sql, args).await?.0)
    }

    /// Begins a transaction. Prefer [`Db::write`]; this is for readers that need one view over several statements,
    /// and for tests that stop in the middle.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        match self {
            Self::Sqlite { write, .. } => Ok(Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Postgres(pool) => Ok(Tx::Postgres(pool.begin().await?)),
        }
    }

    /// Runs `body` in a transaction, in a task of its own, and commits if it succeeds. When the database says that
    /// the transaction collided with another, everything is rolled back and `body` runs again; it must therefore
    /// touch nothing but the transaction.
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: WriteError,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let db = self.clone();
        let task = tokio::spawn(async move {
            let mut tries = 0;
            loop {
                tries += 1;
                let result = async {
                    let mut tx = db.begin().await.map_err(E::from)?;
                    let value = body(&mut tx).await?;
                    tx.commit().await.map_err(E::from)?;
                    Ok(value)
                }
                .await;
                match result {
                    Err(error) if tries < WRITE_TRIES_MAX && E::db(&error).is_some_and(DbError::is_retryable) => {
                        tracing::debug!(tries, "transaction collided, running it again");
                        tokio::time::sleep(Duration::from_millis(u64::from(tries * tries) * 3)).await;
                    }
                    other => return other,
                }
            }
        });
        task.await.map_err(|error| E::from(DbError::Task(error.to_string())))?
    }
}

impl Tx {
    /// Every row of a read inside the transaction.
    pub async fn all<T: Row>(&mut self, sql: Sql, args: Vec<Val>) -> Result<Vec<T>, DbError> {
        match self {
            Self::Sqlite(tx) => fetch_all!(Sqlite, SqliteRow, &mut **tx, sql.sqlite, args),
            Self::Postgres(tx) => fetch_all!(Postgres, PgRow, &mut **tx, sql.postgres, args),
        }
    }

    /// The first row, if there is one.
    pub async fn opt<T: Row>(&mut self, sql: Sql, args: Vec<Val>) -> Result<Option<T>, DbError> {
        match self {
            Self::Sqlite(tx) => fetch_opt!(Sqlite, SqliteRow, &mut **tx, sql.sqlite, args),
            Self::Postgres(tx) => fetch_opt!(Postgres, PgRow, &mut **tx, sql.postgres, args),
        }
    }

    /// The one row that must be there (also for `INSERT … RETURNING id`).
    pub async fn one<T: Row>(&mut self, sql: Sql, args: Vec<Val>) -> Result<T, DbError> {
        self.opt(sql, args).await?.ok_or(DbError::Driver(sqlx::Error::RowNotFound))
    }

    /// The one number (an id, a count, a sum).
    pub async fn number(&mut self, sql: Sql, args: Vec<Val>) -> Result<i64, DbError> {
        Ok(self.one::<(i64,)>(sql, args).await?.0)
    }

    /// Runs a statement; how many rows it moved.
    pub async fn exec(&mut self, sql: Sql, args: Vec<Val>) -> Result<u64, DbError> {
        match self {
            Self::Sqlite(tx) => {
                Ok(bind(sqlx::query::<Sqlite>(sql.sqlite), args).execute(&mut **tx).await?.rows_affected())
            }
            Self::Postgres(tx) => {
                Ok(bind(sqlx::query::<Postgres>(sql.postgres), args).execute(&mut **tx).await?.rows_affected())
            }
        }
    }

    /// Runs a guarded statement that must move exactly one row.
    pub async fn exec_one(&mut self, sql: Sql, args: Vec<Val>) -> Result<(), DbError> {
        match self.exec(sql, args).await? {
            1 => Ok(()),
            actual => Err(DbError::RowsAffected { expected: 1, actual, sql: sql.sqlite }),
        }
    }

    /// Waits until no other transaction holds the row that `sql` names, and holds it until this one ends. On SQLite whoever
    /// writes is alone already, and nothing is asked.
    pub async fn lock(&mut self, sql: Sql, args: Vec<Val>) -> Result<(), DbError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => {
                bind(sqlx::query::<Postgres>(sql.postgres), args).execute(&mut **tx).await?;
                Ok(())
            }
        }
    }

    /// Makes it so.
    pub async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => Ok(tx.commit().await?),
            Self::Postgres(tx) => Ok(tx.commit().await?),
        }
    }

    /// Undoes all of it.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => Ok(tx.rollback().await?),
            Self::Postgres(tx) => Ok(tx.rollback().await?),
        }
    }
}

#[cfg(test)]
mod tests;
