//! Kimonet: billing for Indonesian internet providers.
//!
//! One crate, two products: with feature `ssr` the server binary, with `hydrate` the WebAssembly that brings the
//! office's pages to life. `billing` holds the rules and knows neither database nor web; `server` does the deeds,
//! `jobs` runs what runs by itself, `app` holds the screens, `sandbox` is the outside world on loopback.
#![recursion_limit = "512"]

pub mod app;
pub mod billing;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod jobs;
#[cfg(feature = "ssr")]
pub mod sandbox;
#[cfg(feature = "ssr")]
pub mod server;
