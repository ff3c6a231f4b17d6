//! What Flip's simulator keeps: bills, their payment, and how they are found again.

use crate::server::clock::Clock;
use crate::server::gateways::methods;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Asia::Jakarta;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Bills kept; the oldest goes when one more comes.
const BILLS_MAX: usize = 100_000;

/// A payment at Flip. Status words are Flip's.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) bank: String,
    pub(crate) bank_type: String,
    pub(crate) account_number: Option<String>,
    pub(crate) qr: Option<String>,
    pub(crate) status: &'static str,
    /// What is asked, then what was really paid.
    pub(crate) amount: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
}

/// A bill at Flip.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub(crate) link_id: i64,
    pub(crate) v3: bool,
    pub(crate) title: String,
    pub(crate) single: bool,
    pub(crate) amount: Option<i64>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) active: bool,
    /// 1, 2 or 3.
    pub(crate) step: u8,
    pub(crate) redirect_url: Option<String>,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) address: String,
    pub(crate) reference_id: Option<String>,
    pub(crate) payment: Option<Payment>,
}

pub(crate) const PENDING: &str = "PENDING";
pub(crate) const SUCCESSFUL: &str = "SUCCESSFUL";
pub(crate) const CANCELLED: &str = "CANCELLED";
pub(crate) const FAILED: &str = "FAILED";

/// All bills, oldest first, and their names.
pub(crate) struct Bills {
    rows: BTreeMap<u64, Bill>,
    names: HashMap<String, u64>,
    next: u64,
    /// No active bill ends before this, so that asking does not walk through all of them.
    soonest_expiry: DateTime<Utc>,
    pub(crate) rng: StdRng,
}

impl Bills {
    pub(crate) fn new(rng: StdRng) -> Self {
        Self { rows: BTreeMap::new(), names: HashMap::new(), next: 1, soonest_expiry: DateTime::<Utc>::MAX_UTC, rng }
    }

    /// A new link id: small in v2, 19 digits in v3 (it fits an i64, but no double).
    pub(crate) fn new_link_id(&self, v3: bool, now: DateTime<Utc>) -> i64 {
        let count = i64::try_from(self.next).unwrap_or(0);
        if v3 {
            let stamp: i64 = now.with_timezone(&Jakarta).format("%y%m%d%H%M%S").to_string().parse().unwrap_or(0);
            stamp * 10_000_000 + count % 10_000_000
        } else {
            130_109 + count
        }
    }

    /// `PGPWF` and twenty digits.
    pub(crate) fn new_payment_id(&mut self, now: DateTime<Utc>) -> String {
        format!("PGPWF{:010}{:010}", now.timestamp(), self.rng.random_range(0..10_000_000_000_u64))
    }

    pub(crate) fn add(&mut self, bill: Bill) {
        let key = self.next;
        self.next += 1;
        self.soonest_expiry = self.soonest_expiry.min(bill.expires_at);
        for name in names(&bill) {
            self.names.insert(name, key);
        }
        self.rows.insert(key, bill);
        if self.rows.len() > BILLS_MAX
            && let Some((old_key, old)) = self.rows.pop_first()
        {
            for name in names(&old) {
                if self.names.get(&name) == Some(&old_key) {
                    self.names.remove(&name);
                }
            }
        }
    }

    /// The bill of that link id, reference, payment id or title.
    pub(crate) fn find(&self, name: &str) -> Option<&Bill> {
        self.rows.get(self.names.get(name)?)
    }

    /// [`Bills::find`], to change it.
    pub(crate) fn find_mut(&mut self, name: &str) -> Option<&mut Bill> {
        self.rows.get_mut(self.names.get(name)?)
    }

    /// The bill of that link id only.
    pub(crate) fn by_link(&self, link_id: &str) -> Option<&Bill> {
        self.find(link_id).filter(|bill| bill.link_id.to_string() == link_id)
    }

