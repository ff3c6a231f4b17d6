//! What a visit saw, written down: one transaction, changed services in groups of equal change, the others by one
//! statement for the whole router.

use super::visit::Seen;
use super::{Loaded, SyncReport, tell};
use crate::server::access::ids::{IDS_MAX, id_text};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::routers::store::{self, RouterRow};
use crate::server::routers::strategy::{Observed, Want};
use crate::server::state::AppState;
use crate::{args, id_list, sql};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A change that many services may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    observed: &'static str,
    profile: String,
    problem: String,
    desired: String,
    kick_wanted: bool,
}

/// A line of the isolir log that many services may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    what: &'static str,
    reason: String,
    before: String,
    after: String,
}

/// All that is to be written.
#[derive(Clone, Debug, Default)]
struct Notes {
    changes: BTreeMap<Change, Vec<i64>>,
    events: BTreeMap<Event, Vec<i64>>,
    cut: Vec<i64>,
    restored: Vec<i64>,
    left_behind: Vec<i64>,
}

sql!(SERVICES_SEEN = "UPDATE service SET observed_at = $2 WHERE router_id = $1");
// The wish may have changed since the read: then the kick belongs to the new one.
sql!(
    SERVICES_CHANGED = concat!(
        "UPDATE service SET observed = $2, observed_profile = $3, router_problem = $4,
   kick_wanted = CASE WHEN desired = $5 THEN $6 ELSE kick_wanted END,
   disabled_by_us = CASE WHEN $2 = 'disabled' THEN disabled_by_us ELSE FALSE END
 WHERE router_id = $7 AND id IN ",
        id_list!()
    )
);
sql!(
    EVENTS = concat!(
        "INSERT INTO access_event (service_id, what, reason, profile_before, profile_after, who, at)
 SELECT s.id, $2, $3, $4, $5, 'Sistem', $6 FROM service s WHERE s.id IN ",
        id_list!()
    )
);
sql!(LEFTOVERS_DONE = concat!("UPDATE router_leftover SET done_at = $2 WHERE done_at IS NULL AND id IN ", id_list!()));
sql!(
    ROUTER_UP = "UPDATE router SET state = 'up', state_since = CASE WHEN state = 'up' THEN state_since ELSE $2 END, last_read_at = $2, last_problem = $3, failures = 0 WHERE id = $1"
);
sql!(
    ROUTER_DOWN = "UPDATE router SET state = 'down', state_since = CASE WHEN state = 'down' THEN state_since ELSE $2 END, last_problem = $3, failures = failures + 1 WHERE id = $1"
);

/// Writes a visit that came to its end.
pub(super) async fn success(state: &AppState, router: &RouterRow, loaded: &[Loaded], seen: Seen) -> Result<SyncReport> {
    store::note_profiles(state, router.id, &seen.known_profiles).await?;
    let settings = state.settings().await?;
    let notes = notes(loaded, &seen);
    let (now, router_id, router_problem) = (state.clock.now(), router.id, seen.router_problem.clone());
    let teller = tell::Teller::new(state, settings);
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (notes, problem, teller) = (notes.clone(), router_problem.clone(), teller.clone());
            Box::pin(async move {
                tx.exec(SERVICES_SEEN, args![router_id, now]).await?;
                write_notes(tx, router_id, &notes, now).await?;
                tx.exec(ROUTER_UP, args![router_id, now, problem]).await?;
                teller.tell(tx, &notes.cut, &notes.restored, now).await
            })
        })
        .await?;
    state.work_bell.notify_waiters();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    // A visit that could do nothing is not repeated at once: the sweep comes in minutes.
    let advanced = !seen.changed.is_empty() || seen.kicked > 0;
    Ok(SyncReport {
        name: router.name.clone(),
        read: count(seen.read),
        changed: count(seen.changed.len()),
        kicked: seen.kicked,
        unmatched: count(seen.unmatched),
        error: None,
        left: if advanced { count(seen.kicks_left.len() + seen.changes_left) } else { 0 },
        again: seen.again,
    })
}

/// Writes that a visit failed: the router is down, and nothing else changed.
pub(super) async fn failure(state: &AppState, router: &RouterRow, problem: &str) -> Result<()> {
    let (now, id, problem) = (state.clock.now(), router.id, problem.to_owned());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let problem = problem.clone();
            Box::pin(async move {
                tx.exec(ROUTER_DOWN, args![id, now, problem]).await?;
                Ok(())
            })
        })
        .await
}

