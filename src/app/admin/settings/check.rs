//! What people type into a setting, read into what is stored, or a sentence that says what to type instead.

use super::FieldLook as L;
use super::groups::FieldSpec;
use crate::billing::phone::Phone;
use crate::billing::words::parse_date_input;
use crate::billing::{Period, Rupiah, access};
use crate::server::error::Error;
use crate::server::gateways::Provider;
use crate::server::gateways::methods::METHODS;
use crate::server::settings::{self, Kind, Settings};
use chrono::{Datelike, NaiveTime};

/// Most days of reminders.
const REMINDERS_MAX: usize = 8;
/// Earliest reminder.
const REMINDER_DAYS_MAX: u32 = 28;
/// Shortest passphrase that seals backups.
const PASSPHRASE_CHARS_MIN: usize = 12;
/// Shortest secret that another program is let in with.
const TOKEN_CHARS_MIN: usize = 16;

/// `8.00`, `08:00`, `8` as `08:00`.
fn time_of_day(text: &str) -> Option<String> {
    let text = text.trim().replace('.', ":");
    let text = if text.contains(':') { text } else { format!("{text}:00") };
    NaiveTime::parse_from_str(&text, "%H:%M").ok().map(|time| time.format("%H:%M").to_string())
}

/// The stored form of what was typed.
pub fn value(field: &FieldSpec, typed: &str, year: i32) -> Result<String, String> {
    let text = typed.trim();
    let key = settings::find(field.key).map_err(|error| error.to_string())?;
    let bounds = match key.kind {
        Kind::Int(low, high) => Some((low, high)),
        _ => None,
    };
    let within = |n: i64, shown: &dyn Fn(i64) -> String| match bounds {
        Some((low, high)) if !(low..=high).contains(&n) => {
            Err(format!("Isi antara {} dan {}.", shown(low), shown(high)))
        }
        _ => Ok(n.to_string()),
    };
    let stored = match field.look {
        L::Number => {
            let (low, high) = bounds.unwrap_or((0, i64::MAX));
            let unit = if field.unit.is_empty() { String::new() } else { format!(" {}", field.unit) };
            let n = text
                .parse::<i64>()
                .map_err(|_| format!("Isi angka bulat antara {low} dan {high}{unit}, misalnya {}.", key.default))?;
            within(n, &|n| n.to_string())?
        }
        L::Money => {
            let amount = Rupiah::parse_input(text).map_err(|error| error.to_string())?;
            within(amount.0, &|n| Rupiah(n).html())?
        }
        L::Flag => match text {
            "true" | "false" => text.to_owned(),
            _ => return Err("Pilih ya atau tidak.".to_owned()),
        },
        L::Choice => {
            if !field.choices.iter().any(|(value, _)| *value == text) {
                return Err("Pilih salah satu dari daftar.".to_owned());
            }
            text.to_owned()
        }
        L::Time => time_of_day(text).ok_or_else(|| "Isi jam seperti 08:00.".to_owned())?,
        L::Window => {
            let wrong = || "Isi dua jam seperti 07:00-20:00, yang awal lebih dahulu.".to_owned();
            let (from, to) = text
                .replace('–', "-")
                .split_once('-')
                .map(|(a, b)| (time_of_day(a), time_of_day(b)))
                .ok_or_else(wrong)?;
            let window = format!("{}-{}", from.ok_or_else(wrong)?, to.ok_or_else(wrong)?);
            access::parse_window(&window).ok_or_else(wrong)?;
            window
        }
        L::Weekdays => {
            access::parse_weekdays(text).map_err(|_| "Centang hari dari daftar.".to_owned())?;
            text.to_owned()
        }
        L::Dates => dates(text, year)?,
        L::Days => reminder_days(text)?,
        L::Url => text.to_owned(),
        L::Email => email(text)?,
        L::Phone => phone(text)?,
        L::Methods => methods(text)?,
        L::Token => {
            if !text.is_empty() && text.chars().count() < TOKEN_CHARS_MIN {
                return Err(format!(
                    "Token terlalu pendek; paling sedikit {TOKEN_CHARS_MIN} huruf, atau tekan Buat token."
                ));
            }
            text.to_owned()
        }
        L::Line if field.key == "company.npwp" => npwp(text)?,
        L::Line if key.kind == Kind::Month => month(text)?,
        L::Line if text.chars().count() > 200 => return Err("Terlalu panjang, paling banyak 200 huruf.".to_owned()),
        L::Secret if field.key == "backup.passphrase" && (1..PASSPHRASE_CHARS_MIN).contains(&text.chars().count()) => {
            return Err(format!("Terlalu pendek, paling sedikit {PASSPHRASE_CHARS_MIN} huruf."));
        }
        L::Line | L::Long | L::Secret => text.to_owned(),
    };
    // Whatever the form lets through, the key itself has the last word.
    match key.check(&stored) {
        Ok(()) => Ok(stored),
        Err(Error::Invalid { message, .. }) => {
            let plain = message.strip_prefix(&format!("{}: ", field.key)).unwrap_or(&message);
            Err(match key.kind {
                Kind::Url => "Isi alamat lengkap yang diawali https://, atau kosongkan.".to_owned(),
                _ => sentence(plain),
            })
        }
        Err(error) => Err(error.to_string()),
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn dates(text: &str, year: i32) -> Result<String, String> {
    let mut found = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let date = parse_date_input(part, year)
            .filter(|date| (2000..=2100).contains(&date.year()))
            .ok_or_else(|| format!("Tanggal {part:?} tidak terbaca; tulis misalnya 20/03/{year}."))?;
        found.push(date);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

fn reminder_days(text: &str) -> Result<String, String> {
    let mut days = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let day = part.parse::<u32>().ok().filter(|day| *day <= REMINDER_DAYS_MAX);
        days.push(day.ok_or_else(|| {
            format!("Isi angka 0 sampai {REMINDER_DAYS_MAX} dipisah koma, misalnya 7,3,1,0; {part:?} tidak terbaca.")
        })?);
    }
    days.sort_unstable_by(|a, b| b.cmp(a));
    days.dedup();
    if days.len() > REMINDERS_MAX {
        return Err(format!("Paling banyak {REMINDERS_MAX} pengingat; terlalu sering membuat nomor diblokir."));
    }
    Ok(days.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

fn email(text: &str) -> Result<String, String> {
    let well_formed = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    });
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control()) && text.matches('@').count() == 1;
    if text.is_empty() || (well_formed && clean && text.len() <= 200) {
        Ok(text.to_lowercase())
    } else {
        Err("Alamat email tidak benar; tulis seperti tagihan@contoh.id, atau kosongkan.".to_owned())
    }
}

fn phone(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    // A landline of the office is fine too.
    let phone = Phone::normalise(text).map_err(|error| error.to_string())?;
    let digits = phone.as_str().len();
    if !(8..=15).contains(&digits) {
        return Err("Nomor telepon terlalu pendek atau terlalu panjang; tulis misalnya 0812-3456-7890.".to_owned());
    }
    Ok(text.to_owned())
}

/// Source: PMK 112/PMK.03/2022: 16 digits (15 in the old form), or 22 of a place of business.
fn npwp(text: &str) -> Result<String, String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let clean = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ' '));
    if text.is_empty() || (clean && matches!(digits, 15 | 16 | 22)) {
        Ok(text.to_owned())
    } else {
        Err("NPWP terdiri dari 15 atau 16 angka, misalnya 01.234.567.8-901.000; kosongkan bila tidak ada.".to_owned())
    }
}

