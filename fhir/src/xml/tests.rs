//! XML in and out: every example there and back, and hostile texts refused with their codes.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Unwritable::{Character, Element, Form, Narrative, TooDeep};
use super::*;
use crate::parse::tests::shared;

mod hostile;

fn read(text: &str) -> Value {
    parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// A resource of FHIR with this inside.
fn resource(name: &str, inside: &str) -> String {
    format!("<{name} xmlns=\"http://hl7.org/fhir\">{inside}</{name}>")
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}

fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/bundles"), &mut found);
    assert!(found.len() >= 6);
    found
}

/// The numbers of a JSON text, as they are written.
fn numbers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|sign: char| sign == '"' || sign == '-' || sign.is_ascii_digit()) {
        let from = &rest[at..];
        let length = if let Some(inside) = from.strip_prefix('"') {
            let mut escaped = false;
            let end = inside.find(|sign| {
                let ends = sign == '"' && !escaped;
                escaped = sign == '\\' && !escaped;
                ends
            });
            2 + end.unwrap()
        } else {
            from.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(from.len())
        };
        found.extend((!from.starts_with('"')).then_some(&from[..length]));
        rest = &from[length..];
    }
    found
}

#[test]
fn every_example_comes_back_whole() {
    let mut files = fixtures();
    let own = files.len();
    if let Some(examples) = shared("data/fhir/examples") {
        collect(&examples, &mut files);
        assert!(files.len() - own >= 100, "{}", files.len());
    }
    let (mut seen, mut counted, mut others) = (0, 0, Vec::new());
    for file in &files {
        let name = file.display();
        let bytes = std::fs::read(file).unwrap();
        let value = crate::parse::parse(&bytes, &Limits::default()).unwrap();
        if value.get("resourceType").is_none() {
            others.push(file.file_name().unwrap());
            continue;
        }
        let text = write(&value).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(read(&text) == value, "{name} is changed by XML");
        // Equal numbers may be written differently: 80.5 is no 80.50 to a laboratory.
        let json = String::from_utf8(bytes).unwrap();
        for number in numbers(&json) {
            assert!(text.contains(&format!("\"{number}\"")), "{name}: {number} is written in another way");
            counted += 1;
        }
        seen += 1;
    }
    println!("{seen} resources, {counted} numbers; {others:?} are no resources");
    assert_eq!((seen, others.len()), if files.len() == own { (own, 0) } else { (files.len() - 1, 1) });
    assert!(counted >= 100, "{counted}");
}

#[test]
fn every_form_of_an_element_has_its_form_in_json() {
    let text = resource(
        "Patient",
        "<id value='p'/><contained><Organization><id value='o'/><name value='醫院'/></Organization></contained>\
         <extension url='urn:a'><valueInteger value='7'/></extension>\
         <!-- a remark --><active value='true'><extension url='urn:b'><valueCode value='x'/></extension></active>\
         <name id='n1'><family value='王 &amp; &#x4E00;&#10;'/><given value='一'/><given id='g2' value='二'/>\
         <given><extension url='urn:c'><valueString value=''/></extension></given></name>\
         <birthDate id='b'></birthDate><multipleBirthInteger value='+2'/>",
    );
    assert_eq!(
        read(&text),
        json!({
            "resourceType": "Patient", "id": "p",
            "contained": [{ "resourceType": "Organization", "id": "o", "name": "醫院" }],
            "extension": [{ "url": "urn:a", "valueInteger": 7 }],
            "active": true, "_active": { "extension": [{ "url": "urn:b", "valueCode": "x" }] },
            "name": [{
                "id": "n1", "family": "王 & 一\n", "given": ["一", "二", null],
                "_given": [null, { "id": "g2" }, { "extension": [{ "url": "urn:c", "valueString": "" }] }],
            }],
            "_birthDate": { "id": "b" },
            "multipleBirthInteger": 2,
        })
    );
    let unnamed = "<name><given><extension url='urn:c'/></given><given id='g'/></name>";
    assert_eq!(
        read(&resource("Patient", unnamed)).pointer("/name/0"),
        Some(&json!({ "_given": [{ "extension": [{ "url": "urn:c" }] }, { "id": "g" }] }))
    );
}

#[test]
fn a_value_of_another_type_stays_a_text_for_its_reader_to_report() {
    let text = "<active value='yes'/><name/><gender/><multipleBirthInteger value='two'/><birthDate value=''/>";
    let value = json!({
        "resourceType": "Patient", "active": "yes", "name": [{}], "gender": "",
        "multipleBirthInteger": "two", "birthDate": "",
    });
    assert_eq!(read(&resource("Patient", text)), value);
    assert_eq!(read(&write(&value).unwrap()), value);
}

#[test]
fn prefixes_declarations_and_comments_mean_nothing() {
    let div = "<div xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang='zh-TW'>a<!-- b --><br/>&amp;&#160;</div>";
    let text = format!(
        "\u{FEFF}<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>\r\n<!-- c -->\n\
         <f:Basic xmlns:f='http://hl7.org/fhir' xmlns:xsd='http://www.w3.org/2001/XMLSchema' \
         xmlns:x='http://www.w3.org/2001/XMLSchema-instance' x:schemaLocation='http://hl7.org/fhir ../fhir.xsd'>\
         <f:text><f:status value='generated'/>{div}</f:text><code xmlns='http://hl7.org/fhir'/></f:Basic >\n<!-- d -->"
    );
    let narrative = json!({ "status": "generated", "div": div });
    assert_eq!(read(&text), json!({ "resourceType": "Basic", "text": narrative, "code": {} }));
}

