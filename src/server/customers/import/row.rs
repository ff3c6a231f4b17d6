//! From a row of cells to what a person meant by it, or to what he must mend.

use super::Rejected;
use super::sheet::{Cell, CellKind, Line};
use crate::billing::service_number::ServiceNumber;
use crate::billing::{Period, Phone, Rupiah};
use chrono::NaiveDate;

/// Status words, with the stage they stand for and what the router is to do (RULES: an imported `nonaktif` or `cuti`
/// is left as it is; a `calon` has no secret).
pub const STATUS: [(&str, &str, &str); 4] = [
    ("aktif", "aktif", "normal"),
    ("nonaktif", "berhenti", "as_is"),
    ("cuti", "cuti", "as_is"),
    ("calon", "calon", "absent"),
];
/// Discounts in rupiah up to this are a percentage that lost its sign.
const DOUBTFUL_DISCOUNT_MAX: i64 = 100;

/// A row that can be read. Empty texts and `None` are blank cells.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Number of the row, as Excel counts.
    pub row: i64,
    /// Service number, kept as it is.
    pub service_number: String,
    /// Number of the payer.
    pub customer_number: String,
    /// Name of the payer.
    pub name: String,
    /// Mobile number in the stored form.
    pub phone: String,
    /// E-mail address.
    pub email: String,
    /// Address.
    pub address: String,
    /// Area.
    pub area: String,
    /// Collector.
    pub collector: String,
    /// Name of the package.
    pub package: String,
    /// Name of the router.
    pub router: String,
    /// PPPoE name.
    pub pppoe_username: String,
    /// PPPoE password, in the clear: to be sealed.
    pub pppoe_password: String,
    /// Day of installation.
    pub started_on: Option<NaiveDate>,
    /// Due day, 1 to 31.
    pub due_day: Option<i64>,
    /// Stage and what the router is to do, as [`STATUS`] has them.
    pub status: Option<(&'static str, &'static str)>,
    /// Last month that was paid elsewhere.
    pub covered_until: Option<Period>,
    /// Opening arrears.
    pub arrears: Option<Rupiah>,
    /// Opening credit.
    pub credit: Option<Rupiah>,
    /// `none`, `percent` or `amount`, and how much (hundredths of a percent; rupiah).
    pub discount: Option<(&'static str, i64)>,
    /// Why the line is never isolated.
    pub never_isolate: String,
    /// Password of the portal, in the clear: to be hashed.
    pub portal_password: String,
}

struct Cells<'a>(&'a Line);

