//! What deliveries hold, document by document, what hospitals take back, and what that takes away from what insurers decided.

use std::collections::BTreeMap;

use claimgate_packet::evidence::{RevisionMark, WithdrawalReason};
use claimgate_packet::words::Line;

use super::rows::{mac, parse, time};
use super::sql::{Builder, Connection, query, query_as};
use super::written::one;
use super::{Store, StoreError};
use crate::core::revision::{Before, Done, Holding, Known, Standing, TakenAway, TakenBack, TakenBackRows};
use crate::core::submission::SubmissionState;
use crate::id::{ClaimId, DeliveryId, EvidenceId};
use crate::party::PartyId;

const DOCUMENT: &str = "delivery_document";
const WITHDRAWN: &str = "withdrawn_document";

pub(super) async fn apply(tx: &mut Connection, rows: &TakenBackRows) -> Result<(), StoreError> {
    for row in &rows.documents {
        let sql = "-- revision::taken_back
            insert into withdrawn_document (claim_id, revision, kind, identity, reason, replaced_by)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (claim_id, revision, kind, identity) do update set reason = excluded.reason,
                replaced_by = excluded.replaced_by";
        let written = query(sql)
            .bind(rows.claim.to_string())
            .bind(rows.revision)
            .bind(&row.kind)
            .bind(row.identity.as_slice())
            .bind(row.reason.as_str())
            .bind(row.replaced_by.as_ref().map(<[u8; 32]>::as_slice))
            .execute(&mut *tx)
            .await;
        one(WITHDRAWN, written)?;
    }
    Ok(())
}

type HeldRow = (String, String, String, String, String, Option<Vec<u8>>, Vec<u8>);
type TakenRow = (String, Vec<u8>, String, Option<Vec<u8>>);
type TakenAwayRow = (String, String, String, Option<String>, i64);
type StandingRow = (String, String, String, String, i64, i64);

