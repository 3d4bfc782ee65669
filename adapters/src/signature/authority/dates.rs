//! From when to when a trusted certificate or a revocation list counts.

use der::Decode;
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::time::Time;

/// How the operator's certificates and lists stand at a time; places are those they were handed in at, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Trusted authorities.
    pub authorities: usize,
    /// Those not in force: no path leads to them.
    pub ended_authorities: Vec<usize>,
    /// Revocation lists.
    pub lists: usize,
    /// Those past their `nextUpdate`: what they name stays refused, but they prove nothing good any more.
    pub ended_lists: Vec<usize>,
}

/// The first and the last moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dates {
    from: Timestamp,
    until: Timestamp,
}

impl Dates {
    /// `notBefore` and `notAfter`.
    pub(super) fn of_certificate(der: &[u8]) -> Option<Self> {
        let read = Certificate::from_der(der).ok()?;
        let validity = read.tbs_certificate().validity();
        Some(Self { from: timestamp(validity.not_before)?, until: timestamp(validity.not_after)? })
    }

    /// `thisUpdate` and `nextUpdate`.
    pub(super) fn of_list(der: &[u8]) -> Option<Self> {
        let read = <CertificateList>::from_der(der).ok()?.tbs_cert_list;
        Some(Self { from: timestamp(read.this_update)?, until: timestamp(read.next_update?)? })
    }

    /// Whether it had been issued at a time.
    pub(super) fn begun(self, now: Timestamp) -> bool {
        self.from <= now
    }

    /// When it was issued.
    pub(super) fn from(self) -> Timestamp {
        self.from
    }

    /// Whether it counts at a time.
    pub(super) fn hold(self, now: Timestamp) -> bool {
        (self.from..=self.until).contains(&now)
    }
}

fn timestamp(time: Time) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.to_unix_duration().as_secs()).ok()?).ok()
}
