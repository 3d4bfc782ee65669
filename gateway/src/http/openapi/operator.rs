//! The operations of operators and regulators, in the order of their routes.

use claimgate_adapters::insurer::told::{Attempts, EndpointShown};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json as value};

use super::operation::{Answer, Operation, Tag, json};
use super::table::{DELIVERY, get, post, redrive_body};
use crate::http::caller::{ApproveOperator, ReadDeliveries, ReadOperator, WriteOperator};
use crate::http::operator::alerts::{AlertShown, Alerts};
use crate::http::operator::endpoints::{
    DeadLetters, EndpointBody, EndpointProposed, EndpointSet, Endpoints, RotateBody,
};
use crate::http::operator::parties::{Parties, PartyShown, StateBody};
use crate::http::operator::proposals::{ProposalShown, Proposals, RejectBody};
use crate::http::operator::watch::{Audit, Examined};

const PARTY: &str = "^[a-z][a-z0-9-]{2,63}$";
const PROPOSAL: &str = "^prp_[0-9a-f-]{36}$";
const ALERT: &str = "^alr_[0-9a-f-]{36}$";
const MATCH: &str = "The ETag that was read, W/\"1\".";
const NONE_MATCH: &str = "`*` for what is not there yet.";

fn read(path: &'static str, id: &'static str) -> Operation {
    get(path, id, Tag::Operator).needs::<ReadOperator>()
}

fn write(path: &'static str, id: &'static str) -> Operation {
    post(path, id, Tag::Operator).needs::<WriteOperator>()
}

fn change(method: &'static str, path: &'static str, id: &'static str) -> Operation {
    Operation::new(method, path, id, Tag::Operator).needs::<WriteOperator>()
}

fn of_party(operation: Operation) -> Operation {
    operation.path("id", PARTY, "Id of a party.")
}

fn of_proposal(operation: Operation) -> Operation {
    operation.path("id", PROPOSAL, "Id of a proposal.")
}

/// A list by cursor.
fn listed(operation: Operation) -> Operation {
    let limit = value!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 });
    operation.query("after", &text(), "Only beyond this: `next_after` of the page before.").query(
        "limit",
        &limit,
        "At most so many.",
    )
}

fn text() -> Value {
    value!({ "type": "string" })
}

fn tagged(answer: Answer) -> Answer {
    answer.header("ETag", "Its version.")
}

/// Every operation under `/operator/v1`, and a party's own alerts.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = parties();
    all.extend(endpoints());
    all.extend(proposals());
    all.extend(watch());
    all
}

fn parties() -> Vec<Operation> {
    vec![
        listed(read("/operator/v1/parties", "listParties"))
            .query("role", &text(), "Only of this role 角色.")
            .query("state", &text(), "Only in this state 狀態.")
            .says("List parties 參與機構", "Without their documents.")
            .answers(json::<Parties>(200, "Parties by id.")),
        of_party(read("/operator/v1/parties/{id}", "getParty"))
            .says("Read a party", "With its document; contacts only under `operator.write`.")
            .answers(tagged(json::<PartyShown>(200, "The party."))),
        of_party(change("PUT", "/operator/v1/parties/{id}", "putParty"))
            .header_parameter("If-Match", &value!({ "type": "string" }), MATCH)
            .header_parameter("If-None-Match", &value!({ "type": "string" }), NONE_MATCH)
            .says("Register or change a party", "The whole document. What needs two operators becomes a proposal.")
            .takes_as(true, registration)
            .answers(tagged(json::<PartyShown>(200, "It is so now.")))
            .answers(tagged(json::<ProposalShown>(202, "It waits for another operator."))),
        of_party(change("PATCH", "/operator/v1/parties/{id}", "changePartyState"))
            .header_parameter("If-Match", &value!({ "type": "string" }), MATCH)
            .says("Change a party's state", "Live needs two operators; to take away needs one.")
            .takes::<StateBody>(true)
            .answers(tagged(json::<PartyShown>(200, "It is so now.")))
            .answers(tagged(json::<ProposalShown>(202, "It waits for another operator."))),
    ]
}

