//! Where does memory come from, and how does it go back?

use mimalloc::MiMalloc;

/// Values of every size come and go all the time; this allocator is faster at that than the C library's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// As INFO prints it.
pub(crate) fn name() -> String {
    let version = ALLOCATOR.version();
    // Two digits for each part but the first from version 3 on (`30305`), one before (`218`).
    let base = if version >= 10_000 { 100 } else { 10 };
    format!("mimalloc-{}.{}.{}", version / (base * base), version / base % base, version % base)
}

/// What it counts, as JSON.
pub(crate) fn report() -> String {
    MiMalloc::stats_json().map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned())
}

/// Gives back to the operating system what is free.
pub(crate) fn release() {
    #[allow(
        unsafe_code,
        reason = "the allocator's own crate does not wrap this call, which takes no pointer and asks nothing of its caller"
    )]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
