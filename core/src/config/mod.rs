//! Configuration (stub).
/// Configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {}
