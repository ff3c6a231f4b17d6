//! What may be typed.

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Billing for internet providers.
#[derive(Debug, Parser)]
#[command(
    name = "kimonet",
    version,
    about = "Kimonet: tagihan, pembayaran, isolir, dan WhatsApp untuk penyedia internet"
)]
pub struct Cli {
    /// Print exactly one JSON object on stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Business date of this command (09:00 business time).
    #[arg(long, global = true, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the site.
    Serve {
        /// With demo data and the sandbox, in a folder of its own.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the database to the newest schema.
    #[command(name = "db:migrate")]
    DbMigrate,
    /// Fill an empty database with believable customers and months of history.
    #[command(name = "db:seed")]
    DbSeed(SeedArgs),
    /// Make the application key.
    #[command(name = "key:generate")]
    KeyGenerate {
        /// Replace an existing key; what is sealed is sealed again.
        #[arg(long)]
        force: bool,
    },
    /// Create a member of staff.
    #[command(name = "staff:create")]
    StaffCreate(StaffArgs),
    /// Set settings.
    #[command(name = "setting:set")]
    SettingSet {
        /// KEY=VALUE …; KEY=@- reads a secret from stdin.
        #[arg(required = true, value_name = "KEY=VALUE")]
        pairs: Vec<String>,
    },
    /// List settings; secrets as ••••.
    #[command(name = "setting:list")]
    SettingList,
    /// Add a package.
    #[command(name = "package:add")]
    PackageAdd(PackageArgs),
    /// Add a router.
    #[command(name = "router:add")]
    RouterAdd(RouterArgs),
    /// Test the connection to a router.
    #[command(name = "mikrotik:test")]
    MikrotikTest {
        /// Id or name.
        #[arg(long)]
        server: String,
    },
    /// Bring routers to what the database says.
    #[command(name = "router:sync")]
    RouterSync {
        /// Id or name; all without it.
        #[arg(long)]
        server: Option<String>,
    },
    /// Import customers from XLSX or CSV.
    #[command(name = "customer:import")]
    CustomerImport {
        /// The file.
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Export customers to XLSX.
    #[command(name = "customer:export")]
    CustomerExport(ExportArgs),
    /// Issue the bills of a month.
    #[command(name = "invoice:generate")]
    InvoiceGenerate(IssueArgs),
    /// The same, for services that start inside the month.
    #[command(name = "invoice:prorate")]
    InvoiceProrate(IssueArgs),
    /// List bills.
    #[command(name = "invoice:list")]
    InvoiceList(ListArgs),
    /// Record a payment by hand.
    #[command(name = "payment:record")]
    PaymentRecord(PaymentArgs),
    /// What a service owes, and its payer's Saldo.
    Balance {
        /// Service number, or id.
        #[arg(long)]
        service_number: String,
    },
    /// Isolate who is overdue, restore who is not.
    #[command(name = "isolir:auto")]
    IsolirAuto(IsolirArgs),
    /// Isolate one service by hand.
    #[command(name = "isolir:customer")]
    IsolirCustomer(OneArgs),
    /// Restore one service by hand.
    #[command(name = "isolir:restore")]
    IsolirRestore(OneArgs),
    /// Write a backup of database and files into one file.
    Backup {
        /// The file to write.
        file: PathBuf,
    },
    /// Restore a backup into an empty installation.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Read the passphrase of a sealed backup from stdin.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Write today's reminders; the queue sends them.
    #[command(name = "whatsapp:reminder")]
    WhatsappReminder,
    /// Carry out the work that is due.
    #[command(name = "work:drain")]
    WorkDrain {
        /// Seconds to take at most.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Check every sum in the database.
    Verify {
        /// Reserved.
        #[arg(long)]
        deep: bool,
    },
    /// The outside world on loopback: Flip, WhatsApp, RouterOS.
    Sandbox(SandboxArgs),
}

/// `db:seed`.
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// How many customers.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    pub customers: i64,
    /// How many months of history.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub months: u32,
    /// Seed of the randomness: the same gives the same.
    #[arg(long, default_value_t = 1)]
    pub random_seed: u64,
    /// Where the sandbox has the first of the three routers; the others on the next ports.
    #[arg(long, default_value = "127.0.0.1:3928")]
    pub routeros: SocketAddr,
}

/// Roles, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleArg {
    /// Everything.
    Owner,
    /// Everything but staff.
    Admin,
    /// Takes money.
    Cashier,
    /// Routers.
    Technician,
    /// Takes money from his own customers.
    Collector,
    /// Looks.
    Viewer,
}

/// `staff:create`.
#[derive(Debug, Args)]
pub struct StaffArgs {
    /// E-mail, the log-in name.
    #[arg(long)]
    pub email: String,
    /// Name.
    #[arg(long)]
    pub name: String,
    /// Role.
    #[arg(long, value_enum)]
    pub role: RoleArg,
    /// Read the password from stdin.
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// `package:add`.
#[derive(Debug, Args)]
pub struct PackageArgs {
    /// Name.
    #[arg(long)]
    pub name: String,
    /// Price in rupiah for the whole duration.
    #[arg(long)]
    pub price: String,
    /// PPP profile on the routers.
    #[arg(long)]
    pub profile: String,
    /// Download, kbit/s.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    pub down_kbps: i64,
    /// Upload, kbit/s.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    pub up_kbps: i64,
    /// Months that the price is for.
    #[arg(long, default_value = "1", value_parser = ["1", "3", "6", "12"])]
    pub duration_months: String,
}

/// `router:add`.
#[derive(Debug, Args)]
pub struct RouterArgs {
    /// Name.
    #[arg(long)]
    pub name: String,
    /// Address.
    #[arg(long)]
    pub host: String,
    /// API port.
    #[arg(long, default_value_t = 8728)]
    pub port: u16,
    /// API user.
    #[arg(long)]
    pub username: String,
    /// Read the password from stdin.
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// Profile of isolated services.
    #[arg(long, default_value = "ISOLIR")]
    pub isolir_profile: String,
    /// How services are isolated.
    #[arg(long, default_value = "profile", value_parser = ["profile"])]
    pub strategy: String,
    /// Speak TLS (API-SSL). Without a value any certificate is taken; `pin:SHA256` takes only that one.
    #[arg(long, num_args = 0..=1, default_missing_value = "any", value_name = "any|pin:SHA256")]
    pub tls: Option<String>,
}

/// `customer:export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to write.
    pub file: PathBuf,
    /// Stage of the service.
    #[arg(long)]
    pub status: Option<String>,
    /// Package name.
    #[arg(long)]
    pub package: Option<String>,
    /// Router name.
    #[arg(long)]
    pub router: Option<String>,
    /// Area.
    #[arg(long)]
    pub area: Option<String>,
}

/// `invoice:generate`, `invoice:prorate`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The month; by default the current one.
    #[arg(long, value_name = "YYYY-MM")]
    pub period: Option<String>,
    /// Tell each customer by WhatsApp.
    #[arg(long)]
    pub notify: bool,
    /// Only count.
    #[arg(long)]
    pub dry_run: bool,
}

