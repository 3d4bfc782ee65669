//! What reading a month of the police's open data (30,000 rows of 51 columns) costs, beside the plainest thing that can
//! be done with the same bytes: checking that they are text and counting lines and delimiters.
//!
//! Asserts nothing about time; the limits printed are 1 s and 100 MB. `cargo bench -p claimgate-adapters --bench police`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use claimgate_adapters::police::open_data::{Import, Text};

const ROWS: usize = 30_000;
/// Parties of one made-up accident.
const PARTIES: usize = 3;

/// What the benchmark is made of; a fault of the set-up ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const HEADER: &str = "發生年度,發生月份,發生日期,發生時間,事故類別名稱,處理單位名稱警局層,發生地點,天候名稱,光線名稱,道路類別-第1當事者-名稱,\
    速限-第1當事者,道路型態大類別名稱,道路型態子類別名稱,事故位置大類別名稱,事故位置子類別名稱,路面狀況-路面鋪裝名稱,路面狀況-路面狀態名稱,\
    路面狀況-路面缺陷名稱,道路障礙-障礙物名稱,道路障礙-視距品質名稱,道路障礙-視距名稱,號誌-號誌種類名稱,號誌-號誌動作名稱,\
    車道劃分設施-分向設施大類別名稱,車道劃分設施-分向設施子類別名稱,車道劃分設施-分道設施-快車道或一般車道間名稱,\
    車道劃分設施-分道設施-快慢車道間名稱,車道劃分設施-分道設施-路面邊線名稱,事故類型及型態大類別名稱,事故類型及型態子類別名稱,\
    肇因研判大類別名稱-主要,肇因研判子類別名稱-主要,死亡受傷人數,當事者順位,當事者區分-類別-大類別名稱-車種,\
    當事者區分-類別-子類別名稱-車種,當事者屬-性-別名稱,當事者事故發生時年齡,保護裝備名稱,行動電話或電腦或其他相類功能裝置名稱,\
    當事者行動狀態大類別名稱,當事者行動狀態子類別名稱,車輛撞擊部位大類別名稱-最初,車輛撞擊部位子類別名稱-最初,\
    車輛撞擊部位大類別名稱-其他,車輛撞擊部位子類別名稱-其他,肇因研判大類別名稱-個別,肇因研判子類別名稱-個別,\
    肇事逃逸類別名稱-是否肇逃,經度,緯度\n";

fn file() -> Outcome<Vec<u8>> {
    let mut text = String::from("\u{FEFF}") + HEADER;
    for row in 0..ROWS {
        let (accident, order) = (row / PARTIES, row % PARTIES + 1);
        let (day, time) = (accident % 28 + 1, accident % 24 * 10_000 + accident % 60 * 100);
        writeln!(
            text,
            "2026,3,202603{day:02},{time},A2,示範市政府警察局,示範市示範區示範里示範路{accident}號前,晴,夜間(或隧道、地下道、涵洞)有照明,\
             市區道路,50,單路部分,直路,路段,路肩、路緣,柏油,乾燥,無缺陷,無障礙物,良好,良好,無號誌,無號誌,行車分向線,附標記,車道線(附標記),\
             未繪設快慢車道分隔線,有,車與車,追撞,駕駛人,未保持行車安全距離,死亡0;受傷1,{order},機車,普通重型,男,34,\
             戴安全帽或繫安全帶(使用幼童安全椅),未使用,車的狀態,向前直行中,機車,前車頭,,,駕駛人,未保持行車安全距離,否,121.{accident:06},25.04"
        )?;
    }
    Ok(text.into_bytes())
}

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a benchmark reads the clock and reports")]
fn main() -> Outcome<()> {
    let bytes = file()?;
    println!("{ROWS} rows, {} bytes", bytes.len());
    let begun = Instant::now();
    let text = std::str::from_utf8(&bytes)?;
    let plain: usize = text.lines().map(|line| black_box(line.split(',').count())).sum();
    let plainest = begun.elapsed();
    let begun = Instant::now();
    let text = Text::decode(&bytes)?;
    let import = Import::read(&text)?;
    let took = begun.elapsed();
    println!("plainest reading {plainest:?} ({plain} values)");
    println!(
        "import {took:?} (limit 1 s): {} accidents, {} parties, {} rejected",
        import.accidents.len(),
        import.parties(),
        import.rejected.len()
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(peak) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        println!("peak memory with the file itself {} (limit 100 MB)", peak.trim());
    }
    Ok(())
}
