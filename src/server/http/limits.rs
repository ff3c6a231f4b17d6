//! Limits on tries, counted in this process: generous by address, since a provider's customers share one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Keys remembered at most; the oldest windows go first.
const KEYS_MAX: usize = 50_000;

/// So many tries a window, by key.
#[derive(Clone, Debug)]
pub struct Limit {
    tries_max: u32,
    window: Duration,
    counts: Arc<Mutex<HashMap<String, (Instant, u32)>>>,
}

impl Limit {
    /// `tries_max` in `window`.
    pub fn new(tries_max: u32, window: Duration) -> Self {
        Self { tries_max, window, counts: Arc::default() }
    }

    /// Whether another try is allowed; counts nothing.
    pub fn allows(&self, key: &str) -> bool {
        let Ok(counts) = self.counts.lock() else { return true };
        counts.get(key).is_none_or(|(since, n)| since.elapsed() >= self.window || *n < self.tries_max)
    }

    /// Counts a try.
    pub fn count(&self, key: &str) {
        let Ok(mut counts) = self.counts.lock() else { return };
        if counts.len() >= KEYS_MAX {
            counts.retain(|_, (since, _)| since.elapsed() < self.window);
        }
        let entry = counts.entry(key.to_owned()).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= self.window {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    /// Forgets the tries of a key.
    pub fn forget(&self, key: &str) {
        if let Ok(mut counts) = self.counts.lock() {
            counts.remove(key);
        }
    }
}

/// The limits of the site.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Failed log-ins for one e-mail from one address.
    pub login: Limit,
    /// Failed log-ins from one address.
    pub login_address: Limit,
    /// Look-ups of numbers that do not exist, from one address.
    pub lookup: Limit,
    /// Refused callbacks from one address.
    pub callback: Limit,
    /// Payment numbers asked for from one address.
    pub pay: Limit,
    /// Papers drawn for one address.
    pub papers: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        let quarter = Duration::from_secs(15 * 60);
        Self {
            login: Limit::new(10, quarter),
            login_address: Limit::new(100, quarter),
            lookup: Limit::new(120, Duration::from_secs(60)),
            callback: Limit::new(600, Duration::from_secs(60)),
            pay: Limit::new(300, quarter),
            papers: Limit::new(300, quarter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_and_no_more() {
        let limit = Limit::new(2, Duration::from_secs(3600));
        assert!(limit.allows("a"));
        limit.count("a");
        limit.count("a");
        assert!(!limit.allows("a") && limit.allows("b"));
        limit.forget("a");
        assert!(limit.allows("a"));
    }
}
