//! What is said to expiries?

pub(super) const TEMPLATES: &[&str] = &[
    "set {key} {value}",
    "(expire|pexpire) {key} ({ttl}|-1|x|9223372036854775807) [nx|xx|gt|lt|nonsense]",
    "(expireat|pexpireat) {key} (4102444800|4102444800000|-1) [nx|xx|gt|lt]",
    "(ttl|pttl|expiretime|pexpiretime) {key}",
    "persist {key}",
];
