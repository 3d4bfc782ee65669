//! How a case stands, for the app that opened it: the draft, what others of the accident share, each claim with its documents,
//! checks for people, one timeline, who is on turn.

use claimgate_packet::words::Line;
use serde_json::Value;

use super::{Case, NotCased};
use crate::core::cases::checks::{Beside, Flag, checks};
use crate::core::cases::draft::Draft;
use crate::core::cases::facts::statement;
use crate::core::cases::field::PlannedClaim;
use crate::core::cases::joint::{compared, shown};
use crate::core::cases::papers::{self, Needed, State};
use crate::core::cases::plan::{line, plans};
use crate::core::cases::{FiledBy, Said};
use crate::core::submission::SubmissionState;
use crate::core::turn::{Turn, Who};
use crate::flows::{Engine, Fault};
use crate::id::{AccidentId, CaseId, ClaimId};
use crate::keys::index::Mac;
use crate::party::PartyId;
use crate::store::TimelineLine;

/// A case as its app sees it.
pub struct CaseSeen {
    /// Id.
    pub id: CaseId,
    /// The accident, once a claim was filed.
    pub accident: Option<AccidentId>,
    /// What was filled in.
    pub draft: Draft,
    /// Who fills it in, where it is not the person.
    pub filed_by: Option<FiledBy>,
    /// Fields that were changed since the insurers got them.
    pub unsent: Vec<String>,
    /// The others of the accident.
    pub others: Vec<OtherSeen>,
    /// The claims.
    pub claims: Vec<ClaimSeen>,
    /// What people should look at.
    pub flags: Vec<Flag>,
    /// What happened to its claims, oldest first, each with the claim's key.
    pub timeline: Vec<(String, TimelineLine)>,
    /// Who is on turn, each with the claim's key where it is about one.
    pub turns: Vec<(Option<String>, Turn)>,
}

/// Another person of the accident, as far as it is joint or shared.
pub struct OtherSeen {
    /// Its fields.
    pub facts: Vec<(String, Value)>,
    /// Where both speak of the same, and whether they agree.
    pub agrees: Vec<(&'static str, bool)>,
}

/// A claim of a case.
pub struct ClaimSeen {
    /// Its key in the draft.
    pub key: String,
    /// What is planned.
    pub plan: PlannedClaim,
    /// In which line.
    pub line: Line,
    /// `planned`, `waiting` for papers, or `filed`.
    pub state: &'static str,
    /// The claim it became.
    pub claim: Option<ClaimId>,
    /// Where the insurer's submission stands.
    pub submission: Option<SubmissionState>,
    /// Its documents, and how each stands.
    pub papers: Vec<(Needed, State)>,
}

claimgate_packet::opaque_debug!(CaseSeen, OtherSeen, ClaimSeen);

impl Engine {
    /// How a case stands.
    ///
    /// # Errors
    /// Another's case, or a fault of ours.
    pub async fn case_seen(&self, app: &PartyId, id: CaseId) -> Result<CaseSeen, NotCased> {
        let case = self.own_case(app, id).await?;
        let (mut timeline, mut turns, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        let mut beside = self.beside(&case).await?;
        for (key, plan) in plans(&case.body.draft) {
            let said = case.body.claims.get(&key);
            let claim: Option<ClaimId> = said.and_then(|said| said.claim.as_ref()?.parse().ok());
            if let Some(claim) = claim {
                let subject = self.subject_of(&case, &plan, claim);
                if self.claims_too(&case, claim, &subject).await? {
                    beside.claimed_elsewhere.push(key.clone());
                }
            }
            let followed = match claim {
                Some(claim) => self.followed_by_owner(app, claim).await?,
                None => None,
            };
            let mut submission = None;
            if let Some((view, on_turn)) = followed {
                submission = view.submissions.first().map(|(_, _, state)| *state);
                timeline.extend(view.timeline.into_iter().map(|entry| (key.clone(), entry)));
                // Until its packet is made there is no submission, and nobody but the gateway is on turn.
                if submission.is_some() {
                    turns.extend(on_turn.into_iter().map(|turn| (Some(key.clone()), turn)));
                }
            }
            let papers = papers::standing(&papers::needed(&case.body.draft, &plan), &case.body.draft, &plan);
            let state = state(said);
            claims.push(ClaimSeen { line: line(plan.kind), key, plan, state, claim, submission, papers });
        }
        timeline.sort_by_key(|(_, entry)| entry.at);
        turns.extend(self.own_turns(&case, &claims).into_iter().map(|turn| (None, turn)));
        turns.sort_by_key(|(_, turn)| (turn.by.unwrap_or(jiff::Timestamp::MAX), turn.since));
        Ok(CaseSeen {
            id,
            accident: case.kept.accident,
            flags: checks(&case.body.draft, &beside),
            unsent: case.unsent(),
            others: self.others_of(&case).await?,
            filed_by: case.body.filed_by,
            draft: case.body.draft,
            claims,
            timeline,
            turns,
        })
    }

    /// Whether this person, or one who joined, claims the same damage a second time. Of a stranger's claim the insurers are
    /// told, and nobody else: who asks with another's plate learns nothing.
    async fn claims_too(&self, case: &Case, claim: ClaimId, subject: &Mac) -> Result<bool, Fault> {
        for other in self.store.claims_of_subject(subject).await? {
            let Some(of) = self.store.case_of_claim(other).await?.filter(|_| other != claim) else { continue };
            let of = self.store.case(of).await?;
            let known = of.is_some_and(|of| {
                of.group == case.kept.group || of.party == case.kept.party && of.person == case.kept.person
            });
            if known {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the person has to do before and beside what is filed.
    fn own_turns(&self, case: &Case, claims: &[ClaimSeen]) -> Vec<Turn> {
        let draft = &case.body.draft;
        let since = draft.fields.values().map(|held| held.at).max().unwrap_or_else(|| self.now());
        let person = |what| Turn { who: Who::Person, party: None, line: None, what, since, by: None };
        let mut turns = Vec::new();
        if draft.disputed().next().is_some() {
            turns.push(person("choose"));
        }
        if statement(draft).is_none() || claims.is_empty() {
            turns.push(person("fill-in"));
        } else if claims.iter().any(|claim| claim.state == "planned") || !case.unsent().is_empty() {
            turns.push(person("submit"));
        }
        if claims.iter().any(|claim| claim.state == "waiting") {
            turns.push(person("own-papers"));
        }
        turns
    }

    /// What is known beside the draft.
    async fn beside(&self, case: &Case) -> Result<Beside, Fault> {
        let slip = match case.kept.accident {
            Some(accident) => self.slip_of(accident).await?,
            None => None,
        };
        let day = slip.as_ref().and_then(|slip| slip.occurrence.on);
        Ok(Beside {
            police_names: slip.map(|slip| slip.parties.into_iter().filter_map(|party| party.name).collect()),
            police_day: day,
            file_elsewhere: self.store.file_elsewhere(case.kept.id).await?,
            claimed_elsewhere: Vec::new(),
        })
    }

    async fn others_of(&self, case: &Case) -> Result<Vec<OtherSeen>, Fault> {
        let mut found = Vec::new();
        for kept in self.store.cases_of_group(case.kept.group).await? {
            if kept.id != case.kept.id {
                let other = self.opened_case(kept)?.body.draft;
                found.push(OtherSeen { facts: shown(&other), agrees: compared(&case.body.draft, &other) });
            }
        }
        Ok(found)
    }
}

fn state(said: Option<&Said>) -> &'static str {
    match said {
        None => "planned",
        Some(said) if said.claim.is_some() => "filed",
        Some(_) => "waiting",
    }
}
