//! Reading and saving a form of settings: all fields are judged, and either all are saved in one transaction with
//! their places in the log, or none.

use super::groups::{self, Group};
use super::{FieldLook, FieldProblem, FieldView, FormView, SaveAnswer, TypedValue, check, effect};
use crate::app::dto::Choice;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::gateways::Provider;
use crate::server::gateways::methods::{METHODS, default_methods};
use crate::server::rights::Rights;
use crate::server::settings::{self, Settings};
use crate::server::state::AppState;
use chrono::Datelike;

/// What the log says instead of a secret.
const SECRET_SET: &str = "••••";

/// The group, if this person may change it.
pub fn group(name: &str, rights: Rights) -> Result<&'static Group> {
    let group = groups::find(name).ok_or_else(|| Error::NotFound("Halaman pengaturan itu tidak ada.".to_owned()))?;
    if rights.has(group.permission) { Ok(group) } else { Err(Error::Forbidden) }
}

/// The form as it stands.
pub async fn read(app: &AppState, group: &Group) -> Result<FormView> {
    let settings = app.fresh_settings().await?;
    let fields = group
        .fields
        .iter()
        .map(|field| {
            let secret = field.look.is_secret();
            let stored = settings.text(field.key);
            let value = match field.look {
                _ if secret => String::new(),
                FieldLook::Money => crate::app::text::count(stored.parse().unwrap_or_default()),
                FieldLook::Methods if stored.is_empty() => default_methods(Provider::Flip).join(","),
                _ => stored.to_owned(),
            };
            let choices = match field.look {
                FieldLook::Methods => METHODS
                    .iter()
                    .filter(|method| method.offered_by(Provider::Flip))
                    .map(|method| Choice::new(method.code, method.name))
                    .collect(),
                _ => field.choices.iter().map(|(value, word)| Choice::new(*value, *word)).collect(),
            };
            FieldView {
                key: field.key.to_owned(),
                label: field.label.to_owned(),
                explain: field.explain.to_owned(),
                unit: field.unit.to_owned(),
                look: field.look,
                choices,
                value,
                set: secret && settings.has_secret(field.key),
            }
        })
        .collect();
    let effect = if group.effect { Some(effect::effect(app, group, Vec::new()).await?) } else { None };
    let callback = (group.name == "gateway").then(|| format!("{}/payment/callback/flip", app.config.base()));
    let logo = (group.name == "perusahaan").then(|| settings.text("company.logo").to_owned());
    Ok(FormView {
        name: group.name.to_owned(),
        title: group.title.to_owned(),
        intro: group.intro.to_owned(),
        effect,
        fields,
        callback,
        logo,
        zone: app.config.zone.name().to_owned(),
    })
}

/// A value that passed.
#[derive(Clone)]
pub(super) struct Wanted {
    key: &'static str,
    value: String,
    secret: bool,
    clear: bool,
}

/// Judges what was typed: the values to store, or what is wrong with which field.
pub(super) async fn judge(
    app: &AppState,
    group: &Group,
    typed: &[TypedValue],
) -> Result<std::result::Result<(Vec<Wanted>, Settings), Vec<FieldProblem>>> {
    let settings = app.fresh_settings().await?;
    let year = app.clock.today().year();
    let (mut wanted, mut wrong) = (Vec::new(), Vec::new());
    for typed in typed {
        let field = group.fields.iter().find(|field| field.key == typed.key).ok_or_else(|| {
            Error::invalid(&typed.key, "Isian ini tidak ada di formulir; muat ulang halaman, lalu coba lagi.")
        })?;
        let secret = field.look.is_secret();
        if secret && typed.clear {
            wanted.push(Wanted { key: field.key, value: String::new(), secret, clear: true });
            continue;
        }
        if secret && typed.value.trim().is_empty() {
            // Left blank: the old one stays.
            continue;
        }
        match check::value(field, &typed.value, year) {
            Ok(value) => wanted.push(Wanted { key: field.key, value, secret, clear: false }),
            Err(message) => wrong.push(FieldProblem { key: field.key.to_owned(), message }),
        }
    }
    let plain = wanted.iter().filter(|value| !value.secret).map(|value| (value.key.to_owned(), value.value.clone()));
    let after = settings.with(plain);
    let has_secret = |key: &str| {
        wanted.iter().find(|value| value.key == key).map_or_else(|| settings.has_secret(key), |value| !value.clear)
    };
    for (key, message) in check::together(group.name, &after, has_secret, app.clock.offset_s() != 0) {
        if !wrong.iter().any(|problem| problem.key == key) {
            wrong.push(FieldProblem { key: key.to_owned(), message });
        }
    }
    Ok(if wrong.is_empty() { Ok((wanted, after)) } else { Err(wrong) })
}