    /// Gives a bill of step 1 or 2 the payment its payer would have started on Flip's page.
    pub(crate) fn start_payment(&mut self, name: &str, now: DateTime<Utc>) {
        if self.find(name).is_none_or(|bill| bill.payment.is_some()) {
            return;
        }
        let id = self.new_payment_id(now);
        let Some(key) = self.names.get(name).copied() else { return };
        if let Some(bill) = self.rows.get_mut(&key) {
            bill.payment = Some(Payment {
                id: id.clone(),
                bank: "bca".to_owned(),
                bank_type: "virtual_account".to_owned(),
                account_number: None,
                qr: None,
                status: PENDING,
                amount: bill.amount.unwrap_or(10_000),
                created_at: now,
                completed_at: None,
            });
            self.names.insert(id, key);
        }
    }

    /// Ends what time has ended; the payment ids of those that now owe a notice.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let mut ended = Vec::new();
        if now < self.soonest_expiry {
            return ended;
        }
        for bill in self.rows.values_mut().filter(|bill| bill.active && bill.expires_at <= now) {
            bill.active = false;
            if let Some(payment) = bill.payment.as_mut().filter(|payment| payment.status == PENDING) {
                payment.status = CANCELLED;
                ended.push(payment.id.clone());
            }
        }
        let open = self.rows.values().filter(|bill| bill.active);
        self.soonest_expiry = open.map(|bill| bill.expires_at).min().unwrap_or(DateTime::<Utc>::MAX_UTC);
        ended
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Bill> {
        self.rows.values().rev()
    }
}

/// Every name under which a bill may be asked for; in v2 the title's first word is our reference.
fn names(bill: &Bill) -> Vec<String> {
    let first_word = bill.title.split_whitespace().next().filter(|_| !bill.v3).map(str::to_owned);
    let payment_id = bill.payment.as_ref().map(|payment| payment.id.clone());
    let certain = [Some(bill.link_id.to_string()), payment_id, bill.reference_id.clone()];
    [Some(bill.title.clone()), first_word].into_iter().chain(certain).flatten().collect()
}

