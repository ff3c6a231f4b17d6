//! tmp
use crate::server::{audit::Who, db::Tx, error::Result, settings::Settings};
#[derive(Clone, Debug)]
pub struct AccessContext { pub settings: std::sync::Arc<Settings>, pub today: chrono::NaiveDate, pub now: chrono::DateTime<chrono::Utc>, pub who: Who }
pub async fn after_money(_tx: &mut Tx, _c: &AccessContext, _customer_id: i64) -> Result<Vec<i64>> { Ok(vec![]) }
