//! What the gateway says about itself: FHIR `CapabilityStatement`, `GET [base]/metadata`.
//!
//! It names only what works: Bundles of iClaim in and back, JSON, SMART Backend Services.

use serde_json::{Value, json};

use crate::shape::BUNDLE_PROFILE;

/// The statement for a gateway that answers at `base`.
///
/// `date` is the day of the software's release, `YYYY-MM-DD`. Conditional creation is by
/// `If-None-Exist: identifier=system|value`, conditional update by `PUT …/Bundle?identifier=system|value`, versions by
/// `If-Match`.
#[must_use]
pub fn capability_statement(base: &str, software_version: &str, date: &str) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "url": format!("{}/metadata", base.trim_end_matches('/')),
        "name": "ClaimGate",
        "title": "ClaimGate 理賠閘道",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": { "name": "ClaimGate", "version": software_version },
        "implementation": { "description": "Insurance-claims gateway for Taiwan 保險理賠資料閘道", "url": base },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "implementationGuide": ["https://claim.cgh.org.tw/iclaim"],
        "rest": [{
            "mode": "server",
            "security": {
                "service": [{
                    "coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }],
                    "text": "SMART Backend Services: client_credentials with a signed client assertion",
                }],
                "description": "Tokens as described at .well-known/smart-configuration. Put TLS in front.",
            },
            "resource": [{
                "type": "Bundle",
                "profile": BUNDLE_PROFILE,
                "documentation": "Document Bundles of one case (案件). An update is a supplement (補件) or correction.",
                "interaction": [
                    { "code": "create" }, { "code": "read" }, { "code": "vread" }, { "code": "update" },
                    { "code": "search-type" },
                ],
                "versioning": "versioned-update",
                "conditionalCreate": true,
                "conditionalUpdate": true,
                "conditionalDelete": "not-supported",
                "referencePolicy": ["local"],
                "searchParam": [
                    { "name": "_id", "type": "token" },
                    { "name": "identifier", "type": "token", "documentation": "Case number (案件編號)." },
                ],
                "operation": [{
                    "name": "validate",
                    "definition": "http://hl7.org/fhir/OperationDefinition/Resource-validate",
                }],
            }, {
                "type": "Composition",
                "interaction": [{ "code": "search-type" }],
                "searchParam": [
                    { "name": "patient.identifier", "type": "token", "documentation": "身分證字號 or 病歷號碼." },
                    { "name": "entry:Encounter.identifier", "type": "token", "documentation": "住院號/就醫號." },
                ],
            }, {
                "type": "ClaimResponse",
                "interaction": [{ "code": "search-type" }],
                "searchParam": [{ "name": "request.identifier", "type": "token", "documentation": "案件編號." }],
            }, {
                "type": "Task",
                "documentation": "What insurers ask for (補件, 病歷調閱), after Da Vinci CDex 2.1.0 Task Attachment Request.",
                "interaction": [{ "code": "read" }, { "code": "search-type" }],
                "searchParam": [{ "name": "status", "type": "token", "documentation": "Without it: what waits." }],
            }],
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_has_what_fhir_requires_and_names_what_works() {
        let statement = capability_statement("https://gate.example/fhir/", "0.1.0", "2026-11-23");
        for required in ["status", "date", "kind", "fhirVersion", "format"] {
            assert!(statement.get(required).is_some(), "{required}");
        }
        assert_eq!(statement["url"], "https://gate.example/fhir/metadata");
        let bundle = &statement["rest"][0]["resource"][0];
        assert_eq!(bundle["type"], "Bundle");
        let interactions: Vec<&str> =
            bundle["interaction"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        assert_eq!(interactions, ["create", "read", "vread", "update", "search-type"]);
        assert_eq!((&bundle["conditionalCreate"], &bundle["conditionalUpdate"]), (&json!(true), &json!(true)));
    }
}
