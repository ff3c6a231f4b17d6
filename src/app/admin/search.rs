//! Finding a customer from anywhere: name, service number, customer number, telephone.

use crate::app::codec::Json;
use crate::app::error::ApiError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A service that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerHit {
    /// The customer.
    pub customer_id: i64,
    /// The service.
    pub service_id: i64,
    /// Name of the customer.
    pub name: String,
    /// Service number.
    pub number: String,
    /// Telephone as people write it.
    pub phone: String,
    /// What is owed, formatted.
    pub owed: String,
}

impl CustomerHit {
    /// Address of the customer's page.
    pub fn href(&self) -> String {
        format!("/admin/pelanggan/{}", self.customer_id)
    }
}

/// What a search shows at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerHits {
    /// The first of them.
    pub hits: Vec<CustomerHit>,
    /// Whether others match as well.
    pub more: bool,
}

/// The first eight services that match `text` (at least two characters), best known first: exact service number, then
/// by name; and whether there are others.
#[server(prefix = "/api/admin", endpoint = "customer/find", input = Json, output = Json)]
pub async fn find_customers(text: String) -> Result<CustomerHits, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::find(&asked, &text).await?)
}

#[cfg(feature = "ssr")]
mod query {
    use super::{CustomerHit, CustomerHits};
    use crate::app::admin::words::phone;
    use crate::app::dto::money;
    use crate::server::customers::service_row::Needles;
    use crate::server::error::Result;
    use crate::server::guard::{Asked, Permission};
    use crate::{args, found_by, in_scope, sql};

    /// How many are shown.
    const SHOWN: usize = 8;

    // One more than is shown tells whether there are others.
    sql!(
        FIND = concat!(
            "SELECT v.id, c.id, c.name, v.service_number, c.phone, s.owed
 FROM (SELECT s.service_id AS id FROM service_row s WHERE ",
            found_by!("$1", "$2"),
            " AND ",
            in_scope!("$4"),
            " ORDER BY CASE WHEN LOWER(s.number) = $3 THEN 0 ELSE 1 END, s.name, s.number LIMIT 9) hit
 JOIN service_row s ON s.service_id = hit.id JOIN service v ON v.id = hit.id JOIN customer c ON c.id = v.customer_id
 ORDER BY CASE WHEN LOWER(s.number) = $3 THEN 0 ELSE 1 END, s.name, s.number"
        )
    );

    /// Carries out the search, among the customers that the asker sees.
    pub async fn find(asked: &Asked, text: &str) -> Result<CustomerHits> {
        let needles = Needles::of(text);
        if needles.text.chars().count() < 2 {
            return Ok(CustomerHits::default());
        }
        let sees_money = asked.staff.may(Permission::ViewInvoices);
        let exact = needles.text.clone();
        let mut rows: Vec<(i64, i64, String, String, String, i64)> =
            asked.app.db.all(FIND, args![needles.text, needles.phone, exact, asked.scope().arg()]).await?;
        let more = rows.len() > SHOWN;
        rows.truncate(SHOWN);
        let hits = rows
            .into_iter()
            .map(|(service_id, customer_id, name, number, tel, owed)| CustomerHit {
                customer_id,
                service_id,
                name,
                number,
                phone: phone(&tel),
                owed: if owed == 0 || !sees_money { String::new() } else { money(owed) },
            })
            .collect();
        Ok(CustomerHits { hits, more })
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::server::guard::Role;
        use crate::server::testing::TestApp;

        sql!(SERVICES = "SELECT COUNT(*) FROM service");
        sql!(COLLECT = "UPDATE service SET collector_id = $2 WHERE id = $1");
        sql!(
            HIRE = "INSERT INTO staff (id, email, name, role, password_hash, active, created_at) VALUES ($1, 'k@kantor.test', 'Koko', 'collector', '-', TRUE, $2)"
        );

        #[tokio::test]
        async fn a_collector_finds_his_own_and_a_technician_no_money() {
            for t in TestApp::each("2026-01-15 10:00").await {
                let package = t.package("Home", 300_000, 1).await;
                let budi = t.service("BUDI1", package, "2025-06-01").await;
                t.service("BUDI2", package, "2025-06-01").await;
                t.issue("2026-01").await;
                let mut tx = t.state.db.begin().await.unwrap();
                tx.exec_one(HIRE, args![7, t.state.clock.now()]).await.unwrap();
                tx.exec_one(COLLECT, args![budi, 7]).await.unwrap();
                tx.commit().await.unwrap();
                let numbers = async |asked: Asked| -> Vec<(String, String)> {
                    find(&asked, "budi").await.unwrap().hits.into_iter().map(|hit| (hit.number, hit.owed)).collect()
                };
                let owed = money(300_000);
                assert_eq!(numbers(t.asked(Role::Collector, 7)).await, [("BUDI1".to_owned(), owed.clone())]);
                let all = [("BUDI1".to_owned(), owed.clone()), ("BUDI2".to_owned(), owed)];
                assert_eq!(numbers(t.asked(Role::Cashier, 1)).await, all);
                let bare = [("BUDI1".to_owned(), String::new()), ("BUDI2".to_owned(), String::new())];
                assert_eq!(numbers(t.asked(Role::Technician, 2)).await, bare);
            }
        }

        #[tokio::test]
        async fn what_is_not_shown_is_told() {
            for t in TestApp::each("2026-01-15 10:00").await {
                let package = t.package("Home", 300_000, 1).await;
                for (n, more) in [(8, false), (9, true)] {
                    while t.state.db.number(SERVICES, args![]).await.unwrap() < n {
                        let next = t.state.db.number(SERVICES, args![]).await.unwrap() + 1;
                        t.service(&format!("BUDI{next}"), package, "2025-06-01").await;
                    }
                    let found = find(&t.asked(Role::Cashier, 1), "budi").await.unwrap();
                    assert_eq!((found.hits.len(), found.more), (8, more), "of {n}");
                }
            }
        }
    }
}
