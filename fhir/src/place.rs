//! Where a walk through a resource stands, as a chain on the stack: a text is made only for a finding.

use std::fmt::{self, Display};

use crate::parse::element_name;

/// One step of a path and the steps above it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Place<'a> {
    /// The beginning: a type of resource the standard knows, or anything else as `Resource`.
    pub(crate) fn root(name: &'a str) -> Self {
        Self { above: None, step: Step::Member(name) }
    }

    /// A member of what stands here.
    pub(crate) fn member(&'a self, name: &'a str) -> Self {
        Self { above: Some(self), step: Step::Member(name) }
    }

    /// An item of the array that stands here.
    pub(crate) fn item(&'a self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Item(index) }
    }
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match (self.step, self.above) {
            (Step::Item(index), _) => write!(f, "[{index}]"),
            (Step::Member(name), None) => f.write_str(name),
            // A name that no element has could be personal data.
            (Step::Member(name), Some(_)) => {
                // What stands beside a primitive is of the same element to FHIRPath.
                let name = element_name(name).unwrap_or("*");
                write!(f, ".{}", name.strip_prefix('_').unwrap_or(name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_a_path_without_foreign_names() {
        let root = Place::root("Bundle");
        let entry = root.member("entry");
        let third = entry.item(3);
        assert_eq!(third.member("resource").to_string(), "Bundle.entry[3].resource");
        assert_eq!(third.member("王小明").to_string(), "Bundle.entry[3].*");
        assert_eq!(third.member("_value").to_string(), "Bundle.entry[3].value");
    }
}
