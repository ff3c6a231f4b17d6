//! Papers as PDF, with a font of our own inside, so that they look alike on every machine.

pub mod bills;
pub mod font;
pub mod invoice;
pub mod table;
