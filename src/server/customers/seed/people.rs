//! Packages, routers and people of the seed.

use super::history::Books;
use crate::args;
use crate::billing::service_number::{ServiceNumber, slug};
use crate::server::db::Val;
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use chrono::{Days, NaiveDate};
use rand::Rng;
use rand::rngs::StdRng;
use std::net::SocketAddr;

/// Insert head of customers.
pub const CUSTOMER: &str = "INSERT INTO customer (id, number, name, name_search, phone, email, address, portal_password_hash, money_turn, created_at)";
/// Insert head of services.
const BAG: &str = "INSERT INTO cash_bag (id, name, created_at)";
pub const SERVICE: &str = "INSERT INTO service (id, customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area, collector, started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason, manual, isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)";
const PACKAGE: &str = "INSERT INTO package (id, name, profile, down_kbps, up_kbps, duration_months, created_at)";
const PRICE: &str = "INSERT INTO package_price (package_id, price, valid_from)";
const ROUTER: &str = "INSERT INTO router (id, name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures, created_at)";

/// Name, router profile, kbit/s, price.
pub const PACKAGES: [(&str, &str, i64, i64); 5] = [
    ("Home 10 Mbps", "Home-10M", 10_000, 110_000),
    ("Home 20 Mbps", "Home-20M", 20_000, 165_000),
    ("Home 30 Mbps", "Home-50M", 30_000, 220_000),
    ("Home 50 Mbps", "Home-50M", 50_000, 300_000),
    ("Usaha 100 Mbps", "Home-100M", 100_000, 500_000),
];
const ROUTERS: [&str; 3] = ["Utara", "Tengah", "Selatan"];

const FIRST: [&str; 40] = [
    "Siti", "Budi", "Agus", "Dewi", "Sri", "Eko", "Rina", "Joko", "Wati", "Hendra", "Yanti", "Dedi", "Lestari",
    "Ahmad", "Nur", "Rudi", "Ani", "Slamet", "Indah", "Fajar", "Ratna", "Bambang", "Tuti", "Iwan", "Maya", "Teguh",
    "Wahyu", "Lina", "Sugeng", "Putri", "Arif", "Endang", "Bayu", "Fitri", "Gunawan", "Heni", "Irfan", "Kartika",
    "Made", "Yusuf",
];
const LAST: [&str; 36] = [
    "Aminah",
    "Santoso",
    "Wijaya",
    "Lestari",
    "Rahayu",
    "Prasetyo",
    "Hidayat",
    "Susanti",
    "Kurniawan",
    "Setiawan",
    "Wulandari",
    "Saputra",
    "Handayani",
    "Nugroho",
    "Permata",
    "Suryadi",
    "Purnama",
    "Utami",
    "Firmansyah",
    "Maulana",
    "Siregar",
    "Simanjuntak",
    "Hasanah",
    "Yulianti",
    "Gunadi",
    "Pratama",
    "Kusuma",
    "Hartono",
    "Anggraini",
    "Ramadhan",
    "Syahputra",
    "Wibowo",
    "Halim",
    "Mulyani",
    "Nasution",
    "Suparman",
];
const STREETS: [&str; 14] = [
    "Melati",
    "Mawar",
    "Kenanga",
    "Anggrek",
    "Cempaka",
    "Flamboyan",
    "Merdeka",
    "Pahlawan",
    "Diponegoro",
    "Sudirman",
    "Gatot Subroto",
    "Pemuda",
    "Masjid",
    "Pasar Baru",
];
const AREAS: [&str; 6] = ["Sukamaju", "Mekarsari", "Cibening", "Karanganyar", "Tegalrejo", "Pasirjaya"];
const COLLECTORS: [&str; 3] = ["Pak Dedi", "Pak Udin", "Bu Tini"];

/// An insert head, and the rows that go with it.
pub type TableRows = (&'static str, Vec<Vec<Val>>);

/// Packages with prices, and routers, the first of them at `address`.
pub fn ground(state: &AppState, first_month: NaiveDate, address: SocketAddr) -> Result<Vec<TableRows>> {
    let now = state.clock.now();
    let since = first_month - Days::new(3_650);
    let ids = 1_i64..;
    let packages = ids
        .clone()
        .zip(PACKAGES)
        .map(|(id, (name, profile, kbps, _))| args![id, name, profile, kbps, kbps / 2, 1_i64, now])
        .collect();
    let prices = ids.clone().zip(PACKAGES).map(|(id, (_, _, _, price))| args![id, price, since]).collect();
    let mut routers = Vec::new();
    for (id, name) in ids.zip(ROUTERS) {
        let sealed = state.secrets.seal("router.password", crate::sandbox::routeros::PASSWORD)?;
        routers.push(args![
            id,
            name,
            address.ip().to_string(),
            i64::from(address.port()) + id - 1,
            crate::sandbox::routeros::USER,
            sealed,
            "ISOLIR",
            "profile",
            "off",
            "",
            "unknown",
            None::<chrono::DateTime<chrono::Utc>>,
            None::<chrono::DateTime<chrono::Utc>>,
            "",
            0_i64,
            now
        ]);
    }
    let bags = (1_i64..).zip(super::history::RECEIVERS).map(|(id, name)| args![id, name, now]).collect();
    Ok(vec![(PACKAGE, packages), (PRICE, prices), (ROUTER, routers), (BAG, bags)])
}

/// How somebody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// In time.
    Punctual,
    /// Some days late, but within the month.
    Slow,
    /// Owes the last so many months.
    Owing(usize),
    /// Paid too much: some Saldo.
    Ahead,
    /// Left some months ago.
    Gone,
    /// On leave since last month.
    OnLeave,
}

