//! OpenID4VP 1.0: what is asked of a wallet, and the shapes of its answer. Values only: nothing here sends or signs.

pub mod client;
pub mod dcql;
pub mod request;
pub mod response;
pub mod transaction;
