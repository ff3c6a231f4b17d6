//! The settings of the business: every key, its default, and what it may be. Stored as text, checked when set.

use crate::args;
use crate::server::db::{Db, Tx};
use crate::server::error::{Error, Result};
use crate::server::messages::defaults::TemplateKind;
use crate::server::secrets::Secrets;
use crate::sql;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number between two bounds.
    Int(i64, i64),
    /// `true` or `false`.
    Flag,
    /// Any text up to 2,000 characters.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `HH:MM`.
    Time,
    /// `HH:MM-HH:MM`.
    Window,
    /// Weekdays, separated by commas: `minggu,sabtu`.
    Weekdays,
    /// Dates `YYYY-MM-DD`, separated by commas.
    Dates,
    /// Whole numbers, separated by commas: `7,3,1,0`.
    Numbers,
    /// A month `YYYY-MM`, or nothing.
    Month,
    /// An http(s) address, or nothing.
    Url,
    /// Sealed at rest, shown only as set or not.
    Secret,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name, as CONTRACT and RULES write it.
    pub name: &'static str,
    /// Its value until somebody sets another.
    pub default: &'static str,
    /// What it may be.
    pub kind: Kind,
}

const fn key(name: &'static str, default: &'static str, kind: Kind) -> Key {
    Key { name, default, kind }
}

