//! The operations of MyData: an app's backend, the platform, a browser that comes back.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::operation::{Operation, Tag, empty, json, other};
use super::table::{get, post};
use crate::http::caller::AskMydata;
use crate::http::mydata::{MydataAsk, MydataBegun, MydataDocuments, MydataTransaction};

pub(super) const TRANSACTION: &str = "^myd_[0-9a-f-]{36}$";

pub(super) fn operations() -> Vec<Operation> {
    let of = |operation: Operation| {
        operation.needs::<AskMydata>().path("id", TRANSACTION, "Id of a transaction this app began.")
    };
    vec![
        post("/mydata/v1/transactions", "askMydata", Tag::App)
            .needs::<AskMydata>()
            .says(
                "Have data sets fetched from MyData 個人化資料自主運用平臺",
                "The answer has the address to send the person to, who consents there, for this once.",
            )
            .takes::<MydataAsk>(true)
            .answers(json::<MydataBegun>(201, "The transaction is open.")),
        of(get("/mydata/v1/transactions/{id}", "getMydataTransaction", Tag::App))
            .says("Read a transaction", "Where it stands, and what became of each data set.")
            .answers(json::<MydataTransaction>(200, "The transaction as it is now.")),
        of(get("/mydata/v1/transactions/{id}/documents", "getMydataDocuments", Tag::App))
            .says("Read what came", "The documents of a transaction that is proved, with who signed them.")
            .answers(json::<MydataDocuments>(200, "The documents.")),
        post("/mydata/v1/notifications", "notifyMydata", Tag::Mydata)
            .says("Notify", "`permission_ticket` and `secret_key`, or `unable_to_deliver`. Taken once.")
            .header_parameter("apiKey", &json!({ "type": "string" }), "Where the operator set one up.")
            .takes_as(true, notification)
            .answers(empty(200, "The notification was taken.")),
        get("/mydata/v1/return", "returnFromMydata", Tag::Mydata)
            .says("Come back", "Proves nothing: the browser is sent on to the app's page, or told to go there.")
            .query("code", &json!({ "type": "string", "maxLength": 3 }), "The contract's code.")
            .query("tx_id", &json!({ "type": "string", "maxLength": 512 }), "The transaction, encrypted.")
            .answers(other(200, "A page without an app's.", "text/html", text))
            .answers(empty(303, "To the app's page.").header("Location", "The page, with what became behind `#`.")),
    ]
}

fn notification(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["tx_id"],
        "properties": {
            "tx_id": { "type": "string", "maxLength": 128 },
            "permission_ticket": { "description": "Fetches the package, once." },
            "secret_key": { "description": "The package's key, encrypted for the service provider." },
            "unable_to_deliver": { "type": "array", "items": { "type": "string" }, "maxItems": 64 },
        },
    })
}

fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}
