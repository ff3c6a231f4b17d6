//! A list of row ids as one argument, on both engines: fixed-width decimal digits that SQL cuts up again. Neither
//! engine's arrays or JSON are needed, and a statement serves hundreds of rows.

/// Ids in one statement.
pub(crate) const IDS_MAX: usize = 500;

/// The ids as [`id_list!`](crate::id_list) reads them.
pub(crate) fn id_text(ids: &[i64]) -> String {
    ids.iter().map(|id| format!("{id:012}")).collect()
}

/// The parenthesised sub-select that gives the ids of argument `$1`, to stand behind `IN`.
#[macro_export]
macro_rules! id_list {
    () => {
        "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE (i + 2) * 12 <= LENGTH(CAST($1 AS TEXT))) SELECT CAST(SUBSTR(CAST($1 AS TEXT), i * 12 + 1, 12) AS BIGINT) FROM n)"
    };
}

/// The same of texts that are all 64 letters long (digests), joined without anything between.
#[macro_export]
macro_rules! digest_list {
    () => {
        "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE (i + 2) * 64 <= LENGTH(CAST($1 AS TEXT))) SELECT SUBSTR(CAST($1 AS TEXT), i * 64 + 1, 64) FROM n)"
    };
}
