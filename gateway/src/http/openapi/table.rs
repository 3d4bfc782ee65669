//! The table of operations: one entry for each method of each route of `http.rs` that is not FHIR; a test compares.

use claimgate_adapters::insurer::handover::{LinkBody, LinkedSubmission, ReturnBody, ReturnedView, SubmissionTrace};
use claimgate_adapters::insurer::told::{AcksView, Attempts, EndpointShown, SentDeliveries};
use claimgate_adapters::insurer::{
    AckBody, AcksBody, Envelope, Page, ReceiptView, RedriveBody, StatusBody, SubmissionView,
};
use claimgate_packet::words::Line;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::operation::{Answer, Operation, Tag, empty, json, other};
use crate::access::assertion::ASSERTION_TYPE;
use crate::core::submission::REPORTABLE;
use crate::http::caller::{AckDeliveries, FollowClaims, ReadBundles, ReadDeliveries, ReportStatus};
use crate::http::claims::{Link, Redeem, Timeline};
use crate::http::codes::ErrorList;
use crate::http::discovery::Server;
use crate::http::health::Health;
use crate::http::oauth::Granted;

pub(super) const DELIVERY: &str = "^dlv_[0-9a-f-]{36}$";
const ATTACHMENT: &str = "^att_[0-9a-f-]{36}$";
pub(super) const SUBMISSION: &str = "^sub_[0-9a-f-]{36}$";
pub(super) const CLAIM: &str = "^clm_[0-9a-f-]{36}$";
pub(super) const OFFSET: &str = "^off_[0-9a-f-]{36}$";
const CLAIM_OR_BUNDLE: &str = "^(clm_)?[0-9a-f-]{36}$";

pub(super) fn get(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    Operation::new("GET", path, id, tag)
}

pub(super) fn post(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    Operation::new("POST", path, id, tag)
}

/// Every operation, in the order of the route table.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let mut all = access();
    all.extend(insurer());
    all.extend(submissions());
    all.extend(super::ledger::operations());
    all.extend(super::requests::operations());
    all.extend(super::reports::operations());
    all.extend(super::records::operations());
    all.extend(super::offset::operations());
    all.extend(super::timeline::operations());
    all.extend(told());
    all.extend(super::applications::operations());
    all.extend(super::owner::operations());
    all.extend(super::accidents::operations());
    all.extend(super::motor::operations());
    all.extend(super::shops::operations());
    all.extend(super::cases::operations());
    all.extend(super::uploads::operations());
    all.extend(super::operator::operations());
    all.extend(app());
    all.extend(super::wallet::operations());
    all.extend(super::mydata::operations());
    all.extend(super::identity::operations());
    all.extend(super::mandates::operations());
    all.extend(super::trust::operations());
    all.extend(public());
    all
}

fn access() -> Vec<Operation> {
    vec![
        post("/oauth/token", "getToken", Tag::Access)
            .says(
                "Get an access token",
                "Client credentials with a signed client assertion (`private_key_jwt`; RFC 6749 §4.4, RFC 7523), or with \
                 the client certificate of the connection and `client_id` (`tls_client_auth`, \
                 `self_signed_tls_client_auth`; RFC 8705).",
            )
            .takes_form(json!({
                "type": "object",
                "required": ["grant_type"],
                "anyOf": [{ "required": ["client_assertion_type", "client_assertion"] }, { "required": ["client_id"] }],
                "properties": {
                    "grant_type": { "const": "client_credentials" },
                    "client_assertion_type": { "const": ASSERTION_TYPE },
                    "client_assertion": { "type": "string", "description": "A JWT signed with the registered key, used once. Needed without a client certificate." },
                    "client_id": { "type": "string", "description": "The party id: needed with a client certificate, not with an assertion." },
                    "scope": { "type": "string", "description": "Scopes, separated by spaces; without it, all of the role." },
                },
            }))
            .answers(json::<Granted>(200, "A token.")),
        get("/.well-known/smart-configuration", "getSmartConfiguration", Tag::Access)
            .says("Where to get a token, as SMART writes it", "SMART App Launch 2 §2.1, Backend Services.")
            .answers(json::<Server>(200, "Endpoints, algorithms, scopes.")),
        get("/.well-known/oauth-authorization-server", "getAuthorizationServer", Tag::Access)
            .says("Where to get a token", "RFC 8414.")
            .answers(json::<Server>(200, "Endpoints, algorithms, scopes.")),
        get("/.well-known/jwks.json", "getTokenKeys", Tag::Access)
            .says("Keys of access tokens", "A JWK set (RFC 7517).")
            .answers(kept(other(200, "The keys.", "application/json", key_set))),
        get("/.well-known/claim-packet-keys", "getPacketKeys", Tag::Access)
            .says("Keys of packets", "A JWK set with its issuer, retired keys too, and the key of the public log.")
            .answers(kept(other(200, "The keys.", "application/json", packet_keys))),
    ]
}

