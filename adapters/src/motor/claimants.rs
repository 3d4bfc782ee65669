//! Who may claim (請求權人, 強制汽車責任保險法 §11), in which parts, and who acts for whom.
//!
//! In: a victim, and on death the relatives and who paid the funeral. Out: claimants with exact shares, how each proves who they
//! are, what falls to the fund. `id`s are the caller's own words; nothing here is a name or a number. Relatives named are alive.

use std::collections::BTreeSet;

use claimgate_packet::amount::Twd;
use claimgate_packet::opaque_debug;
use serde::{Deserialize, Serialize};

use super::accident::{Conduct, Harm};
use super::{Basis, Fault, Fraction, once};

/// Relatives of one victim.
pub const MOST_RELATIVES: usize = 40;
const LONGEST: usize = 64;

words! {
    /// What a relative is to the victim.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorKinship"))]
    Kinship {
        /// Father or mother.
        Parent = "parent", "父母";
        /// Son or daughter.
        Child = "child", "子女";
        /// Husband or wife.
        Spouse = "spouse", "配偶";
        /// Grandparent.
        Grandparent = "grandparent", "祖父母";
        /// Grandchild.
        Grandchild = "grandchild", "孫子女";
        /// Brother or sister.
        Sibling = "sibling", "兄弟姐妹";
    }
}

words! {
    /// Whether somebody acts for themselves.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorCapacity"))]
    Capacity {
        /// Of full age, not under guardianship.
        Full = "full", "有行為能力";
        /// Not of full age: 18 years.
        Minor = "minor", "未成年";
        /// Under guardianship.
        Ward = "ward", "受監護宣告";
    }
}

words! {
    /// By what somebody proves who they are.
    #[cfg_attr(feature = "schema", schemars(rename = "MotorIdentity"))]
    Identity {
        /// A national: identity card.
        National = "national", "國民身分證";
        /// A foreigner with residence: resident certificate and its number.
        Resident = "resident", "居留證統一證號";
        /// A foreigner without: passport.
        Passport = "passport", "護照";
    }
}

/// The victim as a claimant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorVictim"))]
#[serde(deny_unknown_fields)]
pub struct Victim {
    /// Your word for them.
    pub id: String,
    /// What befell them.
    pub harm: Harm,
    /// Whether they act for themselves; without meaning on death.
    #[serde(default = "full")]
    pub capacity: Capacity,
    /// By what they prove who they are.
    #[serde(default = "national")]
    pub identity: Identity,
    /// On death: relatives who live, up to 40; who is not named does not count.
    #[serde(default)]
    pub relatives: Vec<Relative>,
    /// On death without such relatives: who paid the funeral.
    #[serde(default)]
    pub funeral: Option<Funeral>,
}

/// A relative of a victim who died.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorRelative"))]
#[serde(deny_unknown_fields)]
pub struct Relative {
    /// Your word for them.
    pub id: String,
    /// What they are to the victim.
    pub kinship: Kinship,
    /// Whether they act for themselves.
    #[serde(default = "full")]
    pub capacity: Capacity,
    /// By what they prove who they are.
    #[serde(default = "national")]
    pub identity: Identity,
    /// Whether they brought the accident about (§28 II).
    #[serde(default)]
    pub conduct: Conduct,
}

/// Who paid the funeral, and how much of it counts (the items the authority publishes, §11 IV).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorFuneral"))]
#[serde(deny_unknown_fields)]
pub struct Funeral {
    /// Your word for them.
    pub id: String,
    /// What it cost.
    pub cost: Twd,
}

opaque_debug!(Victim, Relative, Funeral);

fn full() -> Capacity {
    Capacity::Full
}

fn national() -> Identity {
    Identity::National
}

/// What a claimant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorClaimantKind"))]
#[serde(rename_all = "kebab-case")]
pub enum Claimant {
    /// The victim (受害人本人).
    Victim,
    /// A relative of the rank that counts (遺屬).
    Relative,
    /// Who paid the funeral, within its cost (支出殯葬費之人).
    FuneralPayer,
}

