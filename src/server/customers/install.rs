//! Pasang Baru: from a call to a working line. A candidate and an appointment are rows without a bill and without an
//! account; putting the line into use makes both, with the fee and the welcome, in one transaction.

use crate::args;
use crate::billing::service_number::{ServiceNumber, slug, slug_with_suffix};
use crate::billing::{Period, Rupiah};
use crate::server::access::{self, AccessContext};
use crate::server::audit::{self, Who};
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::ledger::{self, Ledger};
use crate::server::messages::asking::link;
use crate::server::messages::defaults::TemplateKind;
use crate::server::messages::outbox::{self, Outgoing};
use crate::server::messages::template::{Values, render};
use crate::server::routers::reconcile::PPPOE_PLACE;
use crate::server::secrets::random_bytes;
use crate::server::state::AppState;
use crate::sql;
use chrono::NaiveDate;

/// Counter of the numbers that are given, and their area digits: the import's own.
const NUMBERS: &str = "service_number";
const NUMBER_AREA: u32 = 10;
/// Numbers that are tried until a free one is found.
const TRIES: u32 = 1_000;

/// What is said of a start on another day than those that can be.
pub const START_WRONG: &str = "Tanggal mulai harus di bulan ini dan tidak setelah hari ini.";

/// What is said of a line that is to work on a router without a password.
pub const PASSWORD_MISSING: &str = "Isi kata sandi PPPoE; akun di router dibuat dengannya.";

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Somebody known.
    Known(i64),
    /// Somebody new; the telephone is stored digits.
    New {
        /// Name.
        name: String,
        /// Telephone.
        phone: String,
        /// E-mail, maybe empty.
        email: String,
        /// Address, maybe empty.
        address: String,
    },
}

/// How far it goes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody asked.
    Candidate,
    /// An appointment.
    Planned,
    /// The line works, from this day.
    Active(NaiveDate),
}

/// A line to be, checked.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// Id of the form.
    pub request_id: String,
    /// The service, when it is a candidate already.
    pub service_id: Option<i64>,
    /// Who pays.
    pub payer: Payer,
    /// Area, maybe empty; one that nobody knows is added.
    pub area: String,
    /// Latitude and longitude in millionths of a degree.
    pub place: Option<(i64, i64)>,
    /// Package.
    pub package_id: i64,
    /// Router.
    pub router_id: Option<i64>,
    /// Account on it; empty: the service's number.
    pub pppoe_username: String,
    /// Its password; empty keeps the one there is.
    pub pppoe_password: String,
    /// Fee.
    pub fee: Rupiah,
    /// Due day.
    pub due_day: i64,
    /// The day that was agreed on.
    pub install_on: Option<NaiveDate>,
    /// Technician.
    pub technician_id: Option<i64>,
    /// Note for him.
    pub note: String,
    /// How far it goes.
    pub step: Step,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The service.
    pub service_id: i64,
    /// Its payer.
    pub customer_id: i64,
    /// Whether the same form had done it before.
    pub already: bool,
}

sql!(BY_REQUEST = "SELECT id, customer_id FROM service WHERE request_id = $1");
sql!(NUMBER_TAKEN = "SELECT COUNT(*) FROM service WHERE service_number = $1");
sql!(SLUG_TAKEN = "SELECT COUNT(*) FROM service WHERE slug = $1");
sql!(
    ACCOUNT_TAKEN =
        "SELECT service_number FROM service WHERE router_id = $1 AND pppoe_username = $2 AND id <> $3 LIMIT 1"
);
sql!(ADD_AREA = "INSERT INTO area (name, note, created_at) VALUES ($1, '', $2) ON CONFLICT (name) DO NOTHING");
sql!(pub(super) INSERT_CUSTOMER = "INSERT INTO customer (number, name, name_search, phone, email, address, portal_password_hash, money_turn, created_at)
 VALUES (NULL, $1, $2, $3, $4, $5, '', 0, $6) RETURNING id");
sql!(CUSTOMER_THERE = "SELECT COUNT(*) FROM customer WHERE id = $1");
sql!(PACKAGE_NAME = "SELECT name FROM package WHERE id = $1 AND active");
sql!(ROUTER_NAME = "SELECT name FROM router WHERE id = $1");
sql!(INSERT_SERVICE = "INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area,
   collector, started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason,
   manual, isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at,
   technician_id, asked_on, install_on, install_fee, install_note, lat_e6, lng_e6, request_id)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11, '', 'none', 0, '', 'absent', $12, 'Pasang Baru', 'none', NULL, 'unknown', '', NULL, '',
   FALSE, FALSE, '', $12, $13, $9, $14, $15, $16, $17, $18, $19) RETURNING id");
