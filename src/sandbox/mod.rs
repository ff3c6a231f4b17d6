//! The outside world on loopback, over its real wire protocols.

pub mod control;
pub mod flip;
mod flip_bills;
mod flip_create;
pub mod http;
pub mod notices;
pub mod page;
mod reply;
pub mod routeros;
pub mod run;
pub mod whatsapp;

#[cfg(test)]
mod tests;
