//! What may be typed. The comments of commands and options are what `--help` shows, and so in Indonesian.

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A command line.
#[derive(Debug, Parser)]
#[command(
    name = "kimonet",
    version,
    about = "Kimonet: tagihan, pembayaran, isolir, dan WhatsApp untuk penyedia internet"
)]
pub struct Cli {
    /// Mencetak tepat satu objek JSON ke stdout.
    #[arg(long, global = true)]
    pub json: bool,
    /// Tanggal usaha perintah ini (pukul 09:00 waktu usaha).
    #[arg(long, global = true, value_name = "YYYY-MM-DD")]
    pub date: Option<NaiveDate>,
    /// Apa yang dikerjakan.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Menjalankan situs.
    Serve {
        /// Dengan data contoh dan sandbox, di folder tersendiri.
        #[arg(long)]
        demo: bool,
    },
    /// Membawa basis data ke skema terbaru.
    #[command(name = "db:migrate")]
    DbMigrate,
    /// Mengisi basis data kosong dengan pelanggan contoh dan riwayat beberapa bulan.
    #[command(name = "db:seed")]
    DbSeed(SeedArgs),
    /// Membuat kunci aplikasi.
    #[command(name = "key:generate")]
    KeyGenerate {
        /// Mengganti kunci yang ada; semua rahasia disegel ulang.
        #[arg(long)]
        force: bool,
    },
    /// Menambah pengguna kantor.
    #[command(name = "staff:create")]
    StaffCreate(StaffArgs),
    /// Mengubah pengaturan.
    #[command(name = "setting:set")]
    SettingSet {
        /// KUNCI=NILAI …; KUNCI=@- membaca rahasia dari stdin.
        #[arg(required = true, value_name = "KUNCI=NILAI")]
        pairs: Vec<String>,
    },
    /// Menampilkan semua pengaturan; rahasia tampil ••••.
    #[command(name = "setting:list")]
    SettingList,
    /// Menambah paket.
    #[command(name = "package:add")]
    PackageAdd(PackageArgs),
    /// Menambah router.
    #[command(name = "router:add")]
    RouterAdd(RouterArgs),
    /// Menguji sambungan ke router.
    #[command(name = "mikrotik:test")]
    MikrotikTest {
        /// Id atau nama router.
        #[arg(long)]
        server: String,
    },
    /// Menyamakan akun di router dengan basis data.
    #[command(name = "router:sync")]
    RouterSync {
        /// Id atau nama router; tanpa ini semua router.
        #[arg(long)]
        server: Option<String>,
    },
    /// Mengimpor pelanggan dari XLSX atau CSV.
    #[command(name = "customer:import")]
    CustomerImport {
        /// Berkas yang dibaca.
        file: PathBuf,
        /// Hanya menunjukkan apa yang akan terjadi.
        #[arg(long)]
        dry_run: bool,
    },
    /// Mengekspor pelanggan ke XLSX.
    #[command(name = "customer:export")]
    CustomerExport(ExportArgs),
    /// Menerbitkan tagihan satu bulan.
    #[command(name = "invoice:generate")]
    InvoiceGenerate(IssueArgs),
    /// Menerbitkan tagihan prorata layanan yang mulai di bulan itu.
    #[command(name = "invoice:prorate")]
    InvoiceProrate(IssueArgs),
    /// Menampilkan daftar tagihan.
    #[command(name = "invoice:list")]
    InvoiceList(ListArgs),
    /// Mencatat pembayaran.
    #[command(name = "payment:record")]
    PaymentRecord(PaymentArgs),
    /// Membatalkan pembayaran: tagihannya terbuka lagi.
    #[command(name = "payment:reverse")]
    PaymentReverse {
        /// Id pembayaran.
        #[arg(long)]
        id: i64,
        /// Alasan.
        #[arg(long)]
        reason: String,
    },
    /// Membatalkan tagihan yang belum dibayar.
    #[command(name = "invoice:void")]
    InvoiceVoid {
        /// Nomor tagihan.
        #[arg(long)]
        number: String,
        /// Alasan.
        #[arg(long)]
        reason: String,
    },
    /// Mengganti paket layanan, hari ini atau mulai awal bulan.
    #[command(name = "service:change")]
    ServiceChange {
        /// Paket baru.
        #[arg(long)]
        package: String,
        #[command(flatten)]
        options: LifeArgs,
    },
    /// Mengistirahatkan layanan (cuti) beberapa bulan penuh.
    #[command(name = "service:pause")]
    ServicePause {
        /// Berapa bulan, paling banyak 3.
        #[arg(long, default_value_t = 1)]
        months: i64,
        #[command(flatten)]
        options: LifeArgs,
    },
    /// Mengakhiri cuti hari ini.
    #[command(name = "service:resume")]
    ServiceResume {
        #[command(flatten)]
        options: LifeArgs,
    },
    /// Menghentikan layanan, hari ini atau mulai awal bulan.
    #[command(name = "service:stop")]
    ServiceStop {
        #[command(flatten)]
        options: LifeArgs,
    },
    /// Mencatat janji bayar: sampai tanggal itu layanan tidak diisolir.
    #[command(name = "promise:add")]
    PromiseAdd {
        /// Nomor layanan, atau id-nya.
        #[arg(long)]
        service_number: String,
        /// Sampai tanggal, termasuk tanggal itu.
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: NaiveDate,
        /// Alasan.
        #[arg(long, default_value = "Lewat perintah")]
        reason: String,
    },
    /// Menahan isolir satu layanan selama beberapa hari.
    #[command(name = "hold:add")]
    HoldAdd {
        /// Nomor layanan, atau id-nya.
        #[arg(long)]
        service_number: String,
        /// Mulai tanggal; tanpa ini hari ini.
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<NaiveDate>,
        /// Sampai tanggal, termasuk tanggal itu.
        #[arg(long, value_name = "YYYY-MM-DD")]
        to: NaiveDate,
        /// Alasan.
        #[arg(long)]
        reason: String,
    },
    /// Menambah harga paket yang berlaku mulai suatu tanggal.
    #[command(name = "package:price")]
    PackagePrice {
        /// Nama paket.
        #[arg(long)]
        name: String,
        /// Rupiah per masa paket.
        #[arg(long)]
        price: String,
        /// Mulai berlaku.
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: NaiveDate,
    },
    /// Menampilkan tagihan terbuka satu layanan dan Saldo pelanggannya.
    Balance {
        /// Nomor layanan, atau id-nya.
        #[arg(long)]
        service_number: String,
    },
    /// Mengisolir yang lewat jatuh tempo dan memulihkan yang tidak lagi.
    #[command(name = "isolir:auto")]
    IsolirAuto(IsolirArgs),
    /// Mengisolir satu layanan.
    #[command(name = "isolir:customer")]
    IsolirCustomer(OneArgs),
    /// Memulihkan satu layanan.
    #[command(name = "isolir:restore")]
    IsolirRestore(OneArgs),
    /// Menulis cadangan basis data dan berkas ke satu berkas.
    Backup {
        /// Berkas yang ditulis.
        file: PathBuf,
    },
    /// Memulihkan cadangan ke instalasi kosong.
    Restore {
        /// Berkas cadangan.
        file: PathBuf,
        /// Membaca kata sandi cadangan tersegel dari stdin.
        #[arg(long)]
        passphrase_stdin: bool,
    },
    /// Menulis pengingat hari ini ke antrean, yang lalu mengirimnya.
    #[command(name = "whatsapp:reminder")]
    WhatsappReminder,
    /// Mengerjakan tugas yang sudah tiba waktunya.
    #[command(name = "work:drain")]
    WorkDrain {
        /// Paling lama sekian detik.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Memeriksa semua jumlah di basis data.
    Verify {
        /// Disediakan untuk nanti; sekarang tidak mengubah apa pun.
        #[arg(long)]
        deep: bool,
    },
    /// Menjalankan dunia luar tiruan di komputer ini: Flip, WhatsApp, RouterOS.
    Sandbox(SandboxArgs),
}

/// `db:seed`.
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// Banyaknya pelanggan.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    pub customers: i64,
    /// Banyaknya bulan riwayat.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub months: u32,
    /// Benih acak: benih yang sama menghasilkan data yang sama.
    #[arg(long, default_value_t = 1)]
    pub random_seed: u64,
    /// Alamat router sandbox yang pertama dari tiga; yang lain di port berikutnya.
    #[arg(long, default_value = "127.0.0.1:3928")]
    pub routeros: SocketAddr,
}

