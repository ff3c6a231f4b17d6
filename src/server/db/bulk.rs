//! What concerns many rows at once: filling tables, and telling the planner how large they became.

use super::{DbError, Row, Tx, Val, bind};
use sqlx::{Postgres, Sqlite};

/// Values bound by one statement of many rows; both engines take 32,766 and more.
const MANY_VALUES_MAX: usize = 8_000;

/// The statements that insert `rows`, each with its values, in the engine's place holders.
fn many(
    tx: &Tx,
    head: &'static str,
    tail: &'static str,
    rows: Vec<Vec<Val>>,
) -> Vec<(sqlx::AssertSqlSafe<String>, Vec<Val>)> {
    let columns = rows.first().map_or(1, Vec::len).max(1);
    let per_statement = (MANY_VALUES_MAX / columns).max(1);
    let mut rows = rows.into_iter().peekable();
    let mut statements = Vec::new();
    while rows.peek().is_some() {
        let chunk: Vec<Vec<Val>> = rows.by_ref().take(per_statement).collect();
        let mut text = format!("{head} VALUES ");
        for row in 0..chunk.len() {
            // SQLite keeps the names of place holders in a list that it walks from the start for each: none has one.
            let places: Vec<String> = match tx {
                Tx::Sqlite(_) => vec!["?".to_owned(); columns],
                Tx::Postgres(_) => (1..=columns).map(|column| format!("${}", row * columns + column)).collect(),
            };
            text.push_str(if row == 0 { "(" } else { ", (" });
            text.push_str(&places.join(", "));
            text.push(')');
        }
        text.push(' ');
        text.push_str(tail);
        // Safe: `head` and `tail` are constants of the program, the rest is place holders.
        statements.push((sqlx::AssertSqlSafe(text), chunk.into_iter().flatten().collect()));
    }
    statements
}

impl Tx {
    /// Inserts many rows with few statements: `head` is `INSERT INTO table (columns…)`, each row holds a value for
    /// every column. For filling tables with rows that are made here; what is in tables already moves by `SELECT`.
    pub async fn insert_many(&mut self, head: &'static str, rows: Vec<Vec<Val>>) -> Result<(), DbError> {
        for (text, values) in many(self, head, "", rows) {
            match self {
                Self::Sqlite(tx) => bind(sqlx::query::<Sqlite>(text), values).execute(&mut **tx).await.map(|_| ())?,
                Self::Postgres(tx) => {
                    bind(sqlx::query::<Postgres>(text), values).execute(&mut **tx).await.map(|_| ())?
                }
            }
        }
        Ok(())
    }

    /// The same with what stands behind the rows, which ends in `RETURNING …`; answers a row of each, in no order.
    pub async fn insert_returning<T: Row>(
        &mut self,
        head: &'static str,
        tail: &'static str,
        rows: Vec<Vec<Val>>,
    ) -> Result<Vec<T>, DbError> {
        let mut all = Vec::with_capacity(rows.len());
        for (text, values) in many(self, head, tail, rows) {
            match self {
                Self::Sqlite(tx) => {
                    for row in bind(sqlx::query::<Sqlite>(text), values).fetch_all(&mut **tx).await? {
                        all.push(T::from_row(&row)?);
                    }
                }
                Self::Postgres(tx) => {
                    for row in bind(sqlx::query::<Postgres>(text), values).fetch_all(&mut **tx).await? {
                        all.push(T::from_row(&row)?);
                    }
                }
            }
        }
        Ok(all)
    }

    /// Lets the database give ids above those that rows were inserted with. SQLite does so by itself.
    pub async fn ids_follow(&mut self, table: &'static str) -> Result<(), DbError> {
        if let Self::Postgres(tx) = self {
            let text = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT COALESCE(MAX(id), 1) FROM {table}))"
            );
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Reads the table statistics anew, from some rows of each index, so that the planner knows their size.
    ///
    /// SQLite's samples of values are dropped again: with them it plans a statement anew for every value bound to it,
    /// which costs more than the look-up itself.
    pub async fn analyze(&mut self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => {
                for text in
                    ["PRAGMA analysis_limit = 1000", "ANALYZE", "DELETE FROM sqlite_stat4", "ANALYZE sqlite_schema"]
                {
                    sqlx::query(text).execute(&mut **tx).await?;
                }
            }
            Self::Postgres(tx) => sqlx::query("ANALYZE").execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Tells PostgreSQL how large these tables have become in this transaction: a planner that believes them empty joins
    /// them row by row. SQLite plans by indexes and needs no telling.
    pub async fn tell_sizes(&mut self, tables: &'static str) -> Result<(), DbError> {
        if let Self::Postgres(tx) = self {
            // Safe: names of tables, constants of the program.
            sqlx::query(sqlx::AssertSqlSafe(format!("ANALYZE {tables}"))).execute(&mut **tx).await?;
        }
        Ok(())
    }
}
