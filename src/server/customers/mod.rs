//! Customers and their services: import, export, look-ups, packages, the seed.

pub mod export;
pub mod find;
pub mod import;
pub mod links;
pub mod packages;
pub mod seed;
pub mod service_row;
