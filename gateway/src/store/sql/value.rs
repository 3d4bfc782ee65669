//! What can be bound: text, whole numbers and bytes, or nothing of one of these kinds.

use std::borrow::Cow;

/// A bound value. The kind of a missing one is known, as PostgreSQL wants it.
#[derive(Clone)]
pub(in crate::store) enum Value<'q> {
    /// Text.
    Text(Option<Cow<'q, str>>),
    /// A whole number.
    Number(Option<i64>),
    /// Bytes.
    Bytes(Option<Cow<'q, [u8]>>),
}

macro_rules! from {
    ($($from:ty => $kind:ident, $value:ident, $into:expr;)+) => {$(
        impl<'q> From<$from> for Value<'q> {
            fn from($value: $from) -> Self {
                Self::$kind(Some($into))
            }
        }

        impl<'q> From<Option<$from>> for Value<'q> {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value.map(|$value| $into))
            }
        }
    )+};
}

from! {
    &'q str => Text, value, Cow::Borrowed(value);
    String => Text, value, Cow::Owned(value);
    &'q String => Text, value, Cow::Borrowed(value.as_str());
    i64 => Number, value, value;
    &'q i64 => Number, value, *value;
    &'q [u8] => Bytes, value, Cow::Borrowed(value);
    Vec<u8> => Bytes, value, Cow::Owned(value);
    &'q Vec<u8> => Bytes, value, Cow::Borrowed(value.as_slice());
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(value: &'q Option<String>) -> Self {
        Self::from(value.as_ref())
    }
}

impl From<&Option<i64>> for Value<'_> {
    fn from(value: &Option<i64>) -> Self {
        Self::Number(*value)
    }
}

impl<'q> From<&'q Option<Vec<u8>>> for Value<'q> {
    fn from(value: &'q Option<Vec<u8>>) -> Self {
        Self::from(value.as_ref())
    }
}
