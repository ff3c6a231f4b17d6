//! What a bill was priced from, kept beside it: whoever has it derives every line again, whatever has become of the
//! service, its package and the settings since.

use super::{ChangeInput, PriceInput, PricedLine, price_bill, price_change};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The month of a service, and where its price came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthBasis {
    /// What priced it.
    pub input: PriceInput,
    /// Row of the package.
    pub package_id: i64,
    /// Whether the price is the service's own.
    pub own_price: bool,
    /// The day whose price it is.
    pub price_on: NaiveDate,
}

/// What the lines of a bill, or of a note of credit, were made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// A month.
    Month(Box<MonthBasis>),
    /// A change inside months that were billed already, one input a month.
    Changes(Vec<ChangeInput>),
}

impl Basis {
    /// The lines that it makes; none where it makes no bill.
    pub fn lines(&self) -> Vec<PricedLine> {
        match self {
            Self::Month(month) => price_bill(&month.input).map(|bill| bill.lines).unwrap_or_default(),
            Self::Changes(changes) => changes.iter().flat_map(|change| price_change(change).lines).collect(),
        }
    }
}
