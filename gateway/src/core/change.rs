//! A change: everything one step writes, and what it relied on. The store commits it whole or not at all.

use std::collections::BTreeMap;

use claimgate_packet::words::{ClaimKind, Line};
use jiff::Timestamp;

use super::accident::AccidentWrite;
use super::alert::AlertWrite;
use super::application::ApplicationWrite;
use super::cases::CaseWrite;
use super::deadline::DeadlineWrite;
use super::delivery::Leaving;
use super::handover::HandoverWrite;
use super::identity::IdentityWrite;
use super::ledger::LedgerWrite;
use super::mandate::MandateWrite;
use super::master::MasterWrite;
use super::mydata::MydataWrite;
use super::offset::OffsetWrite;
use super::owner::OwnerWrite;
pub use super::proposal::{Decision, ProposalKind, ProposalRow, Verdict};
use super::push::PushWrite;
use super::records::RecordsWrite;
use super::repair::RepairWrite;
use super::request::RequestWrite;
use super::retention::RetentionWrite;
use super::revision::{DocumentRow, TakenBackRows};
use super::submission::SubmissionState;
use super::timeline::Entry;
use super::trust::TrustWrite;
use super::upload::UploadWrite;
use super::wallet::WalletWrite;
use crate::consent::Permit;
use crate::id::{AttachmentId, AuditId, ClaimId, DeliveryId, EvidenceId, PacketId, SubmissionId, WorkId};
use crate::keys::index::Mac;
use crate::party::{Party, PartyId};

mod files;

pub use files::{AttachmentRow, ObjectRow};

/// What one step writes. `name` goes to metrics and logs.
#[derive(Debug)]
pub struct Change {
    /// Name of the step.
    pub name: &'static str,
    /// The rows, in order.
    pub writes: Vec<Write>,
    /// Lines for people, written after the rows in one statement.
    pub timeline: Vec<Entry>,
}

impl Change {
    /// An empty change.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, writes: Vec::new(), timeline: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Adds timeline entries.
    pub fn tell(&mut self, entries: Vec<Entry>) {
        self.timeline.extend(entries);
    }
}

/// One row, or one thing relied on.
#[derive(Debug)]
pub enum Write {
    /// The party must still be at this version: its consent basis, state and keys were relied on.
    RelyOnParty(PartyId, i64),
    /// A new party.
    NewParty(Box<Party>, Timestamp),
    /// A changed party; `version` of the value is the version it replaces.
    ChangeParty(Box<Party>, Timestamp),
    /// The sealed contacts of a party, or that it has none any more.
    PartyContacts(PartyId, Option<Vec<u8>>),
    /// A change of the registry that waits for a second operator.
    Proposal(Box<ProposalRow>),
    /// How a try to fetch what a party publishes went.
    PublishedKeys(Box<PublishedRow>),
    /// A second operator decides an open proposal of somebody else.
    Decision(Decision),
    /// An operator that was read at this version is gone.
    RemoveOperator(PartyId, i64),
    /// An alert, or the mail that tells of one.
    Alert(AlertWrite),
    /// An accident, its papers, a claim of it.
    Accident(AccidentWrite),
    /// An owner's case, its claims, invitations and files.
    Case(CaseWrite),
    /// A patient's application, or a consent taken back.
    Application(ApplicationWrite),
    /// A page of a claim's owner, an address that is told.
    Owner(OwnerWrite),
    /// A session with a wallet.
    Wallet(WalletWrite),
    /// A transaction with MyData.
    Mydata(MydataWrite),
    /// A mandate that is recorded, used or ended.
    Mandate(MandateWrite),
    /// How the person of a claim was identified, or that a recipient waits for that.
    Identity(IdentityWrite),
    /// Whose credentials count.
    Trust(TrustWrite),
    /// A new claim at revision 1 with its wrapped data key.
    NewClaim(NewClaim),
    /// The next revision of a claim that was read at `version`.
    NextRevision(NextRevision),
    /// Something is added to a claim that was read at this version.
    TouchClaim(ClaimId, i64, Timestamp),
    /// What a hospital pushed.
    Bundle(Bundle),
    /// What the hospital can find the claim by from now on.
    SearchValues(SearchValues),
    /// Evidence of an earlier revision is superseded.
    SupersedeEvidence(ClaimId, i64),
    /// An evidence document, sealed under the claim's key.
    Evidence(EvidenceRow),
    /// Documents the hospital takes back.
    TakenBack(TakenBackRows),
    /// A file that belongs to evidence, sealed under the claim's key.
    Attachment(Box<AttachmentRow>),
    /// A file on its way, or an object that is to go.
    Upload(UploadWrite),
    /// The consent a packet rests on.
    Consent(ClaimId, Permit, Timestamp),
    /// A packet with all disclosures, sealed under the claim's key, and its leaf of the public log.
    Packet(PacketRow),
    /// A packet for one recipient.
    Delivery(Box<DeliveryRow>),
    /// A submission, if the recipient has none for this claim and line yet.
    Submission(SubmissionRow),
    /// A submission's step from the version it was read at.
    SubmissionStep(SubmissionStep),
    /// A delivery on its way out.
    Leaving(DeliveryId, Leaving, Timestamp),
    /// The first byte of an attachment leaves now in this delivery, if none has.
    AttachmentLeft(DeliveryId, AttachmentId, Timestamp),
    /// A delivery sealed again, from the key it was sealed to.
    Reseal(Box<Resealed>),
    /// A delivery that has not left is taken back.
    Withdraw(DeliveryId, Timestamp),
    /// A recipient's acknowledgement of a ready delivery.
    Acknowledge(DeliveryId, Acknowledgement, Timestamp),
    /// A webhook's endpoint, attempt or redrive.
    Push(PushWrite),
    /// A delivery given back or handed on, a case of another rail.
    Handover(HandoverWrite),
    /// A decision, a payment, how the books of a submission stand.
    Ledger(LedgerWrite),
    /// A request for papers, or a step of one.
    Request(RequestWrite),
    /// A record request, a part of it, or a consent taken back.
    Records(RecordsWrite),
    /// A case of offset at discharge, or a step of one.
    Offset(OffsetWrite),
    /// A job of a repair shop, or a step of one.
    Repair(RepairWrite),
    /// A last day somebody is reminded of.
    Deadline(DeadlineWrite),
    /// A hold, a restriction, an erasure.
    Retention(RetentionWrite),
    /// Another master key encrypts, or something is encrypted under it.
    Master(MasterWrite),
    /// The receipt a recipient signed for a delivery that has none yet.
    Receipt(Box<ReceiptRow>),
    /// A line for auditors.
    Audit(AuditLine),
    /// The answer to an `Idempotency-Key`.
    Idempotency(IdempotencyRow),
    /// A client assertion is used up.
    AssertionUse(PartyId, String, Timestamp),
    /// A party's proof (DPoP) is used up: a digest of its key and id.
    ProofUse(PartyId, String, Timestamp),
    /// A party's signed call (RFC 9421) is used up: a digest of its key and nonce.
    CallUse(PartyId, String, Timestamp),
    /// A one-time tracking code of a claim.
    TrackingCode(Mac, ClaimId, Timestamp),
    /// An app backend redeems a tracking code and is linked to its claim.
    Redeem(Mac, ClaimId, PartyId, Timestamp),
    /// A deferred step.
    Work(WorkRow),
    /// What the public log says of itself: size, signed note.
    Checkpoint(u64, String, Timestamp),
    /// A deferred step is done; only by the holder of this fencing number.
    WorkDone(WorkId, i64, Timestamp),
}