#[test]
fn the_canonical_form_has_the_order_of_the_standard_and_one_line() {
    let outcome = crate::outcome::OperationOutcome::from(
        Issue::error(crate::outcome::IssueKind::Required, "bundle.no-claim", "Add a \"Claim\".\n")
            .at("Bundle.entry")
            .zh("缺 Claim"),
    );
    assert_eq!(
        write(&outcome.to_json()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OperationOutcome xmlns=\"http://hl7.org/fhir\"><issue>\
         <severity value=\"error\"/><code value=\"required\"/><details><coding>\
         <system value=\"urn:claimgate:code\"/><code value=\"bundle.no-claim\"/></coding><text value=\"缺 Claim\"/>\
         </details><diagnostics value=\"Add a &quot;Claim&quot;.&#xA;\"/><expression value=\"Bundle.entry\"/></issue>\
         </OperationOutcome>"
    );
    // Members in any order, an attribute first, a resource within a resource.
    let bundle = json!({ "entry": [{ "resource": { "resourceType": "Basic", "id": "b" }, "id": "e", "fullUrl": "u" }],
        "resourceType": "Bundle", "type": "document" });
    assert_eq!(
        write(&bundle).unwrap().split_once("?>").unwrap().1,
        "<Bundle xmlns=\"http://hl7.org/fhir\"><type value=\"document\"/><entry id=\"e\"><fullUrl value=\"u\"/>\
         <resource><Basic><id value=\"b\"/></Basic></resource></entry></Bundle>"
    );
}

#[test]
fn what_xml_cannot_say_is_refused_with_its_place() {
    let with = |inside: Value| {
        let mut patient = json!({ "resourceType": "Patient" });
        patient.as_object_mut().unwrap().extend(inside.as_object().unwrap().clone());
        let error = write(&patient).unwrap_err();
        (error.why, error.path)
    };
    let div = |text: &str| with(json!({ "text": { "div": text } })).0;
    for (inside, why, path) in [
        (json!({ "nickname": "a" }), Element, "Patient.nickname"),
        (json!({ "A123456789": "a" }), Element, "Patient.*"),
        (json!({ "_name": [{ "id": "a" }] }), Element, "Patient._name"),
        (json!({ "name": { "family": "a" } }), Form, "Patient.name"),
        (json!({ "name": [] }), Form, "Patient.name"),
        (json!({ "name": ["a"] }), Form, "Patient.name[0]"),
        (json!({ "name": [{ "given": [null] }] }), Form, "Patient.name[0].given[0]"),
        (json!({ "birthDate": ["a"] }), Form, "Patient.birthDate"),
        (json!({ "birthDate": null }), Form, "Patient.birthDate"),
        (json!({ "birthDate": 2026 }), Form, "Patient.birthDate"),
        (json!({ "_birthDate": {} }), Form, "Patient.birthDate"),
        (json!({ "active": "true" }), Form, "Patient.active"),
        (json!({ "multipleBirthInteger": "2" }), Form, "Patient.multipleBirthInteger"),
        (json!({ "name": [{ "id": 1 }] }), Form, "Patient.name[0].id"),
        (json!({ "name": [{ "text": "a\u{1}" }] }), Character, "Patient.name[0].text"),
        (json!({ "contained": [{ "resourceType": "HumanName" }] }), Unwritable::Resource, "Patient.contained[0]"),
    ] {
        assert_eq!(with(inside), (why, path.to_owned()));
    }
    assert_eq!(write(&json!({ "resourceType": "王小明" })).unwrap_err().path, "Resource");
    let open = "<div xmlns=\"http://www.w3.org/1999/xhtml\">";
    for text in [
        "",
        "a",
        "<div/>",
        "<div>a</div>",
        "<p xmlns=\"http://www.w3.org/1999/xhtml\"/>",
        &format!("{open}</div></text><id value=\"x\"/>"),
        &format!("{open}<b></div>"),
        &format!("{open}&nbsp;</div>"),
        &format!("{open}<svg xmlns=\"http://www.w3.org/2000/svg\"/></div>"),
        &format!("{open}</div> "),
        &format!(" {open}</div>"),
        &format!("<!DOCTYPE a>{open}</div>"),
        &format!("{open}<?php ?></div>"),
        &format!("{open}<![CDATA[a]]></div>"),
        &format!("{open}]]></div>"),
        &format!("{open}\u{1}</div>"),
        &format!("{open}<a:b/></div>"),
        &format!("{open}<b a='1' a='1'/></div>"),
        &format!("{open}<!-- -- --></div>"),
        &format!("{open}{}{}</div>", "<b>".repeat(200), "</b>".repeat(200)),
    ] {
        assert_eq!(div(text), Narrative, "{text}");
    }
    let mut extension = json!({ "url": "a" });
    for _ in 0..200 {
        extension = json!({ "url": "a", "extension": [extension] });
    }
    assert_eq!(with(json!({ "extension": [extension] })).0, TooDeep);
}
