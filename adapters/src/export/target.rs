//! The closed vocabulary: which fields a mapping can fill, what kind of value each takes, and what it becomes.

use super::words::{self, Words};

/// What kind of value a field takes; its kind says how a text of the table is read.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One line of text.
    Text,
    /// Text of several lines.
    Long,
    /// A number or code: full-width signs become half-width ones.
    Code,
    /// A day.
    Date,
    /// A day, or a day with a time.
    DateTime,
    /// A day with a time.
    Instant,
    /// New Taiwan dollars, exact.
    Amount,
    /// A decimal number of at most 15 digits.
    Decimal,
    /// A whole number from one.
    Whole,
    /// A word of a closed list.
    Word(Words),
    /// A line of insurance (險種).
    Line,
    /// A fee category (費用類別).
    FeeCategory,
    /// A laboratory result: a number with or without comparator, otherwise text.
    Result,
}

/// How much a field is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the case is refused.
    Must,
    /// iClaim or the reader asks for it.
    Should,
    /// It may be left out.
    May,
}

/// One field of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The block it stands in, for example `patient`.
    pub block: &'static str,
    /// Its name in the block, for example `birth_date`.
    pub name: &'static str,
    /// What kind of value it takes.
    pub kind: Kind,
    /// How much it is needed.
    pub need: Need,
    /// Whether a row with none of its block's anchors filled makes nothing.
    pub anchor: bool,
    /// The element of iClaim it becomes.
    pub becomes: &'static str,
    /// What it is called in Taiwan.
    pub chinese: &'static str,
}

macro_rules! blocks {
    ($($constant:ident $block:literal { $($name:literal $kind:expr, $need:ident $($anchor:ident)?, $becomes:literal, $chinese:literal;)+ })+) => {
        $(
            #[doc = concat!("The fields of a `", $block, "` block.")]
            pub const $constant: &[Target] = &[$(Target {
                block: $block, name: $name, kind: $kind, need: Need::$need, anchor: blocks!(@anchor $($anchor)?),
                becomes: $becomes, chinese: $chinese,
            }),+];
        )+

        /// Every field there is, block by block.
        pub const ALL: &[&[Target]] = &[$($constant),+];
    };
    (@anchor anchor) => { true };
    (@anchor) => { false };
}