impl Cells<'_> {
    fn get(&self, column: &str) -> Option<&Cell> {
        self.0.cells.get(column)
    }

    fn problem(&self, column: &str, problem: impl Into<String>) -> Rejected {
        let secret = column.contains("password");
        let value = self.get(column).map(|cell| cell.text.chars().take(100).collect()).unwrap_or_default();
        Rejected {
            row: self.0.row,
            column: column.to_owned(),
            value: if secret { String::new() } else { value },
            problem: problem.into(),
        }
    }

    /// A text of at most `max` letters without control characters; empty when blank.
    fn text(&self, column: &str, max: usize) -> Result<String, Rejected> {
        let Some(cell) = self.get(column) else { return Ok(String::new()) };
        if cell.text.chars().count() > max {
            return Err(self.problem(column, format!("Terlalu panjang; paling banyak {max} huruf. Pendekkan isinya.")));
        }
        if cell.text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(self.problem(column, "Berisi tanda yang tidak dapat dipakai. Tulis ulang isinya."));
        }
        Ok(cell.text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn required(&self, column: &str, max: usize, say: &str) -> Result<String, Rejected> {
        let text = self.text(column, max)?;
        if text.is_empty() { Err(self.problem(column, say)) } else { Ok(text) }
    }

    /// A secret, spaces inside kept.
    fn secret(&self, column: &str) -> Result<String, Rejected> {
        let Some(cell) = self.get(column) else { return Ok(String::new()) };
        if cell.text.chars().count() > 128 || cell.text.chars().any(char::is_control) {
            return Err(self.problem(column, "Kata sandi paling banyak 128 huruf, tanpa baris baru. Pendekkan isinya."));
        }
        Ok(cell.text.clone())
    }

    fn phone(&self) -> Result<String, Rejected> {
        let text = self.get("telepon").map(|cell| cell.text.as_str()).unwrap_or_default();
        Phone::parse(text)
            .map(|phone| phone.as_str().to_owned())
            .map_err(|error| self.problem("telepon", error.to_string()))
    }

    fn email(&self) -> Result<String, Rejected> {
        let text = self.text("email", 200)?;
        let good = text.is_empty()
            || text.split_once('@').is_some_and(|(who, host)| {
                !who.is_empty()
                    && host.contains('.')
                    && !host.starts_with('.')
                    && !host.ends_with('.')
                    && !host.contains('@')
            }) && !text.contains(' ');
        if good {
            Ok(text)
        } else {
            Err(self.problem("email", "Bukan alamat email; tulis seperti nama@contoh.id, atau kosongkan."))
        }
    }

    fn date(&self, column: &str) -> Result<Option<NaiveDate>, Rejected> {
        let Some(cell) = self.get(column) else { return Ok(None) };
        let day = match cell.kind {
            CellKind::Date(day) => Some(day),
            CellKind::Text => NaiveDate::parse_from_str(&cell.text, "%Y-%m-%d")
                .or_else(|_| NaiveDate::parse_from_str(&cell.text, "%d/%m/%Y"))
                .ok(),
            CellKind::Whole | CellKind::Fraction | CellKind::Broken => None,
        };
        let sensible = day.filter(|day| ("1990-01-01"..="2100-12-31").contains(&day.to_string().as_str()));
        match sensible {
            Some(day) => Ok(Some(day)),
            None => Err(self.problem(column, "Bukan tanggal; tulis seperti 2026-01-31 atau 31/01/2026.")),
        }
    }

    fn due_day(&self) -> Result<Option<i64>, Rejected> {
        let Some(cell) = self.get("tanggal_tempo") else { return Ok(None) };
        match cell.text.parse::<i64>() {
            Ok(day @ 1..=31) => Ok(Some(day)),
            _ => Err(self.problem("tanggal_tempo", "Harus angka 1 sampai 31 (tanggal jatuh tempo setiap bulan).")),
        }
    }

    fn status(&self) -> Result<Option<(&'static str, &'static str)>, Rejected> {
        let Some(cell) = self.get("status") else { return Ok(None) };
        let word = cell.text.to_lowercase();
        match STATUS.iter().find(|(known, _, _)| *known == word) {
            Some((_, stage, desired)) => Ok(Some((stage, desired))),
            None => Err(self.problem("status", "Status tidak dikenal; tulis aktif, nonaktif, cuti, atau calon.")),
        }
    }

    fn period(&self, column: &str) -> Result<Option<Period>, Rejected> {
        let Some(cell) = self.get(column) else { return Ok(None) };
        // Excel makes a date of `2026-01` when it is typed.
        let period = match cell.kind {
            CellKind::Date(day) => Some(Period::of(day)),
            _ => cell.text.parse::<Period>().ok(),
        };
        period.map(Some).ok_or_else(|| self.problem(column, "Bukan bulan; tulis tahun dan bulan seperti 2026-01."))
    }

    fn money(&self, column: &str) -> Result<Option<Rupiah>, Rejected> {
        let Some(cell) = self.get(column) else { return Ok(None) };
        if !matches!(cell.kind, CellKind::Text | CellKind::Whole) {
            return Err(self.problem(column, "Bukan rupiah bulat; tulis misalnya 300000."));
        }
        Rupiah::parse_import(&cell.text)
            .map(|(amount, _)| Some(amount))
            .map_err(|error| self.problem(column, error.to_string()))
    }

    /// `10%`, `10 persen`, a cell that Excel shows as a percentage (it holds 0.1), or rupiah.
    fn discount(&self) -> Result<Option<(&'static str, i64)>, Rejected> {
        let column = "diskon";
        let Some(cell) = self.get(column) else { return Ok(None) };
        let text = cell.text.to_lowercase();
        let percent = text.strip_suffix('%').or_else(|| text.strip_suffix("persen")).map(str::trim);
        // Excel holds 12,5 % as 0.125: the four digits behind the point are hundredths of a percent.
        let shown_as_percent =
            text.strip_prefix("0.").filter(|digits| cell.kind == CellKind::Fraction && digits.len() <= 4);
        let hundredths = match (percent, shown_as_percent) {
            (Some(number), _) => Some(hundredths(number)),
            (None, Some(digits)) => Some(format!("{digits:0<4}").parse().ok()),
            (None, None) => None,
        };
        if let Some(value) = hundredths {
            return match value {
                Some(0) => Ok(Some(("none", 0))),
                Some(value @ 1..=10_000) => Ok(Some(("percent", value))),
                _ => Err(self.problem(column, "Persen harus angka 0 sampai 100, misalnya 10%.")),
            };
        }
        let amount = self.money(column)?.unwrap_or(Rupiah::ZERO);
        match amount.0 {
            0 => Ok(Some(("none", 0))),
            1..=DOUBTFUL_DISCOUNT_MAX => Err(self.problem(
                column,
                format!("Persen atau rupiah? Tulis {}% untuk persen; diskon rupiah harus di atas Rp 100.", amount.0),
            )),
            value => Ok(Some(("amount", value))),
        }
    }

    fn service_number(&self) -> Result<String, Rejected> {
        let text = self.text("nomor_layanan", 200)?;
        if text.is_empty() {
            return Ok(text);
        }
        ServiceNumber::parse(&text)
            .map(|number| number.as_str().to_owned())
            .map_err(|error| self.problem("nomor_layanan", error.to_string()))
    }
}

