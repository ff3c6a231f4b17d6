//! What stands before the database does: environment, over `Leptos.toml`, over the defaults built in.

use crate::server::error::{Error, Result};
use crate::server::secrets::Secrets;
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// The settings of an installed site as they are delivered, embedded so that the binary needs no file beside it.
const DEFAULTS: &str = include_str!("../../Leptos.toml");

/// How this process was started.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of database file, key, backups, uploads.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`.
    pub database_url: String,
    /// The application key itself, base64, if given by environment.
    pub key: Option<String>,
    /// File of the application key.
    pub key_file: PathBuf,
    /// Public address, without a slash at the end.
    pub base_url: url::Url,
    /// Business zone.
    pub zone: Tz,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Seconds added to the machine's clock.
    pub clock_offset_s: i64,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where its static files are.
    pub site_root: PathBuf,
    /// Host that has `/admin` instead of the base domain, if set.
    pub admin_host: Option<String>,
    /// Whether this is the demo with its own data and sandbox.
    pub demo: bool,
}

impl Config {
    /// Reads environment and `Leptos.toml` in the working folder. Errors name the variable and what it may be.
    pub fn load() -> Result<Self> {
        let mut file = toml_table(DEFAULTS)?;
        if let Ok(text) = std::fs::read_to_string("Leptos.toml") {
            file.extend(toml_table(&text)?);
        }
        let get = |name: &str| -> Option<String> {
            std::env::var(name).ok().or_else(|| file.get(name).cloned()).filter(|value| !value.is_empty())
        };
        let bad = |name: &str, message: &str| Error::invalid(name, format!("{name}: {message}"));

        let data = PathBuf::from(get("KIMONET_DATA").unwrap_or_else(|| "./data".to_owned()));
        let database_url =
            get("DATABASE_URL").unwrap_or_else(|| format!("sqlite:{}", data.join("kimonet.db").display()));
        // Without a base address the site is this machine's own, at the port where it listens.
        let port = get("LEPTOS_SITE_ADDR").and_then(|at| at.rsplit(':').next().map(str::to_owned));
        let base = get("KIMONET_BASE_URL")
            .unwrap_or_else(|| format!("http://localhost:{}", port.unwrap_or_else(|| "3000".to_owned())));
        let base_url = url::Url::parse(base.trim_end_matches('/'))
            .ok()
            .filter(|url| url.host_str().is_some() && matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| bad("KIMONET_BASE_URL", "harus alamat lengkap, misalnya https://tagihan.contoh.id"))?;
        let zone = get("KIMONET_TIMEZONE").unwrap_or_else(|| "Asia/Jakarta".to_owned());
        let zone: Tz = zone
            .parse()
            .map_err(|_| bad("KIMONET_TIMEZONE", "harus nama zona waktu, misalnya Asia/Jakarta atau Asia/Makassar"))?;
        let trusted_proxies = get("KIMONET_TRUSTED_PROXIES")
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().map_err(|_| bad("KIMONET_TRUSTED_PROXIES", "harus daftar alamat IP dipisah koma")))
            .collect::<Result<Vec<IpAddr>>>()?;
        let clock_offset_s = match get("KIMONET_CLOCK_OFFSET_S") {
            None => 0,
            Some(text) => text.parse().map_err(|_| bad("KIMONET_CLOCK_OFFSET_S", "harus bilangan bulat detik"))?,
        };
        let listen = get("LEPTOS_SITE_ADDR")
            .unwrap_or_else(|| "127.0.0.1:3000".to_owned())
            .parse()
            .map_err(|_| bad("LEPTOS_SITE_ADDR", "harus alamat:port, misalnya 127.0.0.1:3000"))?;
        Ok(Self {
            key_file: get("KIMONET_KEY_FILE").map_or_else(|| data.join("app.key"), PathBuf::from),
            key: get("KIMONET_KEY"),
            database_url,
            base_url,
            zone,
            trusted_proxies,
            clock_offset_s,
            listen,
            site_root: PathBuf::from(get("LEPTOS_SITE_ROOT").unwrap_or_else(|| "target/site".to_owned())),
            admin_host: get("KIMONET_ADMIN_HOST").map(|host| host.to_ascii_lowercase()),
            demo: false,
            data,
        })
    }

    /// Reads the application key from the environment or its file.
    pub fn read_key(&self) -> Result<Secrets> {
        if let Some(key) = &self.key {
            return Secrets::from_base64(key);
        }
        match std::fs::read_to_string(&self.key_file) {
            Ok(text) => Secrets::from_base64(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Refused(format!(
                "Kunci aplikasi belum ada ({}). Buat dahulu dengan `kimonet key:generate`, atau taruh kunci yang lama di sana.",
                self.key_file.display()
            ))),
            Err(error) => {
                Err(Error::Refused(format!("Kunci aplikasi tidak terbaca ({}): {error}", self.key_file.display())))
            }
        }
    }

    /// The base address without a slash at the end, for links.
    pub fn base(&self) -> String {
        self.base_url.as_str().trim_end_matches('/').to_owned()
    }

    /// The base domain: host of the base address, lower case, without port.
    pub fn base_host(&self) -> String {
        self.base_url.host_str().unwrap_or("localhost").to_ascii_lowercase()
    }

    /// Whether the base address is of this machine only.
    pub fn is_loopback(&self) -> bool {
        matches!(self.base_host().as_str(), "localhost" | "127.0.0.1" | "[::1]" | "::1")
    }

    /// Whether browsers reach the site by https, so that cookies can be bound to it.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }
}

/// The scalar entries of the `[kimonet]` table, by name.
fn toml_table(text: &str) -> Result<BTreeMap<String, String>> {
    let table: toml::Table =
        text.parse().map_err(|error| Error::invalid("Leptos.toml", format!("Leptos.toml tidak terbaca: {error}")))?;
    Ok(table
        .get("kimonet")
        .and_then(toml::Value::as_table)
        .map(|kimonet| {
            kimonet
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)))
                .collect()
        })
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivered_settings_leave_the_base_address_to_the_port() {
        // A value here would be the address of a site that listens elsewhere too, in every link that it sends.
        let delivered = toml_table(DEFAULTS).unwrap();
        assert_eq!(delivered.get("KIMONET_BASE_URL").map(String::as_str), Some(""));
        assert!(delivered.contains_key("LEPTOS_SITE_ADDR"));
    }
}
