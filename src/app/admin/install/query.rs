//! What Pasang Baru reads, and how its form becomes a line.

use super::checks::{Wrong, account_text, date_of, due_day_of, text_of};
use super::{InstallForm, InstallList, InstallRow, InstallStart, InstallView, PackageChoice, PhoneOwner};
use crate::app::admin::words;
use crate::app::dto::{Choice, PageInfo, money};
use crate::app::error::ApiError;
use crate::app::text;
use crate::billing::{Period, Phone, Rupiah};
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
    let (candidates, planned, active): (i64, i64, i64) = app.db.one(COUNTS, args![since]).await?;
    // Nothing chosen: where somebody waits, or else where something was done.
    let tab = match stage {
        "calon" | "jadwal" | "aktif" => stage,
        _ if candidates > 0 => "calon",
        _ if planned > 0 => "jadwal",
        _ if active > 0 => "aktif",
        _ => "calon",
    }
    .to_owned();
    let stage = match tab.as_str() {
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
    Ok(InstallList { tab, rows, info, candidates, planned, active })
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

/// Checks the whole form and saves it; what is wrong is told of all fields at once, in the form's order.
pub async fn save(app: &AppState, who: Who, form: InstallForm) -> Result<i64, ApiError> {
    let line = line_of(form, app.clock.today())?;
    Ok(install::save(app, who, line).await?.service_id)
}

fn payer_of(form: &InstallForm, wrong: &mut Wrong) -> Result<Payer> {
    if form.customer_id != 0 {
        return Ok(Payer::Known(form.customer_id));
    }
    let name = wrong.take(match text_of("name", "Nama", &form.name, 100) {
        Ok(name) if name.is_empty() => Err(Error::invalid("name", "Isi nama pelanggan.")),
        other => other,
    })?;
    let phone = Phone::parse(&form.phone).map(|phone| phone.to_string());
    let phone = wrong.take(phone.map_err(|error| Error::invalid("phone", error.to_string())))?;
    let email = wrong.take(match text_of("email", "Email", &form.email, 200) {
        Ok(email) if !email.is_empty() && !email.contains('@') => {
            Err(Error::invalid("email", "Email tidak lengkap; tulis seperti nama@contoh.id, atau kosongkan."))
        }
        other => other,
    })?;
    let address = wrong.take(text_of("address", "Alamat", &form.address, 300))?;
    Ok(Payer::New { name, phone, email, address })
}

fn fee_of(text: &str) -> Result<Rupiah> {
    let fee = match text.trim() {
        "" => Rupiah::ZERO,
        text => Rupiah::parse_input(text).map_err(|error| Error::invalid("fee", error.to_string()))?,
    };
    if fee < Rupiah::ZERO || fee.0 > 1_000_000_000 {
        return Err(Error::invalid("fee", "Biaya pemasangan 0 sampai Rp 1.000.000.000."));
    }
    Ok(fee)
}

fn line_of(form: InstallForm, today: NaiveDate) -> Result<NewLine, ApiError> {
    let mut wrong = Wrong::default();
    let payer = payer_of(&form, &mut wrong)?;
    let area = wrong.take(text_of("area", "Wilayah", &form.area, 100))?;
    let place = wrong.take(parse_place(&form.place))?;
    wrong.unless(form.package_id != 0, "package_id", "Pilih paket dari daftar.");
    let pppoe_username = wrong.take(account_text("pppoe_username", "Nama PPPoE", &form.pppoe_username))?;
    let pppoe_password = wrong.take(account_text("pppoe_password", "Kata sandi PPPoE", &form.pppoe_password))?;
    // A line that was saved before may have its password already: that is known further in.
    let needs_password = form.step == "aktif" && form.router_id != 0 && form.service_id == 0;
    wrong.unless(
        !needs_password || !form.pppoe_password.trim().is_empty(),
        "pppoe_password",
        install::PASSWORD_MISSING,
    );
    let fee = wrong.take(fee_of(&form.fee))?;
    let due_day = wrong.take(due_day_of(&form.due_day))?;
    let day = wrong.take(date_of("install_on", &form.install_on, today).map(Some))?;
    let install_on = day.flatten();
    let note = wrong.take(text_of("note", "Catatan", &form.note, 500))?;
    let step = match form.step.as_str() {
        "calon" => Step::Candidate,
        "jadwal" => {
            // Not where the day that was typed has been complained of already.
            wrong.unless(day != Some(None), "install_on", "Isi tanggal pemasangan yang dijanjikan.");
            Step::Planned
        }
        "aktif" => {
            let start = wrong.take(date_of("started_on", &form.started_on, today))?.unwrap_or(today);
            let this_month = start <= today && Period::of(start) == Period::of(today);
            wrong.unless(this_month, "started_on", install::START_WRONG);
            Step::Active(start)
        }
        _ => return Err(Error::invalid("step", "Pilih simpan, jadwalkan, atau aktifkan.").into()),
    };
    let known_id = (16..=64).contains(&form.request_id.len()) && form.request_id.bytes().all(|b| b.is_ascii_hexdigit());
    wrong.unless(known_id, "request_id", "Muat ulang halaman ini, lalu isi kembali.");
    wrong.said()?;
    Ok(NewLine {
        request_id: form.request_id,
        service_id: (form.service_id != 0).then_some(form.service_id),
        payer,
        area,
        place,
        package_id: form.package_id,
        router_id: (form.router_id != 0).then_some(form.router_id),
        pppoe_username,
        pppoe_password,
        fee,
        due_day,
        install_on,
        technician_id: (form.technician_id != 0).then_some(form.technician_id),
        note,
        step,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    fn form(package_id: i64, step: &str) -> InstallForm {
        InstallForm {
            request_id: "a1b2c3d4e5f60718".to_owned(),
            name: "Siti".to_owned(),
            phone: "0812-3456-7890".to_owned(),
            package_id,
            due_day: "10".to_owned(),
            install_on: "20/1".to_owned(),
            step: step.to_owned(),
            ..InstallForm::default()
        }
    }

    #[tokio::test]
    async fn all_that_is_wrong_is_said_at_once_and_once() {
        let t = TestApp::sqlite("2026-01-15 10:00").await;
        let bad = InstallForm {
            name: String::new(),
            phone: "0812".to_owned(),
            email: "siti".to_owned(),
            place: "di sana".to_owned(),
            package_id: 0,
            fee: "banyak".to_owned(),
            due_day: "40".to_owned(),
            install_on: "besok".to_owned(),
            ..form(0, "jadwal")
        };
        let error = save(&t.state, Who::command(), bad.clone()).await.unwrap_err();
        let fields = |error: &ApiError| error.fields().iter().map(|(field, _)| (*field).to_owned()).collect::<Vec<_>>();
        let wanted = ["name", "phone", "email", "place", "package_id", "fee", "due_day", "install_on"];
        assert_eq!(fields(&error), wanted);
        let nothing = InstallForm { install_on: String::new(), ..form(1, "jadwal") };
        assert_eq!(fields(&save(&t.state, Who::command(), nothing).await.unwrap_err()), ["install_on"]);
        let late = InstallForm { started_on: "1/2".to_owned(), ..form(1, "aktif") };
        assert_eq!(fields(&save(&t.state, Who::command(), late).await.unwrap_err()), ["started_on"]);
    }

    #[tokio::test]
    async fn the_list_opens_where_somebody_is() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let tab = async || list(&t.state, "", "", 1).await.unwrap().tab;
            assert_eq!(tab().await, "calon", "nobody anywhere");
            let package = t.package("Home", 300_000, 1).await;
            for (n, step) in ["aktif", "jadwal", "calon"].into_iter().enumerate() {
                let form = InstallForm { request_id: format!("a1b2c3d4e5f6071{n}"), ..form(package, step) };
                save(&t.state, Who::command(), form).await.unwrap();
                assert_eq!(tab().await, step);
            }
            assert_eq!(list(&t.state, "aktif", "", 1).await.unwrap().tab, "aktif", "what was chosen stays");
        }
    }
}
