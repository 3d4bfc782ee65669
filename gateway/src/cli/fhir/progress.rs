//! A bar for those who wait, on standard error, where that is a terminal and there is something to wait for.

use std::io::{IsTerminal as _, Write as _};

/// Fewer files are done before anyone looks.
const FEW: usize = 20;
const WIDTH: usize = 30;

pub(super) struct Progress {
    total: usize,
    done: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        Self { total, done: 0, shown: total > FEW && std::io::stderr().is_terminal() }
    }

    /// One more is done.
    pub(super) fn step(&mut self) {
        self.done += 1;
        if self.shown {
            self.write(&format!("\r{}", bar(self.done, self.total)));
        }
    }

    /// Takes the bar away, so that a line can stand in its place.
    pub(super) fn clear(&self) {
        if self.shown {
            self.write("\r\u{1b}[2K");
        }
    }

    /// That nobody sees a bar ends nothing.
    fn write(&self, text: &str) {
        debug_assert!(self.shown);
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

fn bar(done: usize, total: usize) -> String {
    let part = |of: usize| done.saturating_mul(of).checked_div(total).unwrap_or(of).min(of);
    let full = part(WIDTH);
    format!("[{}{}] {:>3} %  {done} of {total}", "#".repeat(full), ".".repeat(WIDTH - full), part(100))
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn the_bar_fills_and_never_overflows() {
        assert_eq!(bar(0, 40), "[..............................]   0 %  0 of 40");
        assert_eq!(bar(20, 40), "[###############...............]  50 %  20 of 40");
        assert_eq!(bar(40, 40), "[##############################] 100 %  40 of 40");
        assert_eq!(bar(9, 0), "[##############################] 100 %  9 of 0");
        assert!(bar(usize::MAX, 2).contains("100 %"));
    }
}
