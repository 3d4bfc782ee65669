//! A file of cases → what becomes of each package: for `claimgate mydata verify`, without a platform.
//!
//! In: JSON with the client, the notification, the authority and packages (the form is in docs/mydata.md). A case may
//! have any of the outer members for itself. Out: one verdict each, without a value of the data.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claimgate_packet::jose::json::{Limits, parse_object};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::client::Client;
use super::notice::{Notice, Outcome};
use super::package::{Dataset, Package, Transfer, Trust, open};
use super::papers::Mapping;
use super::refusal::Refusal;
use crate::signature::{Authorities, Revocation};

const LIMITS: Limits = Limits { bytes: 256 << 20, depth: 6, members: 20_000 };
/// The reason of a package that holds and lacks a data set.
const UNAVAILABLE: &str = "dataset_unavailable";

/// Why the file is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct CasesError {
    /// Where: a member, or the id of a case and a member.
    pub place: String,
    /// What is wrong.
    pub what: &'static str,
}

/// What became of one case.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The case.
    pub id: String,
    /// `accept` or `reject`.
    pub verdict: &'static str,
    /// The reason of a refusal; `dataset_unavailable` where the package holds and a data set did not come.
    pub reason: Option<&'static str>,
    /// Within the reason, what exactly.
    pub detail: Option<&'static str>,
    /// The data sets of a package that holds.
    pub datasets: Vec<Row>,
    /// What the file expects, where it says it.
    #[serde(skip)]
    pub expected: Option<String>,
}

/// One data set in a report.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id.
    pub resource_id: String,
    /// The platform's code.
    pub code: String,
    /// `verified`, or `unavailable`.
    pub state: &'static str,
    /// Whose certificate signed it.
    pub provider: Option<String>,
    /// `good` or `unchecked`.
    pub revocation: Option<Revocation>,
    /// Files it has.
    pub files: usize,
    /// The evidence type it became.
    pub evidence: Option<String>,
    /// Why it became none: `undelivered`, `unknown`, `files`, `form`.
    pub unmapped: Option<&'static str>,
    /// Documents it became.
    pub documents: usize,
    /// Members of the source that have no place in them.
    pub left: Vec<String>,
}

/// Checks every case. `lists` are revocation lists in DER; with `revocation_required` a path no list covers is refused.
///
/// # Errors
/// [`CasesError`] for the file itself; a package that does not hold is a verdict.
pub fn check(file: &[u8], lists: &[Vec<u8>], revocation_required: bool) -> Result<Vec<Case>, CasesError> {
    let outer = parse_object(file, LIMITS).map_err(|_| wrong("", "the file", "not a JSON object within 256 MiB"))?;
    let Some(Value::Array(cases)) = outer.get("cases") else { return Err(wrong("", "cases", "there are none")) };
    let mut found = Vec::with_capacity(cases.len());
    for case in cases {
        let case = case.as_object().ok_or_else(|| wrong("", "cases", "a case is no object"))?;
        let id = case.get("id").and_then(Value::as_str).ok_or_else(|| wrong("", "cases", "a case has no `id`"))?;
        let given = Given { id, outer: &outer, case };
        let result = given.open(lists, revocation_required)?;
        let expected = case.get("expected").and_then(Value::as_str).map(str::to_owned);
        found.push(report(id, result, expected));
    }
    Ok(found)
}

fn wrong(case: &str, member: &str, what: &'static str) -> CasesError {
    let place = if case.is_empty() { member.to_owned() } else { format!("{case}, {member}") };
    CasesError { place, what }
}

fn report(id: &str, result: Result<Package, Refusal>, expected: Option<String>) -> Case {
    let (verdict, reason, detail, datasets) = match result {
        Err(refusal) => ("reject", Some(refusal.reason().as_str()), Some(refusal.detail()), Vec::new()),
        Ok(package) => {
            let lacks = package.datasets.iter().any(|dataset| dataset.delivered.is_none());
            let reason = lacks.then_some(UNAVAILABLE);
            ("accept", reason, None, package.datasets.iter().map(row).collect())
        }
    };
    Case { id: id.to_owned(), verdict, reason, detail, datasets, expected }
}

