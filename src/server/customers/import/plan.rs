//! What a file would change: nothing here writes, so that a preview and an import decide alike.

use super::Rejected;
use super::known::{Customer, Known, Match, Service};
use super::row::Row;
use crate::billing::Rupiah;

/// Fields of a payer that change; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerChange {
    /// Number.
    pub number: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Address.
    pub address: Option<String>,
}

/// Fields of a service that change; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceChange {
    /// Package.
    pub package_id: Option<i64>,
    /// Router.
    pub router_id: Option<i64>,
    /// PPPoE name.
    pub pppoe_username: Option<String>,
    /// Area.
    pub area: Option<String>,
    /// Collector.
    pub collector: Option<String>,
    /// Due day.
    pub due_day: Option<i64>,
    /// Kind and value of the discount.
    pub discount: Option<(String, i64)>,
    /// Why it is never isolated.
    pub never_isolate: Option<String>,
}

/// What is to be done for one good row. Places are those in [`Known`].
#[derive(Clone, Debug)]
pub struct Step {
    /// The row.
    pub row: Row,
    /// Place of the service.
    pub service: usize,
    /// Place of the payer.
    pub customer: usize,
    /// Package, as the row names it.
    pub package_id: i64,
    /// Whether the service is new.
    pub is_new: bool,
    /// Whether the payer is new.
    pub is_new_customer: bool,
    /// What changes of the payer.
    pub customer_change: CustomerChange,
    /// What changes of a service that was there.
    pub service_change: ServiceChange,
    /// Opening arrears to be written.
    pub arrears: Rupiah,
    /// Opening credit to be written.
    pub credit: Rupiah,
    /// Routers that must be brought to the new state.
    pub routers: Vec<i64>,
}

impl Step {
    /// Whether something that was there changes.
    pub fn is_update(&self) -> bool {
        !self.is_new
            && (self.customer_change != CustomerChange::default() || self.service_change != ServiceChange::default())
    }

    /// Whether there is anything to write.
    pub fn is_idle(&self) -> bool {
        !self.is_new && !self.is_update() && self.arrears.is_zero() && self.credit.is_zero()
    }
}

fn reject(row: &Row, column: &str, value: &str, problem: String) -> Rejected {
    Rejected { row: row.row, column: column.to_owned(), value: value.to_owned(), problem }
}

/// The new text, where one is given and differs; the remembered one follows.
fn text_change(stored: &mut String, given: &str) -> Option<String> {
    if given.is_empty() || stored == given {
        return None;
    }
    given.clone_into(stored);
    Some(given.to_owned())
}

fn value_change<T: PartialEq + Clone>(stored: &mut T, given: Option<T>) -> Option<T> {
    let given = given.filter(|given| given != stored)?;
    *stored = given.clone();
    Some(given)
}

fn name_of(service: &Service) -> String {
    match (service.row, service.number.as_str()) {
        (Some(row), _) => format!("baris {row}"),
        (None, number) => format!("layanan {number}"),
    }
}

/// Decides one row. A rejected row leaves `known` as it was.
pub fn plan(known: &mut Known, row: Row, default_due_day: i64) -> Result<Step, Rejected> {
    let package_id = known.package(&row.package).ok_or_else(|| {
        reject(
            &row,
            "paket",
            &row.package,
            "Paket ini belum ada. Tambahkan dahulu paketnya, atau perbaiki namanya.".to_owned(),
        )
    })?;
    let router_id = if row.router.is_empty() {
        None
    } else {
        Some(known.router(&row.router).ok_or_else(|| {
            reject(
                &row,
                "lokasi_server",
                &row.router,
                "Router ini belum ada. Tambahkan dahulu routernya, atau perbaiki namanya.".to_owned(),
            )
        })?)
    };
    match known.find(&row, package_id, router_id) {
        Match::New => plan_new(known, row, package_id, router_id, default_due_day),
        Match::One(place) => plan_update(known, row, place, package_id, router_id),
        Match::Two(first, second) => {
            let name = |place: usize| known.services.get(place).map(name_of).unwrap_or_default();
            let (column, value) = match (row.service_number.is_empty(), row.pppoe_username.is_empty()) {
                (false, _) => ("nomor_layanan", row.service_number.clone()),
                (true, false) => ("pppoe_username", row.pppoe_username.clone()),
                (true, true) => ("nama_pelanggan", row.name.clone()),
            };
            let problem = format!(
                "Cocok dengan dua layanan: {} dan {}. Isi nomor_layanan yang dimaksud.",
                name(first),
                name(second)
            );
            Err(reject(&row, column, &value, problem))
        }
    }
}

