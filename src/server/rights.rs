//! Roles and rights: the table that is delivered, what an owner adjusted of it, and whose customers a person sees.

use crate::args;
use crate::server::db::Db;
use crate::server::error::Result;
use crate::sql;
use std::fmt;

/// What a member of staff is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but staff, backups and others' payments.
    Admin,
    /// Customers and money.
    Cashier,
    /// Lines and routers; no money.
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

    /// The role as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Owner => "Pemilik",
            Self::Admin => "Admin",
            Self::Cashier => "Kasir",
            Self::Technician => "Teknisi",
            Self::Collector => "Kolektor",
            Self::Viewer => "Pemantau",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $label:literal;)*) => {
        /// One right.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// Every permission, in the order of the table on the screen.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As the database writes it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What the table on the screen calls it.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

permissions! {
    /// Beranda.
    ViewDashboard = "view_dashboard", "Melihat Beranda";
    /// Customers and services, without money.
    ViewCustomers = "view_customers", "Melihat pelanggan";
    /// Change customers and services, notes, planned changes.
    EditCustomers = "edit_customers", "Mengubah data pelanggan";
    /// Photos of identity cards and houses.
    ViewFiles = "view_files", "Membuka foto KTP dan berkas pelanggan";
    /// Pasang Baru: from a call to a working line.
    Install = "install", "Pasang Baru";
    /// Bills, payments, balances.
    ViewInvoices = "view_invoices", "Melihat tagihan dan pembayaran";
    /// Take a payment.
    RecordPayment = "record_payment", "Menerima pembayaran";
    /// Date a payment further back than a cashier may.
    BackdatePayment = "backdate_payment", "Mencatat tanggal mundur lebih dari 7 hari";
    /// Take back any payment; a cashier takes back his own of the day without it.
    ReversePayment = "reverse_payment", "Membatalkan pembayaran siapa pun";
    /// Void bills, write notes of credit, give up debts.
    AdjustBills = "adjust_bills", "Membatalkan tagihan, nota kredit, hapus piutang";
    /// Give Saldo back.
    Refund = "refund", "Mengembalikan Saldo";
    /// Daftar Tagih and Tunggakan.
    Collect = "collect", "Daftar Tagih dan Tunggakan";
    /// Hand over one's own bag.
    HandOver = "hand_over", "Menyetorkan kas sendiri";
    /// All bags: confirm what others hand over, daily cash report.
    ManageCash = "manage_cash", "Menerima setoran dan melihat semua kas";
    /// What the whole business bills and takes in: sums on Beranda, LAPORAN.
    ViewReports = "view_reports", "Melihat pendapatan dan laporan";
    /// Write expenses into the cash book, take them back.
    ManageExpenses = "manage_expenses", "Mencatat pengeluaran";
    /// Issue bills.
    RunBilling = "run_billing", "Menerbitkan tagihan";
    /// Routers and what waits for them.
    ViewRouters = "view_routers", "Melihat router dan isolir";
    /// Add, change, test routers.
    ManageRouters = "manage_routers", "Mengatur router";
    /// Cut, restore, approve a braked run.
    ManageAccess = "manage_access", "Mengisolir dan memulihkan";
    /// Packages and their prices.
    ManagePackages = "manage_packages", "Mengatur paket internet";
    /// Messages.
    ViewMessages = "view_messages", "Melihat pesan WhatsApp";
    /// Templates, connection, resending.
    ManageMessages = "manage_messages", "Mengatur WhatsApp dan mengirim ulang";
    /// Jobs and dead letters: run, switch, retry, give up.
    ManageWork = "manage_work", "Tugas otomatis dan yang macet";
    /// Import customers.
    Import = "import", "Mengimpor pelanggan";
    /// Export customers and lists.
    Export = "export", "Mengekspor data";
    /// Who did what.
    ViewAudit = "view_audit", "Melihat Log Aktivitas";
    /// Settings.
    ManageSettings = "manage_settings", "Mengubah pengaturan";
    /// Backups: make, download, set.
    Backup = "backup", "Cadangan data";
    /// Staff and this table.
    ManageStaff = "manage_staff", "Mengatur pengguna dan hak akses";
}

/// The table as it is delivered.
pub const fn allows(role: Role, permission: Permission) -> bool {
    use Permission as P;
    match role {
        Role::Owner => true,
        Role::Admin => !matches!(permission, P::ManageStaff | P::Backup | P::ReversePayment),
        Role::Cashier => matches!(
            permission,
            P::ViewDashboard
                | P::ViewCustomers
                | P::EditCustomers
                | P::Install
                | P::ViewInvoices
                | P::RecordPayment
                | P::Collect
                | P::HandOver
                | P::ViewMessages
        ),
        Role::Technician => matches!(
            permission,
            P::ViewCustomers | P::ViewFiles | P::Install | P::ViewRouters | P::ManageAccess | P::ManageWork
        ),
        Role::Collector => {
            matches!(permission, P::ViewCustomers | P::ViewInvoices | P::RecordPayment | P::Collect | P::HandOver)
        }
        Role::Viewer => matches!(
            permission,
            P::ViewDashboard | P::ViewCustomers | P::ViewInvoices | P::ViewReports | P::ViewMessages | P::ViewRouters
        ),
    }
}

/// Whether the table may say something else for this role. An owner has everything, so that nobody locks himself out;
/// staff and backups stay with the owner, or one step below; a collector is given only what knows his own customers
/// from others'.
pub const fn adjustable(role: Role, permission: Permission) -> bool {
    use Permission as P;
    match role {
        Role::Owner => false,
        Role::Admin => true,
        Role::Collector => {
            matches!(permission, P::ViewCustomers | P::ViewInvoices | P::RecordPayment | P::Collect | P::HandOver)
        }
        Role::Cashier | Role::Technician | Role::Viewer => !matches!(permission, P::ManageStaff | P::Backup),
    }
}

/// The rights that a person has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u64);

impl Rights {
    fn bit(permission: Permission) -> u64 {
        let place = Permission::ALL.iter().position(|known| *known == permission).unwrap_or(63);
        1_u64.checked_shl(u32::try_from(place).unwrap_or(63)).unwrap_or(0)
    }

    /// The rights of a role under the delivered table.
    pub fn delivered(role: Role) -> Self {
        Self::of(role, |permission| allows(role, permission))
    }

    fn of(_role: Role, may: impl Fn(Permission) -> bool) -> Self {
        Self(Permission::ALL.iter().filter(|p| may(**p)).fold(0, |bits, p| bits | Self::bit(*p)))
    }

    /// Whether this right is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }
}

/// The table as an owner adjusted it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightsTable {
    changes: Vec<(Role, Permission, bool)>,
}

