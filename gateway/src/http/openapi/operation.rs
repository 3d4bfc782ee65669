//! What an operation of the table says of itself.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::access::scope::Scope;
use crate::http::caller::Right;
use crate::party::Role;

/// Makes a schema; the types it names go into the document once.
type MakeSchema = fn(&mut SchemaGenerator) -> Schema;

/// Whose interface it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// Tokens and what is needed to get them.
    Access,
    /// Insurers.
    Insurer,
    /// Hospitals, beside FHIR.
    Hospital,
    /// Apps.
    App,
    /// The public log.
    Log,
    /// This description and the list of errors.
    Contract,
    /// Operators and regulators.
    Operator,
    /// Orchestrators and operators.
    Operation,
    /// Police sources.
    Police,
    /// Repair shops.
    Shop,
    /// Wallets.
    Wallet,
    /// The platform MyData.
    Mydata,
    /// People, in a browser.
    Page,
}

impl Tag {
    pub(super) const ALL: [Self; 13] = [
        Self::Access,
        Self::App,
        Self::Contract,
        Self::Hospital,
        Self::Insurer,
        Self::Log,
        Self::Mydata,
        Self::Operation,
        Self::Operator,
        Self::Page,
        Self::Police,
        Self::Shop,
        Self::Wallet,
    ];

    /// The name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Insurer => "insurer",
            Self::Hospital => "hospital",
            Self::App => "app",
            Self::Log => "log",
            Self::Contract => "contract",
            Self::Operation => "operation",
            Self::Operator => "operator",
            Self::Police => "police",
            Self::Shop => "shop",
            Self::Wallet => "wallet",
            Self::Mydata => "mydata",
            Self::Page => "page",
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Access => "Access tokens and public keys.",
            Self::Insurer => "Insurers 保險公司 pull packets, acknowledge them 簽收, report how a claim stands.",
            Self::Hospital => {
                "Hospitals 醫院 upload larger files, see where a claim's deliveries are; the rest of theirs is FHIR."
            }
            Self::App => "App backends 保戶 App follow a claim for its patient.",
            Self::Log => "The public log of packets 透明日誌 (C2SP tlog-tiles).",
            Self::Contract => "This description and the list of errors 錯誤碼.",
            Self::Operator => {
                "Operators 維運人員 look after the registry, endpoints and alerts; regulators 主管機關 read."
            }
            Self::Shop => "Repair shops 維修廠 take jobs, send estimates 估價單 and invoices 發票.",
            Self::Police => "Police sources 警察機關 see who uses their papers, and tell of changed ones.",
            Self::Wallet => "Wallets 數位憑證皮夾 fetch a request and answer it (OpenID4VP 1.0); no token.",
            Self::Mydata => {
                "The platform MyData 個人化資料自主運用平臺 notifies, and browsers come back from it; no token."
            }
            Self::Page => "Patients 病人 in a browser: HTML and forms, no token; refusals are pages too.",
            Self::Operation => "For orchestrators and operators 維運.",
        }
    }
}

/// What it takes as body.
pub(super) enum Body {
    None,
    Json { required: bool, schema: MakeSchema },
    Form(Value),
    Binary,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) content: Option<(&'static str, MakeSchema)>,
    /// The same as text in another media type.
    pub(super) as_text: Option<&'static str>,
}

impl Answer {
    /// Also as text in another media type.
    pub(super) fn or_text(mut self, media: &'static str) -> Self {
        self.as_text = Some(media);
        self
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, description: &'static str) -> Self {
        self.headers.push((name, description));
        self
    }
}

/// An answer in JSON.
pub(super) fn json<T: JsonSchema>(status: u16, description: &'static str) -> Answer {
    other(status, description, "application/json", SchemaGenerator::subschema_for::<T>)
}

/// An answer in another form.
pub(super) fn other(status: u16, description: &'static str, media: &'static str, schema: MakeSchema) -> Answer {
    Answer { status, description, headers: Vec::new(), content: Some((media, schema)), as_text: None }
}

/// An answer without a body.
pub(super) fn empty(status: u16, description: &'static str) -> Answer {
    Answer { status, description, headers: Vec::new(), content: None, as_text: None }
}

/// One method of one address. What can be refused follows from the list of codes.
pub struct Operation {
    /// The method.
    pub method: &'static str,
    /// The address as OpenAPI writes it.
    pub path: &'static str,
    /// The address as the route table writes it.
    pub route: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: Tag,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) scope: Option<Scope>,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Body,
    /// Every answer that is no refusal.
    pub(super) answers: Vec<Answer>,
}

impl Operation {
    pub(super) fn new(method: &'static str, path: &'static str, id: &'static str, tag: Tag) -> Self {
        Self {
            method,
            path,
            route: path,
            id,
            tag,
            summary: "",
            description: "",
            scope: None,
            parameters: Vec::new(),
            body: Body::None,
            answers: Vec::new(),
        }
    }

    /// A few words, and a sentence or two.
    pub(super) fn says(self, summary: &'static str, description: &'static str) -> Self {
        Self { summary, description, ..self }
    }

    /// Where the route table has one pattern for several addresses.
    pub(super) fn routed(self, route: &'static str) -> Self {
        Self { route, ..self }
    }

    /// Needs a token with this right; the tag is that of its role.
    pub(super) fn needs<R: Right>(self) -> Self {
        let tag = match R::ROLE {
            Role::Insurer => Tag::Insurer,
            Role::App => Tag::App,
            Role::Hospital => Tag::Hospital,
            Role::Operator => Tag::Operator,
            Role::Police => Tag::Police,
            Role::Shop => Tag::Shop,
            _ => self.tag,
        };
        Self { tag, scope: Some(R::SCOPE), ..self }
    }

    /// A parameter of the path.
    pub(super) fn path(mut self, name: &str, pattern: &str, description: &str) -> Self {
        let schema = json!({ "type": "string", "pattern": pattern });
        self.parameters.push(
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema }),
        );
        self
    }

    /// A parameter of the query.
    pub(super) fn query(mut self, name: &str, schema: &Value, description: &str) -> Self {
        self.parameters.push(json!({ "name": name, "in": "query", "description": description, "schema": schema }));
        self
    }

    /// A header it takes.
    pub(super) fn header_parameter(mut self, name: &str, schema: &Value, description: &str) -> Self {
        self.parameters.push(json!({ "name": name, "in": "header", "description": description, "schema": schema }));
        self
    }

    /// Takes JSON.
    pub(super) fn takes<T: JsonSchema>(self, required: bool) -> Self {
        self.takes_as(required, SchemaGenerator::subschema_for::<T>)
    }

    /// Takes JSON of a schema that says more than its type.
    pub(super) fn takes_as(self, required: bool, schema: MakeSchema) -> Self {
        Self { body: Body::Json { required, schema }, ..self }
    }

    /// Takes a form.
    pub(super) fn takes_form(self, schema: Value) -> Self {
        Self { body: Body::Form(schema), ..self }
    }

    /// Takes bytes.
    pub(super) fn takes_bytes(self) -> Self {
        Self { body: Body::Binary, ..self }
    }

    /// Answers so.
    pub(super) fn answers(mut self, answer: Answer) -> Self {
        self.answers.push(answer);
        self
    }

    /// The statuses of the answers that are no refusals.
    #[must_use]
    pub fn succeeds_with(&self) -> Vec<u16> {
        self.answers.iter().map(|answer| answer.status).collect()
    }
}
