//! Settings and the set-up assistant.

use super::Function;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    vec![]
}