fn account_free(
    known: &Known,
    row: &Row,
    router_id: Option<i64>,
    name: &str,
    own: Option<usize>,
) -> Result<(), Rejected> {
    let Some(router_id) = router_id.filter(|_| !name.is_empty()) else { return Ok(()) };
    let taken = known.with_account(router_id, name).iter().find(|place| {
        // A service that was given another account in this file no longer holds this one.
        Some(**place) != own
            && known.services.get(**place).is_some_and(|s| s.router_id == Some(router_id) && s.pppoe_username == name)
    });
    match taken.and_then(|place| known.services.get(*place)) {
        None => Ok(()),
        Some(other) => Err(reject(
            row,
            "pppoe_username",
            name,
            format!("Akun PPPoE ini sudah dipakai {} di router yang sama. Perbaiki namanya.", name_of(other)),
        )),
    }
}

fn plan_new(
    known: &mut Known,
    row: Row,
    package_id: i64,
    router_id: Option<i64>,
    default_due_day: i64,
) -> Result<Step, Rejected> {
    account_free(known, &row, router_id, &row.pppoe_username, None)?;
    let payer =
        if row.customer_number.is_empty() { None } else { known.by_customer_number.get(&row.customer_number).copied() };
    if let Some(customer) = payer.and_then(|place| known.customers.get(place))
        && customer.name.to_lowercase() != row.name.to_lowercase()
    {
        let problem = format!(
            "Nomor pelanggan {} sudah dipakai {}. Samakan namanya, atau pakai nomor lain.",
            row.customer_number, customer.name
        );
        return Err(reject(&row, "nama_pelanggan", &row.name, problem));
    }
    let is_new_customer = payer.is_none();
    let customer = payer.unwrap_or_else(|| {
        known.add_customer(Customer {
            id: None,
            number: (!row.customer_number.is_empty()).then(|| row.customer_number.clone()),
            name: row.name.clone(),
            phone: row.phone.clone(),
            email: row.email.clone(),
            address: row.address.clone(),
            row: Some(row.row),
        })
    });
    let (kind, value) = row.discount.unwrap_or(("none", 0));
    let service = known.add_service(Service {
        id: None,
        number: row.service_number.clone(),
        customer,
        package_id,
        router_id,
        pppoe_username: row.pppoe_username.clone(),
        area: row.area.clone(),
        collector: row.collector.clone(),
        is_collected: false,
        due_day: row.due_day.unwrap_or(default_due_day),
        discount: (kind.to_owned(), value),
        never_isolate: row.never_isolate.clone(),
        arrears: None,
        credit: None,
        row: Some(row.row),
    });
    Ok(Step {
        service,
        customer,
        package_id,
        is_new: true,
        is_new_customer,
        customer_change: CustomerChange::default(),
        service_change: ServiceChange::default(),
        arrears: row.arrears.unwrap_or_default(),
        credit: row.credit.unwrap_or_default(),
        routers: router_id.into_iter().collect(),
        row,
    })
}

/// The opening amount to be written: none where an earlier import wrote the same.
fn opening(row: &Row, column: &str, given: Option<Rupiah>, written: Option<i64>) -> Result<Rupiah, Rejected> {
    match (given, written) {
        (None, _) => Ok(Rupiah::ZERO),
        (Some(given), None) => Ok(given),
        (Some(given), Some(written)) if given.0 == written => Ok(Rupiah::ZERO),
        (Some(given), Some(written)) => {
            let problem = format!(
                "Impor sebelumnya sudah mencatat {}; jumlah awal hanya sekali. Kosongkan atau samakan.",
                Rupiah(written)
            );
            Err(reject(row, column, &given.digits(), problem))
        }
    }
}

