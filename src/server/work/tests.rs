use super::claim::{claim_at, lease_clock};
use super::*;
use crate::server::state::AppState;
use crate::server::testing::TestApp;
use crate::{args, sql};
use chrono::Duration;

sql!(STATES = "SELECT state, attempt, last_error FROM work ORDER BY id");
sql!(RUN_AT = "SELECT run_at FROM work ORDER BY id");

async fn put(state: &AppState, job: Job, after_s: i64) {
    let now = state.clock.now();
    state
        .db
        .write::<_, crate::server::error::Error, _>(move |tx| {
            let job = job.clone();
            Box::pin(async move { enqueue(tx, &job, now + Duration::seconds(after_s), now).await })
        })
        .await
        .unwrap();
}

async fn states(state: &AppState) -> Vec<String> {
    let rows: Vec<(String, i64, String)> = state.db.all(STATES, args![]).await.unwrap();
    rows.into_iter().map(|row| row.0).collect()
}

async fn claim_first(state: &AppState) -> Option<Claimed> {
    let now = state.clock.now();
    let first = candidates(state, now).await.unwrap().into_iter().next()?;
    claim(state, first.id, now).await.unwrap()
}

#[tokio::test]
async fn an_equal_item_that_waits_absorbs_and_comes_earlier() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let job = Job::SyncRouter { router_id: 1 };
        put(&app.state, job.clone(), 600).await;
        put(&app.state, job.clone(), 0).await;
        put(&app.state, job.clone(), 60).await;
        let times: Vec<(DateTime<Utc>,)> = app.state.db.all(RUN_AT, args![]).await.unwrap();
        assert_eq!(times, [(app.state.clock.now(),)]);
        // A running item absorbs nothing: what changed since its read needs another visit.
        let claimed = claim_first(&app.state).await.unwrap();
        put(&app.state, job, 0).await;
        assert_eq!(states(&app.state).await, ["running", "ready"]);
        assert_eq!(finish(&app.state, &claimed, Outcome::Done).await.unwrap(), Ending::Done);
    }
}

#[tokio::test]
async fn one_lane_runs_one_item_and_others_go_on() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let state = &app.state;
        for id in 1..=3 {
            put(state, Job::SendMessage { message_id: id }, 0).await;
        }
        put(state, Job::SettleNotice { notice_id: 1 }, 0).await;
        put(state, Job::SettleNotice { notice_id: 2 }, 0).await;
        let now = state.clock.now();
        let kinds: Vec<String> = candidates(state, now).await.unwrap().into_iter().map(|c| c.kind).collect();
        assert_eq!(kinds, ["send_message", "settle_notice", "settle_notice"]);
        let first = claim_first(state).await.unwrap();
        assert!(candidates(state, now).await.unwrap().iter().all(|c| c.kind == "settle_notice"));
        assert_eq!(claim_lane(state, "whatsapp").await.unwrap(), None);
        // Even a claim that did not look at the lane is refused by the index.
        assert_eq!(claim_at(&state.db, "other", first.id + 1, now, lease_clock(state)).await.unwrap(), None);
        finish(state, &first, Outcome::Done).await.unwrap();
        let second = claim_lane(state, "whatsapp").await.unwrap().unwrap();
        assert_eq!(second.job, Job::SendMessage { message_id: 2 });
    }
}

#[tokio::test]
async fn of_many_that_claim_one_gets_it() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let state = app.state.clone();
        for id in 1..=20 {
            put(&state, Job::SettleNotice { notice_id: id }, 0).await;
        }
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let state = state.clone();
                tokio::spawn(async move {
                    let (mut mine, now) = (Vec::new(), state.clock.now());
                    for candidate in candidates(&state, now).await.unwrap() {
                        mine.extend(claim(&state, candidate.id, now).await.unwrap().map(|claimed| claimed.id));
                    }
                    mine
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all.sort_unstable();
        assert_eq!(all.len(), 20);
        all.dedup();
        assert_eq!(all.len(), 20);
    }
}

#[tokio::test]
async fn a_lost_lease_writes_nothing() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let state = &app.state;
        put(state, Job::SyncRouter { router_id: 1 }, 0).await;
        let stale = claim_first(state).await.unwrap();
        // The process hangs for longer than its lease; another one takes over.
        let (now, later) = (state.clock.now(), lease_clock(state) + Duration::seconds(61));
        let taken = claim_at(&state.db, "other", stale.id, now, later).await.unwrap().unwrap();
        assert_eq!((taken.id, taken.attempt), (stale.id, 2));
        assert_eq!(finish(state, &stale, Outcome::Done).await.unwrap(), Ending::Lost);
        assert_eq!(states(state).await, ["running"]);
        assert_eq!(finish(state, &taken, Outcome::Done).await.unwrap(), Ending::Done);
        assert_eq!(states(state).await, ["done"]);
    }
}

