//! The command line from outside the process, as scripts use it: names, options, exit codes and JSON of CONTRACT.
#![cfg(feature = "ssr")]

mod backup;
mod messages;
mod money;
mod setup;
mod sleep;
mod world;
