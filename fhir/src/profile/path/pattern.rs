//! Regular expressions as guides write them for identifiers: a row of letters, classes and counts.
//!
//! Groups, alternatives and look-around are not understood. Matching keeps the set of places reached, so its time is
//! bounded by the pattern times the text, whatever both say.

/// How often a part may at most be counted.
const MOST: usize = 1000;

/// The longest text that is matched.
const LONGEST: usize = 10_000;

/// A pattern.
#[derive(Debug)]
pub(in crate::profile) struct Pattern {
    from_start: bool,
    to_end: bool,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    ranges: Vec<(char, char)>,
    not: bool,
    min: usize,
    max: usize,
}

impl Pattern {
    /// Reads a pattern; nothing where any of it is not understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let from_start = text.starts_with('^');
        let text = text.strip_prefix('^').unwrap_or(text);
        let to_end = text.ends_with('$') && !text.ends_with("\\$");
        let text = if to_end { text.strip_suffix('$')? } else { text };
        let mut signs = text.chars().peekable();
        let mut parts = Vec::new();
        while let Some(sign) = signs.next() {
            let (ranges, not) = match sign {
                '[' => class(&mut signs)?,
                '\\' => escaped(signs.next()?)?,
                '.' => (vec![('\n', '\n')], true),
                '(' | ')' | '|' | '^' | '$' | '*' | '+' | '?' | '{' | '}' | ']' => return None,
                sign => (vec![(sign, sign)], false),
            };
            let (min, max) = match signs.peek() {
                Some('*') => (0, LONGEST),
                Some('+') => (1, LONGEST),
                Some('?') => (0, 1),
                Some('{') => {
                    signs.next();
                    let count: String = signs.by_ref().take_while(|sign| *sign != '}').collect();
                    parts.push(counted(ranges, not, &count)?);
                    continue;
                }
                _ => {
                    parts.push(Part { ranges, not, min: 1, max: 1 });
                    continue;
                }
            };
            signs.next();
            parts.push(Part { ranges, not, min, max });
        }
        (parts.len() <= 100).then_some(Self { from_start, to_end, parts })
    }

    /// Whether a text has the pattern in it; nothing where the text is too long to look at.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let signs: Vec<char> = text.chars().take(LONGEST + 1).collect();
        if signs.len() > LONGEST {
            return None;
        }
        let mut reached = vec![!self.from_start; signs.len() + 1];
        reached.first_mut().into_iter().for_each(|first| *first = true);
        for part in &self.parts {
            reached = part.advance(&signs, &reached);
        }
        Some(if self.to_end { reached.last() == Some(&true) } else { reached.contains(&true) })
    }
}

impl Part {
    fn fits(&self, sign: char) -> bool {
        self.ranges.iter().any(|(from, to)| (*from..=*to).contains(&sign)) != self.not
    }

    /// The places reached after this part, from those reached before it.
    fn advance(&self, signs: &[char], before: &[bool]) -> Vec<bool> {
        // The places from which a run of fitting signs leads to the current one, as a window over sums.
        let mut sums = Vec::with_capacity(before.len() + 1);
        sums.push(0_usize);
        let mut total = 0;
        for reached in before {
            total += usize::from(*reached);
            sums.push(total);
        }
        let mut run = 0_usize;
        let mut after = Vec::with_capacity(before.len());
        for place in 0..before.len() {
            if let Some(sign) = place.checked_sub(1).and_then(|last| signs.get(last)) {
                run = if self.fits(*sign) { run + 1 } else { 0 };
            }
            let (longest, shortest) = (run.min(self.max), self.min);
            let some = shortest <= longest && {
                let at = |index: usize| sums.get(index).copied().unwrap_or(total);
                at(place - shortest + 1) > at(place - longest)
            };
            after.push(some);
        }
        after
    }
}

fn counted(ranges: Vec<(char, char)>, not: bool, count: &str) -> Option<Part> {
    let (min, max) = match count.split_once(',') {
        None => (count.parse().ok()?, count.parse().ok()?),
        Some((min, "")) => (min.parse().ok()?, LONGEST),
        Some((min, max)) => (min.parse().ok()?, max.parse().ok()?),
    };
    (min <= max && min <= MOST).then_some(Part { ranges, not, min, max })
}

type Class = (Vec<(char, char)>, bool);

fn class(signs: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Class> {
    let not = signs.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        let from = match signs.next()? {
            ']' => return Some((ranges, not)),
            '\\' => {
                let (inside, negated) = escaped(signs.next()?)?;
                if negated {
                    return None;
                }
                ranges.extend(inside);
                continue;
            }
            '[' | '&' => return None,
            sign => sign,
        };
        if signs.next_if_eq(&'-').is_none() {
            ranges.push((from, from));
        } else if signs.peek() == Some(&']') {
            ranges.extend([(from, from), ('-', '-')]);
        } else {
            let to = signs.next().filter(|to| *to != '\\' && *to >= from)?;
            ranges.push((from, to));
        }
    }
}

fn escaped(sign: char) -> Option<Class> {
    let digits = || vec![('0', '9')];
    let words = || vec![('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')];
    let blanks = || vec![(' ', ' '), ('\t', '\r')];
    Some(match sign {
        'd' => (digits(), false),
        'D' => (digits(), true),
        'w' => (words(), false),
        'W' => (words(), true),
        's' => (blanks(), false),
        'S' => (blanks(), true),
        sign if sign.is_ascii_punctuation() => (vec![(sign, sign)], false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_match_their_patterns() {
        for (pattern, text, matches) in [
            ("^[A-Za-z][0-9]{9}$", "A123456789", true),
            ("^[A-Za-z][0-9]{9}$", "A12345678", false),
            ("^[A-Za-z][0-9]{9}$", "XA123456789", false),
            ("[0-9]{3}", "ab123c", true),
            ("^\\d{4,6}[A-Z]$", "06013C", true),
            ("^\\d{4,6}[A-Z]$", "0613", false),
            ("^a?b*c+$", "bbc", true),
            ("^a?b*c+$", "ab", false),
            ("^[^0-9]+$", "王小明", true),
            ("^[^0-9]+$", "王1", false),
            ("^\\S+-[\\w-]+$", "x-y_z-1", true),
            ("^.*$", "", true),
            ("^x{2,}$", "x", false),
            ("^x{2,}$", "xxxx", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(text), Some(matches), "{pattern} {text}");
        }
        for pattern in ["(a|b)", "a|b", "a**", "[a", "a{x}", "[[:alpha:]]", "a{2000}", "\\p{L}"] {
            assert!(Pattern::parse(pattern).is_none(), "{pattern}");
        }
    }

    #[test]
    fn the_worst_pattern_costs_little() {
        let pattern = Pattern::parse(&format!("^{}$", "a*".repeat(100))).unwrap();
        assert_eq!(pattern.matches(&format!("{}b", "a".repeat(9_000))), Some(false));
        assert_eq!(pattern.matches(&"a".repeat(10_001)), None);
    }
}
