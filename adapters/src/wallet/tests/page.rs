//! `docs/wallet.md` holds the table of reasons as the code has it.

use std::collections::HashSet;

use crate::wallet::reason::{Reason, table};

#[test]
fn the_page_has_the_table_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wallet.md");
    let page = std::fs::read_to_string(path).unwrap();
    let text = "docs/wallet.md: cargo run -p claimgate-adapters --example reasons docs/wallet.md";
    assert!(page.contains(&table()), "{text}");
}

#[test]
fn codes_are_unique_and_texts_are_sentences() {
    let codes: HashSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        assert!(reason.english().ends_with('.') && !reason.chinese().is_empty(), "{reason}");
        assert!(reason.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{reason}");
    }
}
