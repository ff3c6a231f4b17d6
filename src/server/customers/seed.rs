//! Believable customers with months of history, for the demo, for tests of size and for measurements.
//!
//! The books of a seeded database agree like any others (`verify`): numbers without gap, every payment allocated or
//! Saldo. History ends with the month before the current one; late payers are isolated already.

mod history;
mod people;

use crate::args;
use crate::server::customers::links;
use crate::server::db::Val;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use crate::sql;
use history::Books;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Customers written in one transaction.
const CHUNK: i64 = 5_000;

/// What to seed.
#[derive(Clone, Copy, Debug)]
pub struct SeedWish {
    /// How many customers, each with one service.
    pub customers: i64,
    /// How many months of bills.
    pub months: u32,
    /// The same seed gives the same customers.
    pub random_seed: u64,
    /// Where the first of its three routers listens; the others on the next ports.
    pub routers: SocketAddr,
}

/// What was seeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seeded {
    /// Customers.
    pub customers: i64,
    /// Services.
    pub services: i64,
    /// Bills.
    pub invoices: i64,
    /// Payments.
    pub payments: i64,
}

sql!(
    ANY_ROW = "SELECT COUNT(*) FROM (SELECT id FROM customer UNION ALL SELECT id FROM package UNION ALL SELECT id FROM router LIMIT 1) c"
);
sql!(SEEDED_SECRETS = "SELECT r.name AS router, s.pppoe_username, s.pppoe_password_sealed, CASE WHEN s.desired = 'isolated' THEN r.isolir_profile ELSE p.profile END AS profile
 FROM service s JOIN router r ON r.id = s.router_id JOIN package p ON p.id = s.package_id
 WHERE s.pppoe_username <> '' AND s.stage IN ('aktif', 'siap_dicabut') ORDER BY r.id, s.id");
sql!(ROUTER_NAMES = "SELECT name FROM router ORDER BY id");

/// Fills an empty database.
pub async fn seed(state: &AppState, wish: SeedWish) -> Result<Seeded> {
    if state.db.number(ANY_ROW, args![]).await? > 0 {
        return Err(Error::Refused(
            "Basis data sudah berisi pelanggan, paket, atau router; db:seed hanya untuk basis data kosong.".to_owned(),
        ));
    }
    let mut rng = StdRng::seed_from_u64(wish.random_seed);
    let mut books = Books::new(state, wish)?;
    let ground = people::ground(state, books.first_month(), wish.routers)?;
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let ground = ground.clone();
            Box::pin(async move {
                for (head, rows) in ground {
                    tx.insert_many(head, rows).await?;
                }
                for table in ["package", "package_price", "router", "cash_bag"] {
                    tx.ids_follow(table).await?;
                }
                Ok(())
            })
        })
        .await?;
    let mut from = 1;
    while from <= wish.customers {
        let to = (from + CHUNK - 1).min(wish.customers);
        let mut tables: Vec<(&'static str, Vec<Vec<Val>>)> = Vec::new();
        let (mut customers, mut services) = (Vec::new(), Vec::new());
        for n in from..=to {
            let person = people::person(state, n, &mut rng, &books)?;
            customers.push(person.customer_row(state));
            services.push(person.service_row(state)?);
            books.live(&person, &mut rng)?;
        }
        tables.push((people::CUSTOMER, customers));
        tables.push((people::SERVICE, services));
        tables.extend(books.take_rows());
        state
            .db
            .write::<_, Error, _>(move |tx| {
                let tables = tables.clone();
                Box::pin(async move {
                    for (head, rows) in tables {
                        tx.insert_many(head, rows).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        from = to + 1;
    }
    let now = state.clock.now();
    let (counters, seeded) = (books.counters(wish.customers), books.seeded(wish.customers));
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let counters = counters.clone();
            Box::pin(async move {
                tx.insert_many("INSERT INTO counter (name, n)", counters).await?;
                for table in ["customer", "service", "invoice", "payment", "price_basis"] {
                    tx.ids_follow(table).await?;
                }
                links::link(tx, now).await?;
                tx.analyze().await?;
                Ok(())
            })
        })
        .await?;
    Ok(seeded)
}

/// An account on a router: name, password, profile.
pub type Account = (String, String, String);

/// For each router, in the order of their rows: the accounts of its services with the profile that they should have.
pub async fn demo_secrets(state: &AppState) -> Result<Vec<(String, Vec<Account>)>> {
    let names: Vec<(String,)> = state.db.all(ROUTER_NAMES, args![]).await?;
    let mut routers: BTreeMap<String, Vec<Account>> = BTreeMap::new();
    for (router, name, sealed, profile) in
        state.db.all::<(String, String, String, String)>(SEEDED_SECRETS, args![]).await?
    {
        let password =
            if sealed.is_empty() { String::new() } else { state.secrets.open("service.pppoe_password", &sealed)? };
        routers.entry(router).or_default().push((name, password, profile));
    }
    Ok(names
        .into_iter()
        .map(|(name,)| {
            let accounts = routers.remove(&name).unwrap_or_default();
            (name, accounts)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::routeros::ADDRESS;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn seeded_books_agree_and_the_current_month_is_left_to_issue() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let wish = SeedWish { customers: 300, months: 4, random_seed: 3, routers: ADDRESS };
            let seeded = seed(&t.state, wish).await.unwrap();
            assert!(seeded.invoices > 900 && seeded.payments > 800, "{seeded:?}");
            t.assert_books().await;
            let run = t.issue("2026-01").await;
            assert!(run.issued > 250 && run.already == 0, "{} issued", run.issued);
            t.assert_books().await;
            let routers = demo_secrets(&t.state).await.unwrap();
            assert_eq!(routers.len(), 3);
            let isolated = routers.iter().flat_map(|router| &router.1).filter(|account| account.2 == "ISOLIR").count();
            assert!((5..60).contains(&isolated), "{isolated} isolated");
            assert!(matches!(seed(&t.state, wish).await, Err(Error::Refused(_))));
        }
        for t in TestApp::each("2026-01-15 10:00").await {
            t.package("Home", 300_000, 1).await;
            let wish = SeedWish { customers: 3, months: 1, random_seed: 3, routers: ADDRESS };
            assert!(
                matches!(seed(&t.state, wish).await, Err(Error::Refused(_))),
                "a package of his own is not seeded over"
            );
        }
    }
}
