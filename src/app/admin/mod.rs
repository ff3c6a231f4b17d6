//! The office: a file a screen.

pub mod banks;
pub mod customer;
pub mod customers;
pub mod home;
pub mod import;
pub mod install;
pub mod invoice;
pub mod invoices;
pub mod isolated;
pub mod isolir_log;
pub mod issue;
pub mod layout;
pub mod login;
#[cfg(feature = "ssr")]
pub mod menu;
pub mod messages;
pub mod more;
pub mod packages;
pub mod receive;
pub mod routers;
pub mod search;
pub mod settings;
pub mod setup;
#[cfg(feature = "ssr")]
mod words;
