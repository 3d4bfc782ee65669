//! Which papers a claim needs (公告之證明文件), who gives each and when: what is there, what is coming, what is missing.
//!
//! In: the kind of claim and its claimants, what is there, the days from which papers are given. Out: the list, and how far it is
//! complete. Codes are the evidence types of packets where there is one. `how` is shown to people as it is.

use jiff::civil::Date;
use serde::Serialize;

use super::Basis;
use super::accident::{Accident, Cover, Harm};
use super::benefits::{Asked, Benefit, CostKind};
use super::claimants::{Claimant, Claimants, Identity, Victim};

words! {
    /// Who gives a paper.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorGiver"))]
    Giver {
        /// The claimant.
        Claimant = "claimant", "請求權人";
        /// The hospital or doctor.
        Hospital = "hospital", "醫療院所";
        /// The police.
        Police = "police", "警察機關";
        /// The household registration office.
        Household = "household-office", "戶政事務所";
        /// The prosecutor.
        Prosecutor = "prosecutor", "檢察機關";
        /// Whoever was paid: carriers, nurses, undertakers.
        Payee = "payee", "開立收據者";
    }
}

words! {
    /// What makes further papers needed.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorCircumstance"))]
    Circumstance {
        /// Somebody acts by a statutory representative.
        Represented = "represented", "由法定代理人請求";
        /// Several claim together.
        Joint = "joint", "多人共同請求";
        /// Who paid the funeral claims.
        Funeral = "funeral", "由支出殯葬費之人請求";
        /// A vehicle cannot be traced.
        Untraceable = "untraceable", "事故汽車無法查究";
    }
}

/// What a list of papers depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Who is asked: an insurer, alone or jointly, or the fund alone.
    pub asked: Asked,
    /// The benefits that are claimed.
    pub benefits: Vec<Benefit>,
    /// The kinds of costs that are claimed.
    pub costs: Vec<CostKind>,
    /// By what the claimants prove who they are.
    pub identities: Vec<Identity>,
    /// What else there is.
    pub circumstances: Vec<Circumstance>,
}

impl Claimed {
    /// What the list depends on, from the facts and who may claim by them.
    #[must_use]
    pub fn of(accident: &Accident, victim: &Victim, found: &Claimants, asked: Asked, costs: &[CostKind]) -> Self {
        let mut benefits = Vec::new();
        if !costs.is_empty() || victim.harm == Harm::Injury {
            benefits.push(Benefit::Medical);
        }
        match victim.harm {
            Harm::Disability => benefits.push(Benefit::Disability),
            Harm::Death => benefits.push(Benefit::Death),
            _ => {}
        }
        let circumstances = [
            (found.claimants.iter().any(|one| one.by_representative), Circumstance::Represented),
            (found.joint, Circumstance::Joint),
            (found.claimants.iter().any(|one| one.kind == Claimant::FuneralPayer), Circumstance::Funeral),
            (accident.vehicles.iter().any(|one| one.cover == Cover::Untraceable), Circumstance::Untraceable),
        ];
        Self {
            asked,
            benefits,
            costs: costs.to_vec(),
            identities: found.claimants.iter().filter_map(|one| one.identity).collect(),
            circumstances: circumstances.into_iter().filter(|(holds, _)| *holds).map(|(_, one)| one).collect(),
        }
    }
}

/// When a paper is needed.
#[derive(Clone, Copy)]
pub(super) enum When {
    Always,
    Of(Asked),
    Benefit(Benefit),
    Cost(CostKind),
    Identity(Identity),
    There(Circumstance),
}

impl When {
    fn fits(self, of: &Claimed) -> bool {
        match self {
            Self::Always => true,
            Self::Of(asked) => of.asked == asked,
            Self::Benefit(benefit) => of.benefits.contains(&benefit),
            Self::Cost(kind) => of.costs.contains(&kind),
            Self::Identity(identity) => of.identities.contains(&identity),
            Self::There(one) => of.circumstances.contains(&one),
        }
    }

    /// For the page.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Always => "always".to_owned(),
            Self::Of(Asked::Insurer) => "an insurer is asked".to_owned(),
            Self::Of(Asked::Fund) => "the fund alone is asked".to_owned(),
            Self::Benefit(benefit) => format!("{} {}", benefit.as_str(), benefit.chinese()),
            Self::Cost(kind) => format!("cost {} {}", kind.as_str(), kind.chinese()),
            Self::Identity(identity) => format!("claimant proved by {} {}", identity.as_str(), identity.chinese()),
            Self::There(one) => format!("{} {}", one.as_str(), one.chinese()),
        }
    }
}

