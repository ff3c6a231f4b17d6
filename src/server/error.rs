//! What can go wrong on the server, and what of it a person is told.

use crate::server::db::{DbError, WriteError};

/// An error of the server. The text of `Invalid`, `NotFound`, `Conflict`, `Refused` and `Unavailable` is for the
/// person who asked; that of the others is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given cannot be right. `field` names the form field, column or option.
    #[error("{message}")]
    Invalid {
        /// The field, column or option.
        field: String,
        /// What is wrong and what to do, in Indonesian.
        message: String,
    },
    /// Nothing is there by that name.
    #[error("{0}")]
    NotFound(String),
    /// Understood, and against a rule of the business.
    #[error("{0}")]
    Refused(String),
    /// Somebody else was faster, or the thing exists already.
    #[error("{0}")]
    Conflict(String),
    /// Too many tries; come back later.
    #[error("{0}")]
    TooMany(String),
    /// Nobody is logged in.
    #[error("Silakan masuk dahulu.")]
    Unauthenticated,
    /// Logged in, but this is not his.
    #[error("Anda tidak berhak membuka ini.")]
    Forbidden,
    /// Something outside (gateway, router, WhatsApp) does not answer now.
    #[error("{0}")]
    Unavailable(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Stored data that cannot be read as what it must be.
    #[error("data tidak terbaca: {0}")]
    Corrupt(String),
    /// Anything else: the log holds the cause.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// An `Invalid` about one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Whether the text may be shown to the person who asked.
    pub fn is_for_people(&self) -> bool {
        !matches!(self, Self::Db(_) | Self::Corrupt(_) | Self::Internal(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(DbError::Driver(error))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(format!("berkas: {error}"))
    }
}

impl WriteError for Error {
    fn db(&self) -> Option<&DbError> {
        match self {
            Self::Db(error) => Some(error),
            _ => None,
        }
    }
}

/// Result of the server's deeds.
pub type Result<T, E = Error> = std::result::Result<T, E>;
