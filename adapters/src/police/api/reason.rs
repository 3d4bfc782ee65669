//! Why an answer of a police source does not count: one stable code each.

macro_rules! reasons {
    ($($name:ident $code:literal $text:literal;)+) => {
        /// A reason. `Display` is a sentence for people, [`Reason::code`] the stable word for machines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Reason {$(
            #[doc = $text]
            #[error($text)]
            $name,
        )+}

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

reasons! {
    TooLarge "answer-too-large" "It is longer than it may be.";
    Form "answer-form" "It is no compact JWS whose header has exactly alg, kid and the expected typ.";
    Algorithm "answer-algorithm" "It is not signed with ES256.";
    UnknownKey "answer-key" "It names no key the source has registered, or one that does not count now.";
    Signature "answer-signature" "It is not signed by the key it names.";
    Json "answer-json" "What is signed is not of the documented form.";
    Issuer "answer-issuer" "Another source signed it.";
    Audience "answer-audience" "It is for somebody else.";
    Request "answer-request" "It answers another request: nonce or digest differ.";
    Stale "answer-stale" "It is older than five minutes, or more than a minute ahead.";
    Status "answer-status" "The HTTP status and the signed outcome disagree.";
    Item "answer-item" "It gives another paper than was asked for, or none.";
    Digest "answer-digest" "The paper or a file of it has another digest than is stated.";
    Content "answer-content" "The paper is not of the form of its evidence type, or a file is none of the kinds taken.";
}
