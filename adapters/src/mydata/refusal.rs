//! Why a package is refused: a reason of the contract, and within it what exactly. Words are stable; none holds a value.

use std::fmt;

macro_rules! reasons {
    ($($variant:ident = $code:literal;)+) => {
        /// What failed, as the contract's layers name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`.")] $variant,)+
        }

        impl Reason {
            /// The code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

reasons! {
    Notice = "mydata_notice_invalid";
    Decrypt = "mydata_decrypt_failed";
    Payload = "mydata_payload_malformed";
    Manifest = "mydata_manifest_invalid";
    Signature = "dp_signature_invalid";
    Certificate = "dp_certificate_untrusted";
    Digest = "dp_digest_mismatch";
}

macro_rules! refusals {
    ($($variant:ident = $reason:ident $word:literal $text:literal;)+) => {
        /// Why a package, or the notice before it, is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal {
            $(#[doc = $text] $variant,)+
        }

        impl Refusal {
            /// Every refusal, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The reason it counts under.
            #[must_use]
            pub fn reason(self) -> Reason {
                match self { $(Self::$variant => Reason::$reason,)+ }
            }

            /// The word for exactly this.
            #[must_use]
            pub fn detail(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What is wrong, as a sentence.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

refusals! {
    NoticeForm = Notice "notice-form" "The notification is not one of the two forms the platform sends.";
    OtherTransaction = Notice "other-transaction" "The notification or the return is of another transaction.";
    SecretKey = Decrypt "secret-key" "The key of the transfer does not decrypt to 32 characters.";
    JweTooLarge = Decrypt "jwe-too-large" "The package is longer than 48 MiB.";
    JweForm = Decrypt "jwe-form" "The package is no compact JWE.";
    JweHeader = Decrypt "jwe-header" "The header is not exactly A256KW with A256CBC-HS512, or it asks for compression.";
    JweOpen = Decrypt "jwe-open" "The package does not decrypt with the key of its transfer, or was changed.";
    PayloadForm = Payload "payload-form" "What was encrypted is not an object with `filename` and `data`.";
    PayloadName = Payload "payload-name" "The file name is not the client id with `.zip`.";
    PayloadData = Payload "payload-data" "The data is not `application/zip;data:` and base64url.";
    ArchiveForm = Manifest "archive-form" "An archive is no plain ZIP file from its first byte to its last.";
    ArchiveTooMany = Manifest "archive-too-many" "An archive has more than 256 files.";
    ArchiveTooLarge = Manifest "archive-too-large" "The files of the package have more than 64 MiB.";
    ArchiveRatio = Manifest "archive-ratio" "A file is compressed to less than a two-hundredth.";
    ArchiveEncrypted = Manifest "archive-encrypted" "A file in an archive is encrypted.";
    ArchiveMethod = Manifest "archive-method" "A file is compressed otherwise than by deflate.";
    ArchiveName = Manifest "archive-name" "A name is absolute, leads upwards, or is no plain relative path.";
    ArchiveNameTwice = Manifest "archive-name-twice" "Two files have the same name, but for capitals.";
    ArchiveLink = Manifest "archive-link" "An entry is a link or a device.";
    ArchiveOverlap = Manifest "archive-overlap" "Files of an archive lie upon one another.";
    ArchiveContradiction = Manifest "archive-contradiction" "A file's own header contradicts the directory of its archive.";
    ArchiveContent = Manifest "archive-content" "A file does not unpack to the size and checksum it states.";
    ArchiveNested = Manifest "archive-nested" "A file of a data provider is an archive.";
    ManifestMissing = Manifest "manifest-missing" "An archive has no META-INFO/manifest.xml.";
    ManifestDtd = Manifest "manifest-dtd" "A manifest declares a document type.";
    ManifestEntity = Manifest "manifest-entity" "A manifest refers to an entity.";
    ManifestForm = Manifest "manifest-form" "A manifest is not a list of files with their members.";
    ResourceOther = Manifest "resource-other" "The package has a data set that nobody asked for.";
    ResourceTwice = Manifest "resource-twice" "The package names a data set twice.";
    ResourceMissing = Manifest "resource-missing" "The package says nothing of a data set that was asked for.";
    FileMissing = Manifest "file-missing" "A manifest lists a file that is not there.";
    FileUnlisted = Manifest "file-unlisted" "An archive has a file that its manifest does not list.";
    SignatureMissing = Signature "signature-missing" "The data provider's signature is missing.";
    SignatureInvalid = Signature "signature-invalid" "The signature is not that of the certificate over the manifest.";
    CertificateMissing = Certificate "certificate-missing" "The data provider's certificate is missing.";
    CertificateForm = Certificate "certificate-form" "The certificate is not one X.509 certificate.";
    CertificateUsage = Certificate "certificate-usage" "The certificate is not for signatures.";
    CertificateExpired = Certificate "certificate-expired" "The certificate or an issuer's has expired.";
    CertificateNotYetValid = Certificate "certificate-not-yet-valid" "The certificate or an issuer's is not valid yet.";
    CertificateRevoked = Certificate "certificate-revoked" "The certificate or an issuer's is revoked.";
    CertificateUnknownIssuer = Certificate "certificate-unknown-issuer" "No trusted authority issued the certificate.";
    CertificatePath = Certificate "certificate-path" "The path to the trusted authority does not verify.";
    CertificateSubject = Certificate "certificate-subject" "The certificate is not of the provider registered for the data set.";
    RevocationUnknown = Certificate "revocation-unknown" "No revocation list in force covers the path, and one is required.";
    DigestMismatch = Digest "digest-mismatch" "A file is not the one its manifest was signed for.";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason().as_str(), self.text())
    }
}

impl std::error::Error for Refusal {}
