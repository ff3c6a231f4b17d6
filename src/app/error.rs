//! The one error that server functions send to the browser: a kind, and a sentence for a person. The cause stays in
//! the log, under an id that the person can quote.

use serde::{Deserialize, Serialize};
use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

/// What a server function may answer instead of its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApiError {
    /// Nobody is logged in.
    #[error("Silakan masuk dahulu.")]
    Unauthenticated,
    /// Logged in, without the right.
    #[error("Anda tidak berhak melakukan ini.")]
    Forbidden,
    /// Nothing there.
    #[error("{message}")]
    NotFound {
        /// For the person.
        message: String,
    },
    /// A field cannot be right.
    #[error("{message}")]
    Invalid {
        /// The field.
        field: String,
        /// For the person.
        message: String,
    },
    /// Several fields of one form cannot be right.
    #[error("{}", sentences(.wrong))]
    Several {
        /// Each field with its sentence, in the order of the form.
        wrong: Vec<(String, String)>,
    },
    /// Against a rule, or somebody was faster.
    #[error("{message}")]
    Refused {
        /// For the person.
        message: String,
    },
    /// Too many tries.
    #[error("{message}")]
    TooMany {
        /// For the person.
        message: String,
    },
    /// Something outside does not answer.
    #[error("{message}")]
    Unavailable {
        /// For the person.
        message: String,
    },
    /// A fault of ours.
    #[error("Terjadi kesalahan di server. Tidak ada yang berubah. Bila terulang, sebutkan kode {id} kepada kami.")]
    Internal {
        /// Id of the log line.
        id: String,
    },
    /// The answer did not come through.
    #[error("Server tidak terhubung: {message}. Periksa jaringan, lalu coba lagi.")]
    Transport {
        /// What the transport says.
        message: String,
    },
}

fn sentences(wrong: &[(String, String)]) -> String {
    wrong.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join(" ")
}

impl ApiError {
    /// The fields that are wrong, each with its sentence; none where it is about something else.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Invalid { field, message } => vec![(field, message)],
            Self::Several { wrong } => {
                wrong.iter().map(|(field, message)| (field.as_str(), message.as_str())).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        Self::Transport { message: value.to_string() }
    }
}

#[cfg(feature = "ssr")]
mod ssr {
    use super::ApiError;
    use crate::server::error::Error;
    use http::StatusCode;
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    impl ApiError {
        /// The HTTP status that goes with it.
        pub fn status(&self) -> StatusCode {
            match self {
                Self::Unauthenticated => StatusCode::UNAUTHORIZED,
                Self::Forbidden => StatusCode::FORBIDDEN,
                Self::NotFound { .. } => StatusCode::NOT_FOUND,
                Self::Invalid { .. } | Self::Several { .. } => StatusCode::BAD_REQUEST,
                Self::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
                Self::Internal { .. } | Self::Transport { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            }
        }
    }

    /// Inside a server function, or a page that is being rendered, the answer gets the status too.
    impl From<Error> for ApiError {
        fn from(error: Error) -> Self {
            Self::in_words(error).answered()
        }
    }

    impl ApiError {
        /// Several fields at once; a single one as the others say it.
        pub fn several(mut wrong: Vec<(String, String)>) -> Self {
            match wrong.pop() {
                Some((field, message)) if wrong.is_empty() => Self::Invalid { field, message }.answered(),
                last => {
                    wrong.extend(last);
                    Self::Several { wrong }.answered()
                }
            }
        }

        fn answered(self) -> Self {
            if let Some(response) = use_context::<ResponseOptions>() {
                response.set_status(self.status());
            }
            self
        }

        fn in_words(error: Error) -> Self {
            match error {
                Error::Unauthenticated => Self::Unauthenticated,
                Error::Forbidden => Self::Forbidden,
                Error::NotFound(message) => Self::NotFound { message },
                Error::Invalid { field, message } => Self::Invalid { field, message },
                Error::Refused(message) | Error::Conflict(message) => Self::Refused { message },
                Error::TooMany(message) => Self::TooMany { message },
                Error::Unavailable(message) => Self::Unavailable { message },
                Error::Db(_) | Error::Corrupt(_) | Error::Internal(_) => {
                    let id = crate::server::secrets::random_bytes::<4>().map_or_else(|_| "-".to_owned(), hex::encode);
                    tracing::error!(id, %error, "a request failed");
                    Self::Internal { id }
                }
            }
        }
    }

    impl From<crate::server::db::DbError> for ApiError {
        fn from(error: crate::server::db::DbError) -> Self {
            Error::from(error).into()
        }
    }
}
