//! tmp
use crate::server::{error::{Error, Result}, state::AppState, audit::Who};
use crate::billing::Rupiah;
#[derive(Debug, Clone, serde::Serialize)] pub struct Rejected { pub row: i64, pub column: String, pub value: String, pub problem: String }
#[derive(Debug, Clone, serde::Serialize)] pub struct Opening { pub arrears: Rupiah, pub credit: Rupiah }
#[derive(Debug, Clone, serde::Serialize)] pub struct ImportReport { pub rows: i64, pub imported: i64, pub updated: i64, pub rejected: Vec<Rejected>, pub opening: Opening }
pub async fn import(_s: &AppState, _w: Who, _b: Vec<u8>, _n: &str, _d: bool, _p: impl Fn(i64, i64) + Send + Sync) -> Result<ImportReport> { Err(Error::Internal("tmp".into())) }
pub async fn run_job(_s: &AppState, _i: i64) -> Result<()> { Err(Error::Internal("tmp".into())) }
pub fn example_xlsx() -> Result<Vec<u8>> { Err(Error::Internal("tmp".into())) }
