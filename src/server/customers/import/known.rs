//! What is there already, read once for the whole file, and how a row finds its service in it.

use super::row::Row;
use crate::server::db::Db;
use crate::server::error::Result;
use crate::{args, sql};
use std::collections::{HashMap, HashSet};

sql!(SERVICES = "SELECT id, service_number, slug, customer_id, package_id, router_id, pppoe_username, area, collector, collector_id, due_day, discount_kind,
   discount_value, never_isolate FROM service ORDER BY id");
sql!(CUSTOMERS = "SELECT id, number, name, phone, email, address FROM customer ORDER BY id");
sql!(PACKAGES = "SELECT id, name FROM package");
sql!(ROUTERS = "SELECT id, name FROM router");
sql!(OPENED_ARREARS = "SELECT service_id, amount FROM invoice_line WHERE kind = 'opening'");
sql!(OPENED_CREDIT = "SELECT service_id, amount FROM payment WHERE method = 'opening'");

#[derive(sqlx::FromRow)]
struct ServiceRow {
    id: i64,
    service_number: String,
    slug: String,
    customer_id: i64,
    package_id: i64,
    router_id: Option<i64>,
    pppoe_username: String,
    area: String,
    collector: String,
    collector_id: Option<i64>,
    due_day: i64,
    discount_kind: String,
    discount_value: i64,
    never_isolate: String,
}

/// A service, in the database or of an earlier row of the file.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Its id; `None` until it is written.
    pub id: Option<i64>,
    /// Its number; empty while none was given.
    pub number: String,
    /// Place of its payer in [`Known::customers`].
    pub customer: usize,
    /// Package.
    pub package_id: i64,
    /// Router.
    pub router_id: Option<i64>,
    /// PPPoE name.
    pub pppoe_username: String,
    /// Area.
    pub area: String,
    /// Collector.
    pub collector: String,
    /// Whether it is a member of staff's already; an import leaves that alone.
    pub is_collected: bool,
    /// Due day.
    pub due_day: i64,
    /// Kind and value of its discount.
    pub discount: (String, i64),
    /// Why it is never isolated.
    pub never_isolate: String,
    /// Opening arrears that an earlier import wrote.
    pub arrears: Option<i64>,
    /// Opening credit that an earlier import wrote.
    pub credit: Option<i64>,
    /// The row of this file that speaks of it.
    pub row: Option<i64>,
}

/// A payer, in the database or of an earlier row of the file.
#[derive(Clone, Debug, Default)]
pub struct Customer {
    /// Its id; `None` until it is written.
    pub id: Option<i64>,
    /// Its number.
    pub number: Option<String>,
    /// Name.
    pub name: String,
    /// Phone, stored form.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Address.
    pub address: String,
    /// The first row of this file that speaks of it; only that one changes it.
    pub row: Option<i64>,
}

/// Everything that rows are compared with.
#[derive(Debug, Default)]
pub struct Known {
    /// Services.
    pub services: Vec<Service>,
    /// Payers.
    pub customers: Vec<Customer>,
    /// Host names that are taken.
    pub slugs: HashSet<String>,
    /// Place of each service number.
    pub by_number: HashMap<String, usize>,
    /// Place of each payer number.
    pub by_customer_number: HashMap<String, usize>,
    by_account: HashMap<(i64, String), Vec<usize>>,
    by_person: HashMap<(String, String, i64), Vec<usize>>,
    packages: HashMap<String, i64>,
    routers: HashMap<String, i64>,
}

/// The service that a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// None yet.
    New,
    /// The service at this place.
    One(usize),
    /// Two, at these places.
    Two(usize, usize),
}

fn names(rows: Vec<(i64, String)>) -> HashMap<String, i64> {
    let mut map: HashMap<String, i64> = rows.iter().map(|(id, name)| (name.to_lowercase(), *id)).collect();
    // The exact name goes before one that differs in capitals only.
    map.extend(rows.into_iter().map(|(id, name)| (name, id)));
    map
}

fn by_name(map: &HashMap<String, i64>, name: &str) -> Option<i64> {
    map.get(name).or_else(|| map.get(&name.to_lowercase())).copied()
}