/// Who may claim, and how much of it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorClaimant"))]
pub struct Claims {
    /// By the id of the facts.
    pub id: String,
    /// What they are.
    pub kind: Claimant,
    /// Their part of the benefit, exact; none for who paid the funeral, whose part is an amount.
    pub share: Option<Fraction>,
    /// The same of the amount that was given, in whole dollars, rounded down (無條件捨去至元).
    pub amount: Option<Twd>,
    /// Who acts for them where they cannot: the statutory representative (法定代理人), never a mandate.
    pub by_representative: bool,
    /// By what they prove who they are.
    pub identity: Option<Identity>,
}

/// Who may claim for a victim.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "MotorClaimants"))]
pub struct Claimants {
    /// The victim, by the id of the facts.
    pub victim: String,
    /// Which rank of §11 I (2) it is, 1 to 4; none for a victim who lives and where no relative is.
    pub rank: Option<u8>,
    /// Each claimant.
    pub claimants: Vec<Claims>,
    /// Whether all of them claim together, by one joint statement (共同請求).
    pub joint: bool,
    /// What rounding leaves of the amount: no rule says whose it is.
    pub left_over: Option<Twd>,
    /// Whether the rest, or all where nobody claims, is the fund's (§11 III).
    pub rest_to_fund: bool,
    /// The rest, where an amount was given.
    pub rest: Option<Twd>,
    /// What was owed to the victim in life (medical costs, disability) and not paid goes to the heirs of civil law
    /// (繼承人), who need not be these claimants.
    pub in_life_to_heirs: bool,
    /// Whose part is not paid, by their id: they brought the accident about.
    pub barred: Vec<String>,
    /// All articles.
    pub basis: Vec<Basis>,
}

opaque_debug!(Claims, Claimants);

/// The ranks of §11 I (2).
pub(super) const RANKS: [(u8, &[Kinship], Basis); 4] = [
    (1, &[Kinship::Parent, Kinship::Child, Kinship::Spouse], act!("§11 I (2) 1")),
    (2, &[Kinship::Grandparent], act!("§11 I (2) 2")),
    (3, &[Kinship::Grandchild], act!("§11 I (2) 3")),
    (4, &[Kinship::Sibling], act!("§11 I (2) 4")),
];

const VICTIM: Basis = act!("§11 I (1)");
const EQUAL: Basis = act!("§11 II");
const FUNERAL: Basis = act!("§11 III");
const BARRED: Basis = act!("§28 II");
const IN_LIFE: Basis = handling!("§19 (6)");
/// Civil law, whose text was not read here.
const REPRESENTED: Basis = Basis::unverified("民法 §76, §77");
const JOINT: Basis = Basis::unverified("97 年 9 月 22 日金管保四字第 09702563496 號公告");

