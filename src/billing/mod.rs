//! The rules of the business: pure functions and types, compiled for server and browser alike.