impl Known {
    /// Reads the database, one statement a table.
    pub async fn load(db: &Db) -> Result<Self> {
        let mut known = Self {
            packages: names(db.all(PACKAGES, args![]).await?),
            routers: names(db.all(ROUTERS, args![]).await?),
            ..Self::default()
        };
        let mut place_of: HashMap<i64, usize> = HashMap::new();
        type CustomerRow = (i64, Option<String>, String, String, String, String);
        for (id, number, name, phone, email, address) in db.all::<CustomerRow>(CUSTOMERS, args![]).await? {
            place_of.insert(id, known.customers.len());
            known.add_customer(Customer { id: Some(id), number, name, phone, email, address, row: None });
        }
        let arrears: HashMap<i64, i64> = db.all::<(i64, i64)>(OPENED_ARREARS, args![]).await?.into_iter().collect();
        let credit: HashMap<i64, i64> = db.all::<(i64, i64)>(OPENED_CREDIT, args![]).await?.into_iter().collect();
        for row in db.all::<ServiceRow>(SERVICES, args![]).await? {
            let Some(&customer) = place_of.get(&row.customer_id) else { continue };
            known.slugs.insert(row.slug);
            known.add_service(Service {
                id: Some(row.id),
                number: row.service_number,
                customer,
                package_id: row.package_id,
                router_id: row.router_id,
                pppoe_username: row.pppoe_username,
                area: row.area,
                collector: row.collector,
                is_collected: row.collector_id.is_some(),
                due_day: row.due_day,
                discount: (row.discount_kind, row.discount_value),
                never_isolate: row.never_isolate,
                arrears: arrears.get(&row.id).copied(),
                credit: credit.get(&row.id).copied(),
                row: None,
            });
        }
        Ok(known)
    }

    /// The package of that name; capitals do not matter.
    pub fn package(&self, name: &str) -> Option<i64> {
        by_name(&self.packages, name)
    }

    /// The router of that name; capitals do not matter.
    pub fn router(&self, name: &str) -> Option<i64> {
        by_name(&self.routers, name)
    }

    /// Remembers a payer; answers its place.
    pub fn add_customer(&mut self, customer: Customer) -> usize {
        let place = self.customers.len();
        if let Some(number) = &customer.number {
            self.by_customer_number.insert(number.clone(), place);
        }
        self.customers.push(customer);
        place
    }

    /// Remembers a service; answers its place.
    pub fn add_service(&mut self, service: Service) -> usize {
        let place = self.services.len();
        if !service.number.is_empty() {
            self.by_number.insert(service.number.clone(), place);
        }
        self.services.push(service);
        self.index(place);
        place
    }

    /// Finds the service at `place` by what it and its payer are now, too. What they were goes on finding it.
    pub fn index(&mut self, place: usize) {
        let Some(service) = self.services.get(place) else { return };
        if let Some(router_id) = service.router_id
            && !service.pppoe_username.is_empty()
        {
            let places = self.by_account.entry((router_id, service.pppoe_username.clone())).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        if let Some(customer) = self.customers.get(service.customer) {
            let key = (customer.phone.clone(), customer.name.to_lowercase(), service.package_id);
            let places = self.by_person.entry(key).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }

    /// Services with that PPPoE name on that router.
    pub fn with_account(&self, router_id: i64, name: &str) -> &[usize] {
        self.by_account.get(&(router_id, name.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    /// CONTRACT, "Import columns": by service number; else router and PPPoE name; else phone, name and package. A row
    /// with a number that nobody has is a new service, also where the same person has another line.
    pub fn find(&self, row: &Row, package_id: i64, router_id: Option<i64>) -> Match {
        let account: &[usize] = match router_id {
            Some(router_id) if !row.pppoe_username.is_empty() => self.with_account(router_id, &row.pppoe_username),
            _ => &[],
        };
        if !row.service_number.is_empty() {
            return match (self.by_number.get(&row.service_number), account) {
                (Some(&place), others) => others
                    .iter()
                    .find(|other| **other != place)
                    .map_or(Match::One(place), |other| Match::Two(place, *other)),
                (None, _) => Match::New,
            };
        }
        let person;
        let found = if account.is_empty() {
            let key = (row.phone.clone(), row.name.to_lowercase(), package_id);
            // Another PPPoE name is another line of the same person.
            person = self
                .by_person
                .get(&key)
                .map(Vec::as_slice)
                .unwrap_or_default()
                .iter()
                .copied()
                .filter(|place| {
                    self.services.get(*place).is_some_and(|service| {
                        row.pppoe_username.is_empty()
                            || service.pppoe_username.is_empty()
                            || service.pppoe_username == row.pppoe_username
                    })
                })
                .collect::<Vec<_>>();
            person.as_slice()
        } else {
            account
        };
        match found {
            [] => Match::New,
            [one] => Match::One(*one),
            [first, second, ..] => Match::Two(*first, *second),
        }
    }
}
