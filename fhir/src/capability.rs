//! What the gateway says about itself: FHIR `CapabilityStatement`, `GET [base]/metadata`.
//!
//! It names only what works: Bundles of iClaim in and back, JSON, SMART Backend Services.

use serde_json::{Value, json};

use crate::shape::BUNDLE_PROFILE;

/// The statement for a gateway that answers at `base`.
///
/// `date` is the day of the software's release, `YYYY-MM-DD`. Conditional creation is by
/// `If-None-Exist: identifier=system|value`, versions by `If-Match`.
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
        "format": ["application/fhir+json"],
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
                "description": "Tokens as described at .well-known/smart-configuration. TLS only.",
            },
            "resource": [{
                "type": "Bundle",
                "profile": BUNDLE_PROFILE,
                "documentation": "Document Bundles of one case (案件). An update is a supplement (補件) or correction.",
                "interaction": [{ "code": "create" }, { "code": "read" }, { "code": "update" }],
                "versioning": "versioned-update",
                "conditionalCreate": true,
                "conditionalUpdate": false,
                "conditionalDelete": "not-supported",
                "referencePolicy": ["local"],
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
        assert_eq!(bundle["interaction"], json!([{ "code": "create" }, { "code": "read" }, { "code": "update" }]));
        assert_eq!(bundle["conditionalCreate"], true);
    }
}
