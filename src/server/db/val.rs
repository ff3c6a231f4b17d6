//! The closed set of types that cross into SQL, and what a row must be to come back.

use crate::billing::{Period, Rupiah};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

/// An argument of a statement. Absent values keep their type: PostgreSQL refuses a text NULL for a bigint column.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    /// BIGINT: ids, counts, rupiah.
    I64(Option<i64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// TEXT.
    Text(Option<String>),
    /// DATE: a business day.
    Date(Option<NaiveDate>),
    /// TIMESTAMPTZ: an instant in UTC.
    At(Option<DateTime<Utc>>),
}

/// A struct (or tuple) that both engines' rows can become; `#[derive(sqlx::FromRow)]` is enough.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

macro_rules! from {
    ($($from:ty => $variant:ident, $value:ident -> $into:expr;)*) => {
        $(impl From<$from> for Val { fn from($value: $from) -> Self { Self::$variant(Some($into)) } }
          impl From<Option<$from>> for Val { fn from(value: Option<$from>) -> Self { Self::$variant(value.map(|$value| $into)) } })*
    };
}
from! {
    i64 => I64, x -> x;
    u32 => I64, x -> i64::from(x);
    i32 => I64, x -> i64::from(x);
    Rupiah => I64, x -> x.0;
    bool => Bool, x -> x;
    String => Text, x -> x;
    &str => Text, x -> x.to_owned();
    &String => Text, x -> x.clone();
    Period => Text, x -> x.to_string();
    NaiveDate => Date, x -> x;
    DateTime<Utc> => At, x -> x;
}
