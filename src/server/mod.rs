//! What only the server has: database, ledger, queue, gateways, routers, messages, HTTP.

pub mod clock;
pub mod gateways;
pub mod messages;
pub mod routers;
