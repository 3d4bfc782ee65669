//! Transaction data (OpenID4VP 1.0 §8.4): what the holder consents to by presenting, bound by its hash.

use claimgate_packet::jose::base64url;
use claimgate_packet::jose::digest::sha256_text;
use claimgate_packet::opaque_debug;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One transaction, as it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The ids of the credential queries it may be authorized with.
    pub credential_ids: Vec<String>,
    /// The base64url text of the request: the holder's proof carries its hash.
    pub encoded: String,
}

opaque_debug!(Transaction);

impl Transaction {
    /// Writes one. `details` are the members of its type, such as what is filed with whom.
    #[must_use]
    pub fn new(kind: &str, credential_ids: &[String], details: Map<String, Value>) -> Self {
        let mut whole = details;
        whole.insert("type".to_owned(), kind.into());
        whole.insert("credential_ids".to_owned(), credential_ids.to_vec().into());
        whole.insert("transaction_data_hashes_alg".to_owned(), json!(["sha-256"]));
        let encoded = base64url::encode(Value::Object(whole).to_string().as_bytes());
        Self { credential_ids: credential_ids.to_vec(), encoded }
    }

    /// The hash a holder's proof names.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_text(self.encoded.as_bytes())
    }
}
