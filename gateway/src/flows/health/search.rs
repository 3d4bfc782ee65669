//! Searching: a hospital finds its own claims by case number, patient or visit. Nothing personal is stored for it:
//! what is searched for is digested as it was when the bundle came, and digests are compared.

use std::collections::BTreeSet;

use claimgate_adapters::hospital::CaseIdentifier;
use claimgate_fhir::taiwan;
use claimgate_packet::evidence::Document;
use jiff::Timestamp;
use serde_json::Value;

use crate::core::change::{SearchName, SearchValues};
use crate::flows::{Engine, Fault};
use crate::id::ClaimId;
use crate::keys::at_rest::Place;
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::ClaimHead;

/// What a hospital searches for: `system|value`, or a value in any system.
pub enum Search {
    /// `_id`; nothing where the text cannot be one of ours.
    Id(Option<ClaimId>),
    /// `Bundle?identifier=`: the case number.
    Case(Option<String>, String),
    /// `Composition?patient.identifier=`.
    Patient(Option<String>, String),
    /// `Composition?entry:Encounter.identifier=`; compared by value, whatever the system.
    Encounter(String),
}

/// A bundle that was found.
pub struct Found {
    /// The claim.
    pub claim: ClaimId,
    /// Newest revision.
    pub revision: i64,
    /// When that revision came.
    pub received: Timestamp,
    /// Its bytes.
    pub body: Vec<u8>,
}

claimgate_packet::opaque_debug!(Search, Found);

impl Engine {
    /// The hospital's claims that fit, newest first, at most `limit`.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn search(&self, hospital: &PartyId, search: &Search, limit: i64) -> Result<Vec<ClaimId>, Fault> {
        Ok(match search {
            Search::Id(None) => Vec::new(),
            Search::Id(Some(id)) => {
                self.store.claim_of_hospital(hospital, *id).await?.into_iter().map(|head| head.id).collect()
            }
            Search::Case(system, value) => {
                let condition = (system.clone(), value.clone());
                self.claims_of_case(hospital, &condition, limit).await?.into_iter().map(|head| head.id).collect()
            }
            Search::Patient(system, value) => {
                let mac = self.search_mac(hospital, SearchName::Patient, system.as_deref(), value);
                self.store.claims_found(hospital, SearchName::Patient, &mac, limit).await?
            }
            Search::Encounter(value) => {
                let mac = self.search_mac(hospital, SearchName::Encounter, None, value);
                self.store.claims_found(hospital, SearchName::Encounter, &mac, limit).await?
            }
        })
    }

    /// The claims of a case number; without a system in any system.
    pub(super) async fn claims_of_case(
        &self,
        hospital: &PartyId,
        (system, value): &(Option<String>, String),
        limit: i64,
    ) -> Result<Vec<ClaimHead>, Fault> {
        if let Some(system) = system {
            let identifier =
                CaseIdentifier { system: Some(system.clone()).filter(|one| !one.is_empty()), value: value.clone() };
            let case = self.case_index(hospital, &identifier);
            return Ok(self.store.claim_by_case(hospital, &case).await?.into_iter().collect());
        }
        let mac = self.search_mac(hospital, SearchName::Case, None, value);
        let mut heads = Vec::new();
        for claim in self.store.claims_found(hospital, SearchName::Case, &mac, limit).await? {
            heads.extend(self.store.claim_of_hospital(hospital, claim).await?);
        }
        Ok(heads)
    }

    /// A hospital's bundle: its newest revision, or the one asked for.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn stored_bundle(
        &self,
        hospital: &PartyId,
        claim: ClaimId,
        revision: Option<i64>,
    ) -> Result<Option<Found>, Fault> {
        let Some(head) = self.store.claim_of_hospital(hospital, claim).await? else { return Ok(None) };
        let Some((revision, sealed, received)) = self.store.bundle(claim, revision).await? else { return Ok(None) };
        let key = self.vault.open_claim_key(claim, &head.wrapped_key)?;
        let row = format!("{claim}/{revision}");
        let body = key.open(Place { table: "bundle", row: &row, column: "body" }, &sealed)?;
        Ok(Some(Found { claim, revision, received, body: body.to_vec() }))
    }

    /// What a claim can be found by, from its documents.
    pub(super) fn search_values(
        &self,
        claim: ClaimId,
        hospital: &PartyId,
        case: &CaseIdentifier,
        documents: &[Document],
    ) -> SearchValues {
        let mut values = BTreeSet::new();
        values.insert((SearchName::Case, self.search_mac(hospital, SearchName::Case, None, &case.value)));
        // By place in the JSON form, so that every evidence type, also a later one, is found alike.
        for document in documents.iter().filter_map(|document| document.to_json().ok()) {
            let identifiers = document.pointer("/patient/identifiers").and_then(Value::as_array);
            for identifier in identifiers.into_iter().flatten() {
                let Some(value) = identifier.get("value").and_then(Value::as_str) else { continue };
                for system in [None, identifier.get("system").and_then(Value::as_str)] {
                    values.insert((SearchName::Patient, self.search_mac(hospital, SearchName::Patient, system, value)));
                }
            }
            if let Some(number) = document.pointer("/visit/number").and_then(Value::as_str) {
                values.insert((SearchName::Encounter, self.search_mac(hospital, SearchName::Encounter, None, number)));
            }
        }
        SearchValues { claim, hospital: hospital.clone(), values: values.into_iter().collect() }
    }

    pub(in crate::flows) fn search_mac(
        &self,
        hospital: &PartyId,
        name: SearchName,
        system: Option<&str>,
        value: &str,
    ) -> Mac {
        let system = system.map_or("", taiwan::canonical);
        let domain = match name {
            SearchName::Case => "claim_search.case",
            SearchName::Patient => "claim_search.patient",
            SearchName::Encounter => "claim_search.encounter",
        };
        self.index.text(domain, &[hospital.as_str(), system, &value.to_uppercase()])
    }
}