/// A paper, when it is needed.
pub(super) struct DocumentRow {
    pub(super) when: When,
    pub(super) needed: Needed,
}

/// A paper that is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorDocument"))]
pub struct Needed {
    /// Its code: the evidence type where there is one.
    pub code: &'static str,
    /// Its Chinese name.
    pub name: &'static str,
    /// Who gives it.
    pub from: Giver,
    /// How to get it.
    pub how: &'static str,
    /// The same in Chinese.
    pub how_zh: &'static str,
    /// Whether the claim can be decided without it.
    pub optional: bool,
    /// Where it says so.
    pub basis: Basis,
}

/// The notice of 2008-09-22 on the papers of a claim, as the fund's pages repeat it.
const PUBLISHED: Basis = Basis::confirmed("97 年 9 月 22 日金管保四字第 09702563496 號公告");
/// The same, of a part that was not read.
const REST: Basis = Basis::unverified("97 年 9 月 22 日金管保四字第 09702563496 號公告");
const USAGE: Basis = Basis::unverified("實務作法");

macro_rules! row {
    ($when:expr, $code:literal $name:literal, $from:ident, $how:literal $how_zh:literal, $optional:literal, $basis:expr) => {
        DocumentRow {
            when: $when,
            needed: Needed {
                code: $code,
                name: $name,
                from: Giver::$from,
                how: $how,
                how_zh: $how_zh,
                optional: $optional,
                basis: $basis,
            },
        }
    };
}

pub(super) const DOCUMENTS: [DocumentRow; 26] = [
    row!(When::Of(Asked::Insurer), "claim-application" "理賠申請書", Claimant,
        "Fill it in; the insurer stamps it and gives a receipt." "填寫理賠申請書；保險人加蓋收件章並給收執。", false, handling!("§15 IV")),
    row!(When::Of(Asked::Fund), "compensation-application" "補償申請書", Claimant,
        "Fill it in; any non-life insurer takes it, telephone 0800-565-678." "填寫補償申請書，可至任一產險公司遞件，電話 0800-565-678。", false, REST),
    row!(When::Identity(Identity::National), "identity-card" "國民身分證影本", Claimant,
        "A copy of both sides, or a presentation by wallet." "身分證正反面影本，或以數位皮夾出示。", false, REST),
    row!(When::Identity(Identity::Resident), "resident-certificate" "居留證影本", Claimant,
        "A copy of both sides; the resident number stands for the national one." "居留證正反面影本，以統一證號代身分證字號。", false, REST),
    row!(When::Identity(Identity::Passport), "passport" "護照影本", Claimant,
        "A copy of the page with the photo." "護照相片頁影本。", false, REST),
    row!(When::Always, "bank-account" "請求權人存摺影本", Claimant,
        "The first page of the claimant's own account." "請求權人本人之存摺封面影本。", false, REST),
    row!(When::Always, "accident-registration-slip" "警憲機關處理證明文件（道路交通事故當事人登記聯單）", Police,
        "Given at the scene; the gateway asks the police for it." "現場由員警交付；本平台可向警方查證。", false, REST),
    row!(When::Always, "accident-scene-sketch" "現場圖", Police,
        "Given from the seventh day on; the gateway asks the police for it." "事故後第 7 日起提供；本平台可向警方查證。", true, USAGE),
    row!(When::Always, "accident-preliminary-analysis" "初步分析研判表", Police,
        "Given from the thirtieth day on. Compulsory cover does not ask for fault (§7): no reason to wait for it." "事故後第 30 日起提供。強制險不論過失（第 7 條），毋庸等候。", true, USAGE),
    row!(When::There(Circumstance::Untraceable), "untraceable-proof" "事故汽車無法查究之證明", Police,
        "Papers of the police or the prosecutor that the vehicle could not be traced." "警察或檢察機關出具肇事車輛無法查究之文件。", false, Basis::confirmed("強制汽車責任保險法施行細則 §7")),
    row!(When::There(Circumstance::Represented), "representative-household" "法定代理人之戶籍證明", Household,
        "A transcript that shows who represents the minor or ward." "可證明法定代理人或監護人身分之戶籍謄本。", false, REST),
    row!(When::Benefit(Benefit::Medical), "diagnosis-certificate" "合格醫師開立之診斷書", Hospital,
        "Ask the hospital that treated; connected hospitals send it themselves." "向診治院所申請；連線醫院可直接傳送。", false, PUBLISHED),
    row!(When::Benefit(Benefit::Medical), "medical-receipt" "醫療費用收據", Hospital,
        "The original, or a copy with 與正本相符 and the institution's stamp." "正本，或加註「與正本相符」並蓋院所收據章之影本。", false, PUBLISHED),
    row!(When::Benefit(Benefit::Medical), "medical-record" "病歷摘要", Hospital,
        "Where the insurer asks for it." "保險人認有必要時。", true, PUBLISHED),
    row!(When::Cost(CostKind::Transport), "transport-receipt" "接送費用收據", Payee,
        "Receipts with day, from, to and amount." "載明日期、起訖與金額之收據。", false, REST),
    row!(When::Cost(CostKind::Nursing), "nursing-receipt" "看護費用收據", Payee,
        "A receipt with the days of nursing." "載明看護日期之收據。", false, REST),
    row!(When::Cost(CostKind::HomeNursing), "home-nursing-receipt" "居家看護費用收據", Payee,
        "A receipt with the days of nursing." "載明看護日期之收據。", false, REST),
    row!(When::Cost(CostKind::HomeNursing), "home-nursing-proof" "居家看護必要之醫師證明", Hospital,
        "The doctor certifies that it is necessary, and for how long." "由醫師證明居家看護之必要與期間。", false, standard!("§2 II (4)")),
    row!(When::Cost(CostKind::Materials), "materials-proof" "醫療材料及裝具必要之醫師證明", Hospital,
        "The doctor certifies that they are necessary for treatment." "由醫師證明為治療上必要。", false, standard!("§2 II (2) 1")),
    row!(When::Benefit(Benefit::Disability), "disability-certificate" "失能診斷書", Hospital,
        "From the level of hospital or the doctor that the table of disabilities names." "由失能給付標準表所定層級之醫院或醫師開立。", false, standard!("§3 I")),
    row!(When::Benefit(Benefit::Disability), "disability-images" "X 光片或病歷", Hospital,
        "Where the insurer asks for it." "保險人認有必要時。", true, PUBLISHED),
    row!(When::Benefit(Benefit::Death), "death-certificate" "相驗屍體證明書或死亡證明書", Prosecutor,
        "From the prosecutor after the examination, or from the hospital." "檢察機關相驗後，或由醫院開立。", false, REST),
    row!(When::Benefit(Benefit::Death), "victim-household" "受害人除戶戶籍謄本", Household,
        "From any household registration office." "至任一戶政事務所申請。", false, REST),
    row!(When::Benefit(Benefit::Death), "claimants-household" "全體請求權人戶籍謄本", Household,
        "For all relatives of the rank that counts." "同一順位全體遺屬之戶籍謄本。", false, REST),
    row!(When::There(Circumstance::Joint), "joint-statement" "同一順位請求權人共同請求之聲明", Claimant,
        "Signed by all who claim together." "由同一順位全體請求權人簽署。", false, REST),
    row!(When::There(Circumstance::Funeral), "funeral-receipt" "殯葬費收據", Payee,
        "Receipts in the name of who paid." "以支出者為抬頭之殯葬費收據。", false, act!("§11 III")),
];

