//! What the filters of lists offer, read in one place.

use crate::app::dto::Choice;
use crate::server::error::Result;
use crate::server::guard::Asked;
use crate::{args, in_scope, sql};

sql!(AREAS = "SELECT name, name FROM area ORDER BY name");
sql!(
    OWN_AREAS = concat!(
        "SELECT DISTINCT s.area, s.area FROM service_row s WHERE s.area <> '' AND ",
        in_scope!("$1"),
        " ORDER BY 1"
    )
);
sql!(
    COLLECTORS = "SELECT CAST(k.id AS TEXT), k.name FROM staff k WHERE k.role = 'collector' OR EXISTS (SELECT 1 FROM service s WHERE s.collector_id = k.id) ORDER BY k.name"
);
sql!(PACKAGES = "SELECT CAST(id AS TEXT), name FROM package ORDER BY name");
sql!(ROUTERS = "SELECT CAST(id AS TEXT), name FROM router ORDER BY name");

fn choices(rows: Vec<(String, String)>) -> Vec<Choice> {
    rows.into_iter().map(|row| Choice::new(row.0, row.1)).collect()
}

/// The areas; for a collector those of his own customers.
pub async fn areas(asked: &Asked) -> Result<Vec<Choice>> {
    let db = &asked.app.db;
    Ok(choices(match asked.scope().arg() {
        0 => db.all(AREAS, args![]).await?,
        scope => db.all(OWN_AREAS, args![scope]).await?,
    }))
}

/// Collectors, and whoever else collects from somebody; a collector is not told of the others.
pub async fn collectors(asked: &Asked) -> Result<Vec<Choice>> {
    if asked.scope().arg() != 0 {
        return Ok(Vec::new());
    }
    Ok(choices(asked.app.db.all(COLLECTORS, args![]).await?))
}

/// Packages.
pub async fn packages(asked: &Asked) -> Result<Vec<Choice>> {
    Ok(choices(asked.app.db.all(PACKAGES, args![]).await?))
}

/// Routers.
pub async fn routers(asked: &Asked) -> Result<Vec<Choice>> {
    Ok(choices(asked.app.db.all(ROUTERS, args![]).await?))
}
