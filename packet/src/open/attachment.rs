//! Opening an attachment of an opened packet: its bytes were sealed apart, its digest stands in what was signed.
//!
//! In: an opened packet, an attachment's id, the sealed text, the recipient's keys. Out: the bytes, or one coded
//! refusal. Nothing looks into the bytes: what they are is for the program that shows them, in a sandbox.

use zeroize::Zeroizing;

use super::Opened;
use crate::jose::digest;
use crate::jose::jwe::{Jwe, JweError};
use crate::jose::jwk::PrivateJwk;
use crate::sealed::{ATTACHMENT, SealedAttachment};

/// A refusal. `Display` is a sentence for people, [`AttachmentError::code`] the stable word for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AttachmentError {
    /// The packet's evidence names no such attachment.
    #[error("the packet names no such attachment")]
    Unknown,
    /// Longer than a sealed attachment of 20 MiB.
    #[error("the attachment is too large: an attachment is at most 20 MiB")]
    TooLarge,
    /// Not the text form of a sealed attachment.
    #[error("this is not a sealed attachment")]
    Malformed,
    /// The header is not exactly the expected one; a packet has another `cty`.
    #[error("the attachment's header is not the expected one")]
    Header,
    /// It does not decrypt: unknown key, changed bytes, anything.
    #[error("the attachment does not decrypt")]
    Decrypt,
    /// Another size than the evidence names.
    #[error("the attachment has another size than the evidence names")]
    Size,
    /// Another digest than the evidence names.
    #[error("the attachment is not the one the evidence names")]
    Digest,
}

impl AttachmentError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "attachment.unknown",
            Self::TooLarge => "attachment.too_large",
            Self::Malformed => "attachment.malformed",
            Self::Header => "attachment.header",
            Self::Decrypt => "attachment.decrypt",
            Self::Size => "attachment.size",
            Self::Digest => "attachment.digest",
        }
    }
}

impl Opened {
    /// Opens the sealed attachment with that id: known, bounded, exact header, decrypted, size and digest as signed.
    ///
    /// # Errors
    /// The first [`AttachmentError`] in that order.
    pub fn attachment(
        &self,
        id: &str,
        sealed: &[u8],
        keys: &[PrivateJwk],
    ) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
        let named = self.attachments().find(|named| named.id == id).ok_or(AttachmentError::Unknown)?;
        let text = std::str::from_utf8(sealed).map_err(|_| AttachmentError::Malformed)?;
        let sealed = SealedAttachment::parse(text)?;
        let plain =
            Jwe::parse(sealed.as_str(), ATTACHMENT).and_then(|jwe| jwe.decrypt(keys)).map_err(|error| match error {
                JweError::TooLarge => AttachmentError::TooLarge,
                JweError::Malformed => AttachmentError::Malformed,
                JweError::Header => AttachmentError::Header,
                JweError::Decrypt => AttachmentError::Decrypt,
            })?;
        if u64::try_from(plain.len()) != Ok(named.bytes) {
            return Err(AttachmentError::Size);
        }
        if digest::sha256_text(&plain) != named.digest {
            return Err(AttachmentError::Digest);
        }
        Ok(plain)
    }
}

#[cfg(test)]
#[cfg(feature = "seal")]
mod tests {
    use crate::fixture::{PHOTO, sealing_key, world};
    use crate::limits::{ATTACHMENT_BYTES, SEALED_ATTACHMENT_BYTES};
    use crate::seal::{SealError, seal_attachment};

    #[test]
    fn an_attachment_opens_to_the_bytes_the_evidence_names() {
        let world = world();
        let opened = world.pass(&world.for_alpha()).unwrap();
        let sealed = seal_attachment(PHOTO, &world.alpha.public()).unwrap();
        let again = seal_attachment(PHOTO, &world.alpha.public()).unwrap();
        assert!(sealed.digest() != again.digest() && format!("{sealed:?}") == "SealedAttachment(..)");
        for sealed in [sealed, again] {
            let bytes = opened.attachment("att_1", sealed.as_str().as_bytes(), std::slice::from_ref(&world.alpha));
            assert_eq!(bytes.unwrap().as_slice(), PHOTO);
        }
    }

    #[test]
    fn what_is_not_that_attachment_is_refused_by_its_own_code() {
        let world = world();
        let opened = world.pass(&world.for_alpha()).unwrap();
        let keys = [world.alpha.clone()];
        let refused = |id: &str, sealed: &[u8]| opened.attachment(id, sealed, &keys).unwrap_err().code();
        let seal = |content: &[u8]| seal_attachment(content, &world.alpha.public()).unwrap().as_str().to_owned();
        let sealed = seal(PHOTO);
        assert_eq!(refused("att_2", sealed.as_bytes()), "attachment.unknown");
        assert_eq!(refused("att_1", &vec![b'a'; SEALED_ATTACHMENT_BYTES + 1]), "attachment.too_large");
        assert_eq!(refused("att_1", PHOTO), "attachment.malformed");
        assert_eq!(refused("att_1", &[0xFF, 0xFE]), "attachment.malformed");
        // A packet is no attachment, nor the other way round.
        assert_eq!(refused("att_1", world.seal(&world.for_alpha()).as_bytes()), "attachment.header");
        assert_eq!(world.open_as_alpha(&sealed).unwrap_err().code(), "packet.header");
        assert_eq!(refused("att_1", seal(&PHOTO[1..]).as_bytes()), "attachment.size");
        let mut other = PHOTO.to_vec();
        other[0] ^= 1;
        assert_eq!(refused("att_1", seal(&other).as_bytes()), "attachment.digest");
        let another = [sealing_key("alpha-1")];
        let wrong_key = opened.attachment("att_1", sealed.as_bytes(), &another).unwrap_err();
        assert_eq!(wrong_key.code(), "attachment.decrypt");
        let changed = format!("{}{}", &sealed[..sealed.len() - 2], if sealed.ends_with("AA") { "BB" } else { "AA" });
        assert!(matches!(refused("att_1", changed.as_bytes()), "attachment.decrypt" | "attachment.malformed"));
    }

    #[test]
    fn the_largest_attachment_fits_and_one_byte_more_does_not() {
        let world = world();
        let largest = vec![7_u8; usize::try_from(ATTACHMENT_BYTES).unwrap() + 1];
        let sealed = seal_attachment(&largest[1..], &world.alpha.public()).unwrap();
        assert!(sealed.as_str().len() <= SEALED_ATTACHMENT_BYTES);
        assert_eq!(seal_attachment(&largest, &world.alpha.public()).unwrap_err(), SealError::TooLarge);
        assert_eq!(seal_attachment(PHOTO, &world.signer.public()).unwrap_err(), SealError::Key);
    }
}
