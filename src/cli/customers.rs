//! `package:add`, `customer:import`, `customer:export`.

use super::args::{ExportArgs, PackageArgs};
use super::{Outcome, progress};
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::customers::export::{ExportFilter, export as write_export};
use crate::server::customers::import;
use crate::server::customers::packages::{self, PackageForm};
use crate::server::error::{Error, Result};
use crate::server::state::AppState;
use serde_json::json;
use std::path::Path;

pub async fn package_add(state: &AppState, options: PackageArgs) -> Result<Outcome> {
    let price = Rupiah::parse_input(&options.price).map_err(|error| Error::invalid("--price", error.to_string()))?;
    let duration_months =
        options.duration_months.parse().map_err(|_| Error::invalid("--duration-months", "harus 1, 3, 6, atau 12"))?;
    let form = PackageForm {
        name: options.name,
        price,
        profile: options.profile,
        down_kbps: options.down_kbps,
        up_kbps: options.up_kbps,
        duration_months,
    };
    let name = form.name.clone();
    let id = packages::add(state, Who::command(), form).await?;
    Ok(Outcome::done(json!({ "id": id }), format!("Paket {name} ditambahkan.")))
}

pub async fn import(state: &AppState, file: &Path, dry_run: bool) -> Result<Outcome> {
    let bytes = std::fs::read(file)
        .map_err(|error| Error::invalid("FILE", format!("Berkas {} tidak dapat dibuka: {error}", file.display())))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bar = progress::bar();
    let report = import::import(state, Who::command(), bytes, &name, dry_run, |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .await?;
    bar.finish_and_clear();
    let mut text = vec![format!(
        "{} baris: {} baru, {} diperbarui, {} ditolak; tunggakan awal {}, saldo awal {}.",
        report.rows,
        report.imported,
        report.updated,
        report.rejected.len(),
        report.opening.arrears,
        report.opening.credit
    )];
    text.extend(
        report
            .rejected
            .iter()
            .map(|row| format!("  baris {}, {} = {:?}: {}", row.row, row.column, row.value, row.problem)),
    );
    if !report.unknown_columns.is_empty() {
        text.push(format!("  kolom yang tidak dikenal dan tidak dibaca: {}", report.unknown_columns.join(", ")));
    }
    if !report.unknown_collectors.is_empty() {
        let names = report.unknown_collectors.join(", ");
        text.push(format!("  kolektor yang bukan nama satu pengguna, jadi layanannya belum dibagikan: {names}"));
    }
    Ok(Outcome::lines(serde_json::to_value(&report)?, text))
}

pub async fn export(state: &AppState, options: ExportArgs) -> Result<Outcome> {
    let filter = ExportFilter {
        status: options.status.unwrap_or_default(),
        package: options.package.unwrap_or_default(),
        router: options.router.unwrap_or_default(),
        area: options.area.unwrap_or_default(),
    };
    let rows = write_export(state, &filter, &options.file).await?;
    Ok(Outcome::done(json!({ "rows": rows }), format!("{rows} baris ditulis ke {}.", options.file.display())))
}
