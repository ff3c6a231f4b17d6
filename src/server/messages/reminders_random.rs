//! Random customers, bills and days: nobody is reminded twice a day, nobody whose day it is goes without. The seed is in
//! the message.

use super::*;
use crate::server::db::Db;
use crate::server::testing::TestApp;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

sql!(ROUTER = "INSERT INTO router (name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures, created_at)
 VALUES ('R', '127.0.0.1', 1, 'u', '', 'ISOLIR', 'profile', 'off', '', 'unknown', NULL, NULL, '', 0, $1) RETURNING id");
sql!(PHONE = "UPDATE customer SET phone = $2 WHERE id = (SELECT customer_id FROM service WHERE id = $1)");
sql!(PAYER = "UPDATE service SET customer_id = (SELECT customer_id FROM service WHERE id = $2) WHERE id = $1");
sql!(BILL = "INSERT INTO invoice (number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, created_at)
 VALUES ($1, (SELECT customer_id FROM service WHERE id = $2), $2, $3, 'regular', $4, $4, 300000, 0, 'open', 'x', 'Home', $5) RETURNING id");
sql!(PAY = "UPDATE invoice SET paid = $2, status = CASE WHEN $2 = total THEN 'paid' ELSE 'partial' END WHERE id = $1");
sql!(END = "UPDATE invoice SET status = 'void' WHERE status IN ('open', 'partial')");
sql!(LAST = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM message");
sql!(SINCE = "SELECT phone, day, kind, text FROM message WHERE id > $1 ORDER BY id");

/// A phone and a day of business.
type Turn = (String, NaiveDate);

struct Line {
    id: i64,
    number: String,
    phone: String,
    on_router: bool,
}

struct Owed {
    id: i64,
    line: usize,
    due_on: NaiveDate,
    open: bool,
}

/// What a message of that turn must be.
struct Expected {
    warns: bool,
    /// Services with an open bill whose day it is.
    names: BTreeSet<String>,
}

struct History {
    lines: Vec<Line>,
    bills: Vec<Owed>,
    warn_days: u64,
    grace: u64,
}

impl History {
    /// By the rule, not by the job's own code: RULES, "Messages" and `isolir.warn_days`.
    fn expected(&self, phone: &str, today: NaiveDate) -> Option<Expected> {
        let of = |line: usize| self.bills.iter().filter(move |bill| bill.open && bill.line == line);
        let mut expected = Expected { warns: false, names: BTreeSet::new() };
        for (at, line) in self.lines.iter().enumerate().filter(|(_, line)| line.phone == phone) {
            if of(at).any(|bill| [7, 3, 1, 0].iter().any(|days| bill.due_on == today + Days::new(*days))) {
                expected.names.insert(line.number.clone());
            }
            // Cut on the day after the grace of its oldest debt.
            let cut = of(at).map(|bill| bill.due_on).min().map(|due| due + Days::new(self.grace + 1));
            expected.warns |= line.on_router && self.warn_days > 0 && cut == Some(today + Days::new(self.warn_days));
        }
        (phone.starts_with("628") && (expected.warns || !expected.names.is_empty())).then_some(expected)
    }

    fn phones(&self) -> BTreeSet<String> {
        self.lines.iter().map(|line| line.phone.clone()).collect()
    }
}

async fn begin(t: &TestApp, seed: u64, rng: &mut StdRng, package: i64, router: i64) -> History {
    let (warn_days, grace) = (rng.random_range(0..2), rng.random_range(0..3));
    t.set(&[("isolir.warn_days", &warn_days.to_string()), ("isolir.grace_days", &grace.to_string())]).await;
    // Two mobile phones for all, and two numbers that WhatsApp does not reach.
    let phones = [format!("628120{seed:04}001"), format!("628570{seed:04}02"), "62211234567".to_owned(), String::new()];
    let mut lines = Vec::new();
    for n in 0..rng.random_range(2..6) {
        let (number, on_router) = (format!("L{seed:03}{n:02}"), rng.random_bool(0.6));
        let id = t.service_on(&number, package, "2025-06-01", on_router.then_some(router)).await;
        let phone = phones[[0, 0, 1, 1, 2, 3][rng.random_range(0..6)]].clone();
        lines.push(Line { id, number, phone, on_router });
    }
    let mut tx = t.state.db.begin().await.unwrap();
    for at in 0..lines.len() {
        tx.exec_one(PHONE, args![lines[at].id, &lines[at].phone]).await.unwrap();
        if at > 0 && rng.random_bool(0.4) {
            // Another service of the one before: one payer, one phone.
            tx.exec_one(PAYER, args![lines[at].id, lines[at - 1].id]).await.unwrap();
            lines[at].phone = lines[at - 1].phone.clone();
        }
    }
    let first: NaiveDate = "2026-03-01".parse().unwrap();
    let mut bills = Vec::new();
    // Due within days of each other, so that one phone's reminders and warnings meet on one day; over the turn of a month.
    let base = first + Days::new(rng.random_range(0..30));
    for n in 0..rng.random_range(3..10) {
        let (line, due_on) = (rng.random_range(0..lines.len()), base + Days::new(rng.random_range(0..10)));
        let period = if rng.random_bool(0.5) { Period::of(due_on) } else { Period::of(due_on).prev() };
        let values = args![format!("T{seed}-{n}"), lines[line].id, period, due_on, t.state.clock.now()];
        let id = tx.number(BILL, values).await.unwrap();
        bills.push(Owed { id, line, due_on, open: true });
    }
    tx.commit().await.unwrap();
    History { lines, bills, warn_days, grace }
}

async fn history(t: &TestApp, seed: u64, package: i64, router: i64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let before = t.state.db.number(LAST, args![]).await.unwrap();
    let mut world = begin(t, seed, &mut rng, package, router).await;
    // Days at which something may happen, and one or two others; the job does not count on their order.
    let first: NaiveDate = "2026-03-01".parse().unwrap();
    let mut days: Vec<NaiveDate> = (0..2).map(|_| first + Days::new(rng.random_range(0..45))).collect();
    for bill in &world.bills {
        let ahead = [7, 3, 1, 0][rng.random_range(0..4)];
        days.push(bill.due_on - Days::new(ahead));
        if rng.random_bool(0.3) {
            days.push(bill.due_on + Days::new(world.grace));
        }
    }
    days.shuffle(&mut rng);
    let mut expected: BTreeMap<Turn, Expected> = BTreeMap::new();
    for day in days {
        for _ in 0..rng.random_range(1..4) {
            if rng.random_bool(0.4) {
                let at = rng.random_range(0..world.bills.len());
                let all = rng.random_bool(0.5);
                let bill = &mut world.bills[at];
                if bill.open {
                    bill.open = !all;
                    let mut tx = t.state.db.begin().await.unwrap();
                    tx.exec_one(PAY, args![bill.id, if all { 300_000 } else { 100_000 }]).await.unwrap();
                    tx.commit().await.unwrap();
                }
            }
            for phone in world.phones() {
                // What was said in the morning is not said again, whatever the evening would say.
                if let Some(due) = world.expected(&phone, day) {
                    expected.entry((phone, day)).or_insert(due);
                }
            }
            // The first and the last minutes of a day are another day elsewhere.
            let time = ["00:01", "06:59", "09:00", "17:30", "23:59"][rng.random_range(0..5)];
            t.at(&format!("{day} {time}"));
            remind(&t.state).await.unwrap();
        }
    }
    let messages: Vec<(String, NaiveDate, String, String)> = t.state.db.all(SINCE, args![before]).await.unwrap();
    let on = format!("seed {seed} on {}", t.state.db.engine());
    let mut met = BTreeSet::new();
    for (phone, day, kind, text) in messages {
        assert!(["reminder", "warning"].contains(&kind.as_str()), "{on}: {kind}");
        let turn = (phone, day);
        let Some(wanted) = expected.get(&turn) else { panic!("{on}: {turn:?} is nobody's day: {text}") };
        assert_eq!(text.contains("sebelum besok"), wanted.warns, "{on}: {turn:?}: {text}");
        for number in &wanted.names {
            assert!(text.contains(number.as_str()), "{on}: {turn:?}: {number} in {text}");
        }
        assert!(met.insert(turn.clone()), "{on}: two messages for {turn:?}");
    }
    let missed: Vec<&Turn> = expected.keys().filter(|turn| !met.contains(*turn)).collect();
    assert!(missed.is_empty(), "{on}: nothing for {missed:?}");
    let mut tx = t.state.db.begin().await.unwrap();
    tx.exec(END, args![]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn at_most_one_a_phone_and_day_and_nobody_whose_day_it_is_goes_without() {
    for t in TestApp::each("2026-02-01 06:00").await {
        t.set(&[("whatsapp.provider", "mpwa"), ("whatsapp.api_url", "http://127.0.0.1:9")]).await;
        let package = t.package("Home", 300_000, 1).await;
        let mut tx = t.state.db.begin().await.unwrap();
        let router = tx.number(ROUTER, args![t.state.clock.now()]).await.unwrap();
        tx.commit().await.unwrap();
        let seeds = if matches!(t.state.db, Db::Sqlite { .. }) { 60 } else { 20 };
        for seed in 0..seeds {
            history(&t, seed, package, router).await;
        }
        assert!(
            t.state.db.number(LAST, args![]).await.unwrap() > seeds.cast_signed(),
            "the days were days of reminders"
        );
    }
}
