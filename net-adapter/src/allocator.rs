//! Where does memory come from, and how does it go back?
#![allow(unsafe_code, reason = "the allocator's own crate wraps neither of the two calls below")]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use mimalloc::MiMalloc;

/// Values of every size come and go all the time; this allocator is faster at that than the C library's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// As INFO prints it.
pub(crate) fn name() -> String {
    let version = ALLOCATOR.version();
    // Two digits for each part but the first from version 3 on (`30302`), one before (`218`).
    let base = if version >= 10_000 { 100 } else { 10 };
    format!("mimalloc-{}.{}.{}", version / (base * base), version / base % base, version % base)
}

/// What it tells of itself.
pub(crate) fn report() -> String {
    /// Takes in a piece of it.
    unsafe extern "C" fn append(piece: *const c_char, report: *mut c_void) {
        // SAFETY: the allocator hands in a text that ends with a zero, and the pointer that it was given below, which nobody else uses meanwhile.
        let (piece, report) = unsafe { (CStr::from_ptr(piece), &mut *report.cast::<String>()) };
        report.push_str(&piece.to_string_lossy());
    }
    let mut report = String::new();
    // SAFETY: it calls `append` with this pointer while it runs, and keeps neither.
    unsafe { libmimalloc_sys::mi_stats_print_out(Some(append), ptr::from_mut(&mut report).cast()) };
    report
}

/// Gives back to the operating system what is free.
pub(crate) fn release() {
    // SAFETY: it takes no pointer and asks nothing of its caller.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocator_is_named_and_tells_of_itself() {
        let name = name();
        assert!(name.starts_with("mimalloc-") && name.split('.').count() == 3, "{name}");
        let report = report();
        assert!(report.contains("commit"), "{report}");
    }
}