/// Roles, as typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleArg {
    /// Semuanya.
    Owner,
    /// Semuanya kecuali pengguna dan cadangan.
    Admin,
    /// Menerima pembayaran.
    Cashier,
    /// Router dan pemasangan.
    Technician,
    /// Menagih pelanggannya sendiri.
    Collector,
    /// Hanya melihat.
    Viewer,
}

/// `staff:create`.
#[derive(Debug, Args)]
pub struct StaffArgs {
    /// Email untuk masuk.
    #[arg(long)]
    pub email: String,
    /// Nama.
    #[arg(long)]
    pub name: String,
    /// Peran.
    #[arg(long, value_enum)]
    pub role: RoleArg,
    /// Membaca kata sandi dari stdin.
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// `package:add`.
#[derive(Debug, Args)]
pub struct PackageArgs {
    /// Nama.
    #[arg(long)]
    pub name: String,
    /// Harga dalam rupiah untuk seluruh masanya.
    #[arg(long)]
    pub price: String,
    /// Nama PPP profile di router.
    #[arg(long)]
    pub profile: String,
    /// Kecepatan unduh, kbit/s.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    pub down_kbps: i64,
    /// Kecepatan unggah, kbit/s.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
    pub up_kbps: i64,
    /// Harga itu untuk berapa bulan.
    #[arg(long, default_value = "1", value_parser = ["1", "3", "6", "12"])]
    pub duration_months: String,
}

/// `router:add`.
#[derive(Debug, Args)]
pub struct RouterArgs {
    /// Nama.
    #[arg(long)]
    pub name: String,
    /// Alamat.
    #[arg(long)]
    pub host: String,
    /// Port API.
    #[arg(long, default_value_t = 8728)]
    pub port: u16,
    /// Pengguna API.
    #[arg(long)]
    pub username: String,
    /// Membaca kata sandi dari stdin.
    #[arg(long, required = true)]
    pub password_stdin: bool,
    /// Profile untuk layanan yang terisolir.
    #[arg(long, default_value = "ISOLIR")]
    pub isolir_profile: String,
    /// Cara mengisolir.
    #[arg(long, default_value = "profile", value_parser = ["profile"])]
    pub strategy: String,
    /// Memakai TLS (API-SSL). Tanpa nilai semua sertifikat diterima; `pin:SHA256` hanya menerima yang itu.
    #[arg(long, num_args = 0..=1, default_missing_value = "any", value_name = "any|pin:SHA256")]
    pub tls: Option<String>,
}

/// `customer:export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Berkas yang ditulis.
    pub file: PathBuf,
    /// Tahap layanan.
    #[arg(long)]
    pub status: Option<String>,
    /// Nama paket.
    #[arg(long)]
    pub package: Option<String>,
    /// Nama router.
    #[arg(long)]
    pub router: Option<String>,
    /// Wilayah.
    #[arg(long)]
    pub area: Option<String>,
}

