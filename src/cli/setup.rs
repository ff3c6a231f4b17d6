//! `key:generate`, `db:migrate`, `db:seed`, `staff:create`, `setting:set`, `setting:list`.

use super::args::{RoleArg, SeedArgs, StaffArgs};
use super::{Outcome, prepare_folder, read_key, read_stdin};
use crate::args;
use crate::server::audit::{self, Who};
use crate::server::config::Config;
use crate::server::customers::links;
use crate::server::customers::seed::{self, SeedWish};
use crate::server::db::{Db, Sql};
use crate::server::error::{Error, Result};
use crate::server::secrets::{Secrets, hash_password};
use crate::server::settings;
use crate::server::staff::{PASSWORD_MIN, second_factor};
use crate::server::state::AppState;
use crate::sql;
use serde_json::json;
use std::io::Write;
use std::path::Path;

sql!(SEALED_SETTINGS = "SELECT key, value FROM setting WHERE sealed");
sql!(RESEAL_SETTING = "UPDATE setting SET value = $2 WHERE key = $1 AND sealed");
sql!(SEALED_ROUTERS = "SELECT CAST(id AS TEXT), password_sealed FROM router WHERE password_sealed <> ''");
sql!(RESEAL_ROUTER = "UPDATE router SET password_sealed = $2 WHERE CAST(id AS TEXT) = $1");
sql!(SEALED_SERVICES = "SELECT CAST(id AS TEXT), pppoe_password_sealed FROM service WHERE pppoe_password_sealed <> ''");
sql!(RESEAL_SERVICE = "UPDATE service SET pppoe_password_sealed = $2 WHERE id = CAST($1 AS BIGINT)");
sql!(SEALED_STAFF = "SELECT CAST(id AS TEXT), totp_sealed FROM staff WHERE totp_sealed <> ''");
sql!(RESEAL_STAFF = "UPDATE staff SET totp_sealed = $2 WHERE id = CAST($1 AS BIGINT)");
sql!(RESEAL_CHECK = "UPDATE setting SET value = $1 WHERE key = 'internal.key_check'");
sql!(
    INSERT_STAFF = "INSERT INTO staff (email, name, role, password_hash, active, created_at) VALUES ($1, $2, $3, $4, TRUE, $5) ON CONFLICT (email) DO NOTHING RETURNING id"
);

pub async fn key_generate(config: Config, force: bool) -> Result<Outcome> {
    prepare_folder(&config)?;
    if config.key.is_some() {
        return Err(Error::Refused(
            "KIMONET_KEY sudah terpasang di lingkungan; kosongkan dahulu untuk membuat kunci berkas.".to_owned(),
        ));
    }
    let exists = config.key_file.exists();
    if exists && !force {
        return Err(Error::Refused(format!(
            "Kunci sudah ada ({}). Tambahkan --force untuk menggantinya; semua rahasia disegel ulang.",
            config.key_file.display()
        )));
    }
    let fresh = Secrets::generate()?;
    if exists {
        let old = read_key(&config)?;
        let db = Db::connect(&config.database_url).await?;
        if db.applied().await? > 0 {
            if db.pending().await? > 0 {
                return Err(Error::Refused(
                    "Skema basis data belum terbaru, jadi rahasia di dalamnya belum dapat disegel ulang: jalankan dahulu `kimonet db:migrate`.".to_owned(),
                ));
            }
            // The new key lies beside the old one before anything is sealed with it: a crash in between loses neither.
            let beside = config.key_file.with_extension("key.baru");
            write_key(&beside, &fresh)?;
            reseal(&db, &old, &fresh).await?;
        }
        db.close().await;
    }
    write_key(&config.key_file, &fresh)?;
    let beside = config.key_file.with_extension("key.baru");
    if beside.exists() {
        std::fs::remove_file(&beside)?;
    }
    Ok(Outcome::done(
        json!({ "file": config.key_file.display().to_string(), "replaced": exists }),
        format!(
            "Kunci aplikasi ditulis ke {}. Simpan salinannya di tempat lain: tanpa kunci ini rahasia di basis data tidak terbuka.",
            config.key_file.display()
        ),
    ))
}

/// Seals everything sealed again, in one transaction.
async fn reseal(db: &Db, old: &Secrets, fresh: &Secrets) -> Result<()> {
    let (old, fresh) = (old.clone(), fresh.clone());
    db.write::<_, Error, _>(move |tx| {
        let (old, fresh) = (old.clone(), fresh.clone());
        Box::pin(async move {
            let places: [(Sql, Sql, Option<&str>); 4] = [
                (SEALED_SETTINGS, RESEAL_SETTING, None),
                (SEALED_ROUTERS, RESEAL_ROUTER, Some("router.password")),
                (SEALED_SERVICES, RESEAL_SERVICE, Some("service.pppoe_password")),
                (SEALED_STAFF, RESEAL_STAFF, Some(second_factor::PLACE)),
            ];
            for (read, write, place) in places {
                for (id, sealed) in tx.all::<(String, String)>(read, args![]).await? {
                    let place = place.unwrap_or(&id);
                    let again = fresh.seal(place, &old.open(place, &sealed)?)?;
                    tx.exec_one(write, args![&id, again]).await?;
                }
            }
            tx.exec(RESEAL_CHECK, args![fresh.check_value()]).await?;
            Ok(())
        })
    })
    .await
}

/// Writes a key so that only its owner may read it, whole or not at all.
pub(super) fn write_key(path: &Path, secrets: &Secrets) -> Result<()> {
    let draft = path.with_extension("tmp");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{}", secrets.to_base64())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)?;
    Ok(())
}