/// Saves a form.
pub async fn save(app: &AppState, who: Who, group: &Group, typed: Vec<TypedValue>) -> Result<SaveAnswer> {
    let wanted = match judge(app, group, &typed).await? {
        Ok((wanted, _)) => wanted,
        Err(problems) => return Ok(SaveAnswer::Wrong(problems)),
    };
    let changed = store(app, who, wanted).await?;
    let label =
        |key: &str| group.fields.iter().find(|field| field.key == key).map_or("", |field| field.label).to_owned();
    Ok(SaveAnswer::Saved(changed.into_iter().map(label).collect()))
}

/// Sets one plain or secret key outside a form (the assistant, a generated token, the logo).
pub async fn set(app: &AppState, who: Who, key: &'static str, value: String) -> Result<()> {
    let secret = settings::find(key)?.kind == settings::Kind::Secret;
    store(app, who, vec![Wanted { key, value, secret, clear: false }]).await.map(|_| ())
}

/// Stores what differs, and says which keys it were.
async fn store(app: &AppState, who: Who, wanted: Vec<Wanted>) -> Result<Vec<&'static str>> {
    let (secrets, now) = (app.secrets.clone(), app.clock.now());
    let changed = app
        .db
        .write::<_, Error, _>(move |tx| {
            let (wanted, secrets, who) = (wanted.clone(), secrets.clone(), who.clone());
            Box::pin(async move {
                let before = Settings::load_in(tx, &secrets).await?;
                let mut log = Vec::new();
                for value in wanted {
                    if value.secret {
                        let was_set = before.has_secret(value.key);
                        if value.clear {
                            if was_set {
                                settings::clear(tx, value.key).await?;
                                log.push((value.key, SECRET_SET.to_owned(), "dihapus".to_owned()));
                            }
                        } else if !was_set || before.secret(value.key)? != value.value {
                            settings::put(tx, &secrets, value.key, &value.value, now).await?;
                            let old = if was_set { SECRET_SET } else { "" };
                            log.push((value.key, old.to_owned(), if was_set { "diganti" } else { "diisi" }.to_owned()));
                        }
                    } else if before.text(value.key) != value.value {
                        settings::put(tx, &secrets, value.key, &value.value, now).await?;
                        log.push((value.key, before.text(value.key).to_owned(), value.value));
                    }
                }
                for (key, old, new) in &log {
                    audit::record(tx, &who, now, "setting.set", key, old, new).await?;
                }
                Ok(log.into_iter().map(|row| row.0).collect::<Vec<_>>())
            })
        })
        .await?;
    app.fresh_settings().await?;
    Ok(changed)
}

/// Makes a token for another program and stores it; shown this once.
pub async fn token(app: &AppState, who: Who, key: &str) -> Result<String> {
    let key = ["cron.token", "metrics.token"]
        .into_iter()
        .find(|known| *known == key)
        .ok_or_else(|| Error::NotFound("Token itu tidak ada.".to_owned()))?;
    let token = crate::server::secrets::random_token()?;
    set(app, who, key, token.clone()).await?;
    Ok(token)
}
