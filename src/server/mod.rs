//! What only the server has: database, ledger, queue, gateways, routers, messages, HTTP.

pub mod access;
pub mod alerts;
pub mod audit;
pub mod backup;
pub mod checks;
pub mod clock;
pub mod config;
pub mod customers;
pub mod db;
pub mod documents;
pub mod error;
pub mod gateways;
pub mod guard;
pub mod http;
pub mod ledger;
pub mod messages;
pub mod reports;
pub mod rights;
pub mod routers;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod staff;
pub mod state;
#[cfg(test)]
pub mod testing;
pub mod work;
