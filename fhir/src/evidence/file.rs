//! Attachment and Binary → the bytes of a file, checked by kind, size and hash.
//!
//! In: an Attachment element. Out: bytes that stand in the Bundle, or a finding. A URL is never fetched: it means a
//! Binary of the same Bundle, a file uploaded before, or nothing. Base64 is bounded before it is read, and one Binary is read once.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::digest::sha1;
use claimgate_packet::limits::ATTACHMENT_BYTES;

use crate::element::Element;
use crate::media::Media;
use crate::outcome::{Issue, IssueKind};

use super::reading::Reading;

/// A file that belongs to a document.
#[derive(Clone)]
pub struct File {
    /// The kind found by content.
    pub media: Media,
    /// The bytes as they came; none where they were uploaded before.
    pub content: Arc<[u8]>,
    /// The upload that has the bytes.
    pub upload: Option<Uploaded>,
    /// Where the Attachment stands in the Bundle.
    pub place: String,
}

/// A file that was uploaded before (上傳), as an Attachment refers to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// What stands after [`UPLOADS`] in the URL.
    pub id: String,
    /// The stated size in bytes.
    pub size: Option<u64>,
    /// The stated SHA-1 (FHIR R4 Attachment.hash).
    pub hash: Option<Vec<u8>>,
}

/// Where uploads are, in a URL of whatever host: the gateway may have several names.
pub const UPLOADS: &str = "/hospital/v1/uploads/";

/// The longest id of an upload.
const UPLOAD_ID: usize = 64;

claimgate_packet::opaque_debug!(File);