fn insurer() -> Vec<Operation> {
    let read = |path, id| get(path, id, Tag::Insurer).needs::<ReadDeliveries>();
    let of = |operation: Operation| operation.path("id", DELIVERY, "Id of a delivery, as listed.");
    vec![
        read("/insurer/v1/deliveries", "listDeliveries")
            .says("List deliveries", "A repeatable log by position, never a lease: reading changes nothing.")
            .query(
                "after",
                &json!({ "type": "integer", "minimum": 0, "default": 0 }),
                "Only positions beyond this one.",
            )
            .query(
                "limit",
                &json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
                "At most so many.",
            )
            .query(
                "wait",
                &json!({ "type": "integer", "minimum": 0, "maximum": 60, "default": 0 }),
                "Seconds to wait where there is nothing yet.",
            )
            .query("state", &json!({ "type": "string", "enum": ["open"] }), "Only what is not acknowledged.")
            .query(
                "older_than",
                &json!({ "type": "integer", "minimum": 0, "maximum": 315_360_000 }),
                "With `state=open` and without `wait`: only what has been open for so many seconds.",
            )
            .query(
                "line",
                &json!({ "type": "string", "enum": Line::ALL }),
                "Only this line of insurance 險種; several with commas.",
            )
            .query("claim", &json!({ "type": "string", "pattern": CLAIM }), "Only this claim.")
            .answers(json::<Page>(200, "Deliveries in the order of their positions.")),
        of(read("/insurer/v1/deliveries/{id}", "fetchPacket"))
            .says("Fetch a packet", "The sealed packet 理賠封包 (docs/packet-format.md), as often as needed.")
            .answers(digested(sealed("A JWE in compact form.")).header("ClaimGate-Packet-Id", "Id of the packet.")),
        of(read("/insurer/v1/deliveries/{id}/attachments/{attachment}", "fetchAttachment"))
            .path("attachment", ATTACHMENT, "Id of a file, as the packet names it.")
            .says("Fetch an attachment 附件", "A file that the packet names, sealed anew for each fetch.")
            .answers(digested(sealed("A JWE in compact form."))),
        of(read("/insurer/v1/deliveries/{id}/attachments/{attachment}/key", "fetchAttachmentKey"))
            .path("attachment", ATTACHMENT, "Id of a file, as the packet names it.")
            .says(
                "Fetch the key of a large attachment 附件",
                "Of a file in segments: key, digests and leaves (docs/packet-format.md), sealed anew for each fetch.",
            )
            .answers(digested(sealed("A JWE in compact form."))),
        of(read("/insurer/v1/deliveries/{id}/attachments/{attachment}/content", "fetchAttachmentContent"))
            .path("attachment", ATTACHMENT, "Id of a file, as the packet names it.")
            .says(
                "Fetch a large attachment 附件",
                "The sealed segments one after the other, the same for every fetch; with `Range` a part of them.",
            )
            .header_parameter("Range", &json!({ "type": "string" }), "One range of bytes (RFC 9110 §14).")
            .answers(ranged(other(200, "All of it.", "application/octet-stream", bytes_of)))
            .answers(ranged(other(206, "The range.", "application/octet-stream", bytes_of))),
        of(post("/insurer/v1/deliveries/{id}/ack", "acknowledge", Tag::Insurer).needs::<AckDeliveries>())
            .says("Acknowledge 簽收", "The same again is the same answer. An empty body accepts.")
            .takes::<AckBody>(false)
            .answers(json::<Envelope>(200, "The delivery as it is listed now.")),
        post("/insurer/v1/acks", "acknowledgeMany", Tag::Insurer)
            .needs::<AckDeliveries>()
            .says(
                "Acknowledge many 簽收",
                "Each as if it had come alone; one that is refused changes nothing for the others.",
            )
            .takes::<AcksBody>(true)
            .answers(json::<AcksView>(200, "One outcome for each, in their order.")),
        of(post("/insurer/v1/deliveries/{id}/return", "returnDelivery", Tag::Insurer))
            .needs::<AckDeliveries>()
            .says(
                "Give back a delivery 退件",
                "Not ours. Handed on to another insurer only under the claim's own consent.",
            )
            .takes::<ReturnBody>(true)
            .answers(json::<ReturnedView>(200, "The delivery is returned.")),
        of(read("/insurer/v1/deliveries/{id}/receipt", "getReceipt"))
            .says("Read a signed receipt 簽收回條", "What the insurer signed, with the key that verified it.")
            .answers(json::<ReceiptView>(200, "The receipt.")),
        of(read("/insurer/v1/deliveries/{id}/proof", "getProof"))
            .says("Get the proof from the public log", "A text to keep with the packet (docs/log.md).")
            .answers(other(200, "The proof (C2SP tlog-proof).", "text/plain", string)),
    ]
}

