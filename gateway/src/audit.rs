//! The audit trail (稽核軌跡): who did what to whose data, each line bound to the one before it.
//!
//! In: the columns of a line. Out: its hash. Anyone with the table can recompute the chain; `doctor` does.

use aws_lc_rs::digest;

/// One line as it stands in the database.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Id.
    pub id: &'a str,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// What.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// Further ids, JSON text as stored.
    pub detail: &'a str,
}

impl Line<'_> {
    /// SHA-256 over the hash before and every column, each with its length in front.
    #[must_use]
    pub fn hash(&self, before: &[u8]) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        let at = self.at.to_string();
        for part in [
            before,
            self.id.as_bytes(),
            at.as_bytes(),
            self.actor.as_bytes(),
            self.action.as_bytes(),
            self.subject.as_bytes(),
            self.detail.as_bytes(),
        ] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_every_column_and_on_the_line_before() {
        let line = Line { id: "a", at: 1, actor: "b", action: "c", subject: "d", detail: "{}" };
        let hash = line.hash(b"");
        assert_ne!(hash, line.hash(&hash));
        for changed in [
            Line { id: "x", ..line },
            Line { at: 2, ..line },
            Line { actor: "x", ..line },
            Line { action: "x", ..line },
            Line { subject: "x", ..line },
            Line { detail: "x", ..line },
            Line { id: "ab", actor: "", ..line },
        ] {
            assert_ne!(hash, changed.hash(b""));
        }
    }
}