blocks! {
    HOSPITAL "hospital" {
        "code" Kind::Code, Must, "Organization.identifier (PRN), Claim.provider, Composition.author", "醫事機構代碼";
        "name" Kind::Text, Should, "Organization.name", "醫事機構名稱";
    }
    CASE "case" {
        "number" Kind::Code, Must, "Bundle, Composition and Claim.identifier", "案件編號";
        "timestamp" Kind::Instant, Must, "Bundle.timestamp, Composition.date", "組成時間";
    }
    PATIENT "patient" {
        "national_id" Kind::Code, Should, "Patient.identifier (NNxxx)", "身分證字號";
        "resident_number" Kind::Code, May, "Patient.identifier (PRC)", "居留證統一證號";
        "passport" Kind::Code, May, "Patient.identifier (PPN)", "護照號碼";
        "chart_number" Kind::Code, Should, "Patient.identifier (MR)", "病歷號碼";
        "name" Kind::Text, Should, "Patient.name.text", "姓名";
        "gender" Kind::Word(words::GENDER), Should, "Patient.gender", "性別";
        "birth_date" Kind::Date, Should, "Patient.birthDate", "出生日期";
        "address" Kind::Text, May, "Patient.address.text", "居住地址";
        "occupation_code" Kind::Code, May, "Patient.extension:occupation, code", "職業代碼";
        "occupation_name" Kind::Text, May, "Patient.extension:occupation, display", "職業";
    }
    ENCOUNTER "encounter" {
        "number" Kind::Code, Should anchor, "Encounter.identifier", "住院號/就醫號";
        "class" Kind::Word(words::CLASS), Should anchor, "Encounter.class", "病人來源";
        "department_code" Kind::Code, Should anchor, "Encounter.serviceType.coding.code", "應診科別代碼";
        "department_name" Kind::Text, Should anchor, "Encounter.serviceType.coding.display", "應診科別";
        "start" Kind::DateTime, Should anchor, "Encounter.period.start", "應診日期(始)";
        "end" Kind::DateTime, Should, "Encounter.period.end", "應診日期(末)";
        "days" Kind::Whole, May, "Encounter.length", "應診天數";
        "identity" Kind::Word(words::PAYER), May, "Encounter.extension:medicalIdentity", "就醫身分";
        "physician_name" Kind::Text, May, "Encounter.participant, Practitioner.name", "主治醫師";
        "physician_licence" Kind::Code, May, "Encounter.participant, Practitioner.identifier (MD)", "醫師證書字號";
    }
    DIAGNOSIS "diagnosis" {
        "sequence" Kind::Whole, May, "the order of Condition and Claim.diagnosis", "診斷順序";
        "certificate" Kind::Code, Should, "Condition.identifier", "診斷證明書序號";
        "encounter" Kind::Code, May, "Condition.encounter", "住院號/就醫號";
        "code" Kind::Code, Should anchor, "Condition.code.coding.code", "病名代碼";
        "system" Kind::Word(words::DIAGNOSES), May, "Condition.code.coding.system", "代碼版本";
        "name" Kind::Text, Should anchor, "Condition.code.coding.display", "診斷(病名)";
        "status" Kind::Word(words::CLINICAL), May, "Condition.clinicalStatus", "臨床狀態";
        "issued_on" Kind::Date, Should, "Condition.recordedDate", "開立日期";
        "advice" Kind::Long, May, "Condition.note.text", "醫囑";
        "physician_name" Kind::Text, Should, "Condition.recorder and asserter, Practitioner.name", "主治醫師";
        "physician_licence" Kind::Code, May, "Condition.recorder and asserter, Practitioner.identifier (MD)", "醫師證書字號";
    }
    RECEIPT "receipt" {
        "number" Kind::Code, Should anchor, "Claim.identifier", "收據號碼";
        "encounter" Kind::Code, May, "Claim.item.encounter, Claim.diagnosis", "住院號/就醫號";
        "issued_on" Kind::Date, Should, "Claim.created", "收據日期";
        "total" Kind::Amount, May, "Claim.total", "自付合計";
        "copy" Kind::Word(words::COPY), May, "Claim.subType", "正本/副本/補發";
    }
    LINE "line" {
        "receipt" Kind::Code, May, "the Claim it is an item of", "收據號碼";
        "sequence" Kind::Whole, May, "the order of Claim.item", "序號";
        "item_code" Kind::Code, May anchor, "Claim.item.productOrService.coding.code", "收費項目代碼";
        "item_name" Kind::Text, Should anchor, "Claim.item.productOrService.coding.display", "收費項目";
        "category" Kind::FeeCategory, May, "Claim.item.productOrService.coding (urn:claimgate:fee-category)", "費用類別";
        "component" Kind::Word(words::COMPONENT), May, "Claim.item.category", "收費或減免";
        "payer" Kind::Word(words::PAYER), Should, "Claim.item.modifier", "自費/健保/部分負擔";
        "serviced_on" Kind::Date, Should, "Claim.item.servicedDate", "收費日期";
        "quantity" Kind::Decimal, May, "Claim.item.quantity", "數量";
        "unit_price" Kind::Amount, May anchor, "Claim.item.unitPrice", "單價";
        "amount" Kind::Amount, Must anchor, "Claim.item.net", "金額";
    }
    LAB "lab" {
        "report" Kind::Code, May, "DiagnosticReport.identifier", "報告編號";
        "report_code" Kind::Code, May, "DiagnosticReport.code.coding.code (LOINC)", "報告代碼";
        "report_name" Kind::Text, May, "DiagnosticReport.code.coding.display", "報告名稱";
        "conclusion" Kind::Long, May, "DiagnosticReport.conclusion", "報告結論";
        "encounter" Kind::Code, May, "Observation.encounter", "住院號/就醫號";
        "number" Kind::Code, Should, "Observation.identifier", "收件編號(檢驗單號)";
        "code" Kind::Code, Should anchor, "Observation.code.coding.code", "檢驗項目代碼";
        "system" Kind::Word(words::TESTS), May, "Observation.code.coding.system", "代碼種類";
        "name" Kind::Text, Should anchor, "Observation.code.coding.display", "檢驗項目";
        "value" Kind::Result, Should anchor, "Observation.valueQuantity or valueString", "檢驗結果";
        "unit" Kind::Text, May, "Observation.valueQuantity.unit", "單位";
        "unit_code" Kind::Code, May, "Observation.valueQuantity.code (UCUM)", "單位代碼";
        "low" Kind::Decimal, May, "Observation.referenceRange.low", "參考值下限";
        "high" Kind::Decimal, May, "Observation.referenceRange.high", "參考值上限";
        "range" Kind::Text, May, "Observation.referenceRange.text", "參考值";
        "interpretation" Kind::Word(words::INTERPRETATION), May, "Observation.interpretation", "判讀";
        "sampled_on" Kind::DateTime, Should, "Observation.effectiveDateTime", "採檢日期";
        "reported" Kind::Instant, Should, "Observation.issued", "報告日期";
        "performer_name" Kind::Text, Should, "Observation.performer, Practitioner.name", "醫檢師";
        "performer_licence" Kind::Code, May, "Observation.performer, Practitioner.identifier (MD)", "醫檢師證書字號";
        "verifier_name" Kind::Text, May, "Observation.performer, Practitioner.name", "報告者";
        "verifier_licence" Kind::Code, May, "Observation.performer, Practitioner.identifier (MD)", "報告者證書字號";
        "note" Kind::Long, May, "Observation.note.text", "備註";
    }
    COVERAGE "coverage" {
        "payor" Kind::Code, Must anchor, "Coverage.payor, Organization.identifier (UBN)", "保險公司統一編號";
        "payor_name" Kind::Text, Should, "Organization.name", "保險公司名稱";
        "policy" Kind::Code, May, "Coverage.identifier", "保單號碼";
        "line" Kind::Line, May, "Coverage.type (urn:claimgate:line)", "險種";
    }
}