async fn write_notes(tx: &mut Tx, router_id: i64, notes: &Notes, now: DateTime<Utc>) -> Result<()> {
    for (change, ids) in &notes.changes {
        for chunk in ids.chunks(IDS_MAX) {
            let args = args![
                id_text(chunk),
                change.observed,
                &change.profile,
                &change.problem,
                &change.desired,
                change.kick_wanted,
                router_id
            ];
            tx.exec(SERVICES_CHANGED, args).await?;
        }
    }
    for (event, ids) in &notes.events {
        for chunk in ids.chunks(IDS_MAX) {
            tx.exec(EVENTS, args![id_text(chunk), event.what, &event.reason, &event.before, &event.after, now]).await?;
        }
    }
    for chunk in notes.left_behind.chunks(IDS_MAX) {
        tx.exec(LEFTOVERS_DONE, args![id_text(chunk), now]).await?;
    }
    Ok(())
}

fn word(observed: &Observed) -> &'static str {
    match observed {
        Observed::Normal => "normal",
        Observed::Isolated => "isolated",
        Observed::Disabled => "disabled",
        Observed::Missing => "missing",
        Observed::Other(_) => "other",
    }
}

fn notes(loaded: &[Loaded], seen: &Seen) -> Notes {
    let mut notes = Notes::default();
    for service in loaded {
        if service.id < 0 {
            // Left behind: done once it has no access and no session.
            let gone = seen.after.get(&service.id).is_some_and(|after| after.satisfies(Want::Disabled));
            if gone && !seen.kicks_left.contains(&service.id) {
                notes.left_behind.push(-service.id);
            }
            continue;
        }
        let Some(after) = seen.after.get(&service.id) else { continue };
        let profile = seen.profiles.get(&service.pppoe_username).cloned().unwrap_or_default();
        let problem = seen.problems.get(&service.id).cloned().unwrap_or_default();
        let fulfilled = service.want().is_none_or(|want| after.satisfies(want));
        let kick_wanted = seen.kicks_left.contains(&service.id)
            || (!fulfilled && (service.kick_wanted || seen.attempted.contains(&service.id)));
        let change = Change {
            observed: word(after),
            profile: profile.clone(),
            problem: problem.clone(),
            desired: service.desired.clone(),
            kick_wanted,
        };
        let same = service.observed == change.observed
            && service.observed_profile == change.profile
            && service.router_problem == change.problem
            && service.kick_wanted == kick_wanted
            // `remember` raised both in the database since.
            && !seen.attempted.contains(&service.id)
            && !(service.disabled_by_us && change.observed != "disabled");
        if !same {
            notes.changes.entry(change).or_default().push(service.id);
        }
        note_events(&mut notes, service, seen, after, &profile, &problem);
    }
    notes
}

fn note_events(notes: &mut Notes, service: &Loaded, seen: &Seen, after: &Observed, profile: &str, problem: &str) {
    let mut event = |what: &'static str, reason: &str, before: &str, after: &str| {
        let event = Event { what, reason: reason.to_owned(), before: before.to_owned(), after: after.to_owned() };
        notes.events.entry(event).or_default().push(service.id);
    };
    let now = word(after);
    let was = service.observed.as_str();
    if seen.created.contains(&service.id) {
        event("created", "Akun dibuat di router", "", profile);
    }
    // What was as wished at the last read is not so at this one, and it was not we who changed it.
    if let (Some(want), Some(first)) = (service.want(), seen.before.get(&service.id))
        && !first.satisfies(want)
        && was == word_of_wish(&service.desired)
        && !service.kick_wanted
        && !matches!(first, Observed::Missing)
    {
        let found = match first {
            Observed::Other(profile) => profile.clone(),
            other => word(other).to_owned(),
        };
        event("drift", "Diubah di luar Kimonet", &service.observed_profile, &found);
    }
    if now != was {
        match now {
            "isolated" if service.desired == "isolated" => {
                event("isolated", "Dibaca ulang dari router", &service.observed_profile, profile)
            }
            "disabled" if service.desired == "disabled" => {
                event("disabled", "Dibaca ulang dari router", &service.observed_profile, profile)
            }
            "normal" if was == "isolated" || was == "disabled" => {
                event("restored", "Dibaca ulang dari router", &service.observed_profile, profile);
            }
            _ => {}
        }
    }
    if !problem.is_empty() && problem != service.router_problem {
        event("problem", problem, &service.observed_profile, profile);
    }
    if now != was && now == "isolated" && service.desired == "isolated" {
        notes.cut.push(service.id);
    }
    if now == "normal" && was == "isolated" && service.desired == "normal" {
        notes.restored.push(service.id);
    }
}

fn word_of_wish(desired: &str) -> &str {
    match desired {
        "normal" | "isolated" | "disabled" => desired,
        _ => "",
    }
}