impl<'a> Reading<'_, 'a> {
    /// The file an Attachment holds or refers to; nothing, and a finding, where there is none to pass on.
    pub(super) fn file(&self, attachment: &Element<'a>) -> Option<File> {
        if let Some(id) = self.upload_of(attachment) {
            return Self::uploaded(attachment, id);
        }
        let holder = if attachment.has("data") { attachment.clone() } else { self.binary(attachment)? };
        let known = self.files.borrow().get(holder.path()).cloned();
        let content = if let Some(known) = known {
            // A second use of the same bytes is a repetition like any other.
            known.filter(|content| self.pay(content.len()))
        } else {
            let content: Option<Arc<[u8]>> = decode(&holder).map(Arc::from);
            self.files.borrow_mut().insert(holder.path().to_owned(), content.clone());
            content
        }?;
        let Some(media) = Media::of(&content) else {
            let text = "The file is none of the kinds passed on: PDF, JPEG, PNG, TIFF, WebP, HEIC, DICOM, MP4, MOV, told by \
                        its first bytes. It is not carried further. Send it as one of them.";
            let issue = Issue::warning(IssueKind::NotSupported, "attachment.type-unknown", text);
            attachment.findings().report(issue.at(attachment.path()).zh("檔案格式不支援，不會轉送"));
            return None;
        };
        compare(attachment, media, &content);
        if holder.path() != attachment.path() {
            declared(&holder, media);
        }
        Some(File { media, content, upload: None, place: attachment.path().to_owned() })
    }

    /// The id of the upload an Attachment means; nothing where it means something else.
    fn upload_of(&self, attachment: &Element<'a>) -> Option<&'a str> {
        let url = attachment.string("url").filter(|_| !attachment.has("data"))?;
        let (_, id) = url.rsplit_once(UPLOADS)?;
        let is_id = !id.is_empty() && id.len() <= UPLOAD_ID;
        (is_id && self.bundle.at_url(attachment.entry(), url).is_none()).then_some(id)
    }

    /// The file of an upload; whether it is there is for the gateway to say.
    fn uploaded(attachment: &Element<'a>, id: &str) -> Option<File> {
        let Some(media) = attachment.string("contentType").and_then(Media::declared) else {
            let text = "An uploaded file needs the contentType it was uploaded with.";
            let issue = Issue::error(IssueKind::Required, "attachment.upload-type", text);
            attachment.report(issue.zh("引用已上傳檔案須註明 contentType"), "contentType");
            return None;
        };
        let hash = attachment.string("hash").map(|hash| STANDARD.decode(hash).unwrap_or_default());
        let upload = Some(Uploaded { id: id.to_owned(), size: attachment.whole("size").map(u64::from), hash });
        Some(File { media, content: Arc::from([].as_slice()), upload, place: attachment.path().to_owned() })
    }

    /// The Binary a URL means, if it is in the Bundle.
    fn binary(&self, attachment: &Element<'a>) -> Option<Element<'a>> {
        let Some(url) = attachment.string("url") else {
            let text =
                "The attachment has neither data nor a url. Put the bytes in data, or in a Binary of the Bundle.";
            let issue = Issue::warning(IssueKind::Incomplete, "attachment.empty", text);
            attachment.findings().report(issue.at(attachment.path()).zh("附件沒有內容"));
            return None;
        };
        let found = self.bundle.at_url(attachment.entry(), url).filter(|found| found.resource_type() == "Binary");
        if let Some(binary) = &found {
            self.mark(binary);
        } else {
            let text = "A url is never fetched, and this one leads to no Binary of the Bundle. Send the bytes as Binary in \
                        the Bundle and refer to it, or put them in data.";
            let issue = Issue::warning(IssueKind::NotSupported, "attachment.url-not-fetched", text);
            attachment.report(issue.zh("不會讀取網址；請將檔案以 Binary 放入 Bundle"), "url");
        }
        found
    }
}

/// The bytes of `data`, which Binary and Attachment have alike.
fn decode(holder: &Element<'_>) -> Option<Vec<u8>> {
    let refuse = |kind, code, text: &str, chinese: &'static str| {
        holder.report(Issue::error(kind, code, text).zh(chinese), "data");
        None
    };
    let Some(text) = holder.string("data") else {
        let text = "The Binary has no data. Put the bytes in it as base64.";
        return refuse(IssueKind::Required, "attachment.no-data", text, "Binary 沒有內容");
    };
    // FHIR lets base64 be broken into lines; nothing else may stand in it.
    let joined: String;
    let text = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        joined = text.split_ascii_whitespace().collect();
        &joined
    } else {
        text
    };
    if !u64::try_from(text.len() / 4 * 3).is_ok_and(|bytes| bytes <= ATTACHMENT_BYTES + 2) {
        let text = "The attachment is over 20 MiB. Send a smaller one.";
        return refuse(IssueKind::TooCostly, "attachment.too-large", text, "附件超過 20 MiB");
    }
    let Ok(content) = STANDARD.decode(text) else {
        let text = "The data is not base64 (RFC 4648 §4, with its padding). Encode the bytes again.";
        return refuse(IssueKind::Value, "attachment.base64", text, "附件內容不是 base64");
    };
    Some(content)
}

/// Compares what an Attachment states of its bytes with what they are; the bytes count.
fn compare(attachment: &Element<'_>, media: Media, content: &[u8]) {
    declared(attachment, media);
    let warn = |code, text: &str, chinese: &'static str, member| {
        attachment.report(Issue::warning(IssueKind::Value, code, text).zh(chinese), member);
    };
    let size = attachment.whole("size").and_then(|size| usize::try_from(size).ok());
    if size.is_some_and(|size| size != content.len()) {
        let text = "The file has another size than stated. Compare it with the original; it may be cut.";
        warn("attachment.size-differs", text, "附件大小與宣告不符", "size");
    }
    let hash = attachment.string("hash");
    if hash.is_some_and(|hash| STANDARD.decode(hash).ok().as_deref() != Some(sha1(content).as_slice())) {
        let text = "The file has another hash than stated (SHA-1 in base64, FHIR R4). Compare it with the original.";
        warn("attachment.hash-differs", text, "附件雜湊值與宣告不符", "hash");
    }
}

fn declared(element: &Element<'_>, media: Media) {
    let declared = element.string("contentType");
    if declared.is_some_and(|declared| Media::declared(declared) != Some(media)) {
        let text =
            format!("The file is {} by its content; that is what the evidence says. Correct it.", media.as_str());
        let issue = Issue::warning(IssueKind::Value, "attachment.type-differs", text);
        element.report(issue.zh("附件內容與宣告格式不符"), "contentType");
    }
}
