//! DER (X.690) as a flat list of elements: one level at a time, so that nothing hostile can nest.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// Elements on one level; a signature of ours needs eight certificates and a few attributes.
const ELEMENTS: usize = 32;

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Tlv<'a> {
    /// What it is.
    pub(super) tag: Tag,
    /// Its content.
    pub(super) value: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Whether it is the structure in place `[number]`.
    pub(super) fn is_context(&self, number: u32) -> bool {
        self.tag == Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
    }

    /// Whether it is the plain value in place `[number]`.
    pub(super) fn is_plain_context(&self, number: u32) -> bool {
        self.tag == Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
    }

    /// The elements inside, if it has this tag.
    pub(super) fn inside(&self, tag: Tag) -> Option<Vec<Tlv<'a>>> {
        if self.tag == tag { elements(self.value) } else { None }
    }

    /// An object identifier.
    pub(super) fn oid(&self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_der(self.whole).ok()
    }
}

/// The elements of one level, all of the bytes used.
pub(super) fn elements(bytes: &[u8]) -> Option<Vec<Tlv<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        if found.len() == ELEMENTS {
            return None;
        }
        let whole = reader.tlv_bytes().ok()?;
        let any = AnyRef::from_der(whole).ok()?;
        found.push(Tlv { tag: any.tag(), value: any.value(), whole });
    }
    Some(found)
}

/// The one element these bytes are.
pub(super) fn element(bytes: &[u8]) -> Option<Tlv<'_>> {
    let all = elements(bytes)?;
    let [one] = all.as_slice() else { return None };
    Some(*one)
}