pub async fn migrate(config: &Config) -> Result<Outcome> {
    prepare_folder(config)?;
    let db = Db::connect(&config.database_url).await?;
    let applied = db.migrate().await?;
    db.close().await;
    Ok(Outcome::done(json!({ "applied": applied }), format!("{applied} perubahan skema diterapkan.")))
}

pub async fn seed(state: &AppState, options: &SeedArgs) -> Result<Outcome> {
    let wish = SeedWish {
        customers: options.customers,
        months: options.months,
        random_seed: options.random_seed,
        routers: options.routeros,
    };
    let report = seed::seed(state, wish).await?;
    let value = json!({ "customers": report.customers, "services": report.services, "invoices": report.invoices, "payments": report.payments });
    let text = format!(
        "{} pelanggan, {} layanan, {} tagihan, {} pembayaran.",
        report.customers, report.services, report.invoices, report.payments
    );
    Ok(Outcome::done(value, text))
}

fn role(role: RoleArg) -> &'static str {
    match role {
        RoleArg::Owner => "owner",
        RoleArg::Admin => "admin",
        RoleArg::Cashier => "cashier",
        RoleArg::Technician => "technician",
        RoleArg::Collector => "collector",
        RoleArg::Viewer => "viewer",
    }
}

pub async fn staff_create(state: &AppState, options: StaffArgs) -> Result<Outcome> {
    let password = read_stdin()?;
    let id = add_staff(state, &options.email, &options.name, role(options.role), &password).await?;
    Ok(Outcome::done(json!({ "id": id }), format!("Pengguna {} dibuat.", options.email)))
}

/// Adds a member of staff; the row's id.
pub(super) async fn add_staff(
    state: &AppState,
    email: &str,
    name: &str,
    role: &'static str,
    password: &str,
) -> Result<i64> {
    let email = email.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    if !well_formed || email.len() > 200 {
        return Err(Error::invalid("--email", "Alamat email tidak benar, misalnya rina@contoh.id."));
    }
    if name.trim().is_empty() || name.chars().count() > 200 {
        return Err(Error::invalid("--name", "Nama harus diisi, paling banyak 200 huruf."));
    }
    if password.chars().count() < PASSWORD_MIN {
        return Err(Error::invalid("--password-stdin", format!("Kata sandi paling sedikit {PASSWORD_MIN} huruf.")));
    }
    let password = password.to_owned();
    let hash = tokio::task::spawn_blocking(move || hash_password(&password))
        .await
        .map_err(|error| Error::Internal(error.to_string()))??;
    let (name, now) = (name.trim().to_owned(), state.clock.now());
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (email, name, hash) = (email.clone(), name.clone(), hash.clone());
            Box::pin(async move {
                let row: Option<(i64,)> = tx.opt(INSERT_STAFF, args![&email, &name, role, hash, now]).await?;
                let (id,) = row.ok_or_else(|| Error::Conflict(format!("Pengguna {email} sudah ada.")))?;
                audit::record(
                    tx,
                    &Who::command(),
                    now,
                    "staff.create",
                    &format!("staff:{id}"),
                    "",
                    &format!("Email: {email}; Peran: {role}"),
                )
                .await?;
                links::claim(tx, &Who::command(), now, id).await?;
                Ok(id)
            })
        })
        .await
}

pub async fn setting_set(state: &AppState, pairs: Vec<String>) -> Result<Outcome> {
    let mut values = Vec::new();
    let mut stdin_used = false;
    for pair in &pairs {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(Error::invalid("KEY=VALUE", format!("{pair:?} bukan KUNCI=NILAI.")));
        };
        let value = if value == "@-" {
            if std::mem::replace(&mut stdin_used, true) {
                return Err(Error::invalid("KEY=VALUE", "Hanya satu nilai dapat dibaca dari masukan standar (@-)."));
            }
            read_stdin()?
        } else {
            value.to_owned()
        };
        settings::find(key)?.check(&value)?;
        values.push((key.to_owned(), value));
    }
    store_settings(state, values.clone()).await?;
    let changed: Vec<&str> = values.iter().map(|pair| pair.0.as_str()).collect();
    Ok(Outcome::done(json!({ "changed": changed }), format!("{} pengaturan disimpan.", changed.len())))
}

/// Stores checked settings with an audit row each; secrets leave no value in it.
pub(super) async fn store_settings(state: &AppState, values: Vec<(String, String)>) -> Result<()> {
    let (secrets, now) = (state.secrets.clone(), state.clock.now());
    let before = state.fresh_settings().await?.for_people();
    state
        .db
        .write::<_, Error, _>(move |tx| {
            let (values, secrets, before) = (values.clone(), secrets.clone(), before.clone());
            Box::pin(async move {
                for (key, value) in &values {
                    settings::put(tx, &secrets, key, value, now).await?;
                    let secret = settings::find(key)?.kind == settings::Kind::Secret;
                    let after = if secret { "••••" } else { value.as_str() };
                    let old = before.get(key.as_str()).cloned().unwrap_or_default();
                    audit::record(tx, &Who::command(), now, "setting.set", key, &old, after).await?;
                }
                Ok(())
            })
        })
        .await?;
    state.fresh_settings().await?;
    Ok(())
}

pub async fn setting_list(state: &AppState) -> Result<Outcome> {
    let settings = state.settings().await?.for_people();
    let text = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Ok(Outcome::lines(json!({ "settings": settings }), text))
}