/// `invoice:generate`, `invoice:prorate`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// Bulannya; tanpa ini bulan berjalan.
    #[arg(long, value_name = "YYYY-MM")]
    pub period: Option<String>,
    /// Memberi tahu tiap pelanggan lewat WhatsApp.
    #[arg(long)]
    pub notify: bool,
    /// Hanya menghitung.
    #[arg(long)]
    pub dry_run: bool,
}

/// `invoice:list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Bulannya.
    #[arg(long, value_name = "YYYY-MM")]
    pub period: Option<String>,
    /// Status tagihan.
    #[arg(long, value_parser = ["open", "partial", "paid", "void"])]
    pub status: Option<String>,
    /// Nomor layanan, atau id-nya.
    #[arg(long)]
    pub service_number: Option<String>,
}

/// `payment:record`.
#[derive(Debug, Args)]
pub struct PaymentArgs {
    /// Nomor layanan, atau id-nya.
    #[arg(long)]
    pub service_number: String,
    /// Rupiah yang diterima.
    #[arg(long)]
    pub amount: String,
    /// Cara bayar.
    #[arg(long, value_parser = ["cash", "transfer"])]
    pub method: String,
    /// Tanggal diterima.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub received_on: Option<NaiveDate>,
    /// Siapa yang menerima.
    #[arg(long, default_value = "")]
    pub received_by: String,
    /// Nomor referensi bank.
    #[arg(long, default_value = "")]
    pub reference: String,
    /// Catatan.
    #[arg(long, default_value = "")]
    pub note: String,
    /// Id yang sama dua kali adalah satu pembayaran.
    #[arg(long)]
    pub request_id: Option<String>,
    /// Nomor tagihan yang dibayar lebih dulu; boleh berulang.
    #[arg(long, value_name = "NUMBER")]
    pub invoice: Vec<String>,
    /// Bulan di muka yang diterbitkan dan dibayar sekaligus.
    #[arg(long, default_value_t = 0)]
    pub months: i64,
}

/// `service:change`, `service:pause`, `service:resume`, `service:stop`.
#[derive(Debug, Args)]
pub struct LifeArgs {
    /// Nomor layanan, atau id-nya.
    #[arg(long)]
    pub service_number: String,
    /// Hari ini, atau tanggal 1 sebuah bulan; tanpa ini: bulan pertama yang belum ditagih.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// Alasan.
    #[arg(long, default_value = "Lewat perintah")]
    pub reason: String,
    /// Hanya menunjukkan akibatnya.
    #[arg(long)]
    pub preview: bool,
}

/// `isolir:auto`.
#[derive(Debug, Args)]
pub struct IsolirArgs {
    /// Hanya menghitung.
    #[arg(long)]
    pub dry_run: bool,
    /// Menunggu router paling lama sekian detik.
    #[arg(long, default_value_t = 30)]
    pub wait: u64,
    /// Melanjutkan walau ditahan rem.
    #[arg(long)]
    pub approve: bool,
}

/// `isolir:customer`, `isolir:restore`.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// Nomor layanan, atau id-nya.
    #[arg(long)]
    pub id: String,
    /// Alasannya.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Menunggu router paling lama sekian detik.
    #[arg(long, default_value_t = 30)]
    pub wait: u64,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Alamat Flip, WhatsApp, dan halaman kendali.
    #[arg(long, default_value = "127.0.0.1:3900")]
    pub http: SocketAddr,
    /// Alamat router r0; r1 di port berikutnya.
    #[arg(long, default_value = "127.0.0.1:3928")]
    pub routeros: SocketAddr,
    /// Banyaknya router.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=100))]
    pub routers: u16,
    /// Ke mana callback dikirim.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub callback_base: String,
}
