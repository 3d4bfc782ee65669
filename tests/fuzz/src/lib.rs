//! The ways in, shared with the tests of the project.

#[path = "../../src/hostile.rs"]
pub mod hostile;
