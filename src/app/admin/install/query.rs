//! What Pasang Baru reads, and how its form becomes a line.

use super::checks::{account_text, date_of, due_day_of, text_of};
use super::{InstallForm, InstallList, InstallRow, InstallStart, InstallView, PackageChoice, PhoneOwner};
use crate::app::admin::words;
use crate::app::dto::{Choice, PageInfo, money};
use crate::app::text;
use crate::billing::{Phone, Rupiah};
use crate::server::audit::{self, Who};
use crate::server::customers::install::{self, NewLine, Payer, Step, readable_password};
use crate::server::customers::place::{parse_place, place_words};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::routers::reconcile::PPPOE_PLACE;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{Days, NaiveDate};

/// How long a line counts as new.
const NEW_DAYS: u64 = 30;

/// `$1` stage, `$2` since when lines count as new, `$3` text searched for.
macro_rules! waiting {
    () => {
        "FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id
 LEFT JOIN staff t ON t.id = s.technician_id
 WHERE s.stage = $1 AND ($1 <> 'aktif' OR s.installed_on >= $2)
   AND ($3 = '' OR c.name_search LIKE $3 OR s.service_number LIKE $3 OR c.phone LIKE $3)"
    };
}
sql!(COUNT = concat!("SELECT COUNT(*) ", waiting!()));
sql!(
    LIST = concat!(
        "SELECT s.id, c.id AS customer_id, c.name, s.service_number, c.phone, s.area, p.name AS package, COALESCE(t.name, '') AS technician,
   s.asked_on, COALESCE(s.installed_on, s.install_on) AS day, s.stage ",
        waiting!(),
        " ORDER BY CASE WHEN s.stage = 'aktif' THEN 1 ELSE 0 END, COALESCE(s.install_on, s.asked_on), s.id DESC LIMIT $4 OFFSET $5"
    )
);
sql!(COUNTS = "SELECT (SELECT COUNT(*) FROM service WHERE stage = 'calon'), (SELECT COUNT(*) FROM service WHERE stage = 'menunggu_pemasangan'),
 (SELECT COUNT(*) FROM service WHERE installed_on >= $1 AND stage = 'aktif')");
sql!(PACKAGES = "SELECT p.id, p.name, p.duration_months,
   CAST(COALESCE((SELECT pp.price FROM package_price pp WHERE pp.package_id = p.id AND pp.valid_from <= $1 ORDER BY pp.valid_from DESC LIMIT 1), 0) AS BIGINT)
 FROM package p WHERE p.active ORDER BY p.name");
sql!(ROUTERS = "SELECT CAST(id AS TEXT), name FROM router ORDER BY name");
sql!(
    TECHNICIANS = "SELECT CAST(id AS TEXT), name FROM staff WHERE active AND role IN ('technician', 'owner', 'admin') ORDER BY CASE WHEN role = 'technician' THEN 0 ELSE 1 END, name"
);
sql!(AREAS = "SELECT name FROM area ORDER BY name");
sql!(PAYER = "SELECT name, phone, address FROM customer WHERE id = $1");
sql!(CANDIDATE = "SELECT customer_id, service_number, stage, package_id, COALESCE(router_id, 0) AS router_id, pppoe_username, area, due_day, install_fee, install_on,
   COALESCE(technician_id, 0) AS technician_id, install_note, lat_e6, lng_e6 FROM service WHERE id = $1");
sql!(OWNERS = "SELECT c.id, c.name, c.address, COALESCE((SELECT MIN(s.service_number) FROM service s WHERE s.customer_id = c.id), '')
 FROM customer c WHERE c.phone = $1 ORDER BY c.id LIMIT 5");
sql!(VIEW = "SELECT s.customer_id, c.name, s.service_number, s.stage, r.access, p.name AS package, COALESCE(ro.name, '') AS router, s.pppoe_username,
   s.observed, s.observed_profile, s.observed_at, s.router_problem, COALESCE(s.installed_on, s.install_on) AS day, COALESCE(t.name, '') AS technician
 FROM service s JOIN customer c ON c.id = s.customer_id JOIN package p ON p.id = s.package_id JOIN service_row r ON r.service_id = s.id
 LEFT JOIN router ro ON ro.id = s.router_id LEFT JOIN staff t ON t.id = s.technician_id WHERE s.id = $1");
sql!(
    OPEN_BILLS = "SELECT id, number, kind, period, total - paid FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial') ORDER BY id LIMIT 20"
);
sql!(SEALED = "SELECT pppoe_password_sealed FROM service WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    customer_id: i64,
    name: String,
    service_number: String,
    phone: String,
    area: String,
    package: String,
    technician: String,
    asked_on: Option<NaiveDate>,
    day: Option<NaiveDate>,
    stage: String,
}

#[derive(sqlx::FromRow)]
struct Candidate {
    customer_id: i64,
    service_number: String,
    stage: String,
    package_id: i64,
    router_id: i64,
    pppoe_username: String,
    area: String,
    due_day: i64,
    install_fee: i64,
    install_on: Option<NaiveDate>,
    technician_id: i64,
    install_note: String,
    lat_e6: Option<i64>,
    lng_e6: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Line {
    customer_id: i64,
    name: String,
    service_number: String,
    stage: String,
    access: String,
    package: String,
    router: String,
    pppoe_username: String,
    observed: String,
    observed_profile: String,
    observed_at: Option<chrono::DateTime<chrono::Utc>>,
    router_problem: String,
    day: Option<NaiveDate>,
    technician: String,
}

fn not_there() -> Error {
    Error::NotFound("Layanan ini tidak ada.".to_owned())
}

/// A page of one stage, and the counts of all.
pub async fn list(app: &AppState, stage: &str, q: &str, page: i64) -> Result<InstallList> {
    let since = app.clock.today().checked_sub_days(Days::new(NEW_DAYS)).unwrap_or_default();
    let stage = match stage {
        "jadwal" => "menunggu_pemasangan",
        "aktif" => "aktif",
        _ => "calon",
    };
    let text: String = q.trim().to_lowercase().chars().filter(|c| !matches!(c, '%' | '_')).collect();
    // A telephone is stored with its country code.
    let text = text.strip_prefix("08").map_or_else(|| text.clone(), |rest| format!("8{rest}"));
    let needle = if text.is_empty() { String::new() } else { format!("%{text}%") };
    let info = PageInfo::of(page, app.db.number(COUNT, args![stage, since, &needle]).await?);
    let rows: Vec<Row> =
        app.db.all(LIST, args![stage, since, &needle, crate::app::dto::PAGE_ROWS, info.offset()]).await?;
    let (candidates, planned, active): (i64, i64, i64) = app.db.one(COUNTS, args![since]).await?;
    let day = |day: Option<NaiveDate>| day.map(words::day).unwrap_or_default();
    let rows = rows
        .into_iter()
        .map(|row| InstallRow {
            service_id: row.id,
            customer_id: row.customer_id,
            name: row.name,
            number: row.service_number,
            phone: words::phone(&row.phone),
            area: row.area,
            package: row.package,
            technician: row.technician,
            asked: day(row.asked_on),
            day: day(row.day),
            waits: row.stage != "aktif",
            stage: text::stage(&row.stage),
        })
        .collect();
    Ok(InstallList { rows, info, candidates, planned, active })
}

/// What the form starts from.
pub async fn start(app: &AppState, service_id: i64, customer_id: i64) -> Result<InstallStart> {
    let (today, settings) = (app.clock.today(), app.settings().await?);
    let mut form = InstallForm {
        request_id: hex::encode(crate::server::secrets::random_bytes::<16>()?),
        fee: match settings.int("install.fee") {
            0 => String::new(),
            fee => Rupiah(fee).digits(),
        },
        due_day: settings.text("invoice.due_day").to_owned(),
        started_on: words::day(today),
        customer_id,
        step: "calon".to_owned(),
        ..InstallForm::default()
    };
    let mut number = String::new();
    if service_id == 0 {
        form.pppoe_password = readable_password()?;
    } else {
        let line: Candidate = app.db.opt(CANDIDATE, args![service_id]).await?.ok_or_else(not_there)?;
        if !matches!(line.stage.as_str(), "calon" | "menunggu_pemasangan") {
            return Err(Error::Refused("Layanan ini sudah terpasang. Ubah datanya di halaman pelanggan.".to_owned()));
        }
        number = line.service_number;
        form = InstallForm {
            service_id,
            customer_id: line.customer_id,
            area: line.area,
            place: place_words(line.lat_e6, line.lng_e6),
            package_id: line.package_id,
            router_id: line.router_id,
            pppoe_username: line.pppoe_username,
            fee: if line.install_fee == 0 { String::new() } else { Rupiah(line.install_fee).digits() },
            due_day: line.due_day.to_string(),
            install_on: line.install_on.map(words::day).unwrap_or_default(),
            technician_id: line.technician_id,
            note: line.install_note,
            ..form
        };
    }
    let payer = match form.customer_id {
        0 => String::new(),
        id => {
            let (name, phone, address): (String, String, String) = app
                .db
                .opt(PAYER, args![id])
                .await?
                .ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
            [name, words::phone(&phone), address]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · ")
        }
    };
    let choices = |rows: Vec<(String, String)>| rows.into_iter().map(|row| Choice::new(row.0, row.1)).collect();
    let packages: Vec<(i64, String, i64, i64)> = app.db.all(PACKAGES, args![today]).await?;
    Ok(InstallStart {
        form,
        payer,
        packages: packages
            .into_iter()
            .map(|(id, name, months, price)| PackageChoice {
                id,
                words: format!(
                    "{name} · {}{}",
                    money(price),
                    if months == 1 { " sebulan".to_owned() } else { format!(" {months} bulan") }
                ),
            })
            .collect(),
        routers: choices(app.db.all(ROUTERS, args![]).await?),
        technicians: choices(app.db.all(TECHNICIANS, args![]).await?),
        areas: app.db.all::<(String,)>(AREAS, args![]).await?.into_iter().map(|row| row.0).collect(),
        number,
    })
}

/// Who has that telephone.
pub async fn phone_owners(app: &AppState, phone: &str) -> Result<Vec<PhoneOwner>> {
    let Ok(phone) = Phone::normalise(phone) else { return Ok(Vec::new()) };
    let rows: Vec<(i64, String, String, String)> = app.db.all(OWNERS, args![phone.as_str()]).await?;
    let words = |parts: [String; 3]| parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    Ok(rows
        .into_iter()
        .map(|(customer_id, name, address, number)| PhoneOwner { customer_id, words: words([name, number, address]) })
        .collect())
}

/// Checks the form and saves it.
pub async fn save(app: &AppState, who: Who, form: InstallForm) -> Result<i64> {
    let today = app.clock.today();
    let payer = if form.customer_id != 0 {
        Payer::Known(form.customer_id)
    } else {
        let name = text_of("name", "Nama", &form.name, 100)?;
        if name.is_empty() {
            return Err(Error::invalid("name", "Isi nama pelanggan."));
        }
        let phone = Phone::parse(&form.phone).map_err(|error| Error::invalid("phone", error.to_string()))?;
        let email = text_of("email", "Surel", &form.email, 200)?;
        if !email.is_empty() && !email.contains('@') {
            return Err(Error::invalid("email", "Surel tidak lengkap; tulis seperti nama@contoh.id, atau kosongkan."));
        }
        Payer::New { name, phone: phone.to_string(), email, address: text_of("address", "Alamat", &form.address, 300)? }
    };
    if !(16..=64).contains(&form.request_id.len()) || !form.request_id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::invalid("request_id", "Muat ulang halaman ini, lalu isi kembali."));
    }
    let install_on = date_of("install_on", &form.install_on, today)?;
    let step = match form.step.as_str() {
        "calon" => Step::Candidate,
        "jadwal" if install_on.is_none() => {
            return Err(Error::invalid("install_on", "Isi tanggal pemasangan yang dijanjikan."));
        }
        "jadwal" => Step::Planned,
        "aktif" => Step::Active(date_of("started_on", &form.started_on, today)?.unwrap_or(today)),
        _ => return Err(Error::invalid("step", "Pilih simpan, jadwalkan, atau aktifkan.")),
    };
    let fee = match form.fee.trim() {
        "" => Rupiah::ZERO,
        text => Rupiah::parse_input(text).map_err(|_| Error::invalid("fee", text::MONEY_WRONG))?,
    };
    if fee < Rupiah::ZERO || fee.0 > 1_000_000_000 {
        return Err(Error::invalid("fee", "Biaya pemasangan 0 sampai Rp 1.000.000.000."));
    }
    let line = NewLine {
        request_id: form.request_id,
        service_id: (form.service_id != 0).then_some(form.service_id),
        payer,
        area: text_of("area", "Wilayah", &form.area, 100)?,
        place: parse_place(&form.place)?,
        package_id: form.package_id,
        router_id: (form.router_id != 0).then_some(form.router_id),
        pppoe_username: account_text("pppoe_username", "Nama PPPoE", &form.pppoe_username)?,
        pppoe_password: account_text("pppoe_password", "Kata sandi PPPoE", &form.pppoe_password)?,
        fee,
        due_day: due_day_of(&form.due_day)?,
        install_on,
        technician_id: (form.technician_id != 0).then_some(form.technician_id),
        note: text_of("note", "Catatan", &form.note, 500)?,
        step,
    };
    Ok(install::save(app, who, line).await?.service_id)
}

/// A line as it stands now.
pub async fn view(asked: &Asked, service_id: i64) -> Result<InstallView> {
    let app = &asked.app;
    let line: Line = app.db.opt(VIEW, args![service_id]).await?.ok_or_else(not_there)?;
    let bills: Vec<(i64, String, String, String, i64)> = if asked.staff.may(Permission::ViewInvoices) {
        app.db.all(OPEN_BILLS, args![service_id]).await?
    } else {
        Vec::new()
    };
    let observed = match (line.observed.as_str(), line.observed_at) {
        ("unknown", _) | (_, None) => String::new(),
        ("missing", Some(at)) => format!("akun belum ada ({})", words::instant(&app.clock, at)),
        (_, Some(at)) => format!("{} ({})", line.observed_profile, words::instant(&app.clock, at)),
    };
    Ok(InstallView {
        service_id,
        customer_id: line.customer_id,
        name: line.name,
        number: line.service_number,
        active: line.stage == "aktif",
        stage: text::stage(&line.stage),
        access: text::access_at(&line.stage, &line.access),
        package: line.package,
        router: line.router,
        account: line.pppoe_username,
        observed,
        problem: line.router_problem,
        bills: bills
            .into_iter()
            .map(|(id, number, kind, period, left)| {
                let what = if kind == "charge" { "Biaya pemasangan".to_owned() } else { words::period(&period) };
                (id, format!("{what} · {number}"), money(left))
            })
            .collect(),
        may_pay: asked.staff.may(Permission::RecordPayment),
        day: line.day.map(words::day).unwrap_or_default(),
        technician: line.technician,
    })
}

/// The account's password, opened; the log says who looked.
pub async fn secret(app: &AppState, who: Who, service_id: i64) -> Result<String> {
    let (sealed,): (String,) = app.db.opt(SEALED, args![service_id]).await?.ok_or_else(not_there)?;
    if sealed.is_empty() {
        return Ok(String::new());
    }
    let password = app.secrets.open(PPPOE_PLACE, &sealed)?;
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            let subject = format!("service:{service_id}");
            Box::pin(async move { audit::record(tx, &who, now, "service.pppoe.look", &subject, "", "").await })
        })
        .await?;
    Ok(password)
}