fn row(dataset: &Dataset) -> Row {
    let mapping = Mapping::default();
    let mapped = mapping.map(dataset);
    let delivered = dataset.delivered.as_ref();
    Row {
        resource_id: dataset.resource_id.clone(),
        code: dataset.code.clone(),
        state: if delivered.is_some() { "verified" } else { "unavailable" },
        provider: delivered.map(|one| one.provider.clone()),
        revocation: delivered.map(|one| one.revocation),
        files: delivered.map_or(0, |one| one.files.len()),
        documents: mapped.as_ref().map_or(0, |mapped| mapped.documents.len()),
        left: mapped.as_ref().map(|mapped| mapped.left.clone()).unwrap_or_default(),
        unmapped: mapped.as_ref().err().map(|why| why.as_str()),
        evidence: mapped.ok().and_then(|_| mapping.kind(&dataset.resource_id)).map(str::to_owned),
    }
}

/// The members of a case, its own before those of the file.
struct Given<'a> {
    id: &'a str,
    outer: &'a Map<String, Value>,
    case: &'a Map<String, Value>,
}

impl Given<'_> {
    fn find(&self, name: &str) -> Option<&Value> {
        self.case.get(name).or_else(|| self.outer.get(name))
    }

    fn text(&self, name: &str) -> Result<&str, CasesError> {
        self.find(name).and_then(Value::as_str).ok_or_else(|| wrong(self.id, name, "a text is needed"))
    }

    fn open(&self, lists: &[Vec<u8>], revocation_required: bool) -> Result<Result<Package, Refusal>, CasesError> {
        let secret = self.text("client_secret")?;
        let client = Client::new(self.text("client_id")?, secret, self.text("cbc_iv")?)
            .map_err(|_| wrong(self.id, "client_id, client_secret, cbc_iv", "not of the platform's form"))?;
        let Some(Value::Array(resources)) = self.find("requested_resources") else {
            return Err(wrong(self.id, "requested_resources", "a list is needed"));
        };
        let resources: Vec<String> = resources.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
        let at: Timestamp = self
            .text("evaluate_at")?
            .parse()
            .map_err(|_| wrong(self.id, "evaluate_at", "no instant with an offset"))?;
        let lists = [lists, &self.ders("revocation_lists_der_b64")?].concat();
        let authorities = Authorities::new(&self.ders("trust_anchor_der_b64")?, &lists, &[])
            .map_err(|_| wrong(self.id, "trust_anchor_der_b64", "no certificates or lists in DER"))?;
        let providers = match self.find("providers") {
            Some(Value::Object(all)) => {
                all.iter().filter_map(|(id, subject)| Some((id.clone(), subject.as_str()?.to_owned()))).collect()
            }
            _ => BTreeMap::new(),
        };
        let key = match self.key(&client)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let transfer = Transfer { client_id: client.id(), resources: &resources, key: &key, at };
        let trust = Trust { authorities: &authorities, providers: &providers, revocation_required };
        Ok(open(self.text("jwe")?, &transfer, &trust))
    }

    /// The key of the transfer, out of a notification of this transaction.
    fn key(&self, client: &Client) -> Result<Result<Zeroizing<[u8; 32]>, Refusal>, CasesError> {
        let notice = self.find("notify").ok_or_else(|| wrong(self.id, "notify", "a notification is needed"))?;
        let notice = match Notice::read(notice.to_string().as_bytes()) {
            Ok(notice) => notice,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if notice.transaction != self.text("tx_id")? {
            return Ok(Err(Refusal::OtherTransaction));
        }
        match notice.outcome {
            Outcome::Ready { secret_key, .. } => Ok(client.secret_key(&secret_key)),
            Outcome::Unable(_) => Ok(Err(Refusal::NoticeForm)),
        }
    }

    /// One or several things in DER, as base64.
    fn ders(&self, name: &str) -> Result<Vec<Vec<u8>>, CasesError> {
        let texts = match self.find(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
            Some(one) => vec![one.as_str()],
        };
        let ders = texts.into_iter().map(|text| STANDARD.decode(text?).ok()).collect::<Option<_>>();
        ders.ok_or_else(|| wrong(self.id, name, "not base64"))
    }
}
