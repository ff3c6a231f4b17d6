//! What happens in the worked year.

use super::*;
use crate::billing::{Period, Rupiah, words};
use crate::server::access::{AccessContext, holds};
use crate::server::customers::change::{self, Wish};
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::customers::packages;
use crate::server::customers::planned::Change;
use std::fmt::Write as _;

crate::sql!(
    SAME_PAYER = "UPDATE service SET customer_id = (SELECT o.customer_id FROM service o WHERE o.id = $2) WHERE id = $1"
);
crate::sql!(ALONE = "DELETE FROM customer WHERE name = $1");
crate::sql!(RENAME = "UPDATE customer SET name = $2, name_search = LOWER($2) WHERE name = $1");
crate::sql!(
    BILL_OF = "SELECT id FROM invoice WHERE service_id = $1 AND period = $2 AND status <> 'void' AND kind = 'regular'"
);
crate::sql!(
    OWED = "SELECT CAST(COALESCE(SUM(total - paid), 0) AS BIGINT) FROM invoice WHERE service_id = $1 AND status IN ('open', 'partial') AND period <= $2"
);

/// Whoever takes money in the office.
const CASHIER: &str = "Rina";

/// The year as it is lived on one application.
pub(super) struct Year<'a> {
    pub(super) t: &'a TestApp,
    pub(super) out: String,
    pub(super) month: Period,
    events: Vec<String>,
    /// Whether a payment makes no next bill: then the amounts worked out by hand do not hold.
    pub(super) plain: bool,
    forms: i64,
    home20: i64,
    home50: i64,
}

impl<'a> Year<'a> {
    /// Three packages, twelve customers.
    pub(super) async fn new(t: &'a TestApp) -> Self {
        let home20 = t.package("Home 20M", 300_000, 1).await;
        let home50 = t.package("Home 50M", 450_000, 1).await;
        let quarter = t.package("Home 20M 3 Bulan", 850_000, 3).await;
        for name in ["Siti", "Agus", "Dewi", "Eko", "Fitri", "Gunawan", "Hendra", "Indah", "Joko"] {
            t.service(name, home20, "2025-06-01").await;
        }
        t.service("Kartika", quarter, "2025-06-01").await;
        let office = t.service("Maju Kantor", home50, "2025-06-01").await;
        let store = t.service("Maju Gudang", home20, "2025-06-01").await;
        t.service("Budi", home20, "2026-01-15").await;
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(SAME_PAYER, args![store, office]).await.unwrap();
        tx.exec_one(ALONE, args!["Maju Gudang"]).await.unwrap();
        tx.exec_one(RENAME, args!["Maju Kantor", "CV Maju Jaya"]).await.unwrap();
        tx.commit().await.unwrap();
        let month = "2026-01".parse().unwrap();
        Self { t, out: String::new(), month, events: Vec::new(), plain: false, forms: 0, home20, home50 }
    }

    /// The paper so far, under its head.
    pub(super) fn paper(&self) -> String {
        format!("{}\n{}", paper::HEAD, self.out)
    }

    async fn ledger(&self) -> Ledger {
        self.t.state.ledger(Who { name: CASHIER.to_owned(), ..Who::command() }).await.unwrap()
    }

    async fn service(&self, number: &str) -> i64 {
        let wish = crate::server::customers::find::service_id(&self.t.state, number).await;
        wish.unwrap_or_else(|error| panic!("{number}: {error}"))
    }

    async fn bill(&self, number: &str, period: &str) -> i64 {
        let service = self.service(number).await;
        let found: (i64,) = self.t.state.db.one(BILL_OF, args![service, period]).await.unwrap();
        found.0
    }

    /// It is this day of the month, mid-morning.
    fn on(&self, day: u32) {
        self.t.at(&format!("{}-{day:02} 10:00", self.month));
    }

    fn say(&mut self, words: impl Into<String>) {
        let day = words::date_short(self.t.state.clock.today());
        self.events.push(format!("{day}: {}", words.into()));
    }

