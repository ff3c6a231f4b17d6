//! From the bytes of a file to rows of named cells. A file that is no table is refused whole, with what to do.

use crate::server::error::{Error, Result};
use calamine::{Data, Reader, Xlsx};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

/// Largest file that is read.
const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most rows of one file.
const ROWS_MAX: usize = 100_000;
/// Columns beyond this one are not looked at.
const COLUMNS_MAX: usize = 256;
/// Longest text of a cell that is kept, in letters.
const CELL_MAX: usize = 2_000;

/// Every column: its name in CONTRACT ("Import columns") and the other names it is known by.
pub const COLUMNS: &[(&str, &[&str])] = &[
    ("nomor_layanan", &["service_number", "no_layanan"]),
    ("nomor_pelanggan", &["customer_number", "no_pelanggan"]),
    ("nama_pelanggan", &["customer_name", "name", "nama"]),
    ("telepon", &["phone", "telephone", "no_telepon", "no_hp", "hp", "whatsapp"]),
    ("email", &["e_mail"]),
    ("alamat", &["address"]),
    ("wilayah", &["area", "region"]),
    ("kolektor", &["collector"]),
    ("paket", &["package", "plan"]),
    ("lokasi_server", &["router", "server_location", "server"]),
    ("pppoe_username", &["pppoe_user", "pppoe", "pppoe_name"]),
    ("pppoe_password", &["pppoe_pass"]),
    ("tanggal_pasang", &["install_date", "installation_date", "started_on", "start_date"]),
    ("tanggal_tempo", &["due_day", "due_date", "jatuh_tempo", "tanggal_jatuh_tempo"]),
    ("status", &[]),
    ("dibayar_sampai", &["paid_until", "covered_until"]),
    ("tunggakan", &["arrears", "opening_arrears"]),
    ("saldo", &["credit", "balance", "opening_credit"]),
    ("diskon", &["discount"]),
    ("jangan_isolir", &["never_isolate", "do_not_isolate"]),
    ("password_portal", &["portal_password"]),
];
/// Columns that the export adds for reading only. A file that comes back may carry them; nothing is taken from them.
pub const READ_ONLY: [&str; 3] = ["tahap", "akses", "sisa_tagihan"];
/// Columns without which there is nothing to import.
pub const REQUIRED: [&str; 3] = ["nama_pelanggan", "telepon", "paket"];

/// What kind of thing a cell held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Text, a truth value, or anything of a CSV.
    Text,
    /// A whole number.
    Whole,
    /// A number with a part behind the point.
    Fraction,
    /// A date.
    Date(NaiveDate),
    /// The error of a formula.
    Broken,
}

/// One cell, as text and as what it was.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Trimmed text; never empty.
    pub text: String,
    /// What it was.
    pub kind: CellKind,
}

/// One row that is not blank.
#[derive(Clone, Debug)]
pub struct Line {
    /// Number of the row, as Excel counts.
    pub row: i64,
    /// Cells that are not blank, by the column's name in CONTRACT.
    pub cells: BTreeMap<&'static str, Cell>,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Rows that are not blank, without the header.
    pub lines: Vec<Line>,
    /// Titles of columns that hold something and that nobody knows, as they stand in the file.
    pub unknown: Vec<String>,
}

type Raw = Vec<(i64, BTreeMap<usize, Cell>)>;

fn bad(message: impl Into<String>) -> Error {
    Error::invalid("file", message)
}

