//! tmp
use crate::server::{error::{Error, Result}, state::AppState};
#[derive(Default, Debug)]
pub struct ExportFilter { pub status: String, pub package: String, pub router: String, pub area: String }
pub async fn export(_s: &AppState, _f: &ExportFilter, _p: &std::path::Path) -> Result<i64> { Err(Error::Internal("tmp".into())) }
pub async fn export_bytes(_s: &AppState, _f: &ExportFilter) -> Result<Vec<u8>> { Err(Error::Internal("tmp".into())) }