    fn form_id(&mut self) -> String {
        self.forms += 1;
        format!("golden-{}", self.forms)
    }

    /// The run of the first day issues, byte for byte, what was seen and approved the evening before.
    async fn first(&mut self) {
        let period = self.month;
        self.t.at(&format!("{} 20:00", period.prev().last_day()));
        let seen = self.ledger().await.look_ahead(period).await.unwrap().report;
        self.ledger().await.approve(period, &seen.set_hash).await.unwrap();
        self.t.at(&format!("{period}-01 00:01"));
        let run = self.t.issue(&period.to_string()).await;
        assert_eq!(
            (run.set_hash, run.issued, run.total, run.parked, run.held),
            (seen.set_hash, seen.issued, seen.total, 0, false),
            "{period}"
        );
    }

    /// Cash; answers the payment.
    async fn cash(&mut self, number: &str, amount: i64, words: &str) -> i64 {
        let service = self.service(number).await;
        let form = PayForm { request_id: Some(self.form_id()), ..self.t.form(service, amount, Source::Cash) };
        let receipt = self.ledger().await.settle(form).await.unwrap();
        self.say(format!("{number} membayar {} tunai. {words}", Rupiah(amount)).trim_end());
        receipt.payment_id
    }

    /// Whoever pays as he should: what of his bills has begun, by transfer.
    async fn pays(&mut self, day: u32, numbers: &[&str]) {
        self.on(day);
        let mut paid = Vec::new();
        for number in numbers {
            let service = self.service(number).await;
            let owed = self.t.state.db.number(OWED, args![service, self.month]).await.unwrap();
            if owed > 0 {
                let form = PayForm { request_id: Some(self.form_id()), ..self.t.form(service, owed, Source::Transfer) };
                self.ledger().await.settle(form).await.unwrap();
                paid.push(format!("{number} {}", Rupiah(owed)));
            }
        }
        if !paid.is_empty() {
            self.say(format!("membayar tagihannya lewat transfer: {}.", paid.join(", ")));
        }
    }

    async fn change(&mut self, number: &str, change: Change, today: bool) -> Changed {
        let service_id = self.service(number).await;
        let from = today.then(|| self.t.state.clock.today());
        let reason = "Permintaan pelanggan".to_owned();
        let wish = Wish { service_id, change, from, reason, preview: false };
        change::carry(&self.t.state, Who::command(), wish).await.unwrap()
    }

    async fn credit(&mut self, number: &str, kind: CreditKind, period: &str, amount: i64, reason: &str) {
        let (service_id, invoice_id) = (self.service(number).await, Some(self.bill(number, period).await));
        let (reason, request_id) = (reason.to_owned(), self.form_id());
        let form = CreditForm { kind, service_id, invoice_id, amount: Rupiah(amount), reason, request_id };
        self.ledger().await.credit(form).await.unwrap();
    }

    /// What was worked out by hand: what is left of a service's bills whose month has begun, and its payer's Saldo.
    async fn stands(&self, number: &str, owed: i64, saldo: i64) {
        let service = self.service(number).await;
        let left = self.t.state.db.number(OWED, args![service, self.month]).await.unwrap();
        // Without the next month's bill on payment, what would have gone to it is Saldo: the amounts are of the default.
        if !self.plain {
            assert_eq!((left, self.t.saldo(service).await), (owed, saldo), "{number} in {}", self.month);
        }
    }

    async fn end(&mut self) {
        let events = std::mem::take(&mut self.events);
        let month = paper::month(self, &events).await;
        write!(self.out, "{month}").unwrap();
        self.month = self.month.next();
    }
}

/// Those who pay by transfer on the 5th, every month.
const PUNCTUAL: &[&str] =
    &["Budi", "Dewi", "Eko", "Fitri", "Gunawan", "Hendra", "Kartika", "Maju Kantor", "Maju Gudang"];

