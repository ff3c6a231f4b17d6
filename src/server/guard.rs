//! Who may do what: one table of roles and permissions, and the one door every server function and route goes
//! through, as its first line.

use crate::app::error::ApiError;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::session::{self, StaffSession};
use crate::server::state::AppState;
use http::request::Parts;
use leptos::prelude::use_context;
use std::fmt;

/// What a member of staff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but staff.
    Admin,
    /// Customers and money.
    Cashier,
    /// Routers; no money.
    Technician,
    /// Money of his own customers.
    Collector,
    /// Looks.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Cashier, Self::Technician, Self::Collector, Self::Viewer];

    /// As the database writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Cashier => "cashier",
            Self::Technician => "technician",
            Self::Collector => "collector",
            Self::Viewer => "viewer",
        }
    }

    /// The role of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Beranda.
    ViewDashboard,
    /// Customers and services.
    ViewCustomers,
    /// Bills and payments.
    ViewInvoices,
    /// Messages.
    ViewMessages,
    /// Routers and what waits for them.
    ViewRouters,
    /// Take a payment.
    RecordPayment,
    /// Date a payment further back than a cashier may.
    BackdatePayment,
    /// Issue bills.
    RunBilling,
    /// Cut, restore, approve a braked run.
    ManageAccess,
    /// Retry or give up dead work.
    ManageWork,
    /// Import customers.
    Import,
    /// Export customers.
    Export,
    /// Settings.
    ManageSettings,
    /// Staff.
    ManageStaff,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 14] = [
        Self::ViewDashboard,
        Self::ViewCustomers,
        Self::ViewInvoices,
        Self::ViewMessages,
        Self::ViewRouters,
        Self::RecordPayment,
        Self::BackdatePayment,
        Self::RunBilling,
        Self::ManageAccess,
        Self::ManageWork,
        Self::Import,
        Self::Export,
        Self::ManageSettings,
        Self::ManageStaff,
    ];
}

/// The table.
pub const fn allows(role: Role, permission: Permission) -> bool {
    use Permission as P;
    match role {
        Role::Owner => true,
        Role::Admin => !matches!(permission, P::ManageStaff),
        Role::Cashier => {
            matches!(
                permission,
                P::ViewDashboard | P::ViewCustomers | P::ViewInvoices | P::ViewMessages | P::RecordPayment
            )
        }
        Role::Technician => matches!(permission, P::ViewRouters | P::ManageAccess | P::ManageWork),
        // His screens come with his own customers only; until they are there he has none.
        Role::Collector => false,
        Role::Viewer => {
            matches!(
                permission,
                P::ViewDashboard | P::ViewCustomers | P::ViewInvoices | P::ViewMessages | P::ViewRouters
            )
        }
    }
}

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

/// Lets a route's caller in.
pub async fn guard_parts(app: &AppState, parts: &Parts, permission: Permission) -> Result<Asked> {
    let staff = session::staff_of(app, &parts.headers).await?.ok_or(Error::Unauthenticated)?;
    if !staff.may(permission) {
        return Err(Error::Forbidden);
    }
    let address =
        parts.extensions.get::<crate::server::http::ClientAddress>().map(|a| a.0.to_string()).unwrap_or_default();
    Ok(Asked { app: app.clone(), who: Who { staff_id: Some(staff.id), name: staff.name.clone(), address }, staff })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_office_expects() {
        assert!(Permission::ALL.iter().all(|permission| allows(Role::Owner, *permission)));
        assert!(!allows(Role::Admin, Permission::ManageStaff));
        assert!(allows(Role::Cashier, Permission::RecordPayment) && !allows(Role::Cashier, Permission::RunBilling));
        assert!(
            !allows(Role::Technician, Permission::ViewInvoices) && allows(Role::Technician, Permission::ViewRouters)
        );
        assert!(!allows(Role::Viewer, Permission::RecordPayment));
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }
}
