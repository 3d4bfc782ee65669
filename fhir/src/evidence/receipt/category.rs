//! Fee category (費用類別) and special material of a line, by what the source's own words say: a code of another
//! list that happens to look like one of ours says nothing.

use claimgate_packet::evidence::{Concept, FEE_CATEGORY_SYSTEM, FeeCategory, Material};

use crate::terms;

/// iClaim's list of charge items; of its codes only this one was published.
const ICLAIM_CHARGE: (&str, &str) =
    ("https://claim.cgh.org.tw/iclaim/CodeSystem/cathay-chargeitemcode-values", "REGISTRATION");

/// What an Invoice's price component is; iClaim also uses it as Claim.item.category.
const PRICE_COMPONENT: [&str; 2] = [
    "http://hl7.org/fhir/invoice-priceComponentType",
    "http://terminology.hl7.org/CodeSystem/invoice-priceComponentType",
];

/// The price component a concept names: `base`, `deduction`, `discount`, …
pub(super) fn price_component(concept: &Concept) -> Option<&str> {
    terms::codes(concept).find(|(system, _)| PRICE_COMPONENT.contains(system)).map(|(_, code)| code)
}

/// The category of a line, from the source's category if it has one, otherwise from what was charged.
pub(super) fn of(source: Option<&Concept>, item: &Concept) -> Option<FeeCategory> {
    let source = source.filter(|source| price_component(source).is_none());
    let listed = source.and_then(listed).or_else(|| listed(item));
    listed.or_else(|| {
        // A category that is on no list of ours is kept in the source's words.
        let source = source?;
        let code = || source.codings.first().map(|coding| coding.code.as_str());
        Some(FeeCategory::Other(terms::words(source).next().or_else(code)?.to_owned()))
    })
}

fn listed(concept: &Concept) -> Option<FeeCategory> {
    let coded = terms::codes(concept).find_map(|pair| match pair {
        (FEE_CATEGORY_SYSTEM, code) => FeeCategory::of_code(code),
        ICLAIM_CHARGE => Some(FeeCategory::Registration),
        _ => None,
    });
    coded.or_else(|| terms::words(concept).find_map(|words| named(words).map(|(category, _)| category)))
}

/// 特殊材料費, or 特殊材料費：護踝 with what follows.
fn named(words: &str) -> Option<(FeeCategory, Option<&str>)> {
    if let Some(category) = FeeCategory::of_name(words) {
        return Some((category, None));
    }
    let (name, rest) = words.split_once(['：', ':', '-', '－', '（', '(', ' '])?;
    let rest = rest.trim_end_matches(['）', ')']).trim();
    Some((FeeCategory::of_name(name.trim())?, Some(rest).filter(|rest| !rest.is_empty())))
}

/// The special material of a line of that category, where it is named apart from the category.
pub(super) fn material(category: Option<&FeeCategory>, item: &Concept) -> Option<Material> {
    if !matches!(category, Some(FeeCategory::Material | FeeCategory::MaterialDifference)) {
        return None;
    }
    let is_category = |system: Option<&str>, words: Option<&str>| {
        system == Some(FEE_CATEGORY_SYSTEM) || words.is_some_and(|words| named(words).is_some())
    };
    let code = item.codings.iter().find(|coding| !is_category(coding.system.as_deref(), coding.display.as_deref()));
    let by_code = code.and_then(|coding| coding.display.clone());
    let by_words = || {
        terms::words(item).find_map(|words| match named(words) {
            Some((_, rest)) => rest.map(str::to_owned),
            None => Some(words.to_owned()),
        })
    };
    let name = by_code.or_else(by_words);
    (code.is_some() || name.is_some()).then(|| Material { code: code.cloned(), name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use claimgate_packet::evidence::Coding;

    fn concept(system: &str, code: &str, display: &str) -> Concept {
        let coding = Coding {
            system: Some(system.to_owned()),
            code: code.to_owned(),
            display: Some(display.to_owned()).filter(|display| !display.is_empty()),
        };
        Concept { codings: vec![coding], text: None }
    }

    #[test]
    fn the_category_is_told_by_our_codes_and_chinese_names_only() {
        let hospital = "https://hospital.example/charge";
        for (item, code) in [
            (concept(FEE_CATEGORY_SYSTEM, "HD", ""), Some("HD")),
            (concept(ICLAIM_CHARGE.0, "REGISTRATION", ""), Some("REG")),
            (concept(hospital, "A1", "檢查(驗)費"), Some("EXAM")),
            (concept(hospital, "A1", "藥費（口服）"), Some("DRUG")),
            (concept(hospital, "DIAG", ""), None),
            (concept(hospital, "A1", "診察費用"), None),
        ] {
            assert_eq!(of(None, &item).as_ref().map(FeeCategory::code), code);
        }
        let item = concept(hospital, "A1", "診察費");
        assert_eq!(of(Some(&concept(PRICE_COMPONENT[0], "base", "")), &item).unwrap().code(), "DIAG");
        assert_eq!(of(Some(&concept(hospital, "P", "停車費")), &concept(hospital, "P1", "")).unwrap().name(), "停車費");
    }

    #[test]
    fn a_material_has_its_own_code_or_the_words_after_its_category() {
        let metr = Some(FeeCategory::Material);
        let worded = material(metr.as_ref(), &concept("https://hospital.example", "METR", "特殊材料費：護踝")).unwrap();
        assert!(worded.code.is_none() && worded.name.as_deref() == Some("護踝"));
        let mut both = concept(FEE_CATEGORY_SYSTEM, "METR", "特殊材料費");
        both.codings.extend(concept("https://hospital.example/material", "FBZ018", "人工水晶體").codings);
        let coded = material(metr.as_ref(), &both).unwrap();
        assert!(coded.code.unwrap().code == "FBZ018" && coded.name.as_deref() == Some("人工水晶體"));
        assert!(material(metr.as_ref(), &concept(FEE_CATEGORY_SYSTEM, "METR", "特殊材料費")).is_none());
        assert!(material(None, &both).is_none());
    }
}