fn endpoints() -> Vec<Operation> {
    let shown = || tagged(json::<EndpointShown>(200, "The endpoint as it is now."));
    vec![
        of_party(read("/operator/v1/parties/{id}/endpoint", "getPartyEndpoint"))
            .says("Show a party's endpoint", "Never its secret.")
            .answers(shown()),
        of_party(change("PUT", "/operator/v1/parties/{id}/endpoint", "setPartyEndpoint"))
            .header_parameter("If-Match", &value!({ "type": "string" }), MATCH)
            .header_parameter("If-None-Match", &value!({ "type": "string" }), NONE_MATCH)
            .says("Name a party's endpoint", "With a new key, whose receiving half is in the answer, once.")
            .takes::<EndpointBody>(true)
            .answers(tagged(json::<EndpointSet>(200, "It is so now.")))
            .answers(tagged(json::<EndpointProposed>(202, "It waits for another operator."))),
        of_party(write("/operator/v1/parties/{id}/endpoint/rotate", "rotatePartyEndpoint"))
            .header_parameter("If-Match", &value!({ "type": "string" }), MATCH)
            .says("Make a new key", "The one before signs beside it for a day.")
            .takes::<RotateBody>(false)
            .answers(tagged(json::<EndpointSet>(200, "It is so now.")))
            .answers(tagged(json::<EndpointProposed>(202, "It waits for another operator."))),
        of_party(write("/operator/v1/parties/{id}/endpoint/resume", "resumePartyEndpoint"))
            .says("Switch an endpoint on", "Beginning with what is not acknowledged.")
            .answers(shown()),
        of_party(write("/operator/v1/parties/{id}/endpoint/off", "switchOffPartyEndpoint"))
            .says("Switch an endpoint off", "Nothing is sent, everything is kept.")
            .answers(shown()),
        of_party(write("/operator/v1/parties/{id}/endpoint/redrive", "redrivePartyEndpoint"))
            .says("Tell again", "Under the same message ids. Say exactly one of open, after, from.")
            .takes_as(true, redrive_body)
            .answers(shown()),
        listed(read("/operator/v1/endpoints", "listEndpoints"))
            .query("failing", &value!({ "type": "boolean" }), "Only those without success, or switched off for it.")
            .says("List endpoints", "By party.")
            .answers(json::<Endpoints>(200, "Endpoints.")),
        listed(read("/operator/v1/dead-letters", "listDeadLetters"))
            .query("party", &value!({ "type": "string", "pattern": PARTY }), "Only this party's.")
            .says("List dead letters", "Messages given up after seven days; a redrive brings them back.")
            .answers(json::<DeadLetters>(200, "Messages.")),
        read("/operator/v1/deliveries/{id}/attempts", "listAttemptsOfDelivery")
            .path("id", DELIVERY, "Id of a delivery.")
            .says("List attempts", "Every attempt to tell of any delivery, and whose fault a failure is.")
            .answers(json::<Attempts>(200, "The attempts, oldest first.")),
    ]
}

fn proposals() -> Vec<Operation> {
    let decided = || json::<ProposalShown>(200, "The proposal as it is now; the same again is the same answer.");
    let decide = |path, id| of_proposal(post(path, id, Tag::Operator).needs::<ApproveOperator>());
    vec![
        listed(read("/operator/v1/proposals", "listProposals"))
            .says("List proposals 變更提案", "Those nobody has decided, with what each would change.")
            .answers(json::<Proposals>(200, "Proposals, oldest first.")),
        of_proposal(read("/operator/v1/proposals/{id}", "getProposal"))
            .says("Read a proposal", "Decided or not.")
            .answers(json::<ProposalShown>(200, "The proposal.")),
        decide("/operator/v1/proposals/{id}/approve", "approveProposal")
            .says("Approve 核准", "By another operator than the one who proposed it.")
            .answers(decided()),
        decide("/operator/v1/proposals/{id}/reject", "rejectProposal")
            .says("Reject 駁回", "With a reason.")
            .takes::<RejectBody>(true)
            .answers(decided()),
        of_proposal(write("/operator/v1/proposals/{id}/withdraw", "withdrawProposal"))
            .says("Withdraw 撤回", "One's own.")
            .answers(decided()),
    ]
}

fn watch() -> Vec<Operation> {
    let boolean = value!({ "type": "boolean" });
    vec![
        listed(read("/operator/v1/alerts", "listAlerts"))
            .query("closed", &boolean, "Those that are over too.")
            .query("party", &value!({ "type": "string", "pattern": PARTY }), "Only this party's.")
            .says("List alerts 警示", "What somebody must be told of, as long as it lasts.")
            .answers(json::<Alerts>(200, "Alerts, oldest first.")),
        write("/operator/v1/alerts/{id}/acknowledge", "acknowledgeAlert")
            .path("id", ALERT, "Id of an alert.")
            .says("Acknowledge an alert", "An operator knows. It lasts until what is wrong is over.")
            .answers(json::<AlertShown>(200, "The alert.")),
        listed(get("/insurer/v1/alerts", "listOwnAlerts", Tag::Insurer).needs::<ReadDeliveries>())
            .query("closed", &boolean, "Those that are over too.")
            .says("List alerts 警示", "What is wrong with your endpoint and keys.")
            .answers(json::<Alerts>(200, "Alerts, oldest first.")),
        super::reports::consortium(),
        listed(read("/operator/v1/audit", "listAudit"))
            .query("actor", &text(), "Only by this actor.")
            .query("action", &text(), "Only this action.")
            .query("subject", &text(), "Only of this thing.")
            .says("Read the audit trail 稽核軌跡", "By position. Ids and words, no personal data.")
            .answers(json::<Audit>(200, "Lines in the order of their positions.")),
        read("/operator/v1/health", "getHealth")
            .says("Examine the gateway", "What `claimgate doctor` says. It recomputes the audit trail and the log.")
            .answers(json::<Examined>(200, "Every finding.")),
    ]
}

fn registration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["id", "role", "name"],
        "properties": {
            "id": { "type": "string", "pattern": PARTY },
            "role": { "type": "string" },
            "name": { "type": "string", "minLength": 1, "maxLength": 200 },
        },
        "description": "A registration document; docs/operating.md lists its members.",
    })
}