impl Year<'_> {
    /// January to December 2026.
    pub(super) async fn live(&mut self) {
        self.winter().await;
        self.spring().await;
        self.summer().await;
        self.autumn().await;
    }

    async fn winter(&mut self) {
        // January.
        let (gunawan, hendra) = (self.service("Gunawan").await, self.service("Hendra").await);
        let (state, who) = (&self.t.state, Who::command());
        let june: Period = "2026-06".parse().unwrap();
        extras::set_discount(state, who.clone(), gunawan, DiscountWish::Percent(1_000), Some(june)).await.unwrap();
        extras::set_discount(state, who.clone(), hendra, DiscountWish::Amount(Rupiah(25_000)), None).await.unwrap();
        self.say("Gunawan mendapat diskon 10% sampai Juni, Hendra Rp 25.000 tiap bulan tanpa batas.");
        self.first().await;
        self.on(5);
        self.cash("Maju Kantor", 450_000, "Kasir lain menerima uang yang sama sekali lagi:").await;
        self.cash(
            "Maju Kantor",
            450_000,
            "Kantor sudah lunas, jadi ini untuk Gudang Rp 300.000; sisanya Rp 150.000 untuk Februari.",
        )
        .await;
        self.pays(5, &["Dewi", "Eko", "Fitri", "Gunawan", "Hendra", "Indah"]).await;
        self.on(7);
        self.cash("Agus", 900_000, "Januari dan Februari lunas, sisanya Saldo.").await;
        self.stands("Agus", 0, 300_000).await;
        self.on(8);
        let form = self.form_id();
        let price = ("Biaya tarik kabel", Rupiah(150_000));
        extras::charge(&self.t.state, who, gunawan, price, form).await.unwrap();
        self.say("Gunawan ditagih sekali Rp 150.000 untuk tarik kabel.");
        self.on(10);
        self.cash("Siti", 100_000, "Baru sebagian.").await;
        self.stands("Siti", 200_000, 0).await;
        self.on(15);
        let starters = IssueWish { period: None, scope: Scope::Starters, notify: false, dry_run: false };
        self.t.state.ledger(Who::system()).await.unwrap().issue(starters).await.unwrap();
        self.say("Budi mulai berlangganan; 17 dari 31 hari: 300.000 x 17 / 31 = 164.516.");
        self.stands("Budi", 164_516, 0).await;
        self.pays(16, &["Budi"]).await;
        self.on(20);
        self.cash("Siti", 200_000, "Lunas.").await;
        self.stands("Siti", 0, 0).await;
        self.end().await;

        // February.
        self.first().await;
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Indah"]).await;
        self.on(9);
        self.credit("Maju Kantor", CreditKind::Note, "2026-02", 48_214, "Gangguan 3 hari").await;
        self.say("Gangguan 3 dari 28 hari di Kantor: nota kredit 450.000 x 3 / 28 = 48.214, jadi Saldo karena sudah lunas; dipakai untuk Maret.");
        self.on(12);
        self.cash("Siti", 100_000, "Baru sebagian.").await;
        let form = self.form_id();
        let rent = ("IP publik", Rupiah(50_000));
        let gunawan = self.service("Gunawan").await;
        extras::add_on(&self.t.state, Who::command(), gunawan, rent, None, form).await.unwrap();
        self.say("Gunawan menyewa IP publik Rp 50.000 per bulan, mulai bulan pertama yang belum ditagih.");
        self.end().await;

        // March.
        self.first().await;
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Indah"]).await;
        self.on(8);
        self.cash("Siti", 500_000, "Sisa Februari Rp 200.000 dan Maret Rp 300.000.").await;
        self.stands("Siti", 0, 0).await;
        self.on(10);
        self.change("Dewi", Change::Package(self.home50), true).await;
        self.say("Dewi naik ke Home 50M mulai hari ini. Maret: 22 dari 31 hari, 450.000 x 22 / 31 - 300.000 x 22 / 31 = 319.355 - 212.903 = 106.452; April sudah terbit, jadi tambah 150.000.");
        self.stands("Dewi", 256_452, 0).await;
        self.on(12);
        let joko = self.service("Joko").await;
        let context = AccessContext::now(&self.t.state, Who::command()).await.unwrap();
        let mut tx = self.t.state.db.begin().await.unwrap();
        holds::promise(&mut tx, &context, joko, "2026-03-17".parse().unwrap(), "Menunggu gajian").await.unwrap();
        tx.commit().await.unwrap();
        self.say("Joko menunggak Januari sampai Maret; berjanji membayar sampai 17 Maret.");
        self.stands("Joko", 900_000, 0).await;
        self.on(16);
        let wrong = self.cash("Joko", 900_000, "").await;
        self.on(17);
        self.ledger().await.reverse_payment(wrong, "Uangnya milik orang lain").await.unwrap();
        self.say("Pembayaran Joko dibatalkan: uangnya milik orang lain.");
        self.stands("Joko", 900_000, 0).await;
        self.on(18);
        self.cash("Joko", 600_000, "Januari dan Februari.").await;
        self.stands("Joko", 300_000, 0).await;
        self.end().await;
    }

    async fn spring(&mut self) {
        // April.
        self.first().await;
        self.on(3);
        let indah = self.service("Indah").await;
        let needed = self.ledger().await.needed_ahead(indah, 3).await.unwrap();
        let form = PayForm { request_id: Some(self.form_id()), ..self.t.form(indah, needed.0, Source::Cash) };
        self.ledger().await.settle_ahead(form, 3).await.unwrap();
        self.say(format!("Indah membayar {needed} tunai: yang terbuka dan 3 bulan di muka, dengan harga hari ini."));
        self.pays(5, &["Budi", "Dewi", "Fitri", "Gunawan", "Hendra", "Kartika", "Maju Kantor", "Maju Gudang"]).await;
        self.pays(9, &["Siti", "Agus"]).await;
        self.on(20);
        let from = self.change("Eko", Change::Pause(2), false).await.from;
        self.say(format!("Eko cuti 2 bulan mulai {}.", words::date_short(from)));
        self.pays(25, &["Eko"]).await;
        self.end().await;

        // May.
        self.first().await;
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Agus"]).await;
        self.on(10);
        let stopped = self.change("Joko", Change::Stop, true).await;
        self.say(format!(
            "Joko berhenti mulai hari ini; dari Mei dipakai 9 dari 31 hari, yang 22 hari dikurangkan: 300.000 x 22 / 31 = 212.903. Nota: {}.",
            stopped.paper.unwrap_or_default()
        ));
        self.stands("Joko", 300_000 + 300_000 + 87_097, 0).await;
        self.end().await;

        // June.
        self.first().await;
        self.on(1);
        let july = "2026-07-01".parse().unwrap();
        packages::plan_price(&self.t.state, Who::command(), self.home20, Rupiah(320_000), july).await.unwrap();
        self.say("Harga Home 20M menjadi Rp 320.000 mulai 1 Juli.");
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Agus"]).await;
        self.on(15);
        for (period, amount) in [("2026-03", 300_000), ("2026-04", 300_000), ("2026-05", 87_097)] {
            self.credit("Joko", CreditKind::WriteOff, period, amount, "Pindah, tidak dapat dihubungi").await;
        }
        self.say("Piutang Joko dihapus: 300.000 + 300.000 + 87.097 = 687.097.");
        self.stands("Joko", 0, 0).await;
        let hendra = self.service("Hendra").await;
        let from = extras::set_price(&self.t.state, Who::command(), hendra, Some(Rupiah(280_000))).await.unwrap();
        self.say(format!("Hendra mendapat harga sendiri Rp 280.000 mulai {}.", words::date_short(from)));
        self.end().await;
    }

    async fn summer(&mut self) {
        // July.
        self.first().await;
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Agus"]).await;
        self.on(8);
        self.cash("Agus", 700_000, "Lebih bayar: Agustus yang sudah terbit, sisanya Saldo.").await;
        self.on(9);
        let agus = self.service("Agus").await;
        let (amount, request_id) = (Rupiah(200_000), self.form_id());
        let reason = "Minta kembali sebagian".to_owned();
        let form = RefundForm {
            service_id: agus,
            amount,
            cash: false,
            holder_id: None,
            reference: "TRX-1".to_owned(),
            reason,
            request_id,
        };
        self.ledger().await.refund(form).await.unwrap();
        self.say("Agus minta Saldonya kembali Rp 200.000; ditransfer.");
        self.stands("Agus", 0, 180_000).await;
        self.end().await;

        // August.
        self.first().await;
        self.on(3);
        let from = self.change("Dewi", Change::Package(self.home20), false).await.from;
        self.say(format!("Dewi turun ke Home 20M mulai {}.", words::date_short(from)));
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Indah"]).await;
        self.end().await;

        // September.
        self.first().await;
        self.pays(5, &["Budi", "Dewi", "Eko", "Gunawan", "Hendra", "Kartika", "Maju Kantor"]).await;
        self.pays(6, &["Siti", "Indah", "Agus"]).await;
        self.on(12);
        self.cash("Fitri", 100_000, "Baru sebagian.").await;
        let stopped = self.change("Fitri", Change::Stop, true).await;
        self.say(format!(
            "Fitri berhenti mulai hari ini; dari 30 hari dipakai 11, yang 19 dikurangkan: 320.000 x 19 / 30 = 202.667. Nota: {}.",
            stopped.paper.unwrap_or_default()
        ));
        self.stands("Fitri", 320_000 - 100_000 - 202_667, 0).await;
        self.pays(13, &["Fitri"]).await;
        self.end().await;
    }

    async fn autumn(&mut self) {
        // October: the company becomes PKP.
        self.t.at("2026-09-30 22:00");
        self.t.set(&[("invoice.tax.pkp", "true")]).await;
        self.first().await;
        self.say("Perusahaan menjadi PKP: tagihan yang terbit sejak hari ini memuat PPN 12% x 11/12. Yang terbit di bulan September untuk Oktober belum.");
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Indah", "Agus"]).await;
        self.end().await;

        // November.
        self.first().await;
        self.on(4);
        let bill = self.bill("Maju Gudang", "2026-11").await;
        if !self.plain {
            let paid: (i64,) = self.t.state.db.one(PAID, args![bill]).await.unwrap();
            assert_eq!(paid.0, 0);
        }
        let number = self.ledger().await.void_invoice(bill, "Salah data").await.unwrap();
        let again = self.ledger().await.issue_again(bill).await.unwrap();
        self.say(format!(
            "Tagihan Gudang {number} dibatalkan karena salah data, dan diterbitkan lagi sebagai {again}."
        ));
        self.pays(5, PUNCTUAL).await;
        self.pays(6, &["Siti", "Indah", "Agus"]).await;
        self.end().await;

        // December.
        self.first().await;
        self.pays(5, PUNCTUAL).await;
        self.on(8);
        self.cash("Siti", 400_000, "Lebih bayar.").await;
        self.pays(9, &["Indah", "Agus"]).await;
        self.end().await;
        // What is over at the end: only January's bills, which are not due yet.
        for number in ["Siti", "Agus", "Dewi", "Eko", "Fitri", "Gunawan", "Hendra", "Indah", "Joko", "Budi"] {
            let service = self.service(number).await;
            let december: Period = "2026-12".parse().unwrap();
            assert_eq!(self.t.state.db.number(OWED, args![service, december]).await.unwrap(), 0, "{number}");
        }
    }
}

crate::sql!(PAID = "SELECT paid FROM invoice WHERE id = $1");
