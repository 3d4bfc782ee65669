//! A mandate given by presentation (皮夾出示授權): the mandator's wallet signs the hash of its terms as transaction data, and this
//! gateway writes it down as a mandate of its own issue, signed, for the party that has it.
//!
//! In: terms an app proposes; later the session in which a person proved a number and signed them. Out: transaction data;
//! a credential. What is recorded is what was signed, word for word; its level is that of a wallet's key.

use claimgate_adapters::wallet::key::{Keys, PublicKey};
use claimgate_adapters::wallet::trust::{Domain, Issuer, IssuerKeys, Trust};
use claimgate_fhir::taiwan::{NationalId, ResidentNumber};
use claimgate_packet::jose::jwk::{JwkSet, KeyUse, PrivateJwk};
use claimgate_packet::jose::jws::sign_under;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::core::ledger::day;
use crate::core::mandate::Giving;
use crate::core::wallet::{Gift, GivenMandate, Outcome};
use crate::flows::{Engine, Fault};
use crate::id::WalletSessionId;
use crate::keys::ring::SigningUse;
use crate::party::Party;

/// The type of transaction data that gives a mandate.
pub const GIVE: &str = "urn:claimgate:transaction:give-mandate";
/// The type of a mandate, where no query names one.
const VCT: &str = "urn:claimgate:claim-mandate:1";
/// The longest a mandate of this kind counts.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Texts of one list, and characters of each.
const LIST: usize = 32;
const TEXT: usize = 100;

