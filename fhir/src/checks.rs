//! What a well-formed Bundle says that cannot all be so: dates out of order, codes that were not in use, names a
//! profile has no place for. In: an opened Bundle. Out: warnings only, because the hospital's own system knows more
//! than we do. Must not know: the clock; the Bundle's own time stands for it.

use crate::bundle::Bundle;
use crate::shape::Shape;

mod codes;
mod dates;
mod diagnoses;
mod person;

/// Looks at the whole Bundle.
pub fn look(bundle: &Bundle<'_>, shape: Shape) {
    diagnoses::look(bundle);
    dates::look(bundle);
    codes::look(bundle);
    person::look(bundle, shape);
}
