//! An operator's files as authorities hand them out, PEM or DER → DER, one certificate or list each.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

/// The first byte of DER here: a SEQUENCE. No PEM begins with it.
const SEQUENCE: u8 = 0x30;

/// The certificates of a file: DER with one, or PEM with one or more. `None` where it is neither.
#[must_use]
pub fn certificates_in(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    each(file, |file| CertificateDer::pem_slice_iter(file).map(|one| Some(one.ok()?.to_vec())).collect())
}

/// The revocation lists (憑證廢止清冊) of a file: DER with one, or PEM with one or more. `None` where it is neither.
#[must_use]
pub fn lists_in(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    each(file, |file| CertificateRevocationListDer::pem_slice_iter(file).map(|one| Some(one.ok()?.to_vec())).collect())
}

fn each(file: &[u8], pem: impl FnOnce(&[u8]) -> Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    if file.first() == Some(&SEQUENCE) {
        return Some(vec![file.to_vec()]);
    }
    pem(file).filter(|found| !found.is_empty())
}