/// What a party publishes at its `jwks_url`, and how the last try to fetch it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedRow {
    /// The party.
    pub party: PartyId,
    /// The URL.
    pub url: String,
    /// The last good answer.
    pub body: Option<Vec<u8>>,
    /// When that came.
    pub fetched_at: Option<Timestamp>,
    /// Until when it is not asked for again.
    pub fresh_until: Option<Timestamp>,
    /// The last try.
    pub tried_at: Timestamp,
    /// Why that failed; none where it did not.
    pub failure: Option<String>,
}

/// A new claim.
#[derive(Debug)]
pub struct NewClaim {
    /// Id.
    pub id: ClaimId,
    /// The hospital whose claim it is; of an accident, who filed it.
    pub hospital: PartyId,
    /// What it comes from.
    pub kind: ClaimKind,
    /// Blind index of the case number (案件編號) within the hospital, or of a filer's own number.
    pub case_index: Mac,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// The next revision of a claim.
#[derive(Debug)]
pub struct NextRevision {
    /// The claim.
    pub id: ClaimId,
    /// The version it was read at.
    pub version: i64,
    /// The new revision.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
}

/// What a hospital pushed, one row per revision.
#[derive(Debug)]
pub struct Bundle {
    /// The claim.
    pub claim: ClaimId,
    /// The revision.
    pub revision: i64,
    /// Keyed digest of the bytes.
    pub body_mac: Mac,
    /// The bytes, sealed.
    pub body: Vec<u8>,
    /// The source signatures that verified, sealed; none on an unsigned push.
    pub signature: Option<Vec<u8>>,
    /// The answer it got; holds no personal data.
    pub answer: String,
    /// When.
    pub at: Timestamp,
}

/// What a hospital can find a claim by.
#[derive(Debug)]
pub struct SearchValues {
    /// The claim.
    pub claim: ClaimId,
    /// Whose.
    pub hospital: PartyId,
    /// Keyed digests by name.
    pub values: Vec<(SearchName, Mac)>,
}

/// By what a hospital searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SearchName {
    /// The case number (案件編號), whatever its system.
    Case,
    /// An identifier of the patient (身分證字號, 病歷號碼).
    Patient,
    /// The number of the visit (住院號/就醫號).
    Encounter,
}