impl Victim {
    /// Whether the facts hold together.
    ///
    /// # Errors
    /// Every fault; places begin at the victim.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut need = |holds: bool, at: String, text: &'static str, chinese: &'static str| {
            if !holds {
                faults.push(Fault { at, text, chinese });
            }
        };
        let word = |text: &str| (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        need(word(&self.id), "/id".to_owned(), "An id has 1 to 64 characters", "id 為 1 至 64 字");
        need(
            self.relatives.len() <= MOST_RELATIVES,
            "/relatives".to_owned(),
            "Name at most 40 relatives",
            "遺屬至多 40 人",
        );
        let died = self.harm == Harm::Death;
        need(
            died || (self.relatives.is_empty() && self.funeral.is_none()),
            "/relatives".to_owned(),
            "Relatives and a funeral are for a victim who died; a victim who lives claims in person",
            "遺屬與殯葬費僅適用於死亡案件；生存之受害人由本人請求",
        );
        let mut seen = BTreeSet::new();
        for (number, relative) in self.relatives.iter().enumerate().take(MOST_RELATIVES) {
            let at = format!("/relatives/{number}/id");
            need(word(&relative.id), at.clone(), "An id has 1 to 64 characters", "id 為 1 至 64 字");
            need(seen.insert(&relative.id), at, "This id stands twice", "id 重複");
        }
        let spouses = self.relatives.iter().filter(|one| one.kinship == Kinship::Spouse).count();
        need(spouses < 2, "/relatives".to_owned(), "At most one spouse", "配偶至多一人");
        let funeral = self.funeral.as_ref();
        need(
            funeral.is_none_or(|funeral| word(&funeral.id)),
            "/funeral/id".to_owned(),
            "An id has 1 to 64 characters",
            "id 為 1 至 64 字",
        );
        need(
            funeral.is_none_or(|funeral| funeral.cost.hundredths() >= 0),
            "/funeral/cost".to_owned(),
            "A cost is not negative",
            "金額不得為負",
        );
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// Who may claim for a victim whose facts hold together; `amount` is what is to be divided, the estimate of the death benefit.
#[must_use]
pub fn claimants(victim: &Victim, amount: Option<Twd>) -> Claimants {
    let mut found = Claimants {
        victim: victim.id.clone(),
        rank: None,
        claimants: Vec::new(),
        joint: false,
        left_over: None,
        rest_to_fund: false,
        rest: None,
        in_life_to_heirs: false,
        barred: Vec::new(),
        basis: Vec::new(),
    };
    if victim.harm != Harm::Death {
        found.claimants.push(Claims {
            id: victim.id.clone(),
            kind: Claimant::Victim,
            share: Some(Fraction { of: 1, over: 1 }),
            amount,
            by_representative: victim.capacity != Capacity::Full,
            identity: Some(victim.identity),
        });
        found.basis.push(VICTIM);
        if victim.capacity != Capacity::Full {
            found.basis.push(REPRESENTED);
        }
        return found;
    }
    found.in_life_to_heirs = true;
    let of = |kinships: &[Kinship]| -> Vec<&Relative> {
        victim.relatives.iter().filter(|one| kinships.contains(&one.kinship)).collect()
    };
    let ranked = RANKS.iter().map(|(rank, kinships, basis)| (*rank, of(kinships), *basis));
    match ranked.into_iter().find(|(_, members, _)| !members.is_empty()) {
        Some((rank, members, basis)) => relatives(&mut found, rank, &members, amount, basis),
        None => funeral(&mut found, victim.funeral.as_ref(), amount),
    }
    found.basis.push(IN_LIFE);
    found.basis = once(std::mem::take(&mut found.basis));
    found
}

fn relatives(found: &mut Claimants, rank: u8, members: &[&Relative], amount: Option<Twd>, basis: Basis) {
    let over = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let share = amount.and_then(|amount| dollars(amount, over));
    found.rank = Some(rank);
    found.basis.extend([basis, EQUAL]);
    for member in members {
        if member.conduct != Conduct::None {
            found.barred.push(member.id.clone());
            found.basis.push(BARRED);
            continue;
        }
        if member.capacity != Capacity::Full {
            found.basis.push(REPRESENTED);
        }
        found.claimants.push(Claims {
            id: member.id.clone(),
            kind: Claimant::Relative,
            share: Some(Fraction { of: 1, over }),
            amount: share,
            by_representative: member.capacity != Capacity::Full,
            identity: Some(member.identity),
        });
    }
    found.joint = found.claimants.len() > 1;
    if found.joint {
        found.basis.push(JOINT);
    }
    // What the barred would have had is not paid to anybody, and is no rest of rounding.
    let all = share.and_then(|share| share.hundredths().checked_mul(i64::from(over))).and_then(Twd::from_hundredths);
    found.left_over = amount.zip(all).and_then(|(amount, all)| amount.checked_sub(all));
}

fn funeral(found: &mut Claimants, funeral: Option<&Funeral>, amount: Option<Twd>) {
    found.basis.push(FUNERAL);
    found.rest_to_fund = true;
    let paid = funeral.map(|funeral| amount.map_or(funeral.cost, |amount| funeral.cost.min(amount)));
    if let (Some(funeral), Some(paid)) = (funeral, paid) {
        found.claimants.push(Claims {
            id: funeral.id.clone(),
            kind: Claimant::FuneralPayer,
            share: None,
            amount: Some(paid),
            by_representative: false,
            identity: None,
        });
    }
    found.rest = amount.and_then(|amount| amount.checked_sub(paid.unwrap_or_default()));
}

/// A part of an amount in whole dollars, rounded down.
fn dollars(amount: Twd, over: u32) -> Option<Twd> {
    let whole = amount.hundredths().checked_div(i64::from(over).checked_mul(100)?)?;
    Twd::from_hundredths(whole.checked_mul(100)?)
}
