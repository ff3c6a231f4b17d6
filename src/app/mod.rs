//! The screens: a file a screen, its view, its DTOs, its server functions.

pub mod admin;
pub mod codec;
pub mod dto;
pub mod error;
#[cfg(feature = "ssr")]
pub mod public;
pub mod root;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod text;
pub mod ui;

pub use root::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
