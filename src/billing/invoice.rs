//! Kinds and states of bills, and their numbers.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// As the database and the API write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
            /// The value of that text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// What a line of a bill is for.
    LineKind {
        /// A whole month (or the months of a longer package).
        Subscription = "subscription",
        /// Part of the first month.
        Prorate = "prorate",
        /// A recurring extra.
        Addon = "addon",
        /// Something once.
        Charge = "charge",
        /// For paying late.
        LateFee = "late_fee",
        /// Taken off.
        Discount = "discount",
        /// A change inside a month.
        Adjustment = "adjustment",
        /// PPN.
        Tax = "tax",
        /// Owed before Kimonet.
        Opening = "opening",
    }
}

impl LineKind {
    /// Whether it bills a month itself, which happens once a service and month.
    pub fn is_regular(self) -> bool {
        matches!(self, Self::Subscription | Self::Prorate)
    }
}

text_enum! {
    /// The state of a bill.
    InvoiceStatus {
        /// Nothing paid.
        Open = "open",
        /// Something paid.
        Partial = "partial",
        /// All paid.
        Paid = "paid",
        /// Cancelled.
        Void = "void",
    }
}

impl InvoiceStatus {
    /// The trade's word for it.
    pub fn label(self, overdue: bool) -> &'static str {
        match self {
            Self::Open | Self::Partial if overdue => "Lewat Jatuh Tempo",
            Self::Open => "Belum Bayar",
            Self::Partial => "Dibayar Sebagian",
            Self::Paid => "Lunas",
            Self::Void => "Dibatalkan",
        }
    }
}

/// `INV/2026/01/000123`: month of issue, counted without gap within it.
pub fn invoice_number(year: i32, month: u32, sequence: i64) -> String {
    format!("INV/{year:04}/{month:02}/{sequence:06}")
}

/// `KW/2026/01/000123`.
pub fn receipt_number(year: i32, month: u32, sequence: i64) -> String {
    format!("{}{sequence:06}", receipt_prefix(year, month))
}

/// What all receipts of a month begin with: `KW/2026/01/`.
pub fn receipt_prefix(year: i32, month: u32) -> String {
    format!("KW/{year:04}/{month:02}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        for kind in LineKind::ALL {
            assert_eq!(LineKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(LineKind::parse("late_fee"), Some(LineKind::LateFee));
        assert_eq!(InvoiceStatus::Partial.label(true), "Lewat Jatuh Tempo");
        assert_eq!(InvoiceStatus::Paid.label(true), "Lunas");
        assert_eq!(invoice_number(2026, 1, 123), "INV/2026/01/000123");
    }
}
