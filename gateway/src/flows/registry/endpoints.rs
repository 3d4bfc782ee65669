//! Four eyes for endpoints: an address or a signing secret that one operator wants and another agrees to.
//!
//! In: what is wanted. Out: a proposal that holds the secret sealed, and what the receiver checks signatures with; later
//! the endpoint, with that very secret.

use claimgate_adapters::insurer::webhook::Secret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::proposals::{Standing, document_of, members};
use super::{LIFE_DAYS, NotRegistered, Operator, Proposal};
use crate::core::change::{Change, ProposalKind, ProposalRow, Write};
use crate::core::push::Content;
use crate::flows::endpoint::{NotChanged, WantedEndpoint, receiver_text};
use crate::flows::{Engine, Fault};
use crate::id::ProposalId;
use crate::party::PartyId;
use crate::party::difference::Difference;
use crate::store::EndpointView;

/// What came of a wish for an endpoint; in both cases what the receiver checks signatures with.
#[derive(Debug)]
pub enum EndpointChanged {
    /// It is so now.
    Now(Box<EndpointView>, Zeroizing<String>),
    /// It waits for another operator.
    Waits(Box<Proposal>, Zeroizing<String>),
}

/// The document of a proposal, under seal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    /// Where; none where only the secret changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    secret: String,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Engine {
    /// Names an endpoint or makes a new secret, from the version it was read at (none: whatever it is).
    ///
    /// # Errors
    /// No insurer, an address that may not be reached, another version.
    pub async fn change_endpoint_as(
        &self,
        by: &Operator,
        (party, base): (&PartyId, Option<i64>),
        wanted: &WantedEndpoint,
    ) -> Result<EndpointChanged, NotRegistered> {
        let known = self.store.endpoint(party).await?;
        let version = known.as_ref().map_or(0, |known| known.version);
        if base.is_some_and(|base| base != version) {
            return Err(NotRegistered::Outdated);
        }
        self.check_endpoint(party, wanted).await?;
        if self.rules.four_eyes {
            return self.propose_endpoint(by, party, (wanted, known.as_ref())).await;
        }
        let secret = self.new_secret(wanted.scheme());
        let shown = receiver_text(&secret)?;
        let mut change = Change::new("set_endpoint");
        by.rely(&mut change);
        self.write_endpoint(&by.actor(), (party, known), (wanted, &secret), &mut change)?;
        self.store.commit(change).await.map_err(NotChanged::from)?;
        let now = self.store.endpoint(party).await?.ok_or(NotChanged::None)?;
        Ok(EndpointChanged::Now(Box::new(now), shown))
    }

    async fn propose_endpoint(
        &self,
        by: &Operator,
        party: &PartyId,
        (wanted, known): (&WantedEndpoint, Option<&EndpointView>),
    ) -> Result<EndpointChanged, NotRegistered> {
        // Asked for again, it is the same proposal: its secret was shown to this operator before.
        for row in self.store.open_proposals().await? {
            let same = row.kind == ProposalKind::Endpoint && row.party == *party && row.by == by.name();
            if !same || row.expires_at <= self.now() || row.base != known.map_or(0, |known| known.version) {
                continue;
            }
            let (before, secret) = self.opened_endpoint(&row)?;
            if before == *wanted {
                let proposal = self.shown_endpoint(row, known).await?;
                return Ok(EndpointChanged::Waits(Box::new(proposal), receiver_text(&secret)?));
            }
        }
        let secret = self.new_secret(wanted.scheme());
        let (url, content) = match wanted {
            WantedEndpoint::Set { url, content, .. } => (Some(url.clone()), Some(content.as_str().to_owned())),
            WantedEndpoint::Rotate { .. } => (None, None),
        };
        let sealed = Sealed { url, content, secret: secret.to_private_text().to_string() };
        let document = Zeroizing::new(serde_json::to_vec(&sealed)?);
        let id = ProposalId::new(self.now(), &self.random);
        let row = ProposalRow {
            id,
            kind: ProposalKind::Endpoint,
            party: party.clone(),
            base: known.map_or(0, |known| known.version),
            document: self.vault.seal_registry(document_of(&id.to_string()), &document)?,
            state: None,
            by: by.name().to_owned(),
            at: self.now(),
            expires_at: self.in_days(LIFE_DAYS),
        };
        let mut change = Change::new("propose_endpoint");
        by.rely(&mut change);
        change.push(Write::Proposal(Box::new(row.clone())));
        let proposal = self.shown_endpoint(row, known).await?;
        change.push(self.audit(
            &by.actor(),
            "endpoint.proposed",
            party,
            [("proposal", id.to_string()), ("changes", members(&proposal.differences)), ("account", by.account())],
        ));
        self.commit_as(by, change).await?;
        Ok(EndpointChanged::Waits(Box::new(proposal), receiver_text(&secret)?))
    }

    /// An endpoint's proposal with what it would change: the secret by the digest of its receiving half.
    pub(super) async fn shown_endpoint(
        &self,
        row: ProposalRow,
        known: Option<&EndpointView>,
    ) -> Result<Proposal, NotRegistered> {
        let (wanted, secret) = self.opened_endpoint(&row)?;
        let standing = if row.expires_at <= self.now() {
            Standing::Expired
        } else if known.map_or(0, |known| known.version) != row.base {
            Standing::Outdated
        } else if let Err(reason) = self.check_endpoint(&row.party, &wanted).await {
            match reason {
                NotChanged::Fault(fault) => return Err(fault.into()),
                reason => Standing::Refused(reason.to_string()),
            }
        } else {
            Standing::Open
        };
        let mut differences = Vec::new();
        let mut differs = |member, old: &str, new: &str| {
            if old != new {
                differences.push(Difference { member, old: old.to_owned(), new: new.to_owned(), alone: false });
            }
        };
        if let WantedEndpoint::Set { url, content, .. } = &wanted {
            differs("url", known.map_or("", |known| &known.url), url);
            differs("content", known.map_or("", |known| known.content.as_str()), content.as_str());
        }
        let digest = claimgate_packet::jose::digest::sha256_text(receiver_text(&secret)?.as_bytes());
        differs("key", "", &format!("{} SHA-256 {digest}", wanted.scheme_word()));
        if standing != Standing::Open {
            differences.clear();
        }
        Ok(Proposal { row, standing, differences })
    }

    /// What is written when another operator agrees.
    pub(super) async fn approved_endpoint(
        &self,
        by: &Operator,
        row: &ProposalRow,
        change: &mut Change,
    ) -> Result<(), NotRegistered> {
        if row.expires_at <= self.now() {
            return Err(NotRegistered::Expired);
        }
        let known = self.store.endpoint(&row.party).await?;
        if known.as_ref().map_or(0, |known| known.version) != row.base {
            return Err(NotRegistered::Outdated);
        }
        let (wanted, secret) = self.opened_endpoint(row)?;
        self.check_endpoint(&row.party, &wanted).await?;
        self.write_endpoint(&by.actor(), (&row.party, known), (&wanted, &secret), change)?;
        change.push(self.audit(
            &by.actor(),
            "endpoint.approved",
            &row.party,
            [("proposal", row.id.to_string()), ("proposed_by", row.by.clone()), ("account", by.account())],
        ));
        Ok(())
    }

    fn opened_endpoint(&self, row: &ProposalRow) -> Result<(WantedEndpoint, Secret), NotRegistered> {
        let document = Zeroizing::new(self.vault.open_registry(document_of(&row.id.to_string()), &row.document)?);
        let sealed: Sealed = serde_json::from_slice(&document)?;
        let damaged = || NotRegistered::Fault(Fault::Stored("proposal"));
        let secret = Secret::parse(&sealed.secret).map_err(|_| damaged())?;
        let scheme = secret.scheme();
        let wanted = match (&sealed.url, &sealed.content) {
            (Some(url), Some(content)) => {
                let content: Content = content.parse().map_err(|_| damaged())?;
                WantedEndpoint::Set { url: url.clone(), content, scheme }
            }
            _ => WantedEndpoint::Rotate { scheme },
        };
        Ok((wanted, secret))
    }

    /// Switches an endpoint on or off; both need nobody else, for the address was agreed to.
    ///
    /// # Errors
    /// It has none, or it was changed at this moment.
    pub async fn switch_endpoint_as(
        &self,
        by: &Operator,
        party: &PartyId,
        on: bool,
    ) -> Result<EndpointView, NotRegistered> {
        self.switch_endpoint_by(&by.actor(), party, on).await?;
        Ok(self.store.endpoint(party).await?.ok_or(NotChanged::None)?)
    }
}
