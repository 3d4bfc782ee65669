//! Texts made to break a reader: each is refused with its code, and none makes it panic.

use super::*;

fn refusal(text: &str) -> Issue {
    parse(text.as_bytes(), &Limits::default()).unwrap_err()
}

fn code(text: &str) -> String {
    refusal(text).code.into_owned()
}

/// A text again and again, `{n}` being how often.
fn numbered(times: usize, text: &str) -> String {
    (0..times).map(|n| text.replace("{n}", &n.to_string())).collect()
}

fn patient(inside: &str) -> String {
    resource("Patient", inside)
}

#[test]
fn a_document_type_is_never_read() {
    let entities: String = numbered(10, "<!ENTITY l{n} \"&l{n};&l{n};&l{n};&l{n};&l{n};&l{n};&l{n};&l{n};\">");
    let laughs = format!("<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY l0 \"lol\">{entities}]>");
    assert_eq!(code(&format!("{laughs}{}", patient("<id value='&l9;'/>"))), "xml.dtd");
    let external = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    assert_eq!(code(&format!("{external}{}", patient("<id value='&x;'/>"))), "xml.dtd");
    assert_eq!(code("<!DOCTYPE Patient SYSTEM \"http://a.example/a.dtd\"><Patient/>"), "xml.dtd");
    assert_eq!(code("<!DOCTYPE a [ "), "xml.dtd");
    assert_eq!(code(&patient("<!DOCTYPE a>")), "xml.dtd");
    for entity in ["&l9;", "&nbsp;", "&", "a & b", "&#38", "&amp"] {
        assert_eq!(code(&patient(&format!("<id value='{entity}'/>"))), "xml.entity", "{entity}");
    }
    assert_eq!(code(&patient("&x;")), "xml.entity");
    assert_eq!(code(&patient("<?xml-stylesheet href='a'?>")), "xml.processing-instruction");
    assert_eq!(code(&format!(" <?xml version='1.0'?>{}", patient(""))), "xml.processing-instruction");
}

#[test]
fn size_depth_and_number_are_limited_before_anything_is_built() {
    let many: String = numbered(100_000, " a{n}='1'");
    assert_eq!(code(&patient(&format!("<id{many}/>"))), "xml.too-many-attributes");
    assert_eq!(code(&format!("<Patient{many}/>")), "xml.too-many-attributes");
    let spaces: String = numbered(20, " xmlns:a{n}='urn:a'");
    assert_eq!(code(&patient(&format!("<id{spaces}/>"))), "xml.too-many-attributes");

    let nested = |levels: usize| {
        let (open, close) = ("<extension url='a'>".repeat(levels), "</extension>".repeat(levels));
        patient(&format!("{open}{close}"))
    };
    // Each level is an array and an object in JSON, the Patient around them one more.
    assert!(parse(nested(31).as_bytes(), &Limits::default()).is_ok());
    assert_eq!(code(&nested(32)), "xml.too-deep");
    let generous = Limits { depth: usize::MAX, ..Limits::default() };
    for levels in [500, 100_000] {
        assert_eq!(parse(nested(levels).as_bytes(), &generous).unwrap_err().code, "xml.too-deep");
        let div = format!("<text><div xmlns=\"http://www.w3.org/1999/xhtml\">{}", "<b>".repeat(levels));
        assert_eq!(parse(patient(&div).as_bytes(), &generous).unwrap_err().code, "xml.too-deep");
        let bundles = "<entry><resource><Bundle>".repeat(levels);
        assert_eq!(parse(resource("Bundle", &bundles).as_bytes(), &generous).unwrap_err().code, "xml.too-deep");
    }

    let small = Limits { bytes: 300, items: 3, values: 9, ..Limits::default() };
    let code = |text: &str| parse(text.as_bytes(), &small).unwrap_err();
    assert_eq!(code(&" ".repeat(301)).code, "xml.too-large");
    assert_eq!(code(&patient(&"<name/>".repeat(4))).code, "xml.too-many-items");
    assert_eq!(code(&patient(&"<name><given/></name>".repeat(3))).kind, crate::outcome::IssueKind::TooCostly);
    let div = format!("<text><div xmlns=\"http://www.w3.org/1999/xhtml\">{}</div></text>", "<b/>".repeat(20));
    assert_eq!(code(&patient(&format!("{div}<id/>"))).code, "xml.too-many-values");
}

