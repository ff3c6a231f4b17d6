//! Names that came with a file become what they name: areas, and collectors who are members of staff.

use crate::args;
use crate::server::audit::{self, Who};
use crate::server::db::{Db, Tx};
use crate::server::error::Result;
use crate::sql;
use chrono::{DateTime, Utc};
use std::collections::{BTreeSet, HashMap};

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

// Who has the name alone: of two, neither.
sql!(
    CLAIM = "UPDATE service SET collector_id = $1 WHERE collector_id IS NULL AND collector <> ''
   AND LOWER(collector) = (SELECT LOWER(st.name) FROM staff st WHERE st.id = $1 AND st.active)
   AND NOT EXISTS (SELECT 1 FROM staff st WHERE st.active AND st.id <> $1 AND LOWER(st.name) = LOWER(service.collector))"
);
sql!(NAMES = "SELECT name FROM staff WHERE active");

/// Makes an area of each name that services have and nobody knows yet, and gives services whose collector is a member of
/// staff to him. Call it after an import.
pub async fn link(tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
    tx.exec(ADD_AREAS, args![now]).await?;
    tx.exec(LINK_COLLECTORS, args![]).await?;
    Ok(())
}

/// Gives the services that name this member of staff, and are nobody's yet, to him. Call it where somebody else added
/// him, renamed him or let him in again; not where he renames himself, since a name widens what a collector sees.
pub async fn claim(tx: &mut Tx, who: &Who, now: DateTime<Utc>, staff_id: i64) -> Result<()> {
    let moved = tx.exec(CLAIM, args![staff_id]).await?;
    if moved > 0 {
        let (subject, after) = (format!("staff:{staff_id}"), format!("{moved} layanan"));
        audit::record(tx, who, now, "staff.collects", &subject, "", &after).await?;
    }
    Ok(())
}

/// Which of these names the links above would leave without a member of staff: no active one has it, or two have.
pub async fn nobodys(db: &Db, names: BTreeSet<String>) -> Result<Vec<String>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let staff: Vec<(String,)> = db.all(NAMES, args![]).await?;
    let mut count: HashMap<String, usize> = HashMap::new();
    for (name,) in staff {
        *count.entry(name.to_lowercase()).or_default() += 1;
    }
    Ok(names.into_iter().filter(|name| count.get(&name.to_lowercase()) != Some(&1)).collect())
}
