//! The rules of the business: pure functions and types, compiled for server and browser alike. No I/O, no clock.

pub mod access;
pub mod due;
pub mod invoice;
pub mod late_fee;
pub mod payment;
pub mod period;
pub mod phone;
pub mod pricing;
pub mod prorate;
pub mod rupiah;
pub mod service_number;
pub mod words;

pub use access::{Access, Stage};
pub use invoice::{InvoiceStatus, LineKind};
pub use period::Period;
pub use phone::Phone;
pub use rupiah::Rupiah;
pub use service_number::ServiceNumber;