fn month(text: &str) -> Result<String, String> {
    let known = |month: &Period| (2000..=2100).contains(&month.year());
    match text.parse::<Period>().ok().filter(known) {
        Some(month) => Ok(month.to_string()),
        None if text.is_empty() => Ok(String::new()),
        None => Err("Isi bulan seperti 2026-03, dari tahun 2000 sampai 2100.".to_owned()),
    }
}

fn methods(text: &str) -> Result<String, String> {
    let codes: Vec<&str> = text.split([',', ' ']).filter(|code| !code.is_empty()).collect();
    match codes.iter().find(|code| !METHODS.iter().any(|m| m.code == **code && m.offered_by(Provider::Flip))) {
        Some(code) => Err(format!("Cara bayar {code:?} tidak ditawarkan Flip.")),
        None => Ok(codes.join(",")),
    }
}

/// What fields say together that each alone cannot: key and sentence.
pub fn together(
    group: &str,
    wanted: &Settings,
    secret: impl Fn(&str) -> bool,
    clock_moved: bool,
) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    match group {
        "perusahaan" if wanted.text("company.name").is_empty() => {
            wrong.push(("company.name", "Isi nama perusahaan; pelanggan membacanya di setiap tagihan.".to_owned()));
        }
        "denda" if wanted.text("invoice.late_fee.mode") != "off" && wanted.text("invoice.late_fee.from").is_empty() => {
            wrong.push((
                "invoice.late_fee.from",
                "Isi bulan mulainya, misalnya 2026-03, agar tunggakan lama tidak ikut didenda.".to_owned(),
            ));
        }
        "cadangan" => {
            let folder = wanted.text("backup.folder");
            if !folder.is_empty() && !std::path::Path::new(folder).is_absolute() {
                wrong.push((
                    "backup.folder",
                    "Tulis alamat lengkapnya, mulai dari garis miring: /mnt/cadangan.".to_owned(),
                ));
            }
            if !wanted.text("backup.s3.bucket").is_empty() {
                if wanted.text("backup.s3.access_key").is_empty() {
                    wrong.push(("backup.s3.access_key", "Isi access key untuk bucket ini.".to_owned()));
                }
                if !secret("backup.s3.secret_key") {
                    wrong.push(("backup.s3.secret_key", "Isi secret key untuk bucket ini.".to_owned()));
                }
            }
        }
        "isolir" => {
            let (time, window) = (wanted.text("isolir.time"), wanted.text("isolir.window"));
            if settings::parse_time(time).is_some_and(|time| !access::within_window(time, window)) {
                wrong.push((
                    "isolir.time",
                    format!("Jam {time} di luar {window}, jadi tidak akan ada yang diisolir. Ubah salah satunya."),
                ));
            }
            if access::parse_weekdays(wanted.text("isolir.skip_weekdays")).is_ok_and(|days| days.len() >= 7) {
                wrong.push((
                    "isolir.skip_weekdays",
                    "Sisakan paling sedikit satu hari, kalau tidak isolir tidak pernah berjalan.".to_owned(),
                ));
            }
        }
        "pesan" if wanted.int("whatsapp.pace_min_s") > wanted.int("whatsapp.pace_max_s") => {
            wrong.push((
                "whatsapp.pace_max_s",
                "Jeda paling lama tidak boleh kurang dari jeda paling cepat.".to_owned(),
            ));
        }
        "whatsapp" if wanted.text("whatsapp.provider") != "none" => {
            if wanted.text("whatsapp.api_url").is_empty() {
                wrong.push(("whatsapp.api_url", "Isi alamat gateway, misalnya https://wa.contoh.id.".to_owned()));
            }
            let device = wanted.text("whatsapp.device_id");
            if !(8..=15).contains(&device.len()) || !device.bytes().all(|b| b.is_ascii_digit()) {
                wrong.push((
                    "whatsapp.device_id",
                    "Isi nomor perangkat dengan angka saja, diawali 62: 6281234567890.".to_owned(),
                ));
            }
            if !secret("whatsapp.api_key") {
                wrong.push(("whatsapp.api_key", "API key harus diisi. Salin dari halaman gateway.".to_owned()));
            }
        }
        "gateway" if wanted.flag("gateway.flip.enabled") => {
            for (key, label) in
                [("gateway.flip.secret_key", "Secret key"), ("gateway.flip.validation_token", "Validation token")]
            {
                if !secret(key) {
                    wrong.push((key, format!("{label} harus diisi sebelum Flip dipakai. Salin dari dasbor Flip.")));
                }
            }
            if wanted.text("gateway.flip.environment") == "production" && clock_moved {
                wrong.push((
                    "gateway.flip.environment",
                    "Jam server digeser untuk latihan; lingkungan sungguhan ditolak sampai jamnya benar.".to_owned(),
                ));
            }
        }
        _ => {}
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::admin::settings::groups::GROUPS;

    fn read(key: &str, typed: &str) -> Result<String, String> {
        let field = GROUPS.iter().flat_map(|group| group.fields).find(|field| field.key == key).unwrap();
        value(field, typed, 2026)
    }

    #[test]
    fn people_type_as_they_speak() {
        assert_eq!(read("isolir.time", "8.30"), Ok("08:30".to_owned()));
        assert_eq!(read("isolir.time", "8"), Ok("08:00".to_owned()));
        assert_eq!(read("isolir.window", "7.00 - 20.00"), Ok("07:00-20:00".to_owned()));
        assert_eq!(read("isolir.min_debt", "10rb"), Ok("10000".to_owned()));
        assert_eq!(read("isolir.holidays", "21/3/2026, 20/3"), Ok("2026-03-20,2026-03-21".to_owned()));
        assert_eq!(read("reminder.days", "1, 7,3 ,7"), Ok("7,3,1".to_owned()));
        assert_eq!(read("company.email", " Tagihan@Contoh.id "), Ok("tagihan@contoh.id".to_owned()));
    }

    #[test]
    fn every_default_passes_its_own_form() {
        for field in GROUPS.iter().flat_map(|group| group.fields) {
            let default = settings::find(field.key).unwrap().default;
            assert_eq!(value(field, default, 2026), Ok(default.to_owned()), "{}", field.key);
        }
    }

    #[test]
    fn nonsense_is_refused_in_a_sentence_without_the_name_of_the_key() {
        for field in GROUPS.iter().flat_map(|group| group.fields) {
            let nonsense = match field.look {
                L::Line | L::Long | L::Secret => "x".repeat(2_001),
                L::Token => "pendek".to_owned(),
                _ => "omong-kosong!".to_owned(),
            };
            let sentence = value(field, &nonsense, 2026).expect_err(field.key);
            assert!(!sentence.contains(field.key) && sentence.ends_with('.'), "{}: {sentence}", field.key);
        }
    }
}