fn plan_update(
    known: &mut Known,
    row: Row,
    place: usize,
    package_id: i64,
    router_id: Option<i64>,
) -> Result<Step, Rejected> {
    let lost = || {
        reject(
            &row,
            "nomor_layanan",
            &row.service_number,
            "Layanan ini tidak ditemukan lagi. Impor sekali lagi.".to_owned(),
        )
    };
    let mut service = known.services.get(place).cloned().ok_or_else(lost)?;
    if let Some(first) = service.row {
        let problem = format!("Sama dengan baris {first} di berkas ini. Hapus salah satunya.");
        let (column, value) = if row.service_number.is_empty() {
            ("nama_pelanggan", &row.name)
        } else {
            ("nomor_layanan", &row.service_number)
        };
        return Err(reject(&row, column, value, problem));
    }
    let mut customer = known.customers.get(service.customer).cloned().ok_or_else(lost)?;
    let arrears = opening(&row, "tunggakan", row.arrears, service.arrears)?;
    let credit = opening(&row, "saldo", row.credit, service.credit)?;
    let mut customer_change = CustomerChange::default();
    if !row.customer_number.is_empty() && customer.number.as_deref() != Some(row.customer_number.as_str()) {
        let taken = known.by_customer_number.contains_key(&row.customer_number);
        if taken || customer.number.is_some() {
            let problem = "Layanan ini milik pelanggan dengan nomor lain. Kosongkan atau perbaiki nomornya.".to_owned();
            return Err(reject(&row, "nomor_pelanggan", &row.customer_number, problem));
        }
        customer.number = Some(row.customer_number.clone());
        customer_change.number.clone_from(&customer.number);
    }
    // A payer of several services is changed by the first of his rows only, so that a file that says two things of
    // him does not change him to and fro each time.
    if customer.row.is_none() {
        customer_change.name = text_change(&mut customer.name, &row.name);
        customer_change.phone = text_change(&mut customer.phone, &row.phone);
        customer_change.email = text_change(&mut customer.email, &row.email);
        customer_change.address = text_change(&mut customer.address, &row.address);
        customer.row = Some(row.row);
    }
    let router_before = service.router_id;
    let mut change = ServiceChange {
        package_id: value_change(&mut service.package_id, Some(package_id)),
        ..ServiceChange::default()
    };
    if router_id.is_some() && service.router_id != router_id {
        service.router_id = router_id;
        change.router_id = router_id;
    }
    change.pppoe_username = text_change(&mut service.pppoe_username, &row.pppoe_username);
    account_free(known, &row, service.router_id, &service.pppoe_username, Some(place))?;
    change.area = text_change(&mut service.area, &row.area);
    change.collector = text_change(&mut service.collector, &row.collector);
    change.due_day = value_change(&mut service.due_day, row.due_day);
    change.discount = value_change(&mut service.discount, row.discount.map(|(kind, value)| (kind.to_owned(), value)));
    change.never_isolate = text_change(&mut service.never_isolate, &row.never_isolate);
    let on_router = change.package_id.is_some() || change.router_id.is_some() || change.pppoe_username.is_some();
    let mut routers: Vec<i64> =
        if on_router { router_before.into_iter().chain(service.router_id).collect() } else { Vec::new() };
    routers.dedup();
    service.row = Some(row.row);
    let payer = service.customer;
    if let Some(number) = &customer_change.number {
        known.by_customer_number.insert(number.clone(), payer);
    }
    if let Some(slot) = known.customers.get_mut(payer) {
        *slot = customer;
    }
    if let Some(slot) = known.services.get_mut(place) {
        *slot = service;
    }
    known.index(place);
    Ok(Step {
        row,
        service: place,
        customer: payer,
        package_id,
        is_new: false,
        is_new_customer: false,
        customer_change,
        service_change: change,
        arrears,
        credit,
        routers,
    })
}