impl SearchName {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Patient => "patient",
            Self::Encounter => "encounter",
        }
    }
}

/// An evidence document.
#[derive(Debug)]
pub struct EvidenceRow {
    /// Id.
    pub id: EvidenceId,
    /// The claim.
    pub claim: ClaimId,
    /// The revision it came with.
    pub revision: i64,
    /// Type word.
    pub kind: String,
    /// The document, sealed.
    pub body: Vec<u8>,
}

/// A packet.
#[derive(Debug)]
pub struct PacketRow {
    /// Id.
    pub id: PacketId,
    /// The claim.
    pub claim: ClaimId,
    /// The revision it carries.
    pub revision: i64,
    /// Manifest and all disclosures, sealed.
    pub body: Vec<u8>,
    /// SHA-256 of the manifest.
    pub manifest_digest: [u8; 32],
    /// When.
    pub at: Timestamp,
}

/// A delivery.
#[derive(Debug)]
pub struct DeliveryRow {
    /// Id.
    pub id: DeliveryId,
    /// The packet.
    pub packet: PacketId,
    /// The claim.
    pub claim: ClaimId,
    /// The recipient.
    pub party: PartyId,
    /// The recipient's line.
    pub line: Line,
    /// Counts per claim, recipient and line, from 1, without gaps.
    pub revision: i64,
    /// Keyed digest of the granted content.
    pub content: Mac,
    /// Key the packet is sealed to.
    pub kid: String,
    /// The sealed packet (JWE).
    pub sealed: Vec<u8>,
    /// SHA-256 of the sealed packet, base64url.
    pub sealed_digest: String,
    /// SHA-256 of the presentation inside, base64url.
    pub presentation_digest: String,
    /// The attachments its packet names, each with its evidence.
    pub attachments: Vec<(EvidenceId, AttachmentId)>,
    /// Its documents, and those it takes back, for the next one to be compared with.
    pub documents: Vec<DocumentRow>,
    /// When.
    pub at: Timestamp,
}

/// A delivery sealed again to another key of its recipient.
#[derive(Debug)]
pub struct Resealed {
    /// The delivery.
    pub id: DeliveryId,
    /// The key it was sealed to.
    pub from_kid: String,
    /// The key it is sealed to now.
    pub kid: String,
    /// The sealed packet (JWE).
    pub sealed: Vec<u8>,
    /// SHA-256 of the sealed packet, base64url.
    pub sealed_digest: String,
}

/// A submission.
#[derive(Debug)]
pub struct SubmissionRow {
    /// Id, used only if the row is new.
    pub id: SubmissionId,
    /// The claim.
    pub claim: ClaimId,
    /// The insurer.
    pub party: PartyId,
    /// The line.
    pub line: Line,
    /// When.
    pub at: Timestamp,
}

/// A step of a submission.
#[derive(Debug)]
pub struct SubmissionStep {
    /// The submission.
    pub id: SubmissionId,
    /// The version it was read at.
    pub version: i64,
    /// The new state.
    pub state: SubmissionState,
    /// The insurer's own number and note, sealed; `None` keeps what is there.
    pub detail: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
}

/// What a recipient says of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Opened and verified.
    Accepted,
    /// Could not be opened or verified.
    Rejected,
}

impl Acknowledgement {
    /// The word in interfaces and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// A signed receipt (簽收回條), verified.
#[derive(Clone, Debug)]
pub struct ReceiptRow {
    /// The delivery.
    pub delivery: DeliveryId,
    /// What it says.
    pub result: Acknowledgement,
    /// The receipt as it came: a compact JWS without personal data.
    pub text: String,
    /// SHA-256 of it, base64url.
    pub digest: String,
    /// The public key that verified it, a JWK: it is kept, whatever the recipient registers later.
    pub key: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// When it came in.
    pub at: Timestamp,
}

/// A line of the audit trail (稽核軌跡): who did what to whose data.
#[derive(Debug)]
pub struct AuditLine {
    /// Id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Party, or `operator`, or `gateway`.
    pub actor: String,
    /// What.
    pub action: &'static str,
    /// To what: an id.
    pub subject: String,
    /// Further ids; no personal data.
    pub detail: BTreeMap<&'static str, String>,
}

/// A remembered answer.
#[derive(Debug)]
pub struct IdempotencyRow {
    /// Whose key.
    pub party: PartyId,
    /// Method and route.
    pub route: &'static str,
    /// Keyed digest of the key.
    pub key: Mac,
    /// Keyed digest of the body.
    pub body_mac: Mac,
    /// The answer.
    pub answer: String,
    /// When.
    pub at: Timestamp,
    /// Forgotten after this.
    pub expires_at: Timestamp,
}

/// A deferred step.
#[derive(Debug)]
pub struct WorkRow {
    /// Id.
    pub id: WorkId,
    /// The claim.
    pub claim: ClaimId,
    /// When it is due.
    pub due_at: Timestamp,
}