/// `2026-01-02 10:00:00`, WIB.
pub(crate) fn date_text(at: DateTime<Utc>) -> String {
    at.with_timezone(&Jakarta).format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Bill {
    /// Flip's bill object, with the payment inside where the step is 3.
    pub(crate) fn json(&self) -> Value {
        let mut object = json!({
            "link_id": self.link_id,
            "link_url": self.link_url(),
            "title": self.title,
            "type": if self.single { "SINGLE" } else { "MULTIPLE" },
            "amount": self.amount,
            "redirect_url": self.redirect_url,
            "expired_date": date_text(self.expires_at),
            "created_from": "API",
            "status": if self.active { "ACTIVE" } else { "INACTIVE" },
            "is_address_required": 0,
            "is_phone_number_required": 0,
            "step": self.step_json(),
            "customer": {"name": self.name, "email": self.email, "address": self.address, "phone": self.phone},
        });
        if self.v3 {
            object["reference_id"] = json!(self.reference_id);
        }
        if let Some(payment) = self.payment.as_ref().filter(|_| self.step == 3) {
            object["bill_payment"] = json!({
                "id": payment.id,
                "amount": payment.amount,
                "unique_code": 0,
                "status": payment.status,
                "sender_bank": payment.bank,
                "sender_bank_type": payment.bank_type,
                "receiver_bank_account": {
                    "account_number": payment.account_number,
                    "account_type": payment.bank_type,
                    "bank_code": payment.bank,
                    "account_holder": "PT Kimonet",
                    "qr_code_data": payment.qr,
                },
                "user_address": self.address,
                "user_phone": self.phone,
                "created_at": payment.created_at.timestamp(),
            });
            object["payment_url"] = json!(self.payment_url(payment));
        }
        object
    }

    fn step_json(&self) -> Value {
        match (self.v3, self.step) {
            (false, step) => json!(step),
            (true, 1) => json!("checkout"),
            (true, 2) => json!("checkout_seamless"),
            (true, _) => json!("direct_api"),
        }
    }

    /// Flip leaves out the scheme.
    pub(crate) fn link_url(&self) -> String {
        let slug: String =
            self.title.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("flip.id/pwf-sandbox/$kimonet/#{slug}")
    }

    fn payment_url(&self, payment: &Payment) -> String {
        format!("https://flip.id/pwf/transaction/consolidated?redirected_from=internal&id={}", payment.id)
    }

    /// A row of the payment lists; the inner link id is a text and nothing is the text `null`, as in Flip's sample.
    pub(crate) fn payment_row(&self, payment: &Payment) -> Value {
        json!({
            "id": payment.id,
            "link_id": self.link_id.to_string(),
            "bill_link": self.link_url(),
            "bill_title": self.title,
            "sender_name": self.name,
            "sender_bank": payment.bank,
            "sender_bank_type": payment.bank_type,
            "virtual_account_number": payment.account_number.as_deref().unwrap_or("null"),
            "amount": payment.amount,
            "status": payment.status,
            "settlement_status": "Pending",
            "reference_id": self.reference_id.as_deref().unwrap_or("null"),
            "payment_url": self.payment_url(payment),
            "created_at": date_text(payment.created_at),
            "completed_at": payment.completed_at.map_or_else(|| "null".to_owned(), date_text),
            "settlement_date": "null",
        })
    }

    /// The document of a notice that claims this status and amount.
    pub(crate) fn notice(&self, payment: &Payment, status: &str, amount: i64) -> Value {
        let mut object = json!({
            "id": payment.id,
            "bill_link_id": self.link_id,
            "bill_link": self.link_url(),
            "bill_title": self.title,
            "sender_name": self.name,
            "sender_email": self.email,
            "sender_bank": payment.bank,
            "sender_bank_type": payment.bank_type,
            "amount": amount,
            "status": status,
            "created_at": date_text(payment.created_at),
        });
        if self.v3 {
            object["reference_id"] = json!(self.reference_id);
        }
        object
    }

    /// Our row of `/control/state`: our method codes and statuses.
    pub(crate) fn state_row(&self) -> Option<Value> {
        let payment = self.payment.as_ref()?;
        let method = methods::by_flip_channel(&payment.bank, &payment.bank_type);
        Some(json!({
            "gateway": "flip",
            "reference": self.reference_id.as_ref().unwrap_or(&payment.id),
            "method": method.map_or(payment.bank.as_str(), |method| method.code),
            "code": payment.qr.as_ref().or(payment.account_number.as_ref()),
            "amount": payment.amount,
            "status": match payment.status {
                SUCCESSFUL => "paid",
                CANCELLED => "expired",
                FAILED => "failed",
                _ => "pending",
            },
            "payment_id": payment.id,
            "link_id": self.link_id.to_string(),
            "title": self.title,
        }))
    }
}

/// Default life of a bill whose creator names none (told by a third party).
pub(crate) fn default_expiry(clock: &Clock) -> DateTime<Utc> {
    clock.now() + Duration::hours(24)
}

/// A plausible dynamic QRIS of that sum: EMV fields, closed by CRC-16/CCITT as its field 63.
pub(crate) fn qris(amount: i64, terminal: &str) -> String {
    let field = |id: &str, value: &str| format!("{id}{:02}{value}", value.chars().count());
    let account = field("00", "COM.KIMONET.WWW") + &field("01", "936000000000000001") + &field("03", "UMI");
    let national = field("00", "ID.CO.QRIS.WWW") + &field("02", "ID1020000000001") + &field("03", "UMI");
    let mut text = [
        field("00", "01"),
        field("01", "12"),
        field("26", &account),
        field("51", &national),
        field("52", "4814"),
        field("53", "360"),
        field("54", &amount.to_string()),
        field("58", "ID"),
        field("59", "KIMONET SANDBOX"),
        field("60", "BANDUNG"),
        field("61", "40111"),
        field("62", &field("07", terminal)),
    ]
    .concat();
    text.push_str("6304");
    let crc = crc16(text.as_bytes());
    text.push_str(&format!("{crc:04X}"));
    text
}

/// CRC-16/CCITT-FALSE, as the EMV QR code specification asks.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_published_check_value() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        let text = qris(300_000, "T1");
        assert!(text.starts_with("000201010212") && text.contains("5406300000"));
        assert_eq!(text.get(text.len() - 8..text.len() - 4), Some("6304"));
    }
}
