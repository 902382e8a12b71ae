//! Which directives are there, with which field, default, type and range?
//!
//! Defaults and ranges are those of Redis 7.0.15. A row reads: summary, names, field, type, default, kind,
//! access, and then what is special about it. The summary is also the documentation of the field.

use alloc::string::String;
use alloc::vec::Vec;

use super::compound::{
    Addresses, EventClasses, Limits, Master, OomScores, Percentiles, SavePoints, Shutdown,
};
use super::directive::{Access, Directive, Kind, Reason};
use super::kinds::{
    ANY_TEXT, Choice, Flag, Integer, Memory, MemoryOrPercent, Octal, OptionalText, Text,
};
use super::types::{
    AclPubsubDefault, AppendFsync, BufferLimit, BufferLimits, ClientsMemory, DisklessLoad,
    EnableDebug, Endpoint, LogLevel, MaxmemoryPolicy, OomScoreAdj, Password, PropagationError,
    ProtectedAction, SanitizeDump, SavePoint, ShutdownOptions, Supervised, SyslogFacility,
};

/// The kind of a row, for both its type and its parser.
fn is_multi_argument<T, K: Kind<T>>(_: fn(&Config) -> &T, _: fn() -> K) -> bool {
    K::IS_MULTI_ARGUMENT
}

macro_rules! directives {
    ($(
        $(#[doc = $doc:literal])+
        $name:literal $(| $alias:literal)? => $field:ident: $type:ty = $default:expr,
        $kind:ident $(($($argument:expr),*))?, $access:ident $(, $special:ident)*;
    )+) => {
        /// Every setting of a node, one field per directive, named as the directive with `_` for `-`.
        ///
        /// `Config::default()` holds the defaults of Redis 7.0.15.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        impl Default for Config {
            fn default() -> Config {
                Config { $( $field: $default, )+ }
            }
        }

        pub(super) static ROWS: &[Directive] = &[$(
            row! {
                Directive {
                    name: $name,
                    alias: None $(.or(Some($alias)))?,
                    access: Access::$access,
                    hidden: false,
                    sensitive: false,
                    denied_while_loading: false,
                    has_effect: true,
                    summary: concat!($($doc),+),
                    is_multi_argument: <kind!(type $kind) as Kind<$type>>::IS_MULTI_ARGUMENT,
                    type_words: || Kind::<$type>::words(&kind!($kind $($($argument),*)?)),
                    parse: |config, arguments, mode| {
                        let kind = kind!($kind $($($argument),*)?);
                        Kind::<$type>::parse(&kind, &mut config.$field, arguments, mode)
                    },
                    print: |config| Kind::<$type>::print(&kind!($kind $($($argument),*)?), &config.$field),
                    lines: |config| Kind::<$type>::lines(&kind!($kind $($($argument),*)?), &config.$field),
                }
                $($special)*
            },
        )+];
    };
}