sql!(UPDATE_SERVICE = "UPDATE service SET package_id = $2, router_id = $3, pppoe_username = $4,
   pppoe_password_sealed = CASE WHEN $5 = '' THEN pppoe_password_sealed ELSE $5 END, area = $6, due_day = $7, stage = $8,
   technician_id = $9, install_on = $10, install_fee = $11, install_note = $12, lat_e6 = $13, lng_e6 = $14
 WHERE id = $1 AND stage IN ('calon', 'menunggu_pemasangan')");
sql!(WAITING = "SELECT customer_id, service_number, stage FROM service WHERE id = $1");
sql!(
    ACTIVATE = "UPDATE service SET stage = 'aktif', started_on = $2, installed_on = $2 WHERE id = $1 AND stage IN ('calon', 'menunggu_pemasangan')"
);
sql!(
    LINE = "SELECT c.name, c.phone, s.service_number, p.name, s.router_id, s.pppoe_password_sealed FROM service s
 JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id WHERE s.id = $1"
);
sql!(
    OPEN_BILLS = "SELECT CAST(COALESCE(SUM(total - paid), 0) AS BIGINT) FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial')"
);

/// Saves the line as far as the form says. The same form twice is one line.
pub async fn save(state: &AppState, who: Who, line: NewLine) -> Result<Installed> {
    let ledger = state.ledger(who.clone()).await?;
    let today = ledger.today();
    if let Step::Active(start) = line.step
        && (start > today || Period::of(start) != Period::of(today))
    {
        return Err(Error::invalid("started_on", START_WRONG));
    }
    let sealed = match line.pppoe_password.as_str() {
        "" => String::new(),
        password => state.secrets.seal(PPPOE_PLACE, password)?,
    };
    let context = AccessContext { settings: state.settings().await?, today, now: state.clock.now(), who };
    let base = state.config.base_url.clone();
    let request = line.request_id.clone();
    let result = state
        .db
        .write::<_, Error, _>(move |tx| {
            let deed = Deed {
                ledger: ledger.clone(),
                context: context.clone(),
                line: line.clone(),
                sealed: sealed.clone(),
                base: base.clone(),
            };
            Box::pin(async move { deed.carry_out(tx).await })
        })
        .await;
    state.work_bell.notify_waiters();
    match result {
        // Another process was faster with the same form.
        Err(Error::Db(error)) if error.is_unique_violation() => {
            let (service_id, customer_id): (i64, i64) = state
                .db
                .opt(BY_REQUEST, args![request])
                .await?
                .ok_or_else(|| Error::Conflict("Nomor itu baru saja dipakai. Simpan sekali lagi.".to_owned()))?;
            Ok(Installed { service_id, customer_id, already: true })
        }
        other => other,
    }
}

/// One form in its transaction.
struct Deed {
    ledger: Ledger,
    context: AccessContext,
    line: NewLine,
    sealed: String,
    base: url::Url,
}

impl Deed {
    async fn carry_out(&self, tx: &mut Tx) -> Result<Installed> {
        let line = &self.line;
        if let Some((service_id, customer_id)) = tx.opt(BY_REQUEST, args![&line.request_id]).await? {
            return Ok(Installed { service_id, customer_id, already: true });
        }
        let package: Option<(String,)> = tx.opt(PACKAGE_NAME, args![line.package_id]).await?;
        let (package,) = package.ok_or_else(|| Error::invalid("package_id", "Pilih paket dari daftar."))?;
        let router: Option<(String,)> = match line.router_id {
            Some(id) => tx.opt(ROUTER_NAME, args![id]).await?,
            None => None,
        };
        let (service_id, customer_id, before) = match line.service_id {
            Some(id) => {
                let (customer_id, number, stage): (i64, String, String) = tx
                    .opt(WAITING, args![id])
                    .await?
                    .ok_or_else(|| Error::NotFound("Layanan itu tidak ada.".to_owned()))?;
                if stage == "aktif" && matches!(line.step, Step::Active(_)) {
                    return Ok(Installed { service_id: id, customer_id, already: true });
                }
                self.update(tx, id, &number).await?;
                (id, customer_id, stage)
            }
            None => {
                let (id, customer_id) = self.insert(tx).await?;
                (id, customer_id, String::new())
            }
        };
        if !line.area.is_empty() {
            tx.exec(ADD_AREA, args![&line.area, self.context.now]).await?;
        }
        let stage = if let Step::Active(start) = line.step {
            self.activate(tx, service_id, customer_id, start).await?;
            "aktif"
        } else {
            self.stage()
        };
        let router = router.map_or_else(|| "tanpa router".to_owned(), |found| format!("router {}", found.0));
        let (stage, before) = (stage.replace('_', " "), before.replace('_', " "));
        let after = format!("{stage}; paket {package}; {router}; biaya {}", line.fee);
        let subject = format!("service:{service_id}");
        audit::record(tx, &self.context.who, self.context.now, "service.install", &subject, &before, &after).await?;
        Ok(Installed { service_id, customer_id, already: false })
    }

    /// The stage before activation.
    fn stage(&self) -> &'static str {
        if self.line.step == Step::Candidate { "calon" } else { "menunggu_pemasangan" }
    }

    async fn account(&self, tx: &mut Tx, service_id: i64, number: &str) -> Result<String> {
        let name = if self.line.pppoe_username.is_empty() { number } else { &self.line.pppoe_username };
        if let Some(router_id) = self.line.router_id
            && let Some((other,)) = tx.opt::<(String,)>(ACCOUNT_TAKEN, args![router_id, name, service_id]).await?
        {
            return Err(Error::invalid(
                "pppoe_username",
                format!("Nama PPPoE {name} sudah dipakai layanan {other} di router ini. Pilih nama lain."),
            ));
        }
        Ok(name.to_owned())
    }

    async fn insert(&self, tx: &mut Tx) -> Result<(i64, i64)> {
        let (line, now) = (&self.line, self.context.now);
        let customer_id = match &line.payer {
            Payer::Known(id) if tx.number(CUSTOMER_THERE, args![*id]).await? == 1 => *id,
            Payer::Known(_) => return Err(Error::invalid("customer_id", "Pelanggan itu tidak ada; pilih lagi.")),
            Payer::New { name, phone, email, address } => {
                tx.number(INSERT_CUSTOMER, args![name, name.to_lowercase(), phone, email, address, now]).await?
            }
        };
        let number = free_number(tx).await?;
        let slug = free_slug(tx, &number).await?;
        let account = self.account(tx, 0, &number).await?;
        let values = args![
            customer_id,
            &number,
            slug,
            line.package_id,
            line.router_id,
            account,
            &self.sealed,
            &line.area,
            self.context.today,
            line.due_day,
            self.stage(),
            now,
            line.technician_id,
            line.install_on,
            line.fee,
            &line.note,
            line.place.map(|place| place.0),
            line.place.map(|place| place.1),
            &line.request_id
        ];
        Ok((tx.number(INSERT_SERVICE, values).await?, customer_id))
    }

    async fn update(&self, tx: &mut Tx, id: i64, number: &str) -> Result<()> {
        let line = &self.line;
        let account = self.account(tx, id, number).await?;
        let values = args![
            id,
            line.package_id,
            line.router_id,
            account,
            &self.sealed,
            &line.area,
            line.due_day,
            self.stage(),
            line.technician_id,
            line.install_on,
            line.fee,
            &line.note,
            line.place.map(|place| place.0),
            line.place.map(|place| place.1)
        ];
        if tx.exec(UPDATE_SERVICE, values).await? == 0 {
            return Err(Error::Refused("Layanan ini sudah terpasang. Ubah datanya di halaman pelanggan.".to_owned()));
        }
        Ok(())
    }

    async fn activate(&self, tx: &mut Tx, service_id: i64, customer_id: i64, start: NaiveDate) -> Result<()> {
        tx.exec_one(ACTIVATE, args![service_id, start]).await?;
        let (name, phone, number, package, router_id, sealed): (String, String, String, String, Option<i64>, String) =
            tx.one(LINE, args![service_id]).await?;
        if router_id.is_some() && sealed.is_empty() {
            return Err(Error::invalid("pppoe_password", PASSWORD_MISSING));
        }
        access::wish(tx, &self.context, service_id, "normal", "none", "Pasang Baru").await?;
        self.ledger.first_bill(tx, service_id, customer_id).await?;
        if self.line.fee > Rupiah::ZERO {
            let key = format!("install:{service_id}");
            self.ledger.charge(tx, service_id, self.line.fee, "Biaya pemasangan", &key).await?;
        }
        let owed = tx.number(OPEN_BILLS, args![service_id]).await?;
        let values = Values::new()
            .customers("nama_pelanggan", name)
            .customers("nomor_layanan", &number)
            .customers("paket", package)
            .ours("total", Rupiah(owed).digits())
            .ours("payment_link", link(&self.base, &number))
            .customers("company", self.context.settings.text("company.name"));
        let kind = TemplateKind::Welcome;
        let message = Outgoing {
            kind: kind.code(),
            subject: format!("service:{service_id}"),
            day: self.context.today,
            customer_id,
            service_id: Some(service_id),
            phone,
            text: render(self.context.settings.template(kind), &values).text,
        };
        outbox::queue(tx, message, self.context.now).await?;
        Ok(())
    }
}

