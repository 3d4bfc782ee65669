//! The headers of the two generations, by name: publishers move columns, and a moved one is not another one.

use std::borrow::Cow;

use super::{Reason, Unreadable};

/// Of the generation with a row for each party.
pub(super) const PARTIES: [&str; 51] = [
    "發生年度",
    "發生月份",
    "發生日期",
    "發生時間",
    "事故類別名稱",
    "處理單位名稱警局層",
    "發生地點",
    "天候名稱",
    "光線名稱",
    "道路類別-第1當事者-名稱",
    "速限-第1當事者",
    "道路型態大類別名稱",
    "道路型態子類別名稱",
    "事故位置大類別名稱",
    "事故位置子類別名稱",
    "路面狀況-路面鋪裝名稱",
    "路面狀況-路面狀態名稱",
    "路面狀況-路面缺陷名稱",
    "道路障礙-障礙物名稱",
    "道路障礙-視距品質名稱",
    "道路障礙-視距名稱",
    "號誌-號誌種類名稱",
    "號誌-號誌動作名稱",
    "車道劃分設施-分向設施大類別名稱",
    "車道劃分設施-分向設施子類別名稱",
    "車道劃分設施-分道設施-快車道或一般車道間名稱",
    "車道劃分設施-分道設施-快慢車道間名稱",
    "車道劃分設施-分道設施-路面邊線名稱",
    "事故類型及型態大類別名稱",
    "事故類型及型態子類別名稱",
    "肇因研判大類別名稱-主要",
    "肇因研判子類別名稱-主要",
    "死亡受傷人數",
    "當事者順位",
    "當事者區分-類別-大類別名稱-車種",
    "當事者區分-類別-子類別名稱-車種",
    "當事者屬-性-別名稱",
    "當事者事故發生時年齡",
    "保護裝備名稱",
    "行動電話或電腦或其他相類功能裝置名稱",
    "當事者行動狀態大類別名稱",
    "當事者行動狀態子類別名稱",
    "車輛撞擊部位大類別名稱-最初",
    "車輛撞擊部位子類別名稱-最初",
    "車輛撞擊部位大類別名稱-其他",
    "車輛撞擊部位子類別名稱-其他",
    "肇因研判大類別名稱-個別",
    "肇因研判子類別名稱-個別",
    "肇事逃逸類別名稱-是否肇逃",
    "經度",
    "緯度",
];
/// Of the generation with a row for each accident.
const ACCIDENTS: [&str; 6] = ["發生時間", "發生地點", "死亡受傷人數", "車種", "經度", "緯度"];

/// Where each known column stands in the file.
pub(super) struct Places {
    places: Vec<usize>,
    width: usize,
}

/// Which generation a file is of.
pub(super) enum Generation {
    Parties(Places),
    Accidents(Places),
}

impl Generation {
    /// By the header: all columns of one generation, each once, in any order, and no other.
    pub(super) fn of(header: &[Cow<'_, str>]) -> Result<Self, Unreadable> {
        let mut header: Vec<&str> = header.iter().map(|name| name.trim()).collect();
        while header.last().is_some_and(|name| name.is_empty()) {
            header.pop();
        }
        if header.len() == ACCIDENTS.len() {
            return Ok(Self::Accidents(Places::find(&header, &ACCIDENTS)?));
        }
        Ok(Self::Parties(Places::find(&header, &PARTIES)?))
    }
}

impl Places {
    fn find(header: &[&str], names: &[&str]) -> Result<Self, Unreadable> {
        let missing = names.iter().filter(|name| header.iter().filter(|found| found == name).count() != 1).count();
        let other = header.iter().filter(|found| !names.contains(found)).count();
        if missing + other > 0 {
            let text = format!("{missing} of its {} columns missing or twice, {other} unknown", names.len());
            return Err(Unreadable::Header(text));
        }
        let places = names.iter().filter_map(|name| header.iter().position(|found| found == name)).collect();
        Ok(Self { places, width: header.len() })
    }

    /// The values of a row in the order of the names above.
    pub(super) fn arrange<'t>(&self, mut cells: Vec<Cow<'t, str>>) -> Result<Vec<Cow<'t, str>>, Reason> {
        let trailer = |first: &str| first.starts_with("資料提供日期") || first.starts_with("事故類別：");
        if cells.first().is_some_and(|first| trailer(first)) && cells.iter().skip(1).all(|cell| cell.is_empty()) {
            return Err(Reason::Trailer);
        }
        // A delimiter at the end of each line, as some systems write it.
        while cells.len() > self.width && cells.last().is_some_and(|last| last.trim().is_empty()) {
            cells.pop();
        }
        if cells.len() != self.width {
            return Err(Reason::RowWidth);
        }
        let take = |place: &usize| cells.get_mut(*place).map(std::mem::take).unwrap_or_default();
        let arranged: Vec<_> = self.places.iter().map(take).collect();
        // A place may be written with a sign of the police's own (造字). Anywhere else such a sign is a fault.
        let place = if arranged.len() == ACCIDENTS.len() { 1 } else { 6 };
        let mut others = arranged.iter().enumerate().filter(|(column, _)| *column != place);
        if others.any(|(_, cell)| cell.contains(is_own)) { Err(Reason::Encoding) } else { Ok(arranged) }
    }
}

/// A sign that no standard knows, or the mark of a code without one.
pub(super) fn is_own(sign: char) -> bool {
    matches!(sign, '\u{E000}'..='\u{F8FF}' | '\u{FFFD}' | '\u{F0000}'..)
}