#[test]
fn only_the_namespaces_of_fhir_and_xhtml_are_read() {
    for text in [
        "<Patient/>".to_owned(),
        "<Patient xmlns='http://hl7.org/fhir/'/>".to_owned(),
        "<f:Patient xmlns='http://hl7.org/fhir'/>".to_owned(),
        "<ClinicalDocument xmlns='urn:hl7-org:v3'/>".to_owned(),
        patient("<id xmlns='' value='a'/>"),
        patient("<x:id xmlns:x='urn:x' value='a'/>"),
        patient("<x:id value='a'/>"),
        patient("<id xmlns:x='' value='a'/>"),
        patient("<id xmlns:xml='http://hl7.org/fhir' value='a'/>"),
        patient("<text><div>a</div></text>"),
        patient("<text xmlns:h='http://www.w3.org/1999/xhtml'><h:div>a</h:div></text>"),
        patient("<name xmlns='http://www.w3.org/1999/xhtml'/>"),
        // A prefix ends with the element that declared it.
        "<f:Patient xmlns:f='http://hl7.org/fhir'><f:name xmlns:g='http://hl7.org/fhir'/><g:id/></f:Patient>"
            .to_owned(),
    ] {
        assert_eq!(code(&text), "xml.namespace", "{text}");
    }
}

#[test]
fn what_fhir_does_not_define_is_refused_with_its_place() {
    let at = |text: &str| {
        let issue = refusal(text);
        (issue.code.into_owned(), issue.expression.join(","), issue.diagnostics)
    };
    let (code, path, text) = at(&patient("<name/>\n<name><nickname value='王小明'/></name>"));
    assert_eq!((&*code, &*path), ("xml.element-unknown", "Patient.name[1]"));
    assert!(text.contains("\"nickname\"") && text.contains("line 2, column 7") && !text.contains('王'), "{text}");
    let (_, _, text) = at(&patient("<A123456789/>"));
    assert!(!text.contains("A123456789"));
    for (inside, code, path) in [
        ("<birthDate value='a' value='b'/>", "xml.duplicate-attribute", "Patient"),
        ("<birthDate value='a' other='b'/>", "xml.attribute-unknown", "Patient.birthDate"),
        ("<name value='a'/>", "xml.attribute-unknown", "Patient.name[0]"),
        ("<name><url value='a'/></name>", "xml.element-unknown", "Patient.name[0]"),
        ("<extension><url value='a'/></extension>", "xml.element-unknown", "Patient.extension[0]"),
        ("<birthDate value='a'/><birthDate value='b'/>", "xml.element-repeated", "Patient.birthDate"),
        ("<birthDate id='a'/><birthDate value='b'/>", "xml.element-repeated", "Patient.birthDate"),
        ("<maritalStatus/><maritalStatus/>", "xml.element-repeated", "Patient.maritalStatus"),
        ("<name>王小明</name>", "xml.text", "Patient.name[0]"),
        ("<name><![CDATA[王小明]]></name>", "xml.text", "Patient.name[0]"),
        ("<contained/>", "xml.resource-unknown", "Patient.contained[0]"),
        ("<contained><HumanName/></contained>", "xml.resource-unknown", "Patient.contained[0]"),
        ("<contained><Basic/><Basic/></contained>", "xml.resource-unknown", "Patient.contained[0]"),
        ("<contained id='a'><Basic/></contained>", "xml.attribute-unknown", "Patient.contained[0]"),
        ("<id value='&#0;'/>", "xml.character", "Patient.id"),
        ("<resourceType value='Claim'/>", "xml.element-unknown", "Patient"),
    ] {
        let (found, place, text) = at(&patient(inside));
        assert_eq!((&*found, &*place), (code, path), "{inside}");
        assert!(!text.contains('王'));
    }
}