/// Every setting that a rule of the program reads.
pub const KEYS: &[Key] = &[
    key("company.name", "Kimonet", Kind::Text),
    key("company.address", "", Kind::Text),
    key("company.phone", "", Kind::Text),
    key("company.email", "tagihan@kimonet.example", Kind::Text),
    // Tax number, printed on bills of a PKP.
    key("company.npwp", "", Kind::Text),
    // Name of the stored picture; set by uploading one.
    key("company.logo", "", Kind::Text),
    key("invoice.billing", "di_awal", Kind::Choice(&["di_awal", "di_akhir"])),
    key("invoice.due_day", "10", Kind::Int(1, 31)),
    key("invoice.min_days_to_pay", "7", Kind::Int(0, 60)),
    key("invoice.first_month", "prorate", Kind::Choice(&["prorate", "full", "free"])),
    key("invoice.join_after_day", "0", Kind::Int(0, 31)),
    key("invoice.next_on_payment", "true", Kind::Flag),
    key("invoice.round_to", "1", Kind::Int(1, 10_000)),
    key("invoice.bill_while_isolated", "1", Kind::Int(0, 24)),
    // More than this share of an approved set differing: nothing is issued and the owner is asked.
    key("invoice.rehearsal_max_percent", "5", Kind::Int(0, 100)),
    // A box for a duty stamp on receipts above Rp 5.000.000 (UU 10/2020).
    key("receipt.meterai", "false", Kind::Flag),
    key("invoice.tax.pkp", "false", Kind::Flag),
    key("invoice.tax.mode", "exclusive", Kind::Choice(&["exclusive", "inclusive"])),
    // A fee once for each bill that is so many days past due, as a bill of its own; of bills from that month on.
    key("invoice.late_fee.mode", "off", Kind::Choice(&["off", "amount", "percent"])),
    key("invoice.late_fee.amount", "5000", Kind::Int(1, 10_000_000)),
    key("invoice.late_fee.percent", "2", Kind::Int(1, 100)),
    key("invoice.late_fee.days", "3", Kind::Int(1, 60)),
    key("invoice.late_fee.from", "", Kind::Month),
    key("isolir.grace_days", "0", Kind::Int(0, 60)),
    key("isolir.min_debt", "10000", Kind::Int(0, 1_000_000_000)),
    key("isolir.time", "08:00", Kind::Time),
    key("isolir.window", "07:00-20:00", Kind::Window),
    key("isolir.skip_weekdays", "", Kind::Weekdays),
    key("isolir.holidays", "", Kind::Dates),
    key("isolir.warn_days", "1", Kind::Int(0, 7)),
    key("isolir.require_notice", "off", Kind::Choice(&["off"])),
    // A promise to pay: for how long at most, how many in how many months.
    key("promise.max_days", "7", Kind::Int(1, 60)),
    key("promise.max_count", "2", Kind::Int(0, 100)),
    key("promise.months", "6", Kind::Int(1, 36)),
    // The last month that is closed, as YYYY-MM: no payment is dated into it or before.
    key("books.closed_until", "", Kind::Month),
    key("isolir.brake_percent", "35", Kind::Int(1, 100)),
    key("isolir.brake_min", "20", Kind::Int(1, 1_000_000)),
    key("isolir.restore", "no_overdue", Kind::Choice(&["no_overdue"])),
    key("reminder.days", "7,3,1,0", Kind::Numbers),
    key("reminder.time", "09:00", Kind::Time),
    // Rupiah that a bag may hold before its holder is told to hand over; 0: no limit.
    key("cash.bag_limit", "0", Kind::Int(0, 1_000_000_000_000)),
    // What happens beyond it: a warning, or no further cash.
    key("cash.over_limit", "warn", Kind::Choice(&["warn", "refuse"])),
    // Offered in Pasang Baru, in rupiah.
    key("install.fee", "0", Kind::Int(0, 1_000_000_000)),
    key("security.owner_totp", "false", Kind::Flag),
    key("gateway.flip.enabled", "false", Kind::Flag),
    key("gateway.flip.environment", "sandbox", Kind::Choice(&["sandbox", "production"])),
    key("gateway.flip.version", "v3", Kind::Choice(&["v3", "v2"])),
    key("gateway.flip.base_url", "", Kind::Url),
    key("gateway.flip.secret_key", "", Kind::Secret),
    key("gateway.flip.validation_token", "", Kind::Secret),
    key("gateway.flip.methods", "", Kind::Text),
    key("gateway.flip.expiry_hours", "24", Kind::Int(1, 24 * 14)),
    key("gateway.flip.fees", "", Kind::Text),
    key("gateway.midtrans.enabled", "false", Kind::Flag),
    key("gateway.midtrans.environment", "sandbox", Kind::Choice(&["sandbox", "production"])),
    key("gateway.midtrans.core_url", "", Kind::Url),
    key("gateway.midtrans.snap_url", "", Kind::Url),
    key("gateway.midtrans.server_key", "", Kind::Secret),
    key("gateway.midtrans.client_key", "", Kind::Secret),
    key("gateway.duitku.enabled", "false", Kind::Flag),
    key("gateway.duitku.environment", "sandbox", Kind::Choice(&["sandbox", "production"])),
    key("gateway.duitku.base_url", "", Kind::Url),
    key("gateway.duitku.pop_url", "", Kind::Url),
    key("gateway.duitku.merchant_code", "", Kind::Text),
    key("gateway.duitku.api_key", "", Kind::Secret),
    key("gateway.duitku.signature_scheme", "hmac", Kind::Choice(&["hmac", "md5"])),
    key("whatsapp.provider", "none", Kind::Choice(&["none", "mpwa"])),
    key("whatsapp.api_url", "", Kind::Url),
    key("whatsapp.device_id", "", Kind::Text),
    key("whatsapp.api_key", "", Kind::Secret),
    // Seconds between two messages in bulk, at random between these (protocols/whatsapp.md, section 8).
    key("whatsapp.pace_min_s", "8", Kind::Int(0, 3_600)),
    key("whatsapp.pace_max_s", "20", Kind::Int(0, 3_600)),
    // Where alerts go: the owner's WhatsApp, and e-mail when WhatsApp is what broke.
    key("alert.phone", "", Kind::Text),
    key("alert.email", "", Kind::Text),
    key("email.smtp_url", "", Kind::Secret),
    key("email.from", "", Kind::Text),
    key("backup.time", "02:00", Kind::Time),
    key("backup.keep_days", "14", Kind::Int(1, 365)),
    key("backup.keep_months", "12", Kind::Int(0, 120)),
    key("backup.passphrase", "", Kind::Secret),
    // A second place: a folder (another disk, a share), or a bucket of anything that speaks S3.
    key("backup.folder", "", Kind::Text),
    key("backup.s3.endpoint", "", Kind::Url),
    key("backup.s3.bucket", "", Kind::Text),
    key("backup.s3.region", "", Kind::Text),
    key("backup.s3.prefix", "", Kind::Text),
    key("backup.s3.access_key", "", Kind::Text),
    key("backup.s3.secret_key", "", Kind::Secret),
    // Steps of the set-up assistant that were left for later, separated by commas.
    key("setup.later", "", Kind::Text),
    // Steps that a person said are right as they are.
    key("setup.done", "", Kind::Text),
    key("public.show_names", "false", Kind::Flag),
    key("cron.token", "", Kind::Secret),
    key("metrics.token", "", Kind::Secret),
];

