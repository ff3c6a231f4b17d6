//! Names that came with a file become what they name: areas, and collectors who are members of staff.

use crate::args;
use crate::server::db::Tx;
use crate::server::error::Result;
use crate::sql;
use chrono::{DateTime, Utc};

sql!(
    ADD_AREAS = "INSERT INTO area (name, note, created_at) SELECT s.area, '', $1 FROM service s
 WHERE s.area <> '' AND NOT EXISTS (SELECT 1 FROM area a WHERE a.name = s.area) GROUP BY s.area ON CONFLICT (name) DO NOTHING"
);
// A name that two members of staff have is nobody's: an owner chooses on the screen.
sql!(
    LINK_COLLECTORS = "UPDATE service SET collector_id = (SELECT st.id FROM staff st WHERE st.active AND LOWER(st.name) = LOWER(service.collector))
 WHERE collector_id IS NULL AND collector <> ''
   AND (SELECT COUNT(*) FROM staff st WHERE st.active AND LOWER(st.name) = LOWER(service.collector)) = 1"
);

/// Makes an area of each name that services have and nobody knows yet, and gives services whose collector is a member of
/// staff to him. Call it when either side changed: after an import, and when staff is added or renamed.
pub async fn link(tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
    tx.exec(ADD_AREAS, args![now]).await?;
    tx.exec(LINK_COLLECTORS, args![]).await?;
    Ok(())
}
