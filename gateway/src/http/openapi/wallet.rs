//! The operations of wallet sessions: an app's backend, and the wallets themselves.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::operation::{Operation, Tag, json, other};
use super::table::{get, post};
use crate::http::caller::AskWallets;
use crate::http::wallet::{Ask, WalletResult, WalletSession, WalletTaken};

const SESSION: &str = "^wse_[0-9a-f-]{36}$";
const HANDLE: &str = "^[A-Za-z0-9_-]{43}$";

pub(super) fn operations() -> Vec<Operation> {
    let wallet = |operation: Operation| operation.path("id", HANDLE, "The handle in the link the wallet was given.");
    let form = |members: serde_json::Value| json!({ "type": "object", "properties": members });
    let signed = || other(200, "The signed request object (RFC 9101).", "application/oauth-authz-req+jwt", text);
    vec![
        post("/wallet/v1/sessions", "askWallet", Tag::App)
            .needs::<AskWallets>()
            .says(
                "Ask a wallet 數位憑證皮夾 for credentials",
                "By a query of the gateway's; the answer has the link and the QR code for the person's wallet.",
            )
            .takes::<Ask>(true)
            .answers(json::<WalletSession>(201, "The session is open.")),
        get("/wallet/v1/sessions/{id}", "getWalletSession", Tag::App)
            .needs::<AskWallets>()
            .path("id", SESSION, "Id of a session this app began.")
            .query(
                "response_code",
                &json!({ "type": "string", "maxLength": 64 }),
                "What the person came back with, where the session has a `return_to`.",
            )
            .says("Read a session", "Where it stands, and the names of what was proved.")
            .answers(json::<WalletResult>(200, "The session as it is now.")),
        wallet(get("/wallet/v1/requests/{id}", "getWalletRequest", Tag::Wallet))
            .says(
                "Fetch the request",
                "OpenID4VP 1.0 §5.10, `request_uri`. As often as needed while the session is open.",
            )
            .answers(signed()),
        wallet(post("/wallet/v1/requests/{id}", "postWalletRequest", Tag::Wallet))
            .says("Fetch the request with a nonce of the wallet's", "OpenID4VP 1.0 §5.10, `request_uri_method=post`.")
            .takes_form(form(json!({
                "wallet_nonce": { "type": "string", "pattern": "^[A-Za-z0-9._~-]{1,512}$" },
                "wallet_metadata": { "type": "string" },
            })))
            .answers(signed()),
        wallet(post("/wallet/v1/responses/{id}", "answerWalletRequest", Tag::Wallet))
            .says(
                "Answer the request",
                "OpenID4VP 1.0 §8.2 and §8.3, `direct_post` and `direct_post.jwt`, or the wallet's error. Taken once.",
            )
            .takes_form(form(json!({
                "response": { "type": "string", "description": "The encrypted answer (JWE)." },
                "vp_token": { "type": "string", "description": "The open answer, as JSON." },
                "state": { "type": "string" },
                "error": { "type": "string" },
                "error_description": { "type": "string" },
            })))
            .answers(json::<WalletTaken>(200, "The answer was taken.")),
    ]
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}