/// What an insurer says of a submission, and where it went.
fn submissions() -> Vec<Operation> {
    let read = |path, id| get(path, id, Tag::Insurer).needs::<ReadDeliveries>();
    vec![
        post("/insurer/v1/submissions/{id}/status", "reportStatus", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("Report a status", "How the claim stands with the insurer. The same state again changes nothing.")
            .header_parameter(
                "Idempotency-Key",
                &json!({ "type": "string", "pattern": "^[!-~]{1,255}$" }),
                "The same key with the same bytes is the same answer for 30 days; with others it is refused.",
            )
            .takes_as(true, status_report)
            .answers(json::<SubmissionView>(200, "The submission as it stands now.")),
        post("/insurer/v1/submissions/{id}/link", "linkSubmission", Tag::Insurer)
            .needs::<ReportStatus>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("Link to a case of another rail", "The same case came by another way, or under another claim.")
            .takes::<LinkBody>(true)
            .answers(json::<LinkedSubmission>(200, "The submission with what it is linked to.")),
        read("/insurer/v1/submissions/{id}/trace", "traceSubmission")
            .path("id", SUBMISSION, "Id of a submission 受理案件, as listed.")
            .says("Read the trace 追蹤", "Deliveries, returns, hand-overs and links of a submission.")
            .answers(json::<SubmissionTrace>(200, "The trace.")),
        get("/hospital/v1/submissions/{id}/trace", "traceSubmissionOfHospital", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", SUBMISSION, "Id of a submission 受理案件, as its deliveries name it.")
            .says("Read the trace 追蹤", "The same the insurer reads, but for its own numbers.")
            .answers(json::<SubmissionTrace>(200, "The trace.")),
    ]
}

/// Webhooks, and where a claim's deliveries are.
fn told() -> Vec<Operation> {
    let of = |operation: Operation| operation.path("id", DELIVERY, "Id of a delivery, as listed.");
    let read = |path, id| get(path, id, Tag::Insurer).needs::<ReadDeliveries>();
    let write = |path, id| post(path, id, Tag::Insurer).needs::<AckDeliveries>();
    vec![
        of(read("/insurer/v1/deliveries/{id}/attempts", "listAttempts"))
            .says("List attempts", "Every attempt to tell of it by webhook, and whose fault a failure is.")
            .answers(json::<Attempts>(200, "The attempts, oldest first.")),
        of(write("/insurer/v1/deliveries/{id}/redrive", "redriveDelivery"))
            .says("Tell again of a delivery", "Under the same message id. Switches a failing endpoint on again.")
            .answers(json::<EndpointShown>(200, "The endpoint as it is now.")),
        read("/insurer/v1/endpoint", "getEndpoint")
            .says("Show the webhook endpoint", "Where you are told, whether it works, how many messages wait.")
            .answers(json::<EndpointShown>(200, "The endpoint.")),
        write("/insurer/v1/endpoint/redrive", "redrive")
            .says("Tell again", "Of all that is open, of all beyond a position, or of a span of time: say exactly one.")
            .takes_as(true, redrive_body)
            .answers(json::<EndpointShown>(200, "The endpoint as it is now.")),
        get("/hospital/v1/claims/{id}/deliveries", "listSent", Tag::Hospital)
            .needs::<ReadBundles>()
            .path("id", CLAIM_OR_BUNDLE, "Id of a claim of yours, or of its Bundle.")
            .says("Where is it?", "Each delivery of a claim: to whom, how far, and every attempt to tell of it.")
            .answers(json::<SentDeliveries>(200, "The deliveries, oldest first.")),
    ]
}

fn ranged(answer: Answer) -> Answer {
    answer.header("ETag", "Tells this content from any other.").header("Accept-Ranges", "Always `bytes`.")
}

fn bytes_of(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "binary" })
}