sql!(ROLE_RIGHTS = "SELECT role, permission, allowed FROM role_right");

impl RightsTable {
    /// Reads it. Words that this version does not know, and cells that may not differ, are passed over.
    pub async fn load(db: &Db) -> Result<Self> {
        let rows: Vec<(String, String, bool)> = db.all(ROLE_RIGHTS, args![]).await?;
        let changes = rows
            .into_iter()
            .filter_map(|(role, code, allowed)| {
                let role = Role::parse(&role)?;
                let permission = Permission::ALL.iter().copied().find(|known| known.code() == code)?;
                adjustable(role, permission).then_some((role, permission, allowed))
            })
            .collect();
        Ok(Self { changes })
    }

    /// Whether the role may.
    pub fn allows(&self, role: Role, permission: Permission) -> bool {
        self.changes
            .iter()
            .find(|(of, what, _)| *of == role && *what == permission)
            .map_or_else(|| allows(role, permission), |(_, _, allowed)| *allowed)
    }

    /// Everything that the role may.
    pub fn of(&self, role: Role) -> Rights {
        Rights::of(role, |permission| self.allows(role, permission))
    }
}

/// Whose customers a person sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// Those of this collector: services that name him, and services without a collector in areas that he manages.
    Collector(i64),
}

impl Scope {
    /// As [`in_scope!`](crate::in_scope) takes it: 0 for everybody's.
    pub const fn arg(self) -> i64 {
        match self {
            Self::All => 0,
            Self::Collector(staff_id) => staff_id,
        }
    }
}

/// The condition under which service `s` is in the scope of argument `$n` ([`Scope::arg`]): `in_scope!("$3")`.
#[macro_export]
macro_rules! in_scope {
    ($place:literal) => {
        concat!(
            "(",
            $place,
            " = 0 OR s.collector_id = ",
            $place,
            " OR (s.collector_id IS NULL AND s.area IN (SELECT a.name FROM area a WHERE a.manager_id = ",
            $place,
            ")))"
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_office_expects() {
        assert!(Permission::ALL.iter().all(|permission| allows(Role::Owner, *permission)));
        assert!(!allows(Role::Admin, Permission::ManageStaff) && !allows(Role::Admin, Permission::Backup));
        assert!(allows(Role::Cashier, Permission::RecordPayment) && !allows(Role::Cashier, Permission::RunBilling));
        for money in [Permission::ViewInvoices, Permission::RecordPayment, Permission::ManageCash, Permission::Collect]
        {
            assert!(!allows(Role::Technician, money), "{money:?}");
        }
        assert!(allows(Role::Technician, Permission::ViewRouters));
        assert!(!allows(Role::Viewer, Permission::RecordPayment));
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            for permission in Permission::ALL {
                assert_eq!(Rights::delivered(role).has(*permission), allows(role, *permission));
            }
        }
    }

    #[test]
    fn what_may_not_differ_does_not() {
        let changes =
            vec![(Role::Cashier, Permission::RunBilling, true), (Role::Cashier, Permission::RecordPayment, false)];
        let table = RightsTable { changes };
        assert!(table.allows(Role::Cashier, Permission::RunBilling));
        assert!(!table.of(Role::Cashier).has(Permission::RecordPayment));
        assert!(table.of(Role::Admin).has(Permission::RunBilling));
        assert!(!adjustable(Role::Owner, Permission::ManageStaff));
        assert!(!adjustable(Role::Collector, Permission::Export));
        assert!(Permission::ALL.len() < 64, "rights are bits of a u64");
    }
}
