//! The one door every server function and route goes through, as its first line.

use crate::app::error::ApiError;
use crate::args;
use crate::in_scope;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
pub use crate::server::rights::{Permission, Rights, RightsTable, Role, Scope, adjustable, allows};
use crate::server::session::{self, StaffSession};
use crate::server::state::AppState;
use crate::sql;
use http::request::Parts;
use leptos::prelude::use_context;

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The application.
    pub app: AppState,
    /// Who it is, for the audit.
    pub who: Who,
    /// His session.
    pub staff: StaffSession,
}

sql!(
    SERVICE_IN_SCOPE = concat!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN ",
        in_scope!("$2"),
        " THEN 1 ELSE 0 END), 0) AS BIGINT) FROM service s WHERE s.id = $1"
    )
);
sql!(
    CUSTOMER_IN_SCOPE = concat!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN ",
        in_scope!("$2"),
        " THEN 1 ELSE 0 END), 0) AS BIGINT) FROM service s WHERE s.customer_id = $1"
    )
);

impl Asked {
    /// Whose customers he sees.
    pub fn scope(&self) -> Scope {
        self.staff.scope()
    }

    /// Refuses a service outside his scope. One that does not exist passes: whoever reads it says so.
    pub async fn reaches_service(&self, service_id: i64) -> Result<()> {
        self.reaches(SERVICE_IN_SCOPE, service_id).await
    }

    /// Refuses a customer none of whose services is in his scope.
    pub async fn reaches_customer(&self, customer_id: i64) -> Result<()> {
        self.reaches(CUSTOMER_IN_SCOPE, customer_id).await
    }

    async fn reaches(&self, sql: crate::server::db::Sql, id: i64) -> Result<()> {
        if self.scope() == Scope::All {
            return Ok(());
        }
        let (there, his): (i64, i64) = self.app.db.one(sql, args![id, self.scope().arg()]).await?;
        if there > 0 && his == 0 { Err(Error::Forbidden) } else { Ok(()) }
    }
}

/// Lets a server function's caller in, if he is logged in and may. The first line of every server function.
pub async fn guard(permission: Permission) -> Result<Asked, ApiError> {
    let asked = async {
        let app = use_context::<AppState>()
            .ok_or_else(|| Error::Internal("server function without application state".to_owned()))?;
        let parts = use_context::<Parts>().ok_or(Error::Unauthenticated)?;
        guard_parts(&app, &parts, permission).await
    }
    .await?;
    Ok(asked)
}

/// Lets everybody in who is logged in, whatever he may: for what is his own (his account, his sessions).
pub async fn guard_own() -> Result<(Asked, String), ApiError> {
    let asked = async {
        let app = use_context::<AppState>()
            .ok_or_else(|| Error::Internal("server function without application state".to_owned()))?;
        let parts = use_context::<Parts>().ok_or(Error::Unauthenticated)?;
        let token = session::token_of(&app, &parts.headers).ok_or(Error::Unauthenticated)?;
        Ok::<_, Error>((asked_of(&app, &parts).await?, token))
    }
    .await?;
    Ok(asked)
}

/// Lets a route's caller in.
pub async fn guard_parts(app: &AppState, parts: &Parts, permission: Permission) -> Result<Asked> {
    let asked = asked_of(app, parts).await?;
    if asked.staff.may(permission) { Ok(asked) } else { Err(Error::Forbidden) }
}

/// Lets in whoever takes rows out in a file: he may export, and sees on the screen what is in it.
pub async fn guard_export(app: &AppState, parts: &Parts, seen: Permission) -> Result<Asked> {
    let asked = guard_parts(app, parts, Permission::Export).await?;
    if asked.staff.may(seen) { Ok(asked) } else { Err(Error::Forbidden) }
}

async fn asked_of(app: &AppState, parts: &Parts) -> Result<Asked> {
    let staff = session::staff_of(app, &parts.headers).await?.ok_or(Error::Unauthenticated)?;
    let address =
        parts.extensions.get::<crate::server::http::ClientAddress>().map(|a| a.0.to_string()).unwrap_or_default();
    Ok(Asked { app: app.clone(), who: Who { staff_id: Some(staff.id), name: staff.name.clone(), address }, staff })
}
