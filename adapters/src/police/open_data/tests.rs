//! Rows become accidents; what is no row says why; nothing is guessed.

use std::path::{Path, PathBuf};

use super::columns::PARTIES as COLUMNS;
use super::*;

/// One made-up row, by the names of its columns; the rest as usual.
fn row(changes: &[(&str, &str)]) -> String {
    let usual = |name: &str| match name {
        "發生年度" => "2026",
        "發生月份" => "3",
        "發生日期" => "20260301",
        "發生時間" => "23000",
        "事故類別名稱" => "A2",
        "處理單位名稱警局層" => "示範市政府警察局",
        "發生地點" => "示範市示範區示範路1號前",
        "天候名稱" => "晴",
        "速限-第1當事者" => "50",
        "肇因研判大類別名稱-主要" | "肇因研判大類別名稱-個別" => "駕駛人",
        "肇因研判子類別名稱-主要" | "肇因研判子類別名稱-個別" => "未保持行車安全距離",
        "死亡受傷人數" => "死亡0;受傷1",
        "當事者順位" => "1",
        "當事者區分-類別-大類別名稱-車種" => "機車",
        "當事者區分-類別-子類別名稱-車種" => "普通重型",
        "當事者事故發生時年齡" => "34",
        "肇事逃逸類別名稱-是否肇逃" => "否",
        "經度" => "121.512500",
        "緯度" => "25.040400",
        _ => "",
    };
    let value = |name: &str| changes.iter().find(|(changed, _)| *changed == name).map_or(usual(name), |(_, to)| *to);
    COLUMNS.iter().map(|name| value(name)).collect::<Vec<_>>().join(",")
}

fn file(rows: &[String]) -> String {
    format!("{}\r\n{}\r\n", COLUMNS.join(","), rows.join("\r\n"))
}

/// Rejected rows of a file, with their reasons.
fn rejected(text: &str) -> Vec<(usize, &'static str)> {
    let text = Text::decode(text.as_bytes()).unwrap();
    let import = Import::read(&text).unwrap();
    assert_eq!(import.rows, import.parties() + import.rejected.len());
    import.rejected.iter().map(|one| (one.row, one.reason.as_str())).collect()
}

#[test]
fn rows_of_one_accident_are_its_parties_wherever_they_stand() {
    let other = [("發生時間", "0"), ("肇因研判子類別名稱-主要", "違規超車")];
    let rows = [row(&[("當事者順位", "2"), ("當事者事故發生時年齡", "-1")]), row(&other), row(&[])];
    let text = Text::decode(file(&rows).as_bytes()).unwrap();
    let import = Import::read(&text).unwrap();
    assert_eq!((import.rows, import.accidents.len(), import.parties(), import.rejected.len()), (3, 2, 3, 0));
    let first = &import.accidents[0];
    assert_eq!(first.at.to_string(), "2026-02-28T18:30:00Z");
    assert_eq!(
        first.parties.iter().map(|party| (party.order, party.age)).collect::<Vec<_>>(),
        [(1, Some(34)), (2, None)]
    );
    assert_eq!(import.causes().into_iter().collect::<Vec<_>>(), [("未保持行車安全距離", 1), ("違規超車", 1)]);
    let report = first.report();
    assert_eq!(report.parties[0].party_type.as_ref().unwrap().group.as_deref(), Some("機車"));
    assert_eq!(report.occurrence.on.unwrap().to_string(), "2026-03-01");
    assert_eq!((report.deaths, report.injured, report.speed_limit), (Some(0), Some(1), Some(50)));
    // Names have no code, and what open data does not publish is absent.
    assert!(report.main_cause.as_ref().is_some_and(|cause| cause.code.is_none() && !cause.unlisted));
    assert!(report.number.is_none() && report.parties[0].plate.is_none() && report.scene.lighting.is_none());
}