#[test]
fn another_encoding_is_refused_clearly() {
    let text = patient("<id value='王'/>");
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        mark.iter().copied().chain(text.encode_utf16().flat_map(bytes)).collect::<Vec<_>>()
    };
    let declared = format!("<?xml version=\"1.0\" encoding=\"Big5\"?>{text}");
    for bytes in [
        utf16(b"\xFF\xFE", u16::to_le_bytes),
        utf16(b"\xFE\xFF", u16::to_be_bytes),
        utf16(b"", u16::to_le_bytes),
        text.replace('王', "?").encode_utf16().flat_map(u16::to_be_bytes).collect(),
        text.replace('王', "\u{0}").into_bytes().iter().map(|byte| if *byte == 0 { 0xFF } else { *byte }).collect(),
        declared.into_bytes(),
    ] {
        let issue = parse(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(issue.code, "xml.not-utf8");
        assert!(issue.diagnostics.contains("UTF-8"));
    }
    for declaration in
        ["version='1.1'", "encoding='UTF-8'", "", "version='1.0' other='a'", "version='1.0' standalone='a'"]
    {
        assert_eq!(code(&format!("<?xml {declaration}?>{text}")), "xml.syntax", "{declaration}");
    }
    assert_eq!(code(&patient("<id value='\u{1}'/>")), "xml.character");
}

#[test]
fn what_is_not_xml_is_refused() {
    for text in [
        "",
        " ",
        "a",
        "{\"resourceType\":\"Patient\"}",
        "<",
        "<>",
        "</Patient>",
        "<Patient xmlns='http://hl7.org/fhir'>",
        "<Patient xmlns='http://hl7.org/fhir'></patient>",
        "<Patient xmlns='http://hl7.org/fhir'/><Patient/>",
        "<Patient xmlns='http://hl7.org/fhir'/>a",
        "<Patient xmlns=http://hl7.org/fhir/>",
        "<!-- a -- b --><Patient/>",
        "<Patient xmlns='http://hl7.org/fhir'><id value='<'/></Patient>",
        "<!-- ",
        "<![CDATA[",
        "<!x>",
        "< Patient/>",
        "<Patient xmlns='http://hl7.org/fhir'><name></Patient></name>",
        "<a:b:c/>",
        "<1/>",
    ] {
        assert_eq!(code(text), "xml.syntax", "{text}");
    }
}

#[test]
fn no_part_of_a_bundle_is_read_and_none_makes_the_reader_panic() {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- 一 -->{}",
        resource(
            "Bundle",
            "<type value='document'/><entry><fullUrl value='urn:uuid:a'/><resource><Patient><text>\
             <div xmlns=\"http://www.w3.org/1999/xhtml\">王<b>&#x4E00;</b></div></text>\
             <active value='true'><extension url='urn:b'><valueCode value='&amp;'/></extension></active>\
             <name><family value='王'/><given value=\"a\"/></name></Patient></resource></entry>"
        )
    );
    assert!(parse(text.as_bytes(), &Limits::default()).is_ok());
    for end in 0..text.len() {
        let issue = parse(&text.as_bytes()[..end], &Limits::default()).unwrap_err();
        assert!(["xml.syntax", "xml.not-utf8", "xml.entity"].contains(&&*issue.code), "{end}: {issue:?}");
    }
}

#[test]
fn no_change_of_a_bundle_makes_the_reader_panic() {
    let file = fixtures().into_iter().find(|file| file.ends_with("outpatient.json")).unwrap();
    let value = crate::parse::parse(&std::fs::read(file).unwrap(), &Limits::default()).unwrap();
    let text = write(&value).unwrap();
    // A small linear generator: the same changes at every run.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let pieces: [&[u8]; 14] = [
        b"<",
        b">",
        b"/>",
        b"&",
        b";",
        b"\"",
        b" xmlns=\"\"",
        b"<!--",
        b"<![CDATA[",
        b"<!DOCTYPE",
        b"\0",
        b"\xFF",
        b"&#x0;",
        b":",
    ];
    let mut read = 0;
    for _ in 0..1500 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes[at] = u8::try_from(next(256)).unwrap(),
                1 => drop(bytes.splice(at..at, pieces[next(pieces.len())].iter().copied())),
                2 => drop(bytes.drain(at..(at + next(40)).min(bytes.len()))),
                _ => {
                    let piece = bytes[at..(at + next(200)).min(bytes.len())].to_vec();
                    let to = next(bytes.len());
                    drop(bytes.splice(to..to, piece));
                }
            }
        }
        if let Ok(value) = parse(&bytes, &Limits::default()) {
            read += 1;
            // What was read can be written, and then it is the same; an emptied element alone cannot.
            if let Ok(text) = write(&value) {
                assert!(parse(text.as_bytes(), &Limits::default()).unwrap() == value);
            }
        }
    }
    assert!(read > 50, "{read}");
}
