//! How do rows become a structure with a field for each, its defaults, and a table?
//!
//! A row reads: summary; names, field, type, default; kind, access and what is special about it. The summary is also the
//! documentation of the field.

/// What a special property of a row adds to the documentation of its field.
macro_rules! special_doc {
    (no_effect $why:literal) => {
        concat!("\nAccepted, without effect here: ", $why, ".")
    };
    (hidden) => {
        "\nCONFIG GET shows it only under its full name."
    };
    (sensitive) => {
        "\nKept out of logs."
    };
    (denied_while_loading) => {
        "\nCONFIG SET refuses it while a data set is being loaded."
    };
}

/// Makes a structure of settings, its defaults and the table of rows out of the rows. `at` names the functions
/// that lead from the configuration to the structure; `with` has the fields that are no rows.
macro_rules! directives {
    (
        $(#[$about:meta])*
        $structure:ident at $of:ident, $of_mut:ident with {
            $( $(#[doc = $extra_doc:literal])+ $extra:ident: $extra_type:ty = $extra_default:expr, )*
        }
        $(
            $(#[doc = $doc:literal])+
            $name:literal $(| $alias:literal)? => $field:ident: $type:ty = $default:expr,
            $kind:expr, $access:ident $(, $special:ident $(($why:literal))?)*;
        )+
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $structure {
            $( $(#[doc = $doc])+ $(#[doc = special_doc!($special $($why)?)])* pub $field: $type, )+
            $( $(#[doc = $extra_doc])+ pub $extra: $extra_type, )*
        }

        impl Default for $structure {
            fn default() -> $structure {
                $structure { $( $field: $default, )+ $( $extra: $extra_default, )* }
            }
        }

        pub(super) static ROWS: &[crate::config::Directive] = &[$(
            crate::config::Directive {
                name: $name,
                alias: [$(Some($alias),)? None][0],
                access: crate::config::Access::$access,
                hidden: false,
                sensitive: false,
                denied_while_loading: false,
                without_effect: None,
                summary: concat!($($doc),+),
                is_multi_argument: || crate::config::directive::Kind::<$type>::is_multi_argument(&$kind),
                type_words: || crate::config::directive::Kind::<$type>::words(&$kind),
                parse: |config, arguments, mode| {
                    crate::config::directive::Kind::<$type>::parse(&$kind, &mut $of_mut(config).$field, arguments, mode)
                },
                print: |config| crate::config::directive::Kind::<$type>::print(&$kind, &$of(config).$field),
                is_default: |config| {
                    let default: $type = $default;
                    $of(config).$field == default
                },
                lines: |config| crate::config::directive::Kind::<$type>::lines(&$kind, &$of(config).$field),
            }
            $(.$special($($why)?))*,
        )+];
    };
}
