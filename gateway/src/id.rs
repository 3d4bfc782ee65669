//! Ids that show their kind: `clm_`, `pkt_`, `evd_`, `dlv_`, `sub_` and UUIDv7, made from the handed-in
//! clock and randomness. Parsed at the edge, so that an id in hand is a well-formed id.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

/// Where chance comes from. Everything random in the gateway is drawn here.
#[derive(Clone)]
pub struct Random {
    source: Arc<Fill>,
    /// The millisecond of the last id and its place among the ids of it.
    last: Arc<Mutex<(u64, u32)>>,
}

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

impl Random {
    /// The operating system's generator, through aws-lc-rs.
    ///
    /// # Panics
    /// When the operating system gives no randomness: nothing may be signed or encrypted then.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        clippy::expect_used,
        reason = "the one place; to go on without chance is worse"
    )]
    pub fn system() -> Self {
        let source = |buffer: &mut [u8]| aws_lc_rs::rand::fill(buffer).expect("the operating system gives randomness");
        Self { source: Arc::new(source), last: Arc::default() }
    }

    /// Fills a buffer.
    pub fn fill(&self, buffer: &mut [u8]) {
        (self.source)(buffer);
    }

    /// The place of a new id among those of its millisecond: one more than the last one's, or a start.
    fn place(&self, millis: u64, start: u32) -> u32 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = if last.0 == millis { (millis, last.1.wrapping_add(1)) } else { (millis, start) };
        last.1
    }

    /// An array of random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }
}

/// A text that is no id of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of this kind reads {prefix}_ and a UUID")]
pub struct IdError {
    prefix: &'static str,
}

fn version_7(now: Timestamp, random: &Random) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut tail: [u8; 10] = random.bytes();
    // After the time stands a number of 26 bits that begins anywhere and goes up by one for each id of a millisecond:
    // rows of one change are read back in the order they were made, by their ids alone.
    let (start, _) = tail.split_first_chunk().unwrap_or((&[0; 4], &[]));
    let number = random.place(millis, u32::from_be_bytes(*start) >> 7);
    let number = (((number >> 14) & 0xfff) << 16) | (number & 0x3fff);
    for (byte, of) in tail.iter_mut().zip(number.to_be_bytes()) {
        *byte = of;
    }
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id; of ids made by one process, those made later sort later.
            #[must_use]
            pub fn new(now: Timestamp, random: &Random) -> Self {
                Self(version_7(now, random))
            }

            /// The id of a UUID read from a FHIR logical id, where `_` is not allowed.
            #[must_use]
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = IdError { prefix: $prefix };
                let uuid = text.strip_prefix(concat!($prefix, "_")).ok_or(wrong)?;
                // One spelling only: hyphenated lower case, as Display writes it.
                let parsed = Uuid::try_parse(uuid).map_err(|_| wrong)?;
                if parsed.hyphenated().to_string() == uuid { Ok(Self(parsed)) } else { Err(wrong) }
            }
        }
    )+};
}

ids! {
    /// A claim (理賠案件).
    ClaimId = "clm";
    /// A packet (理賠封包): one signed revision.
    PacketId = "pkt";
    /// An evidence document (佐證文件).
    EvidenceId = "evd";
    /// A file that belongs to evidence (附件).
    AttachmentId = "att";
    /// A delivery (傳送): packet × recipient.
    DeliveryId = "dlv";
    /// A submission (受理案件): claim × recipient × line.
    SubmissionId = "sub";
    /// An entry in the ledger of payments (給付).
    PaymentId = "pmt";
    /// A request for papers (補件); a `Task` in FHIR.
    TaskId = "tsk";
    /// A record request (病歷調閱), of one or more hospitals; what each is asked for is a [`TaskId`].
    RecordRequestId = "rec";
    /// A case of offset at discharge (理賠抵繳).
    OffsetId = "off";
    /// A repair (維修案): one shop's job on a claim.
    RepairId = "rpr";
    /// A traffic accident (交通事故).
    AccidentId = "acc";
    /// An owner's case (車禍理賠案件).
    CaseId = "cas";
    /// A file of a case.
    CaseFileId = "cfl";
    /// That a recipient got a police paper, or what a check of it found.
    UseId = "use";
    /// A consent (同意書).
    ConsentId = "cns";
    /// A line of the timeline (進度).
    EventId = "evt";
    /// A line of the audit trail (稽核軌跡).
    AuditId = "aud";
    /// A deferred step.
    WorkId = "wrk";
    /// A proposal to change the registry.
    ProposalId = "prp";
    /// An alert.
    AlertId = "alr";
    /// A patient's application (院內申請).
    ApplicationId = "apl";
    /// A page a patient applies on.
    PageId = "apg";
    /// A page the owner of a claim follows it on (保戶進度頁).
    OwnerPageId = "opg";
    /// An address the owner of a claim is told at.
    OwnerMailId = "oml";
    /// A session with a wallet.
    WalletSessionId = "wse";
    /// A transaction with MyData; its UUID is the platform's `tx_id`.
    MydataId = "myd";
    /// A mandate (委託) that was recorded.
    MandateId = "mdt";
    /// That the person of a claim was identified.
    IdentificationId = "idn";
    /// A file on its way (上傳).
    UploadId = "upl";
    /// A sealed file outside the database; made by [`ObjectId::at_random`], so that its name tells nothing.
    ObjectId = "obj";
    /// A request, in logs and answers.
    RequestId = "req";
}

impl ObjectId {
    /// A new id that says neither when nor what.
    #[must_use]
    pub fn at_random(random: &Random) -> Self {
        Self(uuid::Builder::from_random_bytes(random.bytes()).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_only_in_its_own_kind_and_spelling() {
        let id = ClaimId::new(Timestamp::UNIX_EPOCH, &Random::system());
        let text = id.to_string();
        assert_eq!(text.parse::<ClaimId>(), Ok(id));
        assert!(text.parse::<PacketId>().is_err());
        assert!(text.to_uppercase().parse::<ClaimId>().is_err());
        assert!(text.replace('-', "").parse::<ClaimId>().is_err());
    }

    #[test]
    fn later_ids_sort_later() {
        let random = Random::system();
        let early = EvidenceId::new(Timestamp::from_second(1_000).unwrap(), &random);
        let late = EvidenceId::new(Timestamp::from_second(1_001).unwrap(), &random);
        assert!(early.to_string() < late.to_string());
        let same: Vec<String> =
            (0..1_000).map(|_| EvidenceId::new(Timestamp::UNIX_EPOCH, &random).to_string()).collect();
        assert!(same.is_sorted(), "within a millisecond, too");
    }
}