#[test]
fn each_fault_is_listed_with_its_row() {
    for (changes, reason) in [
        (vec![("發生日期", "20260230")], "date"),
        (vec![("發生日期", "20250301")], "date"),
        (vec![("發生月份", "4")], "date"),
        (vec![("發生年度", "32767")], "date"),
        (vec![("發生時間", "246000")], "time"),
        (vec![("發生時間", "")], "time"),
        (vec![("事故類別名稱", "B1")], "class"),
        (vec![("死亡受傷人數", "死亡1")], "casualties"),
        (vec![("當事者順位", "0")], "order"),
        (vec![("當事者順位", "")], "order"),
        (vec![("當事者順位", "1")], "order-twice"),
        (vec![("當事者順位", "2"), ("當事者事故發生時年齡", "-2")], "age"),
        (vec![("當事者順位", "2"), ("天候名稱", "雨")], "header-differs"),
        (vec![("速限-第1當事者", "五十")], "speed-limit"),
        (vec![("緯度", "")], "coordinates"),
        (vec![("經度", "1e2")], "coordinates"),
        (vec![("天候名稱", "晴\u{FFFD}")], "encoding"),
        (vec![("天候名稱", "晴,")], "row-width"),
        (vec![("天候名稱", "\"晴")], "row-broken"),
        (vec![("天候名稱", "\"晴\"x")], "row-broken"),
    ] {
        assert_eq!(rejected(&file(&[row(&[]), row(&changes)])), [(3, reason)], "{changes:?}");
    }
    let trailers =
        [row(&[]), format!("資料提供日期：115年4月1日{}", ",".repeat(50)), format!("事故類別：A2類{}", ",".repeat(50))];
    assert_eq!(rejected(&file(&trailers)), [(3, "trailer"), (4, "trailer")]);
    // A sign of the police's own is of the place, and told as one that nobody else has.
    let own = file(&[row(&[("發生地點", "示範縣磚\u{FFFA8}里")])]);
    let text = Text::decode(own.as_bytes()).unwrap();
    let report = Import::read(&text).unwrap().accidents[0].report();
    assert_eq!(report.occurrence.place.text.as_deref(), Some("示範縣磚〓里"));
    // A city's class is kept.
    assert_eq!(rejected(&file(&[row(&[("事故類別名稱", "A4")])])), []);
}

#[test]
fn both_calendars_and_encodings_give_the_same() {
    let republic = [("發生年度", "115"), ("發生日期", "1150301"), ("發生時間", "023000")];
    let plain = file(&[row(&[])]);
    let (big5, _, lossy) = encoding_rs::BIG5.encode(&plain);
    assert!(!lossy);
    let with_mark = [b"\xEF\xBB\xBF".to_vec(), file(&[row(&republic)]).into_bytes()].concat();
    for bytes in [plain.clone().into_bytes(), big5.into_owned(), with_mark] {
        let text = Text::decode(&bytes).unwrap();
        let import = Import::read(&text).unwrap();
        let accident = &import.accidents[0];
        assert_eq!(accident.at.to_string(), "2026-02-28T18:30:00Z");
        assert_eq!(accident.report().scene.weather.unwrap().name.as_deref(), Some("晴"));
    }
}

#[test]
fn another_header_is_refused_and_a_moved_column_is_found() {
    let read = |text: &str| Import::read(&Text::decode(text.as_bytes()).unwrap()).map(|import| import.parties());
    for wrong in ["", "a,b\n1,2\n", &file(&[]).replace("天候名稱", "天氣"), &file(&[]).replace("月份", "年度")]
    {
        assert!(matches!(read(wrong), Err(Unreadable::Header(_))), "{wrong}");
    }
    let turned: Vec<&str> = COLUMNS.iter().rev().copied().collect();
    let plain = row(&[]);
    let cells: Vec<&str> = plain.split(',').rev().collect();
    assert_eq!(read(&format!("{}\n{}\n", turned.join(","), cells.join(","))), Ok(1));
}

#[test]
fn too_many_parties_and_too_much_text_end() {
    let rows: Vec<String> = (1..=PARTIES + 2).map(|order| row(&[("當事者順位", &order.to_string())])).collect();
    let refused = rejected(&file(&rows));
    assert_eq!(refused, [(PARTIES + 2, "too-many-parties"), (PARTIES + 3, "too-many-parties")]);
    assert!(matches!(Text::decode(&vec![b' '; BYTES + 1]), Err(Unreadable::TooLarge)));
}