#[tokio::test]
async fn a_panic_is_a_retry_and_too_many_are_a_dead_letter() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let state = &app.state;
        put(state, Job::SettleNotice { notice_id: 7 }, 0).await;
        for attempt in 1..=20 {
            let claimed = claim_first(state).await.unwrap();
            assert_eq!(claimed.attempt, attempt);
            let ending = carry(state, &claimed, async { panic!("boom") }).await.unwrap();
            assert_eq!(ending, if attempt < 20 { Ending::Retry } else { Ending::Dead });
            assert_eq!(claim_first(state).await, None, "a retry waits");
            state.clock.advance(Duration::minutes(7));
        }
        let dead = dead_letters(state).await.unwrap();
        assert_eq!((dead.len(), dead[0].attempt), (1, 20));
        assert!(dead[0].last_error.contains("boom"), "{}", dead[0].last_error);
        let who = crate::server::audit::Who::command();
        retry_dead(state, dead[0].id, &who).await.unwrap();
        assert_eq!(states(state).await, ["done", "ready"]);
        assert!(retry_dead(state, dead[0].id, &who).await.is_err());
        assert_eq!(queue_counts(state).await.unwrap(), QueueCounts { ready: 1, ..QueueCounts::default() });
    }
}

#[tokio::test]
async fn what_is_put_off_does_not_use_up_its_tries() {
    for app in TestApp::each("2026-01-15 21:00").await {
        let state = &app.state;
        put(state, Job::SendMessage { message_id: 1 }, 0).await;
        for _ in 0..10 {
            let claimed = claim_first(state).await.unwrap();
            assert_eq!(claimed.attempt, 1);
            let at = state.clock.now() + Duration::hours(1);
            finish(state, &claimed, Outcome::Later { at, reason: "jam tenang".to_owned() }).await.unwrap();
            state.clock.set(at);
        }
    }
}

#[tokio::test]
async fn a_failed_visit_gives_way_to_the_one_that_waits() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let state = &app.state;
        put(state, Job::SyncRouter { router_id: 1 }, 0).await;
        let claimed = claim_first(state).await.unwrap();
        put(state, Job::SyncRouter { router_id: 1 }, 0).await;
        let ending = finish(state, &claimed, Outcome::Retry { reason: "router mati".to_owned() }).await.unwrap();
        assert_eq!(ending, Ending::Retry);
        assert_eq!(states(state).await, ["done", "ready"]);
    }
}

/// Payloads as earlier releases stored them go on parsing.
#[test]
fn stored_payloads_still_parse() {
    for (text, job) in [
        (r#"{"kind":"sync_router","router_id":1}"#, Job::SyncRouter { router_id: 1 }),
        (r#"{"kind":"send_message","message_id":2}"#, Job::SendMessage { message_id: 2 }),
        (r#"{"kind":"settle_notice","notice_id":3}"#, Job::SettleNotice { notice_id: 3 }),
        (r#"{"kind":"ask_attempt","attempt_id":4}"#, Job::AskAttempt { attempt_id: 4 }),
        (
            r#"{"kind":"run_job","job":"isolir","slot":"2026-01-15T01:00:00Z"}"#,
            Job::RunJob { job: "isolir".to_owned(), slot: "2026-01-15T01:00:00Z".to_owned() },
        ),
        (r#"{"kind":"run_import","import_id":5}"#, Job::RunImport { import_id: 5 }),
    ] {
        assert_eq!(serde_json::from_str::<Job>(text).unwrap(), job);
    }
}

#[test]
fn routers_are_tried_for_ever_and_messages_five_times() {
    let router = Job::SyncRouter { router_id: 1 };
    let waits: Vec<u64> = (1..=7).map(|n| backoff(&router, n).unwrap().as_secs()).collect();
    assert_eq!(waits, [2, 4, 8, 16, 30, 30, 30]);
    assert!(backoff(&router, 1_000_000).is_some());
    let message = Job::SendMessage { message_id: 1 };
    let waits: Vec<Option<u64>> = (1..=5).map(|n| backoff(&message, n).map(|wait| wait.as_secs())).collect();
    assert_eq!(waits, [Some(60), Some(300), Some(900), Some(3_600), None]);
}
