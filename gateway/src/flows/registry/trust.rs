//! Four eyes for the registry of trusted issuers (信任清單): one operator proposes an issuer, another agrees; one alone may
//! take trust away, never give it.
//!
//! In: a document, and who says so. Out: a proposal, later the issuer as it counts on every gateway of the database from the
//! commit on. A proposal holds for the version it was made against, and for fourteen days.

use super::{LIFE_DAYS, NotRegistered, Operator};
use crate::core::change::{Change, Verdict, Write};
use crate::core::trust::{TrustProposal, TrustRow, TrustWrite};
use crate::flows::{Engine, Fault};
use crate::id::ProposalId;
use crate::keys::issuers::{IssuerDocument, IssuerState};
use crate::store::StoreError;

/// An issuer as it counts or does not.
#[derive(Clone, Debug)]
pub struct IssuerShown {
    /// The document.
    pub document: IssuerDocument,
    /// Its version; 0 where only the operator's file names it.
    pub version: i64,
}

impl Engine {
    /// Every issuer by id: what was agreed on, and what the file alone names. TWDIW's snapshot is a file of its own.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn trusted_issuers(&self) -> Result<Vec<IssuerShown>, NotRegistered> {
        let mut all = Vec::new();
        for row in self.store.trust_issuers().await? {
            all.push(IssuerShown { document: serde_json::from_str(&row.document)?, version: row.version });
        }
        for document in self.wallet.issuers().of_file() {
            if all.iter().all(|one: &IssuerShown| one.version == 0 || one.document.id != document.id) {
                all.push(IssuerShown { document, version: 0 });
            }
        }
        all.sort_by(|left, right| left.document.id.cmp(&right.document.id));
        Ok(all)
    }

    /// Proposes an issuer, or a change of one. Always two operators: a wrong issuer can be anybody.
    ///
    /// # Errors
    /// A document that is refused, also one of another world; nothing that would change.
    pub async fn propose_trust(
        &self,
        by: &Operator,
        document: &IssuerDocument,
    ) -> Result<TrustProposal, NotRegistered> {
        document.check(self.wallet.issuers().domain())?;
        let base = self.trust_row(&document.id).await?;
        let text = serde_json::to_string(document)?;
        if base.as_ref().is_some_and(|row| row.document == text) {
            return Err(NotRegistered::NothingNew);
        }
        let base = base.map_or(0, |row| row.version);
        // Asked for again by the same operator, it is the same proposal.
        for open in self.store.open_trust_proposals().await? {
            let same = open.by == by.name() && open.base == base && open.document == text;
            if same && self.now() < open.expires_at {
                return Ok(open);
            }
        }
        let proposal = TrustProposal {
            id: ProposalId::new(self.now(), &self.random),
            issuer: document.id.clone(),
            base,
            document: text,
            by: by.name().to_owned(),
            at: self.now(),
            expires_at: self.in_days(LIFE_DAYS),
            decided: None,
        };
        let mut change = Change::new("propose_trust");
        by.rely(&mut change);
        change.push(Write::Trust(TrustWrite::Propose(Box::new(proposal.clone()))));
        let detail = [("issuer", proposal.issuer.clone()), ("account", by.account())];
        change.push(self.audit(&by.actor(), "trust.proposed", &proposal.id, detail));
        self.commit_as(by, change).await?;
        Ok(proposal)
    }

    /// Approves what another operator proposed: the issuer counts so at once, everywhere.
    ///
    /// # Errors
    /// No such open proposal, the same operator, expired, an issuer that was changed since.
    pub async fn approve_trust(&self, by: &Operator, id: ProposalId) -> Result<TrustProposal, NotRegistered> {
        let open = self.open_trust(id).await?;
        if open.by == by.name() {
            return Err(NotRegistered::SameOperator);
        }
        if open.expires_at <= self.now() {
            return Err(NotRegistered::Expired);
        }
        let document: IssuerDocument = serde_json::from_str(&open.document)?;
        document.check(self.wallet.issuers().domain())?;
        if self.trust_row(&open.issuer).await?.map_or(0, |row| row.version) != open.base {
            return Err(NotRegistered::Outdated);
        }
        let row =
            TrustRow { id: open.issuer.clone(), document: open.document.clone(), version: open.base, at: self.now() };
        let mut change = Change::new("approve_trust");
        by.rely(&mut change);
        change.push(Write::Trust(TrustWrite::Decide(id, Verdict::Approved, by.name().to_owned(), self.now())));
        change.push(Write::Trust(TrustWrite::Issuer(Box::new(row))));
        let state = if document.state == IssuerState::Trusted { "trusted" } else { "revoked" };
        let detail = [
            ("issuer", open.issuer.clone()),
            ("proposed_by", open.by.clone()),
            ("state", state.to_owned()),
            ("account", by.account()),
        ];
        change.push(self.audit(&by.actor(), "trust.approved", &id, detail));
        match self.store.commit(change).await {
            Ok(()) => {}
            Err(StoreError::Conflict { table: "trust_issuer" }) => return Err(NotRegistered::Outdated),
            Err(StoreError::Conflict { .. }) => {
                self.still_is(by).await?;
                return Err(NotRegistered::NoProposal);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(TrustProposal { decided: Some((Verdict::Approved, by.name().to_owned())), ..open })
    }

    /// Rejects a proposal, or takes one's own back.
    ///
    /// # Errors
    /// No such open proposal, or it is another's and cannot be taken back.
    pub async fn turn_down_trust(
        &self,
        by: &Operator,
        id: ProposalId,
        verdict: Verdict,
    ) -> Result<TrustProposal, NotRegistered> {
        let open = self.open_trust(id).await?;
        if verdict == Verdict::Withdrawn && open.by != by.name() {
            return Err(NotRegistered::OtherOperator);
        }
        let mut change = Change::new("reject_trust");
        by.rely(&mut change);
        change.push(Write::Trust(TrustWrite::Decide(id, verdict, by.name().to_owned(), self.now())));
        let action = if verdict == Verdict::Withdrawn { "trust.withdrawn" } else { "trust.rejected" };
        let detail = [("issuer", open.issuer.clone()), ("account", by.account())];
        change.push(self.audit(&by.actor(), action, &id, detail));
        match self.store.commit(change).await {
            Ok(()) => Ok(TrustProposal { decided: Some((verdict, by.name().to_owned())), ..open }),
            Err(StoreError::Conflict { .. }) => {
                self.still_is(by).await?;
                Err(NotRegistered::NoProposal)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes trust away at once: one operator is enough, for a stolen key does not wait for a second. Also of an issuer
    /// that only the file names. To trust it again takes two.
    ///
    /// # Errors
    /// No such issuer.
    pub async fn revoke_trust(&self, by: &Operator, issuer: &str) -> Result<IssuerShown, NotRegistered> {
        for _ in 0..crate::flows::TRIES {
            let known = self.trusted_issuers().await?.into_iter().find(|one| one.document.id == issuer);
            let known = known.ok_or(NotRegistered::Unknown)?;
            if known.document.state == IssuerState::Revoked {
                return Ok(known);
            }
            let document = IssuerDocument { state: IssuerState::Revoked, ..known.document };
            let text = serde_json::to_string(&document)?;
            let row = TrustRow { id: issuer.to_owned(), document: text, version: known.version, at: self.now() };
            let mut change = Change::new("revoke_trust");
            by.rely(&mut change);
            change.push(Write::Trust(TrustWrite::Issuer(Box::new(row))));
            change.push(self.audit(&by.actor(), "trust.revoked", &issuer, [("account", by.account())]));
            match self.store.commit(change).await {
                Ok(()) => return Ok(IssuerShown { document, version: known.version + 1 }),
                Err(StoreError::Conflict { .. }) => self.still_is(by).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Fault::Contended.into())
    }

    async fn trust_row(&self, issuer: &str) -> Result<Option<TrustRow>, NotRegistered> {
        Ok(self.store.trust_issuers().await?.into_iter().find(|row| row.id == issuer))
    }

    async fn open_trust(&self, id: ProposalId) -> Result<TrustProposal, NotRegistered> {
        let found = self.store.trust_proposal(id).await?;
        found.filter(|one| one.decided.is_none()).ok_or(NotRegistered::NoProposal)
    }
}
