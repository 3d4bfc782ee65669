//! The operations of uploads (上傳) by tus 1.0, for hospitals and for app backends.

use serde_json::json;

use super::operation::{Answer, Operation, Tag, empty, json};
use crate::http::caller::{FileAccidents, PushBundles, Right};
use crate::http::uploads::UploadBody;

const UPLOAD: &str = "^upl_[0-9a-f-]{36}$";

/// Where uploads are, and what their operations are called.
#[derive(Clone, Copy)]
struct Place {
    all: &'static str,
    one: &'static str,
    tag: Tag,
    ids: [&'static str; 5],
    used: &'static str,
}

/// All of them, in the order of the route table.
pub(super) fn operations() -> Vec<Operation> {
    let hospital = Place {
        all: "/hospital/v1/uploads",
        one: "/hospital/v1/uploads/{id}",
        tag: Tag::Hospital,
        ids: ["beginUpload", "readUpload", "findUpload", "continueUpload", "giveUpUpload"],
        used: "How far it is, and the URL a Bundle writes into Attachment.url.",
    };
    let app = Place {
        all: "/claims/v1/uploads",
        one: "/claims/v1/uploads/{id}",
        tag: Tag::App,
        ids: ["beginCaseUpload", "readCaseUpload", "findCaseUpload", "continueCaseUpload", "giveUpCaseUpload"],
        used: "How far it is; once it is complete, a field `file.<key>` of a case names its id.",
    };
    let mut all = of::<PushBundles>(hospital);
    all.extend(of::<FileAccidents>(app));
    all
}

fn of<R: Right>(place: Place) -> Vec<Operation> {
    let Place { all, one, tag, ids: [begin, read, find, go_on, give_up], used } = place;
    let of = |method: &'static str, id: &'static str| {
        Operation::new(method, one, id, tag).needs::<R>().path("id", UPLOAD, "Id of an upload of yours.")
    };
    let version = |operation: Operation| {
        operation.header_parameter("Tus-Resumable", &json!({ "type": "string" }), "Always `1.0.0`.")
    };
    let far = |answer: Answer| answer.header("Upload-Offset", "Bytes kept.").header("Upload-Length", "Bytes declared.");
    vec![
        version(Operation::new("POST", all, begin, tag).needs::<R>())
            .says(
                "Begin an upload 上傳",
                "A large file, by tus 1.0 (tus.io): its size, kind and SHA-256 first, its bytes with PATCH.",
            )
            .header_parameter("Upload-Length", &json!({ "type": "string" }), "Size of the file in bytes.")
            .header_parameter(
                "Upload-Metadata",
                &json!({ "type": "string" }),
                "`filetype` and `sha256`, each followed by a space and its value in base64, with a comma between.",
            )
            .answers(far(json::<UploadBody>(201, "The upload.").header("Location", "Where its bytes go."))),
        of("GET", read).says("Read an upload", used).answers(far(json::<UploadBody>(200, "The upload."))),
        of("HEAD", find)
            .says("Where is it?", "The offset to go on from, as a header.")
            .answers(far(empty(200, "How far it is."))),
        version(of("PATCH", go_on))
            .says(
                "Go on with an upload",
                "Bytes from an offset on. What came is kept, also where the connection breaks; with the last byte the whole \
                 is compared with what was declared. tus calls the body `application/offset+octet-stream`.",
            )
            .header_parameter("Upload-Offset", &json!({ "type": "string" }), "Where the first byte belongs.")
            .takes_bytes()
            .answers(far(empty(204, "Kept."))),
        of("DELETE", give_up)
            .says("Give an upload up", "Its bytes go. One that is used stays.")
            .answers(empty(204, "It is gone.")),
    ]
}
