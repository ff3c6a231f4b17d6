//! Finding a customer from anywhere: name, service number, customer number, telephone.

use crate::app::error::ApiError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::Json;

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

/// The first eight services that match `text` (at least two characters), best known first: exact service number, then
/// by name.
#[server(prefix = "/api/admin", endpoint = "customer/find", input = Json)]
pub async fn find_customers(text: String) -> Result<Vec<CustomerHit>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ViewCustomers).await?;
    Ok(query::find(&asked.app, &text).await?)
}

/// What a search text looks for in SQL.
#[cfg(feature = "ssr")]
pub(super) mod query {
    use super::CustomerHit;
    use crate::app::admin::words::phone;
    use crate::app::dto::money;
    use crate::server::error::Result;
    use crate::server::state::AppState;
    use crate::{args, sql};

    /// The patterns of a search text: names contain it, numbers begin with it, telephones contain it.
    pub struct Patterns {
        /// For lower-case names.
        pub name: String,
        /// For service, customer and PPPoE numbers.
        pub number: String,
        /// For telephones, in the stored form `62…`; one that nothing matches when the text has letters.
        pub phone: String,
    }

    impl Patterns {
        /// Reads a search text. `%` and `_` have no meaning for people and are dropped.
        pub fn of(text: &str) -> Self {
            let text: String = text.trim().to_lowercase().chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect();
            if text.is_empty() {
                return Self { name: String::new(), number: String::new(), phone: String::new() };
            }
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let only_phone = !digits.is_empty() && text.chars().all(|c| c.is_ascii_digit() || " +-.()".contains(c));
            let phone = match digits.strip_prefix('0') {
                _ if !only_phone => "-".to_owned(),
                Some(rest) => format!("%62{rest}%"),
                None => format!("%{digits}%"),
            };
            Self { name: format!("%{text}%"), number: format!("{text}%"), phone }
        }
    }

    sql!(FIND = "SELECT s.id, c.id, c.name, s.service_number, c.phone,
  CAST(COALESCE((SELECT SUM(i.total - i.paid) FROM invoice i WHERE i.service_id = s.id AND i.status IN ('open', 'partial')), 0) AS BIGINT)
 FROM (SELECT s.id AS id
   FROM service s JOIN customer c ON c.id = s.customer_id
   WHERE c.name_search LIKE $1 OR LOWER(s.service_number) LIKE $2 OR LOWER(s.pppoe_username) LIKE $2 OR LOWER(COALESCE(c.number, '')) LIKE $2 OR c.phone LIKE $3
   ORDER BY CASE WHEN LOWER(s.service_number) = $4 THEN 0 ELSE 1 END, c.name_search, s.service_number
   LIMIT 8) hit
 JOIN service s ON s.id = hit.id JOIN customer c ON c.id = s.customer_id
 ORDER BY CASE WHEN LOWER(s.service_number) = $4 THEN 0 ELSE 1 END, c.name_search, s.service_number");

    /// Carries out the search.
    pub async fn find(app: &AppState, text: &str) -> Result<Vec<CustomerHit>> {
        let patterns = Patterns::of(text);
        if text.trim().chars().count() < 2 || patterns.name.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, i64, String, String, String, i64)> =
            app.db.all(FIND, args![patterns.name, patterns.number, patterns.phone, text.trim().to_lowercase()]).await?;
        Ok(rows
            .into_iter()
            .map(|(service_id, customer_id, name, number, tel, owed)| CustomerHit {
                customer_id,
                service_id,
                name,
                number,
                phone: phone(&tel),
                owed: if owed == 0 { String::new() } else { money(owed) },
            })
            .collect())
    }

    #[cfg(test)]
    mod tests {
        use super::Patterns;

        #[test]
        fn a_telephone_is_found_as_it_is_written_or_stored() {
            assert_eq!(Patterns::of("0812-3456").phone, "%628123456%");
            assert_eq!(Patterns::of("+62 812").phone, "%62812%");
            assert_eq!(Patterns::of("siti 0812").phone, "-");
        }

        #[test]
        fn wildcards_are_no_wildcards() {
            assert_eq!(Patterns::of("100%_a").name, "%100a%");
            assert_eq!(Patterns::of(" % ").name, "");
        }
    }
}