/// Gateways whose adapter this version does not have: their keys are kept, but they cannot be enabled.
const NOT_YET: &[&str] = &["gateway.midtrans.enabled", "gateway.duitku.enabled"];

/// All settings as they stand: stored values over defaults. Secrets stay sealed until asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    plain: BTreeMap<String, String>,
    sealed: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
    secrets: Secrets,
}

sql!(ALL_SETTINGS = "SELECT key, value, sealed FROM setting");
sql!(ALL_TEMPLATES = "SELECT kind, text FROM message_template");
sql!(
    PUT_SETTING = "INSERT INTO setting (key, value, sealed, updated_at) VALUES ($1, $2, $3, $4)
 ON CONFLICT (key) DO UPDATE SET value = excluded.value, sealed = excluded.sealed, updated_at = excluded.updated_at"
);

sql!(DROP_SETTING = "DELETE FROM setting WHERE key = $1");

/// The description of a key, or an error that names it.
pub fn find(name: &str) -> Result<&'static Key> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
        Error::invalid(name, format!("Pengaturan {name} tidak dikenal. Lihat daftar dengan `kimonet setting:list`."))
    })
}

/// `HH:MM` as a time of day.
pub fn parse_time(text: &str) -> Option<chrono::NaiveTime> {
    chrono::NaiveTime::parse_from_str(text.trim(), "%H:%M").ok()
}

impl Key {
    /// Whether `value` may be set; the error says what it may be.
    pub fn check(&self, value: &str) -> Result<()> {
        let say = |message: String| Err(Error::invalid(self.name, format!("{}: {message}", self.name)));
        if NOT_YET.contains(&self.name) && value == "true" {
            return say("gateway ini belum didukung versi Kimonet yang terpasang; gunakan Flip.".to_owned());
        }
        match self.kind {
            Kind::Int(low, high) => match value.parse::<i64>() {
                Ok(n) if (low..=high).contains(&n) => Ok(()),
                _ => say(format!("harus bilangan bulat {low} sampai {high}, bukan {value:?}")),
            },
            Kind::Flag if matches!(value, "true" | "false") => Ok(()),
            Kind::Flag => say(format!("harus true atau false, bukan {value:?}")),
            Kind::Choice(words) if words.contains(&value) => Ok(()),
            Kind::Choice(words) => say(format!("harus salah satu dari {}, bukan {value:?}", words.join(", "))),
            Kind::Time if parse_time(value).is_some() => Ok(()),
            Kind::Time => say(format!("harus jam seperti 08:00, bukan {value:?}")),
            Kind::Window => match value.split_once('-').map(|(a, b)| (parse_time(a), parse_time(b))) {
                Some((Some(from), Some(to))) if from < to => Ok(()),
                _ => say(format!("harus rentang jam seperti 07:00-20:00, bukan {value:?}")),
            },
            Kind::Weekdays => match crate::billing::access::parse_weekdays(value) {
                Ok(_) => Ok(()),
                Err(error) => say(error.to_string()),
            },
            Kind::Dates => match crate::billing::access::parse_dates(value) {
                Ok(_) => Ok(()),
                Err(error) => say(error.to_string()),
            },
            Kind::Numbers => {
                if value
                    .split(',')
                    .filter(|part| !part.trim().is_empty())
                    .all(|part| part.trim().parse::<u32>().is_ok())
                {
                    Ok(())
                } else {
                    say(format!("harus bilangan dipisah koma, misalnya 7,3,1,0, bukan {value:?}"))
                }
            }
            Kind::Month => {
                if value.is_empty() || value.parse::<crate::billing::Period>().is_ok() {
                    Ok(())
                } else {
                    say(format!("harus bulan YYYY-MM, misalnya 2026-01, bukan {value:?}"))
                }
            }
            Kind::Url => {
                let fine = value.is_empty()
                    || url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
                if fine { Ok(()) } else { say(format!("harus alamat http:// atau https://, bukan {value:?}")) }
            }
            Kind::Text | Kind::Secret if value.chars().count() <= 2_000 => Ok(()),
            Kind::Text | Kind::Secret => say("terlalu panjang, paling banyak 2.000 huruf".to_owned()),
        }
    }
}

