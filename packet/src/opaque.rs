//! Personal data that cannot print itself: `Debug` shows the type's name and nothing else.

/// Implements `Debug` as `Type(..)` for types that hold personal data or secrets.
///
/// No partial masks and no lengths: both leak. Logs name ids instead.
#[macro_export]
macro_rules! opaque_debug {
    ($($name:ty),+ $(,)?) => {$(
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
