//! `multipart/form-data` (RFC 7578) of a form with files: names and contents, bounded in number and in the length of names.
//! In: a whole body that was bounded before. Out: its parts, borrowed. Names of files are not read: nobody trusts them.

/// The most parts.
const MOST: usize = 64;
/// The longest head of a part, in bytes.
const LONGEST_HEAD: usize = 2_048;

/// A part of a form.
pub struct Part<'b> {
    /// The field's name.
    pub name: String,
    /// What it holds.
    pub content: &'b [u8],
}

claimgate_packet::opaque_debug!(Part<'_>);

impl Part<'_> {
    /// As text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.content).ok()
    }
}

/// The parts of a body; nothing where it is not well formed. A file nobody chose comes as an empty part.
#[must_use]
pub fn parts<'b>(content_type: &str, body: &'b [u8]) -> Option<Vec<Part<'b>>> {
    let boundary = boundary(content_type)?;
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        if parts.len() == MOST {
            return None;
        }
        let head_end = find(rest.get(..rest.len().min(LONGEST_HEAD))?, b"\r\n\r\n")?;
        let (head, after) = rest.split_at_checked(head_end)?;
        let after = after.strip_prefix(b"\r\n\r\n")?;
        let (content, after) = after.split_at_checked(find(after, next.as_bytes())?)?;
        parts.push(Part { name: name(head)?, content });
        rest = after.strip_prefix(next.as_bytes())?;
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut all = parameters.split(';').filter_map(|one| one.trim().split_once('='));
    let (_, value) = all.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let value = value.trim_matches('"');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    (!value.is_empty() && value.len() <= 70 && value.bytes().all(plain)).then_some(value)
}

/// The name in a part's `Content-Disposition`.
fn name(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let (_, rest) = line.split_once("; name=\"")?;
    let (name, _) = rest.split_once('"')?;
    Some(name.to_owned())
}

/// Where one text begins in another; by its first byte first, since files are long.
fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut from = 0;
    loop {
        let rest = within.get(from..)?;
        let place = rest.iter().position(|byte| byte == first)?;
        if rest.get(place..)?.starts_with(wanted) {
            return Some(from + place);
        }
        from += place + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=----x1";

    fn body(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (place, (head, content)) in parts.iter().enumerate() {
            body.extend(if place == 0 { "------x1\r\n" } else { "\r\n------x1\r\n" }.bytes());
            body.extend(format!("Content-Disposition: form-data; {head}\r\n\r\n").bytes());
            body.extend(*content);
        }
        body.extend(b"\r\n------x1--\r\n");
        body
    }

    #[test]
    fn parts_come_with_their_names_and_bytes() {
        let sent = body(&[
            ("name=\"token\"", b"t"),
            ("name=\"file-identity\"; filename=\"../a.pdf\"\r\nContent-Type: application/pdf", b"%PDF-\r\n--\r\n\r\n"),
            ("name=\"file-other\"; filename=\"\"", b""),
        ]);
        let read = parts(TYPE, &sent).unwrap();
        let names: Vec<&str> = read.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["token", "file-identity", "file-other"]);
        assert_eq!((read[0].text(), read[1].content), (Some("t"), b"%PDF-\r\n--\r\n\r\n".as_slice()));
        assert!(read[2].content.is_empty());
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        let sent = body(&[("name=\"a\"", b"1")]);
        assert!(parts(TYPE, &sent).is_some());
        for kind in
            ["multipart/form-data", "application/json; boundary=----x1", "multipart/form-data; boundary=\"a b\""]
        {
            assert!(parts(kind, &sent).is_none(), "{kind}");
        }
        assert!(parts(TYPE, &sent[..sent.len() - 6]).is_none(), "cut off");
        assert!(parts(TYPE, &body(&[("filename=\"x\"", b"1")])).is_none(), "no name");
        let long = format!("name=\"{}\"", "a".repeat(LONGEST_HEAD));
        assert!(parts(TYPE, &body(&[(&long, b"1")])).is_none(), "a long head");
        let many: Vec<(&str, &[u8])> = vec![("name=\"a\"", b"1"); MOST + 1];
        assert!(parts(TYPE, &body(&many)).is_none());
        assert!(parts(TYPE, b"").is_none() && parts(TYPE, b"------x1--").unwrap().is_empty());
    }
}