/// Reads XLSX or CSV (comma, semicolon or tab; UTF-8). What the file is is seen in its bytes; its name is not believed.
pub fn read(bytes: Vec<u8>, file_name: &str) -> Result<Sheet> {
    if bytes.len() > BYTES_MAX {
        return Err(bad("Berkas lebih besar dari 10 MB. Bagi menjadi beberapa berkas, lalu impor satu per satu."));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(bad("Berkas ini kosong. Isi dahulu daftar pelanggan; contohnya ada di halaman Impor."));
    }
    let raw = if bytes.starts_with(b"PK\x03\x04") {
        read_xlsx(bytes)?
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(bad(
            "Ini berkas Excel lama (.xls) atau berkas berkata sandi. Buka di Excel, simpan sebagai .xlsx tanpa kata sandi, lalu impor lagi.",
        ));
    } else if bytes.starts_with(b"%PDF") || bytes.contains(&0) {
        return Err(bad(format!(
            "{} bukan berkas Excel atau CSV, walaupun namanya mungkin begitu. Simpan daftar pelanggan sebagai .xlsx atau .csv, lalu impor lagi.",
            if file_name.is_empty() { "Berkas ini" } else { file_name }
        )));
    } else {
        read_csv(&bytes)?
    };
    name_columns(raw)
}

fn cell(text: &str, kind: CellKind) -> Option<Cell> {
    let text = text.trim();
    (!text.is_empty()).then(|| Cell { text: text.chars().take(CELL_MAX).collect(), kind })
}

fn number(value: f64) -> Option<Cell> {
    // Whole numbers up to 2^53 are exact in a spreadsheet; they are written out, never calculated with.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        cell(&format!("{value:.0}"), CellKind::Whole)
    } else {
        cell(&value.to_string(), CellKind::Fraction)
    }
}

fn from_data(data: Data) -> Option<Cell> {
    match data {
        Data::Empty => None,
        Data::Int(value) => cell(&value.to_string(), CellKind::Whole),
        Data::Float(value) => number(value),
        Data::DateTime(value) if value.is_datetime() => match value.as_datetime() {
            Some(at) => cell(&at.date().to_string(), CellKind::Date(at.date())),
            None => cell(&value.to_string(), CellKind::Text),
        },
        Data::DateTimeIso(text) => match text.get(..10).and_then(|day| day.parse::<NaiveDate>().ok()) {
            Some(day) => cell(&day.to_string(), CellKind::Date(day)),
            None => cell(&text, CellKind::Text),
        },
        Data::Error(error) => cell(&error.to_string(), CellKind::Broken),
        other => cell(&other.to_string(), CellKind::Text),
    }
}

/// Cells are read one by one: a sheet with one cell in its last corner must not become a table of that size.
fn read_xlsx(bytes: Vec<u8>) -> Result<Raw> {
    let unreadable = || {
        bad(
            "Berkas ini tidak dapat dibaca sebagai Excel (.xlsx). Buka di Excel, simpan lagi sebagai .xlsx tanpa kata sandi, lalu impor lagi.",
        )
    };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(unreadable)?;
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(|_| unreadable())?;
    let mut rows: BTreeMap<u32, BTreeMap<usize, Cell>> = BTreeMap::new();
    while let Some(found) = reader.next_cell().map_err(|_| unreadable())? {
        let (row, column) = found.get_position();
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= COLUMNS_MAX {
            continue;
        }
        if let Some(value) = from_data(Data::from(found.get_value().clone())) {
            rows.entry(row).or_default().insert(column, value);
            if rows.len() > ROWS_MAX {
                return Err(too_many());
            }
        }
    }
    Ok(rows.into_iter().map(|(row, cells)| (i64::from(row) + 1, cells)).collect())
}

fn too_many() -> Error {
    bad("Berkas ini berisi lebih dari 100.000 baris. Bagi menjadi beberapa berkas, lalu impor satu per satu.")
}