/// `invoice:list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The month.
    #[arg(long, value_name = "YYYY-MM")]
    pub period: Option<String>,
    /// State.
    #[arg(long, value_parser = ["open", "partial", "paid", "void"])]
    pub status: Option<String>,
    /// Service number, or id.
    #[arg(long)]
    pub service_number: Option<String>,
}

/// `payment:record`.
#[derive(Debug, Args)]
pub struct PaymentArgs {
    /// Service number, or id.
    #[arg(long)]
    pub service_number: String,
    /// Rupiah received.
    #[arg(long)]
    pub amount: String,
    /// How.
    #[arg(long, value_parser = ["cash", "transfer"])]
    pub method: String,
    /// Business day it was received.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub received_on: Option<NaiveDate>,
    /// Who received it.
    #[arg(long, default_value = "")]
    pub received_by: String,
    /// The bank's reference.
    #[arg(long, default_value = "")]
    pub reference: String,
    /// A note.
    #[arg(long, default_value = "")]
    pub note: String,
    /// The same id twice is one payment.
    #[arg(long)]
    pub request_id: Option<String>,
}

/// `isolir:auto`.
#[derive(Debug, Args)]
pub struct IsolirArgs {
    /// Only count.
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds to wait for the routers.
    #[arg(long, default_value_t = 30)]
    pub wait: u64,
    /// Go on although the brake holds.
    #[arg(long)]
    pub approve: bool,
}

/// `isolir:customer`, `isolir:restore`.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// Service number, or id.
    #[arg(long)]
    pub id: String,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Seconds to wait for the router.
    #[arg(long, default_value_t = 30)]
    pub wait: u64,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where Flip, WhatsApp and the control page listen.
    #[arg(long, default_value = "127.0.0.1:3900")]
    pub http: SocketAddr,
    /// Where router r0 listens; r1 on the next port.
    #[arg(long, default_value = "127.0.0.1:3928")]
    pub routeros: SocketAddr,
    /// How many routers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub routers: u16,
    /// Where callbacks go.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub callback_base: String,
}
