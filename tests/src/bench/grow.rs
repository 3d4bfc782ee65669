//! Claims by the hundred thousand, through the store's one door: rows as a push writes them, with made-up content.
//!
//! In: how many claims. Out: claims of the demo's hospital for its two insurers, each with its key, so that they can be
//! read, reported on and followed. Bodies are of at most 1 KB but for the newest 10,000, which are of the demo's sizes.

use claimgate_gateway::consent;
use claimgate_gateway::core::change::{
    AuditLine, Bundle, Change, DeliveryRow, EvidenceRow, NewClaim, PacketRow, SearchName, SearchValues, SubmissionRow,
    Write,
};
use claimgate_gateway::core::timeline::{Event, entries};
use claimgate_gateway::flows::Engine;
use claimgate_gateway::id::{AuditId, ClaimId, ConsentId, DeliveryId, EvidenceId, PacketId, SubmissionId};
use claimgate_gateway::keys::index::Mac;
use claimgate_gateway::keys::tracking;
use claimgate_gateway::party::Party;
use claimgate_gateway::sandbox::demo::World;
use claimgate_packet::jose::base64url;
use claimgate_packet::words::{ClaimKind, Line};
use futures_util::StreamExt;

use crate::gateway::must;

/// Claims with bodies of full size: the newest.
pub const WHOLE: u64 = 10_000;
/// What a claim takes on disk, with its indexes, in bytes: small, and of full size. Measured; see docs/performance.md.
pub const BYTES: (u64, u64) = (14_000, 140_000);
/// Changes under way at once.
const AT_ONCE: usize = 256;

/// How many bytes so many claims take on disk, with room for the log of writes.
#[must_use]
pub fn need(claims: u64) -> u64 {
    let whole = claims.min(WHOLE);
    (claims - whole) * BYTES.0 + whole * BYTES.1 + (256 << 20)
}

/// Shows how far it is, on one line.
#[expect(clippy::print_stderr, reason = "a progress bar stands on standard error")]
pub fn bar(done: u64, all: u64) {
    let part = usize::try_from(done * 40 / all.max(1)).unwrap_or_default();
    eprint!("\r[{:<40}] {done} of {all}{}", "#".repeat(part), if done == all { "\n" } else { "" });
}

/// What the rows of all claims share.
struct Plan<'w> {
    engine: &'w Engine,
    hospital: Party,
    insurers: Vec<(Party, Line)>,
}

/// Loads claims, and tells from time to time how many there are. Those before `whole_from` are small.
///
/// # Panics
/// The store refuses one.
pub async fn load(world: &World, claims: u64, whole_from: u64, mut tell: impl FnMut(u64)) {
    let engine = &world.gateway.app.engine;
    let party = async |id: &str| {
        let found = must(engine.store.party(&must(id.parse())).await);
        found.unwrap_or_else(|| panic!("no {id}"))
    };
    let mut insurers = Vec::new();
    for one in &world.insurers {
        insurers.push((party(one.client.id()).await, one.line));
    }
    let plan = Plan { engine, hospital: party(world.hospital.id()).await, insurers };
    let commits = (0..claims).map(|number| {
        let change = plan.claim(number >= whole_from);
        engine.store.commit(change)
    });
    let mut commits = futures_util::stream::iter(commits).buffered(AT_ONCE);
    let mut done = 0;
    while let Some(outcome) = commits.next().await {
        must(outcome);
        done += 1;
        if done % 1_000 == 0 || done == claims {
            tell(done);
        }
    }
    while must(engine.store.sequence().await).more {}
}

