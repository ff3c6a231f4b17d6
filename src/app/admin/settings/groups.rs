//! The settings as people meet them: groups, and in each its fields with a label, an explanation and a unit. A key is
//! here once its rule works.

use super::FieldLook as L;
use crate::app::text;
use crate::server::rights::Permission;

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// The setting.
    pub key: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub explain: &'static str,
    /// Behind the value: `hari`.
    pub unit: &'static str,
    /// How it is typed.
    pub look: L,
    /// Value and word of each entry, where one is chosen.
    pub choices: &'static [(&'static str, &'static str)],
}

/// A form.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it is about.
    pub intro: &'static str,
    /// Who may change it.
    pub permission: Permission,
    /// Whether what the typed values would do is shown.
    pub effect: bool,
    /// Its fields.
    pub fields: &'static [FieldSpec],
}

const fn field(
    key: &'static str,
    label: &'static str,
    look: L,
    unit: &'static str,
    explain: &'static str,
) -> FieldSpec {
    FieldSpec { key, label, explain, unit, look, choices: &[] }
}

const fn choice(
    key: &'static str,
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
    explain: &'static str,
) -> FieldSpec {
    FieldSpec { key, label, explain, unit: "", look: L::Choice, choices }
}

/// Every group.
pub const GROUPS: &[Group] = &[
    Group {
        name: "perusahaan",
        title: text::COMPANY,
        intro: "Nama dan kontak ini dibaca pelanggan di halaman tagihan, kuitansi, dan pesan WhatsApp.",
        permission: Permission::ManageSettings,
        effect: false,
        fields: &[
            field("company.name", "Nama perusahaan", L::Line, "", "Seperti yang dikenal pelanggan."),
            field("company.address", "Alamat", L::Long, "", "Tercetak di kuitansi. Boleh kosong."),
            field(
                "company.phone",
                "Telepon / WhatsApp bantuan",
                L::Phone,
                "",
                "Tampil di bawah halaman tagihan. Boleh kosong.",
            ),
            field(
                "company.email",
                "Email perusahaan",
                L::Email,
                "",
                "Dipakai untuk pelanggan yang tidak punya email saat membayar online.",
            ),
            field(
                "public.show_names",
                "Tampilkan nama lengkap di Cek Tagihan",
                L::Flag,
                "",
                "Bila mati, nama dan telepon disamarkan (Jo** D**). Siapa pun yang tahu nomor layanan dapat membukanya.",
            ),
        ],
    },
    Group {
        name: "tagihan",
        title: text::BILLING_SETTINGS,
        intro: "Berlaku untuk tagihan yang terbit sesudah disimpan; tagihan yang sudah terbit tidak berubah.",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            choice(
                "invoice.billing",
                "Cara menagih",
                &[("di_awal", "Di awal bulan (prabayar)"), ("di_akhir", "Di akhir bulan (pascabayar)")],
                "Prabayar: tanggal 1 terbit tagihan bulan itu. Pascabayar: tanggal 1 terbit tagihan bulan sebelumnya.",
            ),
            field(
                "invoice.due_day",
                "Tanggal jatuh tempo",
                L::Number,
                "",
                "Untuk pelanggan baru, 1 sampai 31; bulan pendek memakai tanggal terakhirnya. Tiap layanan boleh punya tanggal sendiri.",
            ),
            field(
                "invoice.min_days_to_pay",
                "Waktu bayar paling sedikit",
                L::Number,
                "hari",
                "Tagihan yang terbit susulan jatuh tempo paling cepat sekian hari sesudah terbit.",
            ),
            choice(
                "invoice.first_month",
                "Bulan pertama",
                &[("prorate", "Dihitung per hari"), ("full", "Penuh satu bulan"), ("free", "Gratis")],
                "Berapa yang ditagih untuk bulan pemasangan.",
            ),
            field(
                "invoice.join_after_day",
                "Gabung dengan bulan depan mulai tanggal",
                L::Number,
                "",
                "Pemasangan pada atau sesudah tanggal ini ditagih bersama bulan depan. 0: tidak digabung.",
            ),
            field(
                "invoice.next_on_payment",
                "Terbitkan bulan depan begitu lunas",
                L::Flag,
                "",
                "Begitu tagihan bulan ini lunas, tagihan bulan depan langsung terbit agar pelanggan dapat membayar lebih awal.",
            ),
            field(
                "invoice.round_to",
                "Pembulatan",
                L::Money,
                "rupiah",
                "Tiap baris tagihan dibulatkan ke kelipatan ini. 1: tidak dibulatkan.",
            ),
            field(
                "invoice.bill_while_isolated",
                "Tagihan selama terisolir",
                L::Number,
                "bulan",
                "Sesudah sekian tagihan lagi layanan menjadi Siap Dicabut dan tidak ditagih.",
            ),
            field(
                "install.fee",
                "Biaya pemasangan",
                L::Money,
                "rupiah",
                "Ditawarkan di formulir Pasang Baru; dapat diubah per pelanggan.",
            ),
        ],
    },
    Group {
        name: "isolir",
        title: text::ISOLIR_SETTINGS,
        intro: "Isolir memindahkan pelanggan yang menunggak ke profil lambat, dan memulihkannya begitu lunas.",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            field(
                "isolir.grace_days",
                "Masa Tenggang",
                L::Number,
                "hari",
                "Isolir baru berlaku sekian hari sesudah jatuh tempo.",
            ),
            field(
                "isolir.min_debt",
                "Tunggakan paling sedikit",
                L::Money,
                "rupiah",
                "Yang menunggak kurang dari ini tidak diisolir.",
            ),
            field("isolir.time", "Jam isolir", L::Time, "", "Setiap hari pada jam ini."),
            field(
                "isolir.window",
                "Hanya antara jam",
                L::Window,
                "",
                "Di luar jam ini tidak ada yang diputus, juga bila router baru menyala malam hari. Pemulihan berjalan kapan saja.",
            ),
            field(
                "isolir.skip_weekdays",
                "Hari tanpa isolir",
                L::Weekdays,
                "",
                "Pada hari ini tidak ada yang diisolir.",
            ),
            field(
                "isolir.holidays",
                "Hari libur",
                L::Dates,
                "",
                "Pada tanggal ini tidak ada yang diisolir. Tanggal Lebaran berganti tiap tahun: tambahkan sesuai keputusan pemerintah.",
            ),
            field(
                "isolir.warn_days",
                "Peringatan sebelum isolir",
                L::Number,
                "hari",
                "Pelanggan diberi tahu lewat WhatsApp sekian hari sebelumnya. 0: tidak.",
            ),
            field(
                "isolir.brake_percent",
                "Rem: bagian pelanggan",
                L::Number,
                "persen",
                "Bila lebih dari bagian ini akan diisolir sekaligus, tidak ada yang diisolir sampai Anda menyetujuinya di Beranda.",
            ),
            field(
                "isolir.brake_min",
                "Rem: paling sedikit",
                L::Number,
                "layanan",
                "Rem baru bekerja mulai jumlah ini.",
            ),
            field(
                "promise.max_days",
                "Janji bayar paling lama",
                L::Number,
                "hari",
                "Selama berjanji pelanggan tidak diisolir; yang sedang terisolir dipulihkan.",
            ),
            field(
                "promise.max_count",
                "Janji bayar paling banyak",
                L::Number,
                "kali",
                "Setiap layanan, dalam bulan-bulan di bawah ini.",
            ),
            field("promise.months", "Dihitung dalam", L::Number, "bulan", ""),
        ],
    },
    Group {
        name: "denda",
        title: "Denda Keterlambatan",
        intro: "Pilihan, tidak dipakai kecuali Anda menyalakannya. Denda terbit sebagai tagihan tersendiri, sekali untuk tiap tagihan yang terlambat; tagihan aslinya tidak berubah.",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            choice(
                "invoice.late_fee.mode",
                "Denda",
                &[("off", "Tidak dipakai"), ("amount", "Jumlah tetap"), ("percent", "Persen dari sisa tagihan")],
                "Tidak untuk tunggakan awal, tidak selama ada janji bayar, dan tidak ada denda atas denda.",
            ),
            field("invoice.late_fee.amount", "Jumlah tetap", L::Money, "rupiah", "Sama untuk setiap tagihan."),
            field(
                "invoice.late_fee.percent",
                "Bagian",
                L::Number,
                "persen",
                "Dari yang masih kurang pada hari dendanya terbit.",
            ),
            field("invoice.late_fee.days", "Terbit sesudah", L::Number, "hari", "Sekian hari sesudah jatuh tempo."),
            field(
                "invoice.late_fee.from",
                "Mulai tagihan bulan",
                L::Line,
                "",
                "Misalnya 2026-03. Tagihan bulan sebelumnya tidak dikenai denda.",
            ),
        ],
    },
    Group {
        name: "pajak",
        title: text::TAX,
        intro: "PPN hanya untuk perusahaan yang sudah dikukuhkan sebagai Pengusaha Kena Pajak (PKP).",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            field(
                "invoice.tax.pkp",
                "Perusahaan ini PKP",
                L::Flag,
                "",
                "Bila aktif, tagihan yang terbit sesudahnya memuat PPN menurut tarif di bawah.",
            ),
            field(
                "company.npwp",
                "NPWP perusahaan",
                L::Line,
                "",
                "Tercetak di tagihan bila perusahaan ini PKP. Boleh kosong.",
            ),
            choice(
                "invoice.tax.mode",
                "Harga paket",
                &[("exclusive", "Belum termasuk PPN (ditambahkan)"), ("inclusive", "Sudah termasuk PPN")],
                "Menentukan apakah PPN ditambahkan ke harga atau sudah di dalamnya.",
            ),
            field(
                "receipt.meterai",
                "Kotak meterai di kuitansi",
                L::Flag,
                "",
                "Kuitansi PDF di atas Rp 5.000.000 memuat tempat untuk meterai Rp 10.000.",
            ),
        ],
    },
    Group {
        name: "gateway",
        title: text::GATEWAYS,
        intro: "Flip menerima virtual account, QRIS, dompet digital, dan Alfamart. Kunci ada di dasbor Flip for Business, menu Developer.",
        permission: Permission::ManageSettings,
        effect: false,
        fields: &[
            field(
                "gateway.flip.enabled",
                "Pakai Flip",
                L::Flag,
                "",
                "Pelanggan dapat membayar online begitu ini aktif dan kuncinya benar.",
            ),
            choice(
                "gateway.flip.environment",
                "Lingkungan",
                &[("sandbox", "Uji coba (sandbox)"), ("production", "Sungguhan (production)")],
                "Kunci uji coba dan kunci sungguhan berbeda.",
            ),
            field(
                "gateway.flip.secret_key",
                "Secret key",
                L::Secret,
                "",
                "Tidak pernah ditampilkan lagi sesudah disimpan. Kosong: yang lama tetap dipakai.",
            ),
            field(
                "gateway.flip.validation_token",
                "Validation token",
                L::Secret,
                "",
                "Membuktikan bahwa pemberitahuan pembayaran datang dari Flip. Kosong: yang lama tetap dipakai.",
            ),
            field(
                "gateway.flip.methods",
                "Cara bayar yang ditawarkan",
                L::Methods,
                "",
                "Tidak ada yang dicentang: semua yang disarankan.",
            ),
            field(
                "gateway.flip.expiry_hours",
                "Nomor pembayaran berlaku",
                L::Number,
                "jam",
                "Sesudah itu pelanggan membuat nomor pembayaran baru.",
            ),
            choice(
                "gateway.flip.version",
                "Versi API",
                &[("v3", "v3 (disarankan)"), ("v2", "v2")],
                "Ubah hanya bila Flip memintanya.",
            ),
            field("gateway.flip.base_url", "Alamat API khusus", L::Url, "", "Kosongkan untuk alamat resmi Flip."),
        ],
    },
    Group {
        name: "pesan",
        title: "Pesan & Pengingat",
        intro: "Kapan pelanggan diingatkan, dan seberapa cepat pesan dikirim agar nomor tidak diblokir.",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            field(
                "reminder.days",
                "Pengingat sebelum jatuh tempo",
                L::Days,
                "hari",
                "Dipisah koma: 7,3,1,0 berarti H-7, H-3, H-1, dan hari H. Kosong: tanpa pengingat.",
            ),
            field(
                "reminder.time",
                "Jam pengingat",
                L::Time,
                "",
                "Satu pesan per nomor telepon per hari, berisi semua tagihannya.",
            ),
            field(
                "whatsapp.pace_min_s",
                "Jeda antar pesan, paling cepat",
                L::Number,
                "detik",
                "Jeda acak di antara kedua angka ini membuat pengiriman tampak wajar.",
            ),
            field(
                "whatsapp.pace_max_s",
                "Jeda antar pesan, paling lama",
                L::Number,
                "detik",
                "Tidak boleh kurang dari yang paling cepat.",
            ),
        ],
    },
    Group {
        name: "whatsapp",
        title: "Gateway WhatsApp",
        intro: "Layanan yang mengirim pesan dari nomor perusahaan.",
        permission: Permission::ManageSettings,
        effect: false,
        fields: &[
            choice(
                "whatsapp.provider",
                "Gateway",
                &[("none", "Tidak dipakai"), ("mpwa", "MPWA dan sejenisnya")],
                "Tanpa gateway tidak ada pesan yang dikirim.",
            ),
            field("whatsapp.api_url", "Alamat gateway", L::Url, "", "Alamat utamanya saja, tanpa /api di belakang."),
            field(
                "whatsapp.device_id",
                "Nomor perangkat",
                L::Line,
                "",
                "Nomor WhatsApp yang mengirim, angka saja: 6281234567890.",
            ),
            field("whatsapp.api_key", "API key", L::Secret, "", "Disimpan tersegel dan tidak pernah ditampilkan lagi."),
        ],
    },
    Group {
        name: "kas",
        title: "Kas",
        intro: "Uang tunai yang diterima kasir dan kolektor berada di kas masing-masing sampai disetorkan.",
        permission: Permission::ManageSettings,
        effect: true,
        fields: &[
            field("cash.bag_limit", "Batas kas per orang", L::Money, "rupiah", "0: tanpa batas."),
            choice(
                "cash.over_limit",
                "Bila melewati batas",
                &[("warn", "Ingatkan untuk menyetor"), ("refuse", "Tolak pembayaran tunai")],
                "Berlaku bagi pemegang kas itu saja.",
            ),
        ],
    },
    Group {
        name: "keamanan",
        title: "Keamanan",
        intro: "Kode kedua untuk pemilik, dan kunci untuk program lain.",
        permission: Permission::ManageStaff,
        effect: false,
        fields: &[
            field(
                "security.owner_totp",
                "Pemilik wajib memakai kode kedua",
                L::Flag,
                "",
                "Pemilik yang belum memasang aplikasi kode diminta memasangnya saat masuk berikutnya.",
            ),
            field(
                "cron.token",
                "Token cron lama",
                L::Token,
                "",
                "Untuk baris cron dari sistem lama (/cron.php). Tanpa token alamat itu tertutup.",
            ),
            field(
                "metrics.token",
                "Token pemantauan",
                L::Token,
                "",
                "Untuk Prometheus (/metrics). Tanpa token alamat itu tertutup.",
            ),
        ],
    },
    Group {
        name: "peringatan",
        title: "Peringatan & Email",
        intro: "Ke mana kabar penting dikirim: router mati, cadangan gagal, antrean macet.",
        permission: Permission::ManageSettings,
        effect: false,
        fields: &[
            field("alert.phone", "WhatsApp pemilik", L::Phone, "", "Kosong: tidak lewat WhatsApp."),
            field("alert.email", "Email pemilik", L::Email, "", "Dipakai bila WhatsApp sendiri yang bermasalah."),
            field(
                "email.smtp_url",
                "Server email (SMTP)",
                L::Secret,
                "",
                "Seperti smtps://nama:sandi@smtp.contoh.id. Kosong: yang lama tetap dipakai.",
            ),
            field("email.from", "Email pengirim", L::Email, "", "Alamat yang tampil sebagai pengirim."),
        ],
    },
    Group {
        name: "cadangan",
        title: text::BACKUPS,
        intro: "Kapan cadangan dibuat, berapa lama disimpan, dan ke mana disalin.",
        permission: Permission::Backup,
        effect: false,
        fields: &[
            field("backup.time", "Jam cadangan", L::Time, "", "Setiap hari; pilih jam yang sepi."),
            field("backup.keep_days", "Cadangan harian yang disimpan", L::Number, "buah", "Yang lebih lama dihapus."),
            field(
                "backup.keep_months",
                "Cadangan bulanan yang disimpan",
                L::Number,
                "buah",
                "Yang pertama berhasil di setiap bulan. 0: tidak ada.",
            ),
            field(
                "backup.passphrase",
                "Kata sandi cadangan",
                L::Secret,
                "",
                "Paling sedikit 12 huruf. Catat di luar server: tanpa kata sandi ini cadangan yang disegel tidak dapat dibuka siapa pun.",
            ),
            field(
                "backup.folder",
                "Folder kedua",
                L::Line,
                "",
                "Di disk lain atau folder jaringan yang terpasang, misalnya /mnt/cadangan. Kosong: tidak disalin.",
            ),
            field("backup.s3.endpoint", "Alamat S3", L::Url, "", "Kosong untuk Amazon; selain itu alamat penyedianya."),
            field("backup.s3.bucket", "Bucket S3", L::Line, "", "Kosong: tidak disalin ke S3."),
            field("backup.s3.region", "Wilayah S3", L::Line, "", "Misalnya ap-southeast-3; kosong: us-east-1."),
            field("backup.s3.prefix", "Awalan nama di bucket", L::Line, "", "Boleh kosong."),
            field("backup.s3.access_key", "Access key S3", L::Line, "", "Dari penyedia bucket."),
            field("backup.s3.secret_key", "Secret key S3", L::Secret, "", "Dari penyedia bucket."),
        ],
    },
];

/// The group of that name.
pub fn find(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}
