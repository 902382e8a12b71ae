//! How do XADD and XTRIM say what is to be left of a stream?

use alloc::vec::Vec;

use crate::command::CommandError;
use crate::command::exec::{Exec, ExpiryRule, int_arg, is_word};
use crate::command::reply_error::{
    INVALID_STREAM_ID, SYNTAX, TRIM_LIMIT_ALONE, TRIM_LIMIT_EXACT, TRIM_LIMIT_NEGATIVE, TRIM_MAXLEN_NEGATIVE,
    TRIM_STRATEGIES, XTRIM_WITHOUT_STRATEGY,
};
use crate::resp::Args;
use crate::value::Stream;
use crate::value::stream::{Bound, Spelled, Trim};

use super::id_arg;

/// How many nodes an approximate trim looks at, unless LIMIT says otherwise.
const NODES_MAX: u64 = 100;
/// How many entries may go in it, if nodes have no limit of entries.
const ENTRIES_MAX_WITHOUT_NODE_LIMIT: u64 = 10_000;
/// How many entries may go in it at all.
const ENTRIES_MAX: u64 = 1_000_000;

/// Which of the two commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Trim,
}

/// What stands before the fields of XADD, and in the whole of XTRIM.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// XADD: do not make the stream.
    pub no_make: bool,
    pub trim: Option<Trim>,
    /// Where the bound of `trim` stands.
    pub bound_at: usize,
    /// XADD: the id, unless it is to be found.
    pub id: Option<Spelled>,
    /// XADD: where the id stands.
    pub id_at: usize,
    limit: Option<u64>,
}

/// Reads the options.
pub(super) fn parse(exec: &Exec<'_>, args: Args<'_>, verb: Verb) -> Result<Options, CommandError> {
    let mut options = Options::default();
    let mut at = 2;
    while at < args.len() {
        let (arg, has_more) = (&args[at], at + 1 < args.len());
        if verb == Verb::Add && arg == b"*" {
            break;
        } else if has_more && (is_word(arg, "MAXLEN") || is_word(arg, "MINID")) {
            at = parse_bound(args, at, &mut options)?;
        } else if has_more && is_word(arg, "LIMIT") {
            let limit = int_arg(&args[at + 1])?;
            options.limit = Some(u64::try_from(limit).map_err(|_| TRIM_LIMIT_NEGATIVE)?);
            at += 2;
        } else if verb == Verb::Add && is_word(arg, "NOMKSTREAM") {
            options.no_make = true;
            at += 1;
        } else if verb == Verb::Add {
            options.id = Some(Spelled::parse(arg).ok_or(INVALID_STREAM_ID)?);
            break;
        } else {
            return Err(SYNTAX);
        }
    }
    options.id_at = at;
    set_limit(exec, verb, &mut options)?;
    Ok(options)
}

/// Reads `MAXLEN|MINID [=|~] bound`; returns where it goes on.
fn parse_bound(args: Args<'_>, at: usize, options: &mut Options) -> Result<usize, CommandError> {
    if options.trim.is_some() {
        return Err(TRIM_STRATEGIES);
    }
    let sign = &args[at + 1];
    let has_sign = at + 2 < args.len() && matches!(sign, b"~" | b"=");
    let bound_at = at + 1 + usize::from(has_sign);
    let bound = match is_word(&args[at], "MAXLEN") {
        true => Bound::Len(u64::try_from(int_arg(&args[bound_at])?).map_err(|_| TRIM_MAXLEN_NEGATIVE)?),
        false => Bound::Id(id_arg(&args[bound_at])?),
    };
    options.trim = Some(Trim { bound, is_approximate: has_sign && sign == b"~", entries_max: None });
    options.bound_at = bound_at;
    Ok(bound_at + 1)
}

/// Checks the limit against the rest, and puts one where it is wanted.
fn set_limit(exec: &Exec<'_>, verb: Verb, options: &mut Options) -> Result<(), CommandError> {
    let Some(trim) = &mut options.trim else {
        // A limit of zero is none.
        return match (options.limit, verb) {
            (Some(1..), _) => Err(TRIM_LIMIT_ALONE),
            (_, Verb::Trim) => Err(XTRIM_WITHOUT_STRATEGY),
            (_, Verb::Add) => Ok(()),
        };
    };
    // A master has said by the bound what is to be left, and has limited itself.
    if exec.expiry == ExpiryRule::Ignore {
        return Ok(());
    }
    trim.entries_max = match (options.limit, trim.is_approximate) {
        (Some(_), false) => return Err(TRIM_LIMIT_EXACT),
        (Some(limit), true) => Some(limit).filter(|limit| *limit > 0),
        (None, false) => None,
        (None, true) => Some(match exec.config.stream_node_max_entries {
            0 => ENTRIES_MAX_WITHOUT_NODE_LIMIT,
            entries => entries.saturating_mul(NODES_MAX).min(ENTRIES_MAX),
        }),
    };
    Ok(())
}

/// The request in words, with the exact bound that an approximate trim came to. The words stay where they are.
pub(super) fn exact_words<'a>(args: Args<'a>, options: &Options, bound: &'a [u8]) -> Vec<&'a [u8]> {
    let mut words: Vec<&[u8]> = args.iter().collect();
    if options.trim.is_some_and(|trim| trim.is_approximate) {
        words[options.bound_at - 1] = b"=";
        words[options.bound_at] = bound;
    }
    words
}

/// The bound that tells what is left of a stream.
pub(super) fn exact_bound(stream: &Stream, trim: &Trim) -> Vec<u8> {
    match trim.bound {
        Bound::Len(_) => itoa::Buffer::new().format(stream.len()).as_bytes().to_vec(),
        Bound::Id(_) => stream.first_kept_id().text().to_vec(),
    }
}
