//! How does a list of names become an enumeration that tells of itself?

/// Makes an enumeration whose variants have a name and a card each: what their documentation says. Both are there for programs that list them, in builds with
/// `feature` alone: no other holds the names.
macro_rules! catalogue {
    (
        $(#[$about:meta])* $list:ident, listed with $feature:tt:
        $($(#[doc = $line:literal])+ $entry:ident = $name:literal,)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $list {
            $($(#[doc = $line])+ $entry,)+
        }

        #[cfg(feature = $feature)]
        impl $list {
            /// All of them.
            pub const ALL: &[$list] = &[$($list::$entry,)+];

            /// The name by which people call it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($list::$entry => $name,)+
                }
            }

            /// What is known of it, as its documentation says.
            #[must_use]
            pub const fn card(self) -> &'static str {
                match self {
                    $($list::$entry => concat!($($line, "\n"),+),)+
                }
            }
        }
    };
}