/// Larger files of hospitals (tus 1.0).
pub(super) fn redrive_body(schemas: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "allOf": [schemas.subschema_for::<RedriveBody>()],
        "type": "object",
        "oneOf": [
            { "required": ["open"], "properties": { "open": { "const": true } }, "maxProperties": 1 },
            { "required": ["after"], "properties": { "after": { "type": "integer" } }, "maxProperties": 1 },
            { "required": ["from"], "properties": { "from": { "type": "string" } }, "not": { "anyOf": [{ "required": ["open"] }, { "required": ["after"] }] } },
        ],
    })
}

fn app() -> Vec<Operation> {
    vec![
        post("/claims/v1/links", "redeemTrackingCode", Tag::App)
            .needs::<FollowClaims>()
            .says("Redeem a tracking code 追蹤碼", "Links the app to the claim. A code works once.")
            .takes::<Redeem>(true)
            .answers(json::<Link>(201, "The claim.")),
        get("/claims/v1/claims/{id}/timeline", "getTimeline", Tag::App)
            .needs::<FollowClaims>()
            .path("id", CLAIM, "Id of a claim 理賠案件 the app is linked to.")
            .says("Read the timeline 進度", "What happened, oldest first, and how each insurer stands.")
            .answers(json::<Timeline>(200, "The timeline.")),
    ]
}

fn public() -> Vec<Operation> {
    vec![
        tagged(get("/errors.json", "getErrors", Tag::Contract))
            .says("List every error", "Code, statuses, who failed, whether sending again helps, what to do.")
            .answers(validated(json::<ErrorList>(200, "The list."))),
        tagged(get("/openapi.json", "getDescription", Tag::Contract))
            .says("Get this description", "OpenAPI 3.1.")
            .answers(validated(other(200, "The description.", "application/json", object))),
        get("/log/checkpoint", "getCheckpoint", Tag::Log)
            .says("Get the newest checkpoint", "Size and root of the log, signed (C2SP tlog-checkpoint).")
            .answers(kept(other(200, "A signed note.", "text/plain", string))),
        get("/log/tile/{level}/{number}", "getTile", Tag::Log)
            .routed("/log/tile/{path:.*}")
            .path("level", "^([0-5]|entries)$", "Level of the tile, or `entries`.")
            .path(
                "number",
                "^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$",
                "Number of the tile; its slashes are not encoded.",
            )
            .says("Get a tile", "Hashes or entries of the log (C2SP tlog-tiles).")
            .answers(kept(other(200, "The tile.", "application/octet-stream", bytes))),
        get("/healthz", "isAlive", Tag::Operation)
            .says("Alive?", "The process runs.")
            .answers(json::<Health>(200, "It does.")),
        get("/readyz", "isReady", Tag::Operation)
            .says("Ready?", "Requests are wanted, and the database can be read and written.")
            .answers(json::<Health>(200, "It is.")),
        get("/metrics", "getMetrics", Tag::Operation)
            .says("Metrics", "In the Prometheus text form; by default only for the machine itself.")
            .answers(other(200, "The metrics.", "text/plain", string)),
    ]
}

fn kept(answer: Answer) -> Answer {
    answer.header("Cache-Control", "How long it may be kept.")
}

fn validated(answer: Answer) -> Answer {
    kept(answer).header("ETag", "Changes with the text.")
}

/// May be asked for by its `ETag`.
fn tagged(operation: Operation) -> Operation {
    operation.answers(empty(304, "Not changed since the ETag of `If-None-Match`.").header("ETag", "The same."))
}

fn digested(answer: Answer) -> Answer {
    answer.header("Content-Digest", "SHA-256 of these bytes (RFC 9530).")
}

fn sealed(description: &'static str) -> Answer {
    other(200, description, "application/jose", string)
}

fn string(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

fn bytes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "contentMediaType": "application/octet-stream" })
}

pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "required": ["openapi", "info", "paths"] })
}

/// The adapter knows no states; which ones can be reported, the submission says.
fn status_report(schemas: &mut SchemaGenerator) -> Schema {
    let states: Vec<&str> = REPORTABLE.split(", ").collect();
    json_schema!({
        "allOf": [schemas.subschema_for::<StatusBody>()],
        "type": "object",
        "properties": { "state": { "enum": states } },
    })
}

fn key_set(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["keys"],
        "properties": {
            "keys": {
                "type": "array",
                "items": { "type": "object", "required": ["kty", "kid", "use", "alg"], "not": { "required": ["d"] } },
            },
        },
    })
}

fn packet_keys(schemas: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "allOf": [key_set(schemas)],
        "required": ["issuer", "log"],
        "properties": { "issuer": { "type": "string" }, "log": { "type": "string" } },
    })
}
