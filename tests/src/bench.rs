//! What `make bench` measures of a whole gateway: a process of its own, driven by wrk, beside what bounds it in the same
//! run. It reports figures and asserts nothing about time.

pub mod curve;
pub mod equal;
pub mod figure;
pub mod floor;
pub mod grow;
pub mod load;
pub mod nginx;
pub mod stage;

pub use figure::Figure;
pub use stage::Stage;
