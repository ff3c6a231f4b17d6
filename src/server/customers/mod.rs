//! Customers and their services: import, export, look-ups, packages, the seed.

pub mod bulk;
pub mod change;
pub mod due_day;
pub mod edit;
pub mod export;
pub mod extras;
pub mod files;
pub mod find;
pub mod import;
pub mod install;
pub mod links;
pub mod packages;
pub mod place;
pub mod planned;
pub mod prices;
pub mod seed;
pub mod service_row;