/// A number that nobody has; gaps are allowed.
async fn free_number(tx: &mut Tx) -> Result<String> {
    for _ in 0..TRIES {
        let serial = ledger::count_on(tx, NUMBERS, 1).await?;
        let serial = u64::try_from(serial).map_err(|_| Error::Corrupt(format!("pencacah {NUMBERS}")))?;
        let number = ServiceNumber::generate(NUMBER_AREA, serial).to_string();
        if tx.number(NUMBER_TAKEN, args![&number]).await? == 0 {
            return Ok(number);
        }
    }
    Err(Error::Internal("tidak ada nomor layanan yang bebas".to_owned()))
}

async fn free_slug(tx: &mut Tx, number: &str) -> Result<String> {
    let base = slug(number);
    let mut candidate = base.clone();
    for n in 2..TRIES {
        if tx.number(SLUG_TAKEN, args![&candidate]).await? == 0 {
            return Ok(candidate);
        }
        candidate = slug_with_suffix(&base, n);
    }
    Err(Error::Internal(format!("tidak ada alamat bebas untuk {number}")))
}

/// A password that can be read out on the telephone: syllables and digits, some 40 bits of chance.
pub fn readable_password() -> Result<String> {
    const CONSONANTS: &[u8] = b"bdfgjkmnprstvwyz";
    const VOWELS: &[u8] = b"aeiu";
    let chance = random_bytes::<12>()?;
    let pick = |from: &[u8], byte: u8| from.get(usize::from(byte) % from.len()).copied().map_or('a', char::from);
    let letters = chance.iter().take(8).enumerate();
    let mut text: String = letters.map(|(n, byte)| pick(if n % 2 == 0 { CONSONANTS } else { VOWELS }, *byte)).collect();
    text.extend(chance.iter().skip(8).map(|byte| pick(b"23456789", *byte)));
    Ok(text)
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;