#[test]
fn the_older_generation_has_kinds_and_no_causes() {
    let text = "發生時間,發生地點,死亡受傷人數,車種,經度,緯度\n\
        107年01月01日 05時12分00秒,示範縣示範鄉,死亡1;受傷0,自用-小客車;腳踏自行車-慢車,120.5,23.9\n\
        107年01月01日,示範縣示範鄉,死亡1;受傷0,自用-小客車,120.5,23.9\n";
    let text = Text::decode(text.as_bytes()).unwrap();
    let import = Import::read(&text).unwrap();
    assert_eq!((import.rows, import.accidents.len(), import.parties(), import.causes().len()), (2, 1, 2, 0));
    assert_eq!(import.rejected, [Rejected { row: 3, reason: Reason::Time }]);
    let report = import.accidents[0].report();
    assert_eq!(report.occurrence.at.unwrap().to_string(), "2017-12-31T21:12:00Z");
    assert!(report.occurrence.class.is_none() && report.main_cause.is_none());
    let kind = report.parties[1].party_type.as_ref().unwrap();
    assert_eq!((kind.name.as_deref(), kind.group.as_deref(), kind.unlisted), (Some("腳踏自行車"), Some("慢車"), false));
}

#[test]
fn the_page_names_every_reason() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/police.md")).unwrap();
    for reason in Reason::ALL {
        assert!(page.contains(&format!("`{}`", reason.as_str())), "docs/police.md lacks {}", reason.as_str());
    }
}

fn shared(file: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("CLAIMGATE_SHARED").map_or_else(beside, PathBuf::from);
    let bytes = std::fs::read(folder.join("data/motor").join(file)).ok();
    if bytes.is_none() {
        println!("skipped: there is no data/motor/{file}");
    }
    bytes
}

#[test]
fn the_published_a1_of_2022_is_read_to_the_last_row() {
    let Some(bytes) = shared("npa-a1-2022-01_10.csv") else { return };
    let text = Text::decode(&bytes).unwrap();
    let import = Import::read(&text).unwrap();
    assert_eq!((import.rows, import.accidents.len(), import.parties()), (3465, 1379, 3463));
    let rejected: Vec<_> = import.rejected.iter().map(|one| (one.row, one.reason)).collect();
    assert_eq!(rejected, [(3465, Reason::Trailer), (3466, Reason::Trailer)]);
    let causes = import.causes();
    assert_eq!((causes.len(), causes.values().sum::<usize>()), (43, 1379));
    assert_eq!((causes["未注意車前狀態"], causes["未依規定讓車"], causes["使用手持行動電話失控"]), (356, 202, 1));
    // The police's orders have no gap, and every name is one of a form or a known spelling of one.
    let mut unlisted = std::collections::BTreeMap::new();
    for accident in &import.accidents {
        let orders: Vec<u32> = accident.parties.iter().map(|party| party.order).collect();
        assert_eq!(orders, (1..=u32::try_from(orders.len()).unwrap()).collect::<Vec<_>>());
        count(&serde_json::to_value(accident.report()).unwrap(), &mut unlisted);
    }
    assert_eq!(unlisted.into_iter().collect::<Vec<_>>(), []);
}

/// Counts names that are on no list.
fn count(value: &serde_json::Value, found: &mut std::collections::BTreeMap<String, usize>) {
    if value.get("unlisted").is_some() {
        *found.entry(value["name"].to_string()).or_default() += 1;
    }
    let inside = value.as_object().into_iter().flat_map(|members| members.values());
    inside.chain(value.as_array().into_iter().flatten()).for_each(|value| count(value, found));
}

#[test]
fn the_older_generation_of_2018_is_read_too() {
    let Some(bytes) = shared("npa-a1-2018-oldformat-head40.csv") else { return };
    let text = Text::decode(&bytes).unwrap();
    let import = Import::read(&text).unwrap();
    // One row of it has longitude and latitude in each other's place: no point on the globe, and nobody guesses.
    assert_eq!((import.rows, import.accidents.len(), import.parties()), (39, 38, 84));
    assert_eq!(import.rejected, [Rejected { row: 13, reason: Reason::Coordinates }]);
}
