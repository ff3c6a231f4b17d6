//! What the daily part of a customer's page reads, and how its forms become changes.

use super::{
    ChangeSeen, ChangeWish, CustomerForm, DailyService, DailyView, FileRow, HistoryRow, NoteRow, PlannedView,
    ServiceForm,
};
use crate::app::admin::install::checks::{account_text, due_day_of, text_of};
use crate::app::admin::{activity, words};
use crate::app::dto::{Choice, money};
use crate::app::text;
use crate::billing::Period;
use crate::billing::Phone;
use crate::billing::words::{date_words, parse_date_input};
use crate::server::access::AccessContext;
use crate::server::audit::{self, Who};
use crate::server::customers::change;
use crate::server::customers::due_day;
use crate::server::customers::edit::{self, CustomerData, ServiceData};
use crate::server::customers::files;
use crate::server::customers::place::{parse_place, place_words};
use crate::server::customers::planned::{self, Change};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::collections::HashMap;

sql!(CUSTOMER = "SELECT name, phone, email, address FROM customer WHERE id = $1");
sql!(SERVICES = "SELECT id, service_number, area, COALESCE(collector_id, 0) AS collector_id, due_day, COALESCE(router_id, 0) AS router_id, pppoe_username,
   never_isolate, never_isolate_until, lat_e6, lng_e6, stage FROM service WHERE customer_id = $1 ORDER BY service_number");
sql!(PLANNED = "SELECT ch.service_id, ch.id, ch.kind, ch.from_on, COALESCE(p.name, ''), ch.reason, ch.who FROM service_change ch
 LEFT JOIN package p ON p.id = ch.package_id WHERE ch.state = 'planned' AND ch.service_id IN (SELECT id FROM service WHERE customer_id = $1) ORDER BY ch.from_on, ch.id");
sql!(NOTES = "SELECT at, who, kind, text FROM customer_note WHERE customer_id = $1 ORDER BY id DESC LIMIT 50");
sql!(
    FILES = "SELECT id, kind, name, bytes, who, at FROM customer_file WHERE customer_id = $1 AND removed_at IS NULL ORDER BY id DESC LIMIT 100"
);
sql!(HISTORY = "SELECT at, who, action, before_value, after_value FROM audit_event
 WHERE subject IN (SELECT $2 UNION ALL SELECT 'service:' || CAST(s.id AS TEXT) FROM service s WHERE s.customer_id = $1) ORDER BY id DESC LIMIT 50");
sql!(BULKS = "SELECT b.at, b.who, b.what, r.before_value, b.value FROM bulk_change_row r JOIN bulk_change b ON b.id = r.bulk_id
 WHERE r.problem = '' AND r.service_id IN (SELECT s.id FROM service s WHERE s.customer_id = $1) ORDER BY b.id DESC LIMIT 50");
sql!(AREAS = "SELECT name FROM area ORDER BY name");
sql!(ROUTERS = "SELECT CAST(id AS TEXT), name FROM router ORDER BY name");
sql!(
    COLLECTORS = "SELECT CAST(id AS TEXT), name FROM staff WHERE active AND role IN ('collector', 'cashier', 'admin', 'owner') ORDER BY CASE WHEN role = 'collector' THEN 0 ELSE 1 END, name"
);
sql!(PACKAGES = "SELECT CAST(id AS TEXT), 'Ganti paket ke ' || name FROM package WHERE active ORDER BY name");
sql!(
    INSERT_NOTE =
        "INSERT INTO customer_note (customer_id, kind, text, who, staff_id, at) VALUES ($1, $2, $3, $4, $5, $6)"
);
sql!(DUE_DAY = "SELECT due_day FROM service WHERE id = $1");
sql!(CUSTOMER_THERE = "SELECT COUNT(*) FROM customer WHERE id = $1");

#[derive(sqlx::FromRow)]
struct Service {
    id: i64,
    service_number: String,
    area: String,
    collector_id: i64,
    due_day: i64,
    router_id: i64,
    pppoe_username: String,
    never_isolate: String,
    never_isolate_until: Option<NaiveDate>,
    lat_e6: Option<i64>,
    lng_e6: Option<i64>,
    stage: String,
}

type PlannedRow = (i64, i64, String, NaiveDate, String, String, String);

/// Everything of it.
pub async fn view(asked: &Asked, id: i64) -> Result<DailyView> {
    let app = &asked.app;
    let (name, phone, email, address): (String, String, String, String) =
        app.db.opt(CUSTOMER, args![id]).await?.ok_or_else(|| Error::NotFound("Pelanggan ini tidak ada.".to_owned()))?;
    let may_edit = asked.staff.may(Permission::EditCustomers);
    let may_files = asked.staff.may(Permission::ViewFiles);
    let mut planned: HashMap<i64, Vec<PlannedView>> = HashMap::new();
    for (service_id, change, kind, from, package, reason, who) in app.db.all::<PlannedRow>(PLANNED, args![id]).await? {
        let what = match kind.as_str() {
            "stop" => "Berhenti".to_owned(),
            "pause" => "Cuti".to_owned(),
            "resume" => "Aktif kembali setelah cuti".to_owned(),
            _ => format!("Ganti paket ke {package}"),
        };
        planned.entry(service_id).or_default().push(PlannedView {
            id: change,
            words: format!("{what} mulai {}", date_words(from)),
            why: format!("{reason} · {who}"),
        });
    }
    let services: Vec<Service> = app.db.all(SERVICES, args![id]).await?;
    let instant = |at: DateTime<Utc>| words::instant(&app.clock, at);
    let notes: Vec<(DateTime<Utc>, String, String, String)> = app.db.all(NOTES, args![id]).await?;
    let files: Vec<(i64, String, String, i64, String, DateTime<Utc>)> =
        if may_files { app.db.all(FILES, args![id]).await? } else { Vec::new() };
    let mut history: Vec<(DateTime<Utc>, String, String, String, String)> = Vec::new();
    if may_edit || asked.staff.may(Permission::ViewAudit) {
        history = app.db.all(HISTORY, args![id, format!("customer:{id}")]).await?;
        history.extend(app.db.all::<(DateTime<Utc>, String, String, String, String)>(BULKS, args![id]).await?);
        history.sort_by_key(|row| std::cmp::Reverse(row.0));
    }
    let choices = |rows: Vec<(String, String)>| rows.into_iter().map(|row| Choice::new(row.0, row.1)).collect();
    let mobile = Phone::normalise(&phone).is_ok_and(|phone| phone.is_mobile());
    Ok(DailyView {
        customer: CustomerForm { id, name, phone: words::phone(&phone), email, address },
        services: services
            .into_iter()
            .map(|row| DailyService {
                planned: planned.remove(&row.id).unwrap_or_default(),
                runs: matches!(row.stage.as_str(), "aktif" | "siap_dicabut" | "cuti"),
                may_promise: matches!(row.stage.as_str(), "aktif" | "siap_dicabut")
                    && asked.staff.may(Permission::Collect),
                may_hold: asked.staff.may(Permission::ManageAccess),
                stopped: matches!(row.stage.as_str(), "berhenti" | "cuti" | "siap_dicabut"),
                waits: matches!(row.stage.as_str(), "calon" | "menunggu_pemasangan"),
                map: match place_words(row.lat_e6, row.lng_e6) {
                    place if place.is_empty() => place,
                    place => format!("https://www.google.com/maps?q={}", place.replace(' ', "")),
                },
                number: row.service_number,
                form: ServiceForm {
                    id: row.id,
                    area: row.area,
                    collector_id: row.collector_id,
                    due_day: row.due_day.to_string(),
                    router_id: row.router_id,
                    pppoe_username: row.pppoe_username,
                    pppoe_password: String::new(),
                    never_isolate: row.never_isolate,
                    never_isolate_until: row.never_isolate_until.map(words::day).unwrap_or_default(),
                    place: place_words(row.lat_e6, row.lng_e6),
                },
            })
            .collect(),
        notes: notes
            .into_iter()
            .map(|(at, who, kind, text)| NoteRow {
                head: format!("{} · {who}", instant(at)),
                kind: if kind == "kontak" { "Sudah dihubungi".to_owned() } else { "Catatan".to_owned() },
                text,
            })
            .collect(),
        files: files
            .into_iter()
            .map(|(id, kind, name, bytes, who, at)| FileRow {
                id,
                kind: files::KINDS
                    .iter()
                    .find(|(code, _)| *code == kind)
                    .map_or(kind.clone(), |(_, word)| (*word).to_owned()),
                name,
                sub: format!("{} KB · {} · {who}", text::count((bytes + 1023) / 1024), instant(at)),
            })
            .collect(),
        history: history
            .into_iter()
            .map(|(at, who, action, before, after)| HistoryRow {
                at: instant(at),
                who,
                what: action_words(&action),
                before,
                after,
            })
            .collect(),
        areas: app.db.all::<(String,)>(AREAS, args![]).await?.into_iter().map(|row| row.0).collect(),
        routers: choices(app.db.all(ROUTERS, args![]).await?),
        collectors: choices(app.db.all(COLLECTORS, args![]).await?),
        packages: choices(app.db.all(PACKAGES, args![]).await?),
        kinds: files::KINDS.iter().map(|(code, word)| Choice::new(*code, *word)).collect(),
        call: if phone.is_empty() { String::new() } else { format!("tel:+{phone}") },
        whatsapp: if mobile { format!("https://wa.me/{phone}") } else { String::new() },
        may_edit,
        may_files,
        may_install: asked.staff.may(Permission::Install),
    })
}

/// What the log calls it; a bulk change by its kind.
fn action_words(action: &str) -> String {
    match action {
        "area" => "Ubah massal: wilayah",
        "collector" => "Ubah massal: kolektor",
        "due_day" => "Ubah massal: jatuh tempo",
        "package" => "Ubah massal: paket mulai bulan depan",
        "never_isolate" => "Ubah massal: jangan isolir",
        other => return activity::words::action(other),
    }
    .to_owned()
}

/// Saves a customer's data.
pub async fn save_customer(app: &AppState, who: Who, form: CustomerForm) -> Result<()> {
    let name = text_of("name", "Nama", &form.name, 100)?;
    if name.is_empty() {
        return Err(Error::invalid("name", "Isi nama pelanggan."));
    }
    let phone = Phone::parse(&form.phone).map_err(|error| Error::invalid("phone", error.to_string()))?;
    let email = text_of("email", "Email", &form.email, 200)?;
    if !email.is_empty() && !email.contains('@') {
        return Err(Error::invalid("email", "Email tidak lengkap; tulis seperti nama@contoh.id, atau kosongkan."));
    }
    let address = text_of("address", "Alamat", &form.address, 300)?;
    edit::save_customer(app, who, form.id, CustomerData { name, phone, email, address }).await
}

/// Saves a service's data.
pub async fn save_service(app: &AppState, who: Who, form: ServiceForm) -> Result<()> {
    let today = app.clock.today();
    let never_isolate = text_of("never_isolate", "Alasan", &form.never_isolate, 200)?;
    let never_isolate_until = match form.never_isolate_until.trim() {
        "" => None,
        typed => Some(parse_date_input(typed, today.year()).ok_or_else(|| {
            Error::invalid("never_isolate_until", "Tanggal tidak terbaca. Tulis seperti 31/1 atau 31/01/2026.")
        })?),
    };
    if never_isolate.is_empty() && never_isolate_until.is_some() {
        return Err(Error::invalid("never_isolate", "Tulis alasannya, atau kosongkan tanggalnya."));
    }
    // It moves by a deed of its own; a form that says nothing of it leaves it.
    let due_day = match form.due_day.trim() {
        "" => app.db.opt::<(i64,)>(DUE_DAY, args![form.id]).await?.map_or(1, |row| row.0),
        typed => due_day_of(typed)?,
    };
    let data = ServiceData {
        area: text_of("area", "Wilayah", &form.area, 100)?,
        collector_id: (form.collector_id != 0).then_some(form.collector_id),
        due_day,
        router_id: (form.router_id != 0).then_some(form.router_id),
        pppoe_username: account_text("pppoe_username", "Nama PPPoE", &form.pppoe_username)?,
        pppoe_password: account_text("pppoe_password", "Kata sandi PPPoE", &form.pppoe_password)?,
        never_isolate,
        never_isolate_until,
        place: parse_place(&form.place)?,
    };
    edit::save_service(app, who, form.id, data).await
}

// Months from this one on that are paid whole: a stop gives nothing of them back.
sql!(
    PAID_FROM = "SELECT period, paid FROM invoice WHERE service_id = $1 AND kind = 'regular' AND status = 'paid' AND period >= $2 ORDER BY period"
);

/// Changes a service now or plans it, or shows what that would do.
pub async fn change(asked: &Asked, wish: ChangeWish) -> Result<ChangeSeen> {
    let app = &asked.app;
    let sees_money = asked.staff.may(Permission::ViewInvoices);
    if let Some(day) = wish.what.strip_prefix("tempo:") {
        return move_due_day(asked, &wish, day, sees_money).await;
    }
    let (preview, now) = (wish.preview, wish.now);
    let (stops, service_id) = (wish.what == "berhenti", wish.service_id);
    let wish = change::Wish {
        service_id: wish.service_id,
        change: change::parse(&wish.what)?,
        from: now.then(|| app.clock.today()),
        reason: wish.reason,
        preview,
    };
    if now && matches!(wish.change, Change::Pause(_)) {
        return Err(Error::invalid("now", "Cuti dimulai pada awal bulan. Pilih mulai bulan depan."));
    }
    let done = change::carry(app, asked.who.clone(), wish).await?;
    let day = date_words(done.from);
    let mut said = match (now, preview) {
        (true, true) => format!("Akan berlaku hari ini, {day}."),
        (true, false) => format!("Berlaku mulai hari ini, {day}."),
        (false, true) => format!("Akan direncanakan mulai {day}; tagihan sampai saat itu tidak berubah."),
        (false, false) => format!("Direncanakan mulai {day}."),
    };
    if sees_money && done.total.0 != 0 {
        let (sum, kind) = if done.total.is_positive() { (done.total, "ditagih") } else { (-done.total, "dikurangi") };
        let paper = done.paper.filter(|_| !preview).map(|number| format!(" ({number})")).unwrap_or_default();
        said.push_str(&format!(" {} {kind}{paper}.", money(sum.0)));
    }
    if stops && now && sees_money {
        let kept: Vec<(String, i64)> = app.db.all(PAID_FROM, args![service_id, Period::of(app.clock.today())]).await?;
        if !kept.is_empty() {
            let kept: Vec<String> =
                kept.iter().map(|(period, paid)| format!("{} ({})", words::period(period), money(*paid))).collect();
            said.push_str(&format!(" Sudah lunas dan tidak dikembalikan: {}.", kept.join(", ")));
        }
    }
    let lines = done.lines.into_iter().map(|line| (line.text, line.derivation, money(line.amount.0)));
    Ok(ChangeSeen { words: said, lines: if sees_money { lines.collect() } else { Vec::new() } })
}

/// Moves the due day, or shows which bills keep theirs and from which one the new day holds.
async fn move_due_day(asked: &Asked, wish: &ChangeWish, day: &str, sees_money: bool) -> Result<ChangeSeen> {
    let place = (wish.service_id, due_day_of(day)?);
    let moved = due_day::move_to(&asked.app, asked.who.clone(), place, &wish.reason, wish.preview).await?;
    let cut = moved.cut_on.map_or_else(
        || "tidak ada hari isolir dalam dua bulan sesudahnya".to_owned(),
        |cut| format!("bila belum dibayar, isolir paling cepat {}", date_words(cut)),
    );
    let mut lines: Vec<_> = moved
        .keeps
        .into_iter()
        .map(|bill| {
            let left = if sees_money { money(bill.left.0) } else { String::new() };
            (
                format!("{} · {}", bill.number, bill.period.words()),
                format!("Tetap jatuh tempo {}", date_words(bill.due_on)),
                left,
            )
        })
        .collect();
    lines.push((
        format!("Tagihan {}", moved.first.words()),
        format!("Jatuh tempo {}; {cut}", date_words(moved.due_on)),
        String::new(),
    ));
    let verb = if wish.preview { "Akan pindah" } else { "Pindah" };
    let words =
        format!("{verb} dari tanggal {} ke tanggal {}, mulai tagihan {}.", moved.before, place.1, moved.first.words());
    Ok(ChangeSeen { words, lines })
}

/// Takes a planned change back.
pub async fn unplan(app: &AppState, who: Who, change_id: i64) -> Result<()> {
    let ctx = AccessContext::now(app, who).await?;
    app.db
        .write::<_, Error, _>(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move { planned::cancel(tx, &ctx, change_id).await.map(|_| ()) })
        })
        .await
}

/// Puts a stopped service into use again.
pub async fn restart(app: &AppState, who: Who, service_id: i64) -> Result<()> {
    let (ledger, ctx) = (app.ledger(who.clone()).await?, AccessContext::now(app, who).await?);
    app.db
        .write::<_, Error, _>(move |tx| {
            let (ledger, ctx) = (ledger.clone(), ctx.clone());
            Box::pin(async move { planned::restart(tx, &ledger, &ctx, service_id).await.map(|_| ()) })
        })
        .await?;
    app.work_bell.notify_waiters();
    Ok(())
}

/// Writes a note.
pub async fn add_note(app: &AppState, who: Who, id: i64, kind: &str, text: &str) -> Result<()> {
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().count() > 1_000 {
        return Err(Error::invalid("text", "Tulis catatannya, paling banyak 1.000 huruf."));
    }
    if !matches!(kind, "catatan" | "kontak") {
        return Err(Error::invalid("kind", "Pilih Catatan atau Sudah dihubungi."));
    }
    let (kind, now) = (kind.to_owned(), app.clock.now());
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, kind, text) = (who.clone(), kind.clone(), text.clone());
            Box::pin(async move {
                if tx.number(CUSTOMER_THERE, args![id]).await? == 0 {
                    return Err(Error::NotFound("Pelanggan ini tidak ada.".to_owned()));
                }
                tx.exec_one(INSERT_NOTE, args![id, &kind, &text, &who.name, who.staff_id, now]).await?;
                audit::record(tx, &who, now, "customer.note", &format!("customer:{id}"), "", &text).await
            })
        })
        .await
}

/// Takes a file away.
pub async fn remove_file(asked: &Asked, id: i64) -> Result<()> {
    let stored = files::find(&asked.app, id).await?;
    asked.reaches_customer(stored.customer_id).await?;
    files::remove(&asked.app, asked.who.clone(), id).await
}
