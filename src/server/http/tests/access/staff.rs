//! Staff, rights, the log of activities.

use super::{Download, Function};

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![]
}