impl Plan<'_> {
    fn bytes(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.engine.random.fill(&mut bytes);
        bytes
    }

    fn mac(&self) -> Mac {
        self.engine.random.bytes()
    }

    fn digest(&self) -> String {
        base64url::encode(&self.mac())
    }

    /// Bundle, documents, packet, sealed packet: as the demo's, or small.
    fn claim(&self, whole: bool) -> Change {
        let [bundle, document, stored, sealed] =
            if whole { [22_400, 2_500, 16_000, 20_000] } else { [1_000, 300, 1_000, 1_000] };
        let (engine, random, now) = (self.engine, &self.engine.random, self.engine.now());
        let (id, hospital) = (ClaimId::new(now, random), &self.hospital.id);
        let (_, wrapped_key) = must(engine.vault.new_claim_key(id));
        let mut change = Change::new("grow");
        change.push(Write::RelyOnParty(hospital.clone(), self.hospital.version));
        change.push(Write::NewClaim(NewClaim {
            id,
            hospital: hospital.clone(),
            kind: ClaimKind::Health,
            case_index: self.mac(),
            wrapped_key,
            at: now,
        }));
        let code = engine.index.text("tracking.code", &[&tracking::normal(&engine.tracking.code(id))]);
        change.push(Write::TrackingCode(code, id, now + jiff::SignedDuration::from_hours(24 * 30)));
        let values = [SearchName::Case, SearchName::Patient, SearchName::Encounter].map(|name| (name, self.mac()));
        change.push(Write::SearchValues(SearchValues { claim: id, hospital: hospital.clone(), values: values.into() }));
        let kinds = ["diagnosis-certificate", "medical-receipt", "lab-report"];
        for kind in kinds {
            let (id, claim) = (EvidenceId::new(now, random), id);
            let (kind, body) = (kind.to_owned(), self.bytes(document));
            change.push(Write::Evidence(EvidenceRow { id, claim, revision: 1, kind, body }));
        }
        let received = Event::Received { revision: 1, evidence: kinds.map(ToOwned::to_owned).into() };
        change.tell(entries(id, hospital, &received, now, random));
        let named: Vec<_> = self.insurers.iter().map(|(party, line)| (party.id.clone(), *line)).collect();
        let permit = consent::permit(&self.hospital, ConsentId::new(now, random), &named, &consent::ByPatient::Nothing);
        change.push(Write::Consent(id, permit.unwrap_or_else(|_| panic!("no consent basis")), now));
        change.tell(entries(id, hospital, &Event::Signed { recipients: named.len() }, now, random));
        let packet = PacketId::new(now, random);
        let (body, manifest_digest) = (self.bytes(stored), self.mac());
        change.push(Write::Packet(PacketRow { id: packet, claim: id, revision: 1, body, manifest_digest, at: now }));
        for (party, line) in &self.insurers {
            let key = party.encryption_key(now).unwrap_or_else(|| panic!("no key"));
            let submission = SubmissionId::new(now, random);
            let (to, line) = (party.id.clone(), *line);
            change.push(Write::Submission(SubmissionRow { id: submission, claim: id, party: to, line, at: now }));
            change.push(Write::Delivery(Box::new(DeliveryRow {
                id: DeliveryId::new(now, random),
                packet,
                claim: id,
                party: party.id.clone(),
                line,
                revision: 1,
                content: self.mac(),
                kid: key.kid.clone(),
                sealed: base64url::encode(&self.bytes(sealed * 3 / 4)).into_bytes(),
                sealed_digest: self.digest(),
                presentation_digest: self.digest(),
                attachments: Vec::new(),
                documents: Vec::new(),
                at: now,
            })));
            change.tell(entries(id, hospital, &Event::Ready { party: party.id.clone(), line }, now, random));
        }
        change.push(Write::Bundle(Bundle {
            claim: id,
            revision: 1,
            body_mac: self.mac(),
            body: self.bytes(bundle),
            signature: None,
            answer: "{}".to_owned(),
            at: now,
        }));
        for (actor, action) in [("gateway", "packet.signed"), (hospital.as_str(), "bundle.accepted")] {
            change.push(Write::Audit(AuditLine {
                id: AuditId::new(now, random),
                at: now,
                actor: actor.to_owned(),
                action,
                subject: id.to_string(),
                detail: std::collections::BTreeMap::new(),
            }));
        }
        change
    }
}