impl Settings {
    /// Reads all of them.
    pub async fn load(db: &Db, secrets: &Secrets) -> Result<Self> {
        Ok(Self::of(db.all(ALL_SETTINGS, args![]).await?, db.all(ALL_TEMPLATES, args![]).await?, secrets))
    }

    /// Reads all of them inside a transaction, so that a change knows what it changes.
    pub async fn load_in(tx: &mut Tx, secrets: &Secrets) -> Result<Self> {
        Ok(Self::of(tx.all(ALL_SETTINGS, args![]).await?, tx.all(ALL_TEMPLATES, args![]).await?, secrets))
    }

    fn of(rows: Vec<(String, String, bool)>, templates: Vec<(String, String)>, secrets: &Secrets) -> Self {
        let (sealed, plain): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.2);
        Self {
            templates: templates.into_iter().collect(),
            plain: plain.into_iter().map(|row| (row.0, row.1)).collect(),
            sealed: sealed.into_iter().map(|row| (row.0, row.1)).collect(),
            secrets: secrets.clone(),
        }
    }

    /// The same with other plain values: what would hold if somebody saved them.
    pub fn with(&self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut changed = self.clone();
        changed.plain.extend(values);
        changed
    }

    /// The value as text; the default when nothing is set. Secrets are not here.
    pub fn text(&self, name: &str) -> &str {
        self.plain
            .get(name)
            .map(String::as_str)
            .or_else(|| KEYS.iter().find(|key| key.name == name).map(|key| key.default))
            .unwrap_or_default()
    }

    /// The value as a number. What is stored was checked when set.
    pub fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Whether it is on.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// A secret, opened; empty when not set.
    pub fn secret(&self, name: &str) -> Result<String> {
        self.sealed.get(name).map_or_else(|| Ok(String::new()), |sealed| self.secrets.open(name, sealed))
    }

    /// Whether a secret is set.
    pub fn has_secret(&self, name: &str) -> bool {
        self.sealed.contains_key(name)
    }

    /// The text of a kind of message: the operator's, else the delivered one.
    pub fn template(&self, kind: TemplateKind) -> &str {
        self.templates.get(kind.code()).map_or_else(|| kind.default_text(), String::as_str)
    }

    /// Every key with its value for people: secrets as `••••` or empty.
    pub fn for_people(&self) -> BTreeMap<&'static str, String> {
        KEYS.iter()
            .map(|key| {
                let value = match key.kind {
                    Kind::Secret if self.has_secret(key.name) => "••••".to_owned(),
                    Kind::Secret => String::new(),
                    _ => self.text(key.name).to_owned(),
                };
                (key.name, value)
            })
            .collect()
    }

    /// `prefix.production` gateways that are enabled and set to production.
    pub fn production_gateway(&self) -> Option<&'static str> {
        ["flip", "midtrans", "duitku"].into_iter().find(|name| {
            self.flag(&format!("gateway.{name}.enabled"))
                && self.text(&format!("gateway.{name}.environment")) == "production"
        })
    }
}

/// Sets one key inside a transaction. The value must have passed [`Key::check`].
pub async fn put(tx: &mut Tx, secrets: &Secrets, name: &str, value: &str, now: DateTime<Utc>) -> Result<()> {
    let key = find(name)?;
    key.check(value)?;
    let sealed = key.kind == Kind::Secret;
    let stored = if sealed { secrets.seal(name, value)? } else { value.to_owned() };
    tx.exec_one(PUT_SETTING, args![name, stored, sealed, now]).await?;
    Ok(())
}

/// Takes one key back to its default inside a transaction; a secret is gone.
pub async fn clear(tx: &mut Tx, name: &str) -> Result<()> {
    find(name)?;
    tx.exec(DROP_SETTING, args![name]).await?;
    Ok(())
}
