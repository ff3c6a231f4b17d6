//! What runs by itself: the schedule, the worker, and a file a job.

pub mod alerts;
pub mod attempts;
pub mod backup;
pub mod books;
pub mod carry;
pub mod changes;
pub mod housekeeping;
pub mod invoicing;
pub mod isolir;
pub mod late_fee;
pub mod reminders;
pub mod run;
pub mod schedule;
pub mod sweep;
pub mod worker;

#[cfg(test)]
mod tests;