/// The papers a claim needs, in the order of the table.
#[must_use]
pub fn needed(of: &Claimed) -> Vec<Needed> {
    DOCUMENTS.iter().filter(|row| row.when.fits(of)).map(|row| row.needed).collect()
}

/// How a paper stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorDocumentState"))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum PaperState {
    /// It is there.
    There,
    /// It is given from this day on.
    Coming {
        /// The day, in Taiwan.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        on: Date,
    },
    /// It is not there, and can be had.
    Missing,
}

/// A paper and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorDocumentStanding"))]
pub struct Standing {
    /// The paper.
    #[serde(flatten)]
    pub needed: Needed,
    /// How it stands.
    #[serde(flatten)]
    pub state: PaperState,
}

/// How far a list is complete: codes that are there, and from which day on papers are given that have one.
#[must_use]
pub fn standing(needed: &[Needed], there: &[&str], days: &[(&str, Date)], today: Date) -> Vec<Standing> {
    let day = |code: &str| days.iter().find(|(of, on)| *of == code && *on > today).map(|(_, on)| *on);
    needed
        .iter()
        .map(|one| Standing {
            needed: *one,
            state: match day(one.code) {
                _ if there.contains(&one.code) => PaperState::There,
                Some(on) => PaperState::Coming { on },
                None => PaperState::Missing,
            },
        })
        .collect()
}

/// Whether nothing but optional papers is wanting.
#[must_use]
pub fn is_complete(papers: &[Standing]) -> bool {
    papers.iter().all(|paper| paper.needed.optional || paper.state == PaperState::There)
}