/// One customer and his service.
#[derive(Clone, Debug)]
pub struct Person {
    /// Row of customer and service.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Index of his package.
    pub package: usize,
    /// Start of the service.
    pub started_on: NaiveDate,
    /// Due day.
    pub due_day: u32,
    /// How he pays.
    pub habit: Habit,
    /// Whether he is never isolated.
    pub never_isolate: bool,
    number: ServiceNumber,
    phone: String,
    address: String,
    area: &'static str,
    collector: &'static str,
    /// First overdue bill was due then, if he is isolated.
    pub isolated_on: Option<NaiveDate>,
}

fn pick<const N: usize>(list: &[&'static str; N], rng: &mut StdRng) -> &'static str {
    list.get(rng.random_range(0..N)).copied().unwrap_or_default()
}

/// The `n`th person.
pub fn person(_state: &AppState, n: i64, rng: &mut StdRng, books: &Books) -> Result<Person> {
    let habit = match rng.random_range(0..1_000) {
        0..=39 => Habit::Owing(1),
        40..=59 => Habit::Owing(2),
        60..=64 => Habit::Owing(3),
        65..=84 => Habit::Ahead,
        85..=109 => Habit::Gone,
        110..=117 => Habit::OnLeave,
        118..=330 => Habit::Slow,
        _ => Habit::Punctual,
    };
    let package = match rng.random_range(0..100) {
        0..=29 => 0,
        30..=64 => 1,
        65..=82 => 2,
        83..=95 => 3,
        _ => 4,
    };
    // One in twenty started inside the history, with a prorated first month.
    let back = if rng.random_range(0..20) == 0 && habit == Habit::Punctual { 0 } else { rng.random_range(30..900) };
    let started_on = if back == 0 {
        books.first_month() + Days::new(rng.random_range(0..25))
    } else {
        books.first_month() - Days::new(back)
    };
    let never_isolate = rng.random_range(0..200) == 0;
    let isolated_on = match habit {
        Habit::Owing(_) if !never_isolate => Some(books.last_month().last_day()),
        _ => None,
    };
    let serial = u64::try_from(n).map_err(|_| Error::Internal("nomor".to_owned()))?;
    let area = pick(&AREAS, rng);
    Ok(Person {
        id: n,
        name: format!("{} {}", pick(&FIRST, rng), pick(&LAST, rng)),
        package,
        started_on,
        due_day: if rng.random_range(0..10) < 7 { 10 } else { rng.random_range(5..26) },
        habit,
        never_isolate,
        number: ServiceNumber::generate(10, serial),
        phone: format!("628{}{n:08}", pick(&["12", "13", "21", "22", "52", "57", "58", "96"], rng)),
        address: format!("Jl. {} No. {}, {area}", pick(&STREETS, rng), rng.random_range(1..200)),
        area,
        collector: pick(&COLLECTORS, rng),
        isolated_on,
    })
}

impl Person {
    /// The PPPoE name.
    fn username(&self) -> String {
        format!("{}{}", slug(&self.name), self.id)
    }

    /// His row.
    pub fn customer_row(&self, state: &AppState) -> Vec<Val> {
        args![
            self.id,
            None::<String>,
            &self.name,
            self.name.to_lowercase(),
            &self.phone,
            "",
            &self.address,
            "",
            0_i64,
            state.clock.now()
        ]
    }

    /// His service's row.
    pub fn service_row(&self, state: &AppState) -> Result<Vec<Val>> {
        let now = state.clock.now();
        let sealed = state.secrets.seal("service.pppoe_password", &format!("pw{}", self.id))?;
        let number = self.number.as_str();
        let index = i64::try_from(self.package).map_err(|_| Error::Internal("paket".to_owned()))?;
        let profile = PACKAGES.get(self.package).map_or("default", |package| package.1);
        let (stage, desired) = match (self.habit, self.isolated_on) {
            (Habit::Gone, _) => ("berhenti", "as_is"),
            (Habit::OnLeave, _) => ("cuti", "as_is"),
            (_, Some(_)) => ("aktif", "isolated"),
            _ => ("aktif", "normal"),
        };
        let (observed, seen) = match desired {
            "isolated" => ("isolated", "ISOLIR"),
            "normal" => ("normal", profile),
            _ => ("unknown", ""),
        };
        let reason = if desired == "isolated" { "Tagihan lewat jatuh tempo" } else { "" };
        let remembered = if desired == "isolated" { profile } else { "" };
        let held = if self.never_isolate { "Kantor desa" } else { "" };
        Ok(args![
            self.id,
            self.id,
            number,
            slug(number),
            index + 1,
            (self.id % 3) + 1,
            self.username(),
            sealed,
            self.area,
            self.collector,
            self.started_on,
            self.due_day,
            stage,
            "",
            "none",
            0_i64,
            held,
            desired,
            now,
            reason,
            "none",
            self.isolated_on,
            observed,
            seen,
            Some(now),
            remembered,
            false,
            false,
            "",
            now
        ])
    }
}
