//! A copy of the whole database in one file, and a database out of such a file, each engine by its own means: SQLite
//! copies itself (`VACUUM INTO`, one view, writers go on), PostgreSQL has `pg_dump` and `pg_restore`.

use super::{Db, DbError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use tokio::process::Command;

/// Where Debian keeps PostgreSQL's own programs, a folder a version.
const DEBIAN_TOOLS: &str = "/usr/lib/postgresql";
/// The tool's words that are kept of a failure.
const STDERR_CHARS_MAX: usize = 400;

fn failed(text: impl Into<String>) -> DbError {
    DbError::Dump(text.into())
}

impl Db {
    /// Writes everything that is committed now into a new file.
    pub async fn dump(&self, url: &str, into: &Path) -> Result<(), DbError> {
        match self {
            Self::Sqlite { write, .. } => {
                // A connection of its own: the writer must not wait, and readers may not write, not even elsewhere.
                let mut own = (*write.connect_options()).clone().connect().await?;
                sqlx::query("VACUUM INTO $1").bind(into.display().to_string()).execute(&mut own).await?;
                own.close().await?;
                Ok(())
            }
            Self::Postgres(_) => {
                let mut tool = command("pg_dump", url)?;
                // Not compressed here: the archive around it is.
                tool.args(["--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--file"]).arg(into);
                run(tool, "pg_dump").await
            }
        }
    }

    /// Whether nothing was ever put into it.
    pub async fn is_bare(&self) -> Result<bool, DbError> {
        let tables: i64 = match self {
            Self::Sqlite { write, .. } => {
                sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master").fetch_one(write).await?
            }
            Self::Postgres(pool) => {
                sqlx::query_scalar(
                    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()",
                )
                .fetch_one(pool)
                .await?
            }
        };
        Ok(tables == 0)
    }

    /// What is wrong with the file of the database itself; `None` where it is sound, or where a server sees to that.
    pub async fn unsound(&self) -> Result<Option<String>, DbError> {
        match self {
            Self::Sqlite { write, .. } => {
                let word: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(write).await?;
                Ok((word != "ok").then_some(word))
            }
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Bytes that the database takes.
    pub async fn bytes(&self) -> Result<i64, DbError> {
        match self {
            Self::Sqlite { read, .. } => Ok(sqlx::query_scalar(
                "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())",
            )
            .fetch_one(read)
            .await?),
            Self::Postgres(pool) => {
                Ok(sqlx::query_scalar("SELECT pg_database_size(current_database())").fetch_one(pool).await?)
            }
        }
    }
}

/// The file of a SQLite address; `None` for a server's.
pub fn file_of(url: &str) -> Result<Option<PathBuf>, DbError> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    Ok(Some(SqliteConnectOptions::from_str(url)?.get_filename().to_path_buf()))
}

/// Puts a dump into the bare database that `url` names. SQLite takes the file itself, so nothing may have it open.
pub async fn load(url: &str, from: &Path) -> Result<(), DbError> {
    if let Some(file) = file_of(url)? {
        for side in ["-wal", "-shm"] {
            let mut beside = file.clone().into_os_string();
            beside.push(side);
            remove_if_there(Path::new(&beside)).await?;
        }
        return tokio::fs::rename(from, &file).await.map_err(|error| failed(format!("{}: {error}", file.display())));
    }
    let name = PgConnectOptions::from_str(url)?.get_database().unwrap_or_default().to_owned();
    let mut tool = command("pg_restore", url)?;
    tool.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname"]);
    tool.arg(name).arg(from);
    run(tool, "pg_restore").await
}

async fn remove_if_there(path: &Path) -> Result<(), DbError> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// A database that exists for a trial only.
#[derive(Debug)]
pub struct Scratch {
    /// Its address.
    pub url: String,
    server: Option<(PgConnectOptions, String)>,
}

impl Scratch {
    /// A bare one beside the database of `url`: a file in `folder`, or a database of its own on the same server.
    pub async fn make(url: &str, folder: &Path, name: &str) -> Result<Self, DbError> {
        if file_of(url)?.is_some() {
            return Ok(Self { url: format!("sqlite:{}", folder.join("scratch.db").display()), server: None });
        }
        let options = PgConnectOptions::from_str(url)?;
        let mut server = PgConnection::connect_with(&options).await?;
        // One that a killed process left behind.
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
            .execute(&mut server)
            .await?;
        let made = sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut server).await;
        server.close().await?;
        if let Err(error) = made {
            return Err(failed(format!(
                "basis data percobaan tidak dapat dibuat ({error}); beri pengguna basis data hak CREATEDB"
            )));
        }
        let mut own = url::Url::parse(url).map_err(|error| failed(error.to_string()))?;
        own.set_path(name);
        Ok(Self { url: own.to_string(), server: Some((options, name.to_owned())) })
    }

    /// Takes it away; nobody may have it open any more. A file goes with its folder.
    pub async fn remove(self) -> Result<(), DbError> {
        let Some((options, name)) = self.server else { return Ok(()) };
        let mut server = PgConnection::connect_with(&options).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
            .execute(&mut server)
            .await?;
        server.close().await?;
        Ok(())
    }
}

/// One of PostgreSQL's programs, told by its environment where to connect: a command line can be read by others.
fn command(name: &str, url: &str) -> Result<Command, DbError> {
    let path = find(name).ok_or_else(|| {
        failed(format!("{name} tidak ditemukan di mesin ini; pasang klien PostgreSQL (paket postgresql-client)"))
    })?;
    let mut tool = Command::new(path);
    tool.envs(environment(url)?).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(tool)
}

/// In `PATH`, else where Debian keeps them, the newest first.
fn find(name: &str) -> Option<PathBuf> {
    let mut places: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN_TOOLS)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    places.extend(versions.into_iter().map(|(_, path)| path));
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file())
}

