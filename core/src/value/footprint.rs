//! How much memory does an allocation really take?
//!
//! A pure core cannot ask the allocator, so it calculates: requests are rounded up to the size classes that general-purpose allocators
//! (mimalloc, jemalloc) have in common. Memory that is counted so is the same on every machine and in the simulator.

/// Bytes that an allocation of `bytes` takes: multiples of 16 up to 128, then four classes for each doubling.
#[inline]
#[must_use]
pub const fn allocated(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    if bytes <= 128 {
        return (bytes + 15) & !15;
    }
    let step = 1 << (usize::BITS - 3 - (bytes - 1).leading_zeros());
    bytes.saturating_add(step - 1) & !(step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_classes() {
        for (bytes, class) in [
            (0, 0),
            (1, 16),
            (16, 16),
            (17, 32),
            (128, 128),
            (129, 160),
            (160, 160),
            (161, 192),
            (256, 256),
            (257, 320),
        ] {
            assert_eq!(allocated(bytes), class, "{bytes}");
        }
        assert_eq!(allocated(5000), 5120);
    }
}