/// `12,5` as 1250; at most two digits behind the comma.
fn hundredths(number: &str) -> Option<i64> {
    let (whole, part) = number.split_once([',', '.']).unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<2}").parse().ok()
}

/// Reads a row; the first thing that cannot be right rejects it.
pub fn parse(line: &Line) -> Result<Row, Rejected> {
    let cells = Cells(line);
    if let Some((column, _)) = line.cells.iter().find(|(_, cell)| cell.kind == CellKind::Broken) {
        return Err(cells.problem(column, "Sel ini berisi galat rumus Excel. Ganti rumusnya dengan isi yang benar."));
    }
    Ok(Row {
        row: line.row,
        service_number: cells.service_number()?,
        customer_number: cells.text("nomor_pelanggan", 64)?,
        name: cells.required("nama_pelanggan", 200, "Nama pelanggan kosong; isi namanya.")?,
        phone: cells.phone()?,
        email: cells.email()?,
        address: cells.text("alamat", 500)?,
        area: cells.text("wilayah", 100)?,
        collector: cells.text("kolektor", 100)?,
        package: cells.required("paket", 100, "Paket kosong; isi nama paketnya.")?,
        router: cells.text("lokasi_server", 100)?,
        pppoe_username: cells.text("pppoe_username", 100)?,
        pppoe_password: cells.secret("pppoe_password")?,
        started_on: cells.date("tanggal_pasang")?,
        due_day: cells.due_day()?,
        status: cells.status()?,
        covered_until: cells.period("dibayar_sampai")?,
        arrears: cells.money("tunggakan")?,
        credit: cells.money("saldo")?,
        discount: cells.discount()?,
        never_isolate: cells.text("jangan_isolir", 200)?,
        portal_password: cells.secret("password_portal")?,
    })
}
