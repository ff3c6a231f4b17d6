//! The outside world on loopback, over its real wire protocols.

pub mod routeros;