fn environment(url: &str) -> Result<Vec<(&'static str, String)>, DbError> {
    let url = url::Url::parse(url).map_err(|error| failed(error.to_string()))?;
    let mut set = Vec::new();
    let mut put = |name: &'static str, value: String| {
        if !value.is_empty() {
            set.push((name, value));
        }
    };
    put("PGHOST", url.host_str().map(decoded).unwrap_or_default());
    put("PGPORT", url.port().map(|port| port.to_string()).unwrap_or_default());
    put("PGUSER", decoded(url.username()));
    put("PGPASSWORD", url.password().map(decoded).unwrap_or_default());
    put("PGDATABASE", decoded(url.path().trim_start_matches('/')));
    for (key, value) in url.query_pairs() {
        let name = match &*key {
            "host" | "hostaddr" => "PGHOST",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" | "ssl-mode" => "PGSSLMODE",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            _ => continue,
        };
        put(name, value.into_owned());
    }
    Ok(set)
}

/// `%40` as `@`; a plus stays one.
fn decoded(text: &str) -> String {
    let form = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn run(mut tool: Command, name: &str) -> Result<(), DbError> {
    let output = tool.output().await.map_err(|error| failed(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(STDERR_CHARS_MAX).collect();
    Err(failed(format!("{name} gagal: {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_are_told_by_their_environment() {
        let set = environment("postgres://bu%20rina:p%40s+s@db.test:5433/kimonet?sslmode=require").unwrap();
        let of = |name: &str| set.iter().find(|pair| pair.0 == name).map_or("", |pair| pair.1.as_str());
        assert_eq!((of("PGHOST"), of("PGPORT"), of("PGDATABASE")), ("db.test", "5433", "kimonet"));
        assert_eq!((of("PGUSER"), of("PGPASSWORD"), of("PGSSLMODE")), ("bu rina", "p@s+s", "require"));
    }
}
