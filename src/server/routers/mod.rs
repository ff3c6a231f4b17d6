//! The routers' side: MikroTik RouterOS over its binary API (ports 8728 and 8729).
//!
//! `codec` knows the bytes, `api` the conversation, `session` the commands a billing system needs, `strategy` decides
//! (purely) what has to change, `probe` answers "does this router work for us?".

pub mod api;
pub mod codec;
pub mod error;
pub mod probe;
pub mod reconcile;
pub mod session;
pub mod store;
pub mod strategy;
pub mod tls;

#[cfg(test)]
mod tests;