/// Why terms cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum NotGiven {
    /// What is wrong with them.
    #[error("{0}")]
    Form(&'static str),
    /// A fault of ours.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Engine {
    /// The terms of a mandate as a wallet is to sign them.
    ///
    /// # Errors
    /// [`NotGiven`].
    pub(in crate::flows) async fn gift(&self, giving: &Giving) -> Result<Map<String, Value>, NotGiven> {
        let now = self.now();
        let lists = [&giving.insurers, &giving.policy_numbers, &giving.plates, &giving.record_kinds];
        let short = |text: &String| (1..=TEXT).contains(&text.chars().count());
        let fits = lists.into_iter().flatten().all(|list| list.len() <= LIST && list.iter().all(short));
        let distinct = giving
            .powers
            .iter()
            .enumerate()
            .all(|(place, one)| !giving.powers.iter().take(place).any(|known| known == one));
        if !fits || !short(&giving.case_system) || !short(&giving.case_number) || giving.max_uses == Some(0) {
            return Err(NotGiven::Form("mandate: texts have 1 to 100 characters, lists at most 32, max_uses is not 0"));
        }
        if giving.powers.is_empty() || !distinct {
            return Err(NotGiven::Form("mandate: powers are named one by one, at least one, each once"));
        }
        if giving.powers.iter().any(|power| power.is_special()) {
            let text = "mandate: settlement, payment and withdrawal need a digital signature (數位簽章); a wallet's key is none";
            return Err(NotGiven::Form(text));
        }
        if giving.valid_until <= now || giving.valid_until > now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX) {
            return Err(NotGiven::Form("mandate: valid_until lies ahead, by a year at most"));
        }
        let party = self.party_named(&giving.to).await?.filter(|party| self.lets_in(party));
        let party = party.ok_or(NotGiven::Form("mandate: to is a party of this exchange"))?;
        let key = signing_key(&party, now);
        let key = key.ok_or(NotGiven::Form("mandate: to has no registered ES256 key to be bound to"))?;
        let mut limits = json!({ "case_refs": [{ "system": giving.case_system, "value": giving.case_number }] });
        let named = ["insurers", "policy_numbers", "plates", "record_kinds"];
        for (name, list) in named.into_iter().zip(lists) {
            set(&mut limits, name, list.as_ref().map(|list| json!(list)));
        }
        set(&mut limits, "accident_on", giving.accident_on.map(|day| json!(day)));
        set(&mut limits, "max_uses", giving.max_uses.map(|most| json!(most)));
        let mandate = json!({
            "kind": "individual_to_organisation", "powers": giving.powers, "limits": limits, "substitution": "not_allowed",
            "law": "TW", "valid_until": giving.valid_until,
            "mandatary": {
                "entity": "legal", "name": party.registration().name, "role": party.role().as_str(),
                "key_thumbprint": key.thumbprint(),
            },
        });
        Ok([("mandate".to_owned(), mandate)].into_iter().collect())
    }

    /// The mandate a session gave, signed by this gateway.
    ///
    /// # Errors
    /// A fault of ours; none where the mandatary is gone, or the person's number is none.
    pub(super) async fn written(
        &self,
        session: WalletSessionId,
        outcome: &Outcome,
        given: &GivenMandate,
        number: &str,
    ) -> Result<Option<String>, Fault> {
        let now = self.time_to_sign()?;
        let scheme = match () {
            () if number.parse::<NationalId>().is_ok() => "tw_national_id",
            () if number.parse::<ResidentNumber>().is_ok() => "tw_arc",
            () => return Ok(None),
        };
        let terms = given.gift.terms.get("mandate").and_then(Value::as_object);
        let mut mandate = terms.cloned().ok_or(Fault::Stored("wallet_session.outcome"))?;
        let Some(party) = self.party_named(&given.gift.to).await? else { return Ok(None) };
        // Bound to the key the person signed for: another one of the party's now is another mandatary.
        let named = mandate.get("mandatary").and_then(|one| one.get("key_thumbprint")).and_then(Value::as_str);
        let key = signing_key(&party, now).filter(|key| Some(key.thumbprint().as_str()) == named);
        let Some(key) = key else { return Ok(None) };
        let until = mandate.get("valid_until").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        let until = until.ok_or(Fault::Stored("wallet_session.outcome"))?;
        let from = Timestamp::from_second(given.at.as_second()).unwrap_or(given.at);
        for (name, value) in [
            ("id", json!(session.uuid().to_string())),
            ("executed_on", json!(day(given.at))),
            ("valid_from", json!(from)),
            ("mandator", json!({ "entity": "natural", "id": { "scheme": scheme, "value": number } })),
            (
                "assurance",
                json!({
                    "level": "wallet_key_only", "mandator_signature": "kb-jwt",
                    "identity_proof": outcome.assurance.clone().unwrap_or_default(), "verified_at": given.at,
                }),
            ),
            ("evidence", json!([{ "media_type": "application/transaction-data", "sha256": given.gift.hash }])),
        ] {
            mandate.insert(name.to_owned(), value);
        }
        let jwk: Value = serde_json::from_str(&key.canonical_jwk()).map_err(|_| Fault::Stored("party.key"))?;
        let vct = self.wallet.mandate_types().into_iter().next().unwrap_or_else(|| VCT.to_owned());
        let payload = json!({
            "iss": self.issuer, "vct": vct, "iat": now.as_second(), "nbf": from.as_second(), "exp": until.as_second(),
            "cnf": { "jwk": jwk }, "mandate": mandate,
        });
        let ring = self.ring.present();
        let signing = ring.signing(SigningUse::Packet, now)?;
        let header = [("typ", "dc+sd-jwt"), ("kid", signing.kid())];
        let header = header.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        let jwt = sign_under(header, payload.to_string().as_bytes(), signing);
        Ok(Some(format!("{}~", jwt.map_err(|_| Fault::Stored("signing key"))?)))
    }

    async fn party_named(&self, id: &str) -> Result<Option<Party>, Fault> {
        match id.parse() {
            Ok(id) => Ok(self.store.party(&id).await?),
            Err(_) => Ok(None),
        }
    }

    /// This gateway as an issuer of mandates, by its published keys.
    pub(super) fn own_trust(&self, domain: Domain) -> Trust {
        let ring = self.ring.present();
        let all = ring.keys(SigningUse::Packet).iter().map(PrivateJwk::public).collect();
        let keys = Keys::from_json(&JwkSet(all).to_json()).unwrap_or_default();
        let own = Issuer {
            id: self.issuer.clone(),
            types: self.wallet.mandate_types(),
            domain,
            keys: IssuerKeys::Published(keys),
        };
        Trust { issuers: vec![own], domain }
    }
}

impl Gift {
    /// The terms with the hash a wallet signs.
    pub(in crate::flows) fn of(giving: &Giving, terms: Map<String, Value>, hash: String) -> Self {
        Self { to: giving.to.clone(), terms, hash }
    }
}

/// The key of a party that mandates are bound to.
fn signing_key(party: &Party, now: Timestamp) -> Option<PublicKey> {
    let mut keys = party.keys().iter().filter(|key| key.usage == KeyUse::Sig && key.valid_at(now));
    keys.find_map(|key| PublicKey::from_jwk(&key.to_json()))
}

fn set(limits: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (limits.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}