impl Store {
    /// What the next revision of a claim is compared with: what each recipient holds, what is taken back, how far insurers
    /// have gone. `recalled`: deliveries that the same change withdraws.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn before_revision(&self, claim: ClaimId, recalled: &[DeliveryId]) -> Result<Before, StoreError> {
        Ok(Before {
            holdings: self.holdings(claim, recalled).await?,
            taken_back: self.taken_back(claim).await?,
            standings: self.standings(claim).await?,
            ..Before::default()
        })
    }

    async fn holdings(&self, claim: ClaimId, recalled: &[DeliveryId]) -> Result<Vec<Holding>, StoreError> {
        // The newest delivery that counts and could be opened.
        let mut sql = Builder::new(
            "-- revision::holdings
            select d.party_id, d.line, d.packet_id, w.evidence_id, w.kind, w.identity, w.content
            from delivery d join delivery_document w on w.delivery_id = d.id
            where w.mark <> 'withdrawn' and d.revision = (select max(e.revision) from delivery e
                where e.claim_id = d.claim_id and e.party_id = d.party_id and e.line = d.line and e.state <> 'withdrawn'
                    and coalesce(e.acknowledgement, '') <> 'rejected'",
        );
        if !recalled.is_empty() {
            sql.push(" and e.id not in (");
            let mut list = sql.separated(", ");
            for id in recalled {
                list.push_bind(id.to_string());
            }
            sql.push(")");
        }
        sql.push(") and d.claim_id = ")
            .push_bind(claim.to_string())
            .push(" order by d.party_id, d.line, w.evidence_id");
        let rows: Vec<HeldRow> = sql.build_query_as().fetch_all(self.readers()).await?;
        let mut held: BTreeMap<(String, String), Holding> = BTreeMap::new();
        for (party, line, packet, evidence, kind, identity, content) in rows {
            let known = Known {
                evidence: parse(DOCUMENT, "evidence_id", &evidence)?,
                kind,
                identity: identity.map(|digest| mac(DOCUMENT, "identity", &digest)).transpose()?,
                content: mac(DOCUMENT, "content", &content)?,
            };
            let (of_party, of_line) = (parse("delivery", "party_id", &party)?, parse("delivery", "line", &line)?);
            let packet = parse("delivery", "packet_id", &packet)?;
            let holding = held.entry((party, line)).or_insert_with(|| Holding {
                party: of_party,
                line: of_line,
                packet,
                documents: Vec::new(),
            });
            holding.documents.push(known);
        }
        Ok(held.into_values().collect())
    }

    async fn taken_back(&self, claim: ClaimId) -> Result<Vec<TakenBack>, StoreError> {
        let sql = "-- revision::taken_back_before
            select kind, identity, reason, replaced_by from withdrawn_document where claim_id = $1
            order by revision, kind, identity";
        let rows: Vec<TakenRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(kind, identity, reason, replaced_by)| {
                Ok(TakenBack {
                    kind,
                    identity: mac(WITHDRAWN, "identity", &identity)?,
                    reason: WithdrawalReason::of(&reason).unwrap_or(WithdrawalReason::Unknown(reason)),
                    replaced_by: replaced_by.map(|digest| mac(WITHDRAWN, "replaced_by", &digest)).transpose()?,
                })
            })
            .collect()
    }

    async fn standings(&self, claim: ClaimId) -> Result<Vec<Standing>, StoreError> {
        let sql = "-- revision::standings
            select s.id, s.party_id, s.line, s.state,
                (select count(*) from decision x where x.submission_id = s.id),
                (select count(*) from payment y where y.submission_id = s.id)
            from submission s where s.claim_id = $1 order by s.party_id, s.line";
        let rows: Vec<StandingRow> = query_as(sql).bind(claim.to_string()).fetch_all(self.readers()).await?;
        rows.into_iter()
            .map(|(submission, party, line, state, decisions, payments)| {
                let state: SubmissionState = parse("submission", "state", &state)?;
                let done = if payments > 0 || state == SubmissionState::Paid {
                    Done::Paid
                } else if decisions > 0 || state.is_decision() {
                    Done::Decided
                } else {
                    Done::Nothing
                };
                Ok(Standing {
                    submission: parse("submission", "id", &submission)?,
                    party: parse("submission", "party_id", &party)?,
                    line: parse("submission", "line", &line)?,
                    done,
                })
            })
            .collect()
    }

    /// What was taken away from a recipient or says something else than before, oldest first.
    ///
    /// # Errors
    /// The database is away or a row damaged.
    pub async fn taken_away(
        &self,
        claim: ClaimId,
        (party, line): (&PartyId, Line),
    ) -> Result<Vec<TakenAway>, StoreError> {
        let told = "-- revision::taken_away
            select w.mark, w.kind, w.evidence_id, w.reason, d.created_at from delivery d
            join delivery_document w on w.delivery_id = d.id
            where d.claim_id = $1 and d.party_id = $2 and d.line = $3 and d.state <> 'withdrawn'
                and w.mark in ('withdrawn', 'changed')
            order by d.revision desc, w.evidence_id limit 1000";
        // What it still holds and was told of without a packet, because none may go to it any more: what the hospital has
        // taken back since by its number, and all of a case in which nothing is left.
        let untold = "-- revision::taken_from_former
            select 'withdrawn', w.kind, w.evidence_id, t.reason, b.received_at from delivery d
            join packet p on p.id = d.packet_id join delivery_document w on w.delivery_id = d.id
            left join withdrawn_document t on t.claim_id = d.claim_id and t.kind = w.kind and t.identity = w.identity
                and t.revision > p.revision
            join bundle b on b.claim_id = d.claim_id and b.revision > p.revision and b.revision = coalesce(t.revision,
                (select max(c.revision) from bundle c where c.claim_id = d.claim_id))
            where d.claim_id = $1 and d.party_id = $2 and d.line = $3 and w.mark <> 'withdrawn' and d.left_at is not null
                and w.kind not in ('claim-application', 'consent', 'revision-note')
                and d.revision = (select max(e.revision) from delivery e where e.claim_id = d.claim_id
                    and e.party_id = d.party_id and e.line = d.line and e.state <> 'withdrawn')
                and (t.claim_id is not null or not exists (select 1 from evidence v where v.claim_id = d.claim_id
                    and v.superseded_by is null and v.kind not in ('claim-application', 'consent', 'revision-note')))
            order by b.revision desc, w.evidence_id limit 1000";
        let mut rows: Vec<TakenAwayRow> = Vec::new();
        for sql in [untold, told] {
            let of = query_as(sql).bind(claim.to_string()).bind(party.as_str()).bind(line.as_str());
            let more: Vec<TakenAwayRow> = of.fetch_all(self.readers()).await?;
            rows.extend(more);
        }
        rows.into_iter()
            .rev()
            .map(|(mark, kind, evidence, reason, at)| {
                Ok(TakenAway {
                    mark: if mark == "withdrawn" { RevisionMark::Withdrawn } else { RevisionMark::Changed },
                    kind,
                    evidence: parse::<EvidenceId>(DOCUMENT, "evidence_id", &evidence)?,
                    reason: reason.map(|word| WithdrawalReason::of(&word).unwrap_or(WithdrawalReason::Unknown(word))),
                    at: time("delivery", "created_at", at)?,
                })
            })
            .collect()
    }
}
