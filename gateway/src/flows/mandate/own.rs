//! A mandate its mandator signed with the own wallet's key: it counts where a credential of the mandator, by an issuer that
//! counts, is bound to that key, and as long as that credential does.

use claimgate_adapters::wallet::Reason;
use claimgate_adapters::wallet::credential::Credential;
use claimgate_adapters::wallet::mandate::Mandate;
use claimgate_adapters::wallet::mandate::own::{signer, verify_own};
use claimgate_adapters::wallet::status::Outcome as Status;
use claimgate_adapters::wallet::trust::{Domain, Trust};
use claimgate_adapters::wallet::verify::{Expected, Strictness, verify};
use jiff::Timestamp;

use super::NotChecked;
use crate::core::mandate::MandatorProof;
use crate::core::wallet::Proved;
use crate::flows::Engine;

/// The schemes of national IDs and of resident certificate numbers: no number is of both.
const SCHEMES: [&str; 2] = ["tw_national_id", "tw_arc"];

impl Engine {
    /// Whose key a mandator's credential says it is.
    pub(super) fn mandator_of(&self, text: &str, trust: &Trust, now: Timestamp) -> Result<MandatorProof, Reason> {
        let types = self.wallet.identity_types();
        let expected = Expected { strictness: Strictness::Credential, types: &types, proof: None };
        let credential = verify(text, &expected, trust, now).map_err(|reason| match reason {
            // Whose mandate it is nobody vouches for.
            Reason::IssuerUntrusted | Reason::IssuerKeyUnresolved | Reason::IssuerNotEffective => reason,
            _ => Reason::MandateIssuerUntrusted,
        })?;
        let number = self.wallet.number_in(&credential).ok_or(Reason::MandateIssuerUntrusted)?;
        Ok(MandatorProof { proved: Proved::of("mandator", &credential), number })
    }

    /// Whether a mandate its mandator signed goes on: whether the mandator's own credential counts, and what stands against the
    /// mandate itself.
    pub(super) async fn standing_of_own(
        &self,
        (mandator, credential): (&MandatorProof, &Credential),
        mandate: Option<&Mandate>,
        trust: &Trust,
    ) -> Result<(bool, Status), NotChecked> {
        let proved = &mandator.proved;
        let present = proved.valid_until.is_none_or(|until| self.now() < until);
        if !present || !trust.counts(&proved.issuer, &proved.kind) {
            return Ok((false, Status::Valid));
        }
        match self.credentials_standing(std::slice::from_ref(proved), trust).await {
            Status::Valid => Ok((true, self.standing_of(credential, mandate, trust).await?)),
            Status::Refused(_) => Ok((false, Status::Valid)),
            unknown @ Status::Unknown(_) => Ok((true, unknown)),
        }
    }
}

/// Verifies a mandate with its mandator's key.
pub(super) fn verified(
    text: &str,
    expected: &Expected<'_>,
    mandator: &MandatorProof,
    domain: Domain,
    now: Timestamp,
) -> Result<Credential, Reason> {
    let (id, key) = signer(text).ok_or(Reason::IssuerKeyUnresolved)?;
    if mandator.proved.holder.as_ref() != Some(&key.thumbprint()) {
        return Err(Reason::IssuerUntrusted);
    }
    let credential = verify_own(text, (&id, &key), expected, domain, now)?;
    let mandate = Mandate::read(&credential)?;
    let named = mandate.mandator.id.as_ref().is_some_and(|id| {
        SCHEMES.contains(&id.scheme.as_str()) && id.value.as_deref() == Some(mandator.number.as_str())
    });
    if named { Ok(credential) } else { Err(Reason::MandateIssuerUntrusted) }
}