fn read_csv(bytes: &[u8]) -> Result<Raw> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| bad("Berkas ini bukan CSV UTF-8. Di Excel pilih Simpan Sebagai, \"CSV UTF-8\" atau \"Excel Workbook (.xlsx)\", lalu impor lagi."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter =
        [b';', b',', b'\t'].into_iter().max_by_key(|mark| head.bytes().filter(|b| b == mark).count()).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    // Excel counts a cell with line breaks as one row, the file as several lines.
    let (mut breaks, mut counted, mut lines) = (0, 0, 0_u64);
    let mut rows = Raw::new();
    for record in reader.records() {
        let record =
            record.map_err(|_| bad("Berkas CSV ini rusak. Simpan lagi dari Excel sebagai .xlsx, lalu impor lagi."))?;
        // The reader says where a record begins before it has passed the line ends in front of it: they are passed here.
        let begin = record.position().and_then(|at| usize::try_from(at.byte()).ok()).unwrap_or(counted);
        let skipped = text
            .as_bytes()
            .get(begin..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| matches!(byte, b'\n' | b'\r'))
            .count();
        let begin = begin + skipped;
        let passed = text.as_bytes().get(counted..begin).unwrap_or_default();
        lines += u64::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        counted = counted.max(begin);
        let row = i64::try_from((lines + 1).saturating_sub(breaks)).unwrap_or(i64::MAX);
        let inside: usize = record.iter().map(|field| field.matches('\n').count()).sum();
        breaks += u64::try_from(inside).unwrap_or(0);
        let cells: BTreeMap<usize, Cell> = record
            .iter()
            .take(COLUMNS_MAX)
            .enumerate()
            .filter_map(|(column, field)| Some((column, cell(field, CellKind::Text)?)))
            .collect();
        if !cells.is_empty() {
            rows.push((row, cells));
        }
        if rows.len() > ROWS_MAX {
            return Err(too_many());
        }
    }
    Ok(rows)
}

fn known_column(title: &str) -> Option<&'static str> {
    let plain: String = title
        .trim()
        .trim_end_matches('*')
        .trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    let found = COLUMNS.iter().find(|(name, others)| *name == plain || others.contains(&plain.as_str()));
    found.map(|(name, _)| *name)
}

/// The first row that is not blank names the columns; columns nobody knows are not read, but named.
fn name_columns(raw: Raw) -> Result<Sheet> {
    let mut rows = raw.into_iter();
    let (_, titles) = rows.next().ok_or_else(|| {
        bad("Lembar pertama berkas ini kosong. Taruh daftar pelanggan di lembar pertama; contohnya ada di halaman Impor.")
    })?;
    let mut columns: BTreeMap<usize, &'static str> = BTreeMap::new();
    let mut strangers: BTreeMap<usize, String> = BTreeMap::new();
    for (place, title) in titles {
        let Some(name) = known_column(&title.text) else {
            if !READ_ONLY.contains(&title.text.trim()) {
                strangers.insert(place, title.text);
            }
            continue;
        };
        if columns.values().any(|taken| *taken == name) {
            return Err(bad(format!("Kolom {name} ada dua kali di baris judul. Hapus salah satu, lalu impor lagi.")));
        }
        columns.insert(place, name);
    }
    if columns.is_empty() {
        return Err(bad(
            "Baris pertama harus berisi nama kolom, misalnya nama_pelanggan, telepon, paket. Tambahkan baris judul seperti di berkas contoh, lalu impor lagi.",
        ));
    }
    let missing: Vec<&str> =
        REQUIRED.into_iter().filter(|name| !columns.values().any(|column| column == name)).collect();
    if !missing.is_empty() {
        return Err(bad(format!(
            "Kolom wajib belum ada: {}. Tambahkan di baris judul, lalu impor lagi.",
            missing.join(", ")
        )));
    }
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let lines: Vec<Line> = rows
        .map(|(row, mut cells)| {
            used.extend(cells.keys());
            let cells = columns.iter().filter_map(|(place, name)| Some((*name, cells.remove(place)?))).collect();
            Line { row, cells }
        })
        .filter(|line| !line.cells.is_empty())
        .collect();
    if lines.is_empty() {
        return Err(bad(
            "Berkas ini hanya berisi baris judul. Isi dahulu daftar pelanggan di bawahnya, lalu impor lagi.",
        ));
    }
    let unknown = strangers.into_iter().filter(|(place, _)| used.contains(place)).map(|(_, title)| title).collect();
    Ok(Sheet { lines, unknown })
}
