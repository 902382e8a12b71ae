//! DUMP and RESTORE: a value as bytes, and back.

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{
    BAD_DATA_FORMAT, BUSY_KEY, INVALID_FREQ, INVALID_IDLETIME, INVALID_PAYLOAD, INVALID_TTL, SYNTAX,
};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, usage};
use crate::rdb::{Dialect, Reader, open_payload, seal_payload};
use crate::resp::Args;
use crate::value::Value;
use crate::value::rdb::{BuildRules, Step, push_value, read_value, type_of};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::Generic, "dump", 2, "readonly", Keys::ONE, dump)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("2.6.0", "O(N*M)", "Get a value as bytes for RESTORE"),
    Command::data(Group::Generic, "restore", -4, "write denyoom", Keys::ONE, restore)
        .in_categories("keyspace dangerous")
        .access("OW update")
        .docs(
            "2.6.0",
            "O(N*M)",
            "Make a key of what DUMP told: key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
        ),
    Command::data(Group::Server, "restore-asking", -4, "write denyoom asking", Keys::ONE, restore)
        .in_categories("keyspace dangerous")
        .access("OW update")
        .docs("3.0.0", "O(N*M)", "RESTORE, as nodes of a cluster say it to each other"),
];

fn dump(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.null();
        return Ok(());
    };
    let value = exec.value(place);
    let mut payload = alloc::vec![type_of(value)];
    push_value(&mut payload, value, exec.config.rdbcompression);
    seal_payload(&mut payload, value.first_field_expiry_ms().is_some());
    exec.reply.bulk(&payload);
    Ok(())
}

/// What RESTORE is told beside key, time and payload.
#[derive(Default)]
struct Options {
    replaces: bool,
    is_absolute: bool,
    idle_seconds: Option<u32>,
    frequency: Option<u32>,
}

fn parse_options(args: Args<'_>) -> Result<Options, CommandError> {
    let mut parsed = Options::default();
    let mut options = args.iter_from(4);
    while let Some(option) = options.next() {
        let number = |value: Option<&[u8]>| value.map(int_arg).transpose();
        if is_word(option, "REPLACE") {
            parsed.replaces = true;
        } else if is_word(option, "ABSTTL") {
            parsed.is_absolute = true;
        } else if is_word(option, "IDLETIME") && options.len() >= 1 && parsed.frequency.is_none() {
            let seconds = number(options.next())?.filter(|&seconds| seconds >= 0).ok_or(INVALID_IDLETIME)?;
            parsed.idle_seconds = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        } else if is_word(option, "FREQ") && options.len() >= 1 && parsed.idle_seconds.is_none() {
            let frequency = number(options.next())?.filter(|frequency| (0..=255).contains(frequency));
            parsed.frequency = Some(frequency.ok_or(INVALID_FREQ)? as u32);
        } else {
            return Err(SYNTAX);
        }
    }
    Ok(parsed)
}

/// Fed with its expiry in absolute time.
fn restore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = parse_options(args)?;
    let key = &args[1];
    let found = exec.find(key);
    if found.is_some() && !options.replaces {
        return Err(BUSY_KEY);
    }
    let ttl = int_arg(&args[2])?;
    if ttl < 0 {
        return Err(INVALID_TTL);
    }
    let (payload, dialect) = open_payload(&args[3]).ok_or(INVALID_PAYLOAD)?;
    let value = read_payload(exec, payload, dialect).ok_or(BAD_DATA_FORMAT)?;
    let expires_ms = match ttl {
        0 => NO_EXPIRY,
        ttl if options.is_absolute => ttl,
        ttl => ttl.saturating_add(exec.now_ms()),
    };
    if expires_ms < exec.now_ms() {
        return restore_expired(exec, key, found.is_some());
    }
    exec.put_anew(key, value, expires_ms);
    if let Some(place) = exec.peek(key) {
        let usage = match (options.frequency, options.idle_seconds) {
            (Some(frequency), _) if exec.frequency_rules().is_some() => {
                Some(usage::with_counter(exec.now.wall, frequency))
            }
            (_, Some(seconds)) if exec.frequency_rules().is_none() => {
                Some(usage::seconds(exec.now.wall).wrapping_sub(seconds))
            }
            _ => None,
        };
        if let Some(usage) = usage {
            exec.keyspace.mark_used(place, usage);
        }
    }
    if expires_ms != NO_EXPIRY && !options.is_absolute {
        feed_absolute(exec, args, expires_ms);
    }
    exec.notify(Class::Generic, "restore", key);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

/// The request with the time at which the key expires.
fn feed_absolute(exec: &mut Exec<'_>, args: Args<'_>, expires_ms: i64) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(expires_ms).as_bytes();
    let words = args.iter().enumerate().map(|(index, word)| if index == 2 { digits } else { word });
    let words: alloc::vec::Vec<&[u8]> = words.chain([b"ABSTTL".as_slice()]).collect();
    exec.feed.instead_words(exec.database, &words);
}

/// A key whose time has come already is not made; one that was there is removed.
fn restore_expired(exec: &mut Exec<'_>, key: &[u8], was_there: bool) -> Outcome {
    if was_there && let Some(place) = exec.peek(key) {
        exec.remove_emptied(place, key);
        let verb: &[u8] = if exec.config.lazyfree_lazy_server_del { b"UNLINK" } else { b"DEL" };
        exec.feed.instead(exec.database, [verb, key]);
        exec.changed(1);
    }
    exec.reply.ok();
    Ok(())
}

/// The value that a payload holds; nothing if it is not sound, or an empty collection.
fn read_payload(exec: &Exec<'_>, payload: &[u8], dialect: Dialect) -> Option<Value> {
    let rules = BuildRules { limits: exec.limits(), order: exec.keyspace.order(), dialect };
    let mut reader = Reader::new(payload);
    let value_type = reader.byte().ok()?;
    let value = match read_value(&mut reader, value_type, &rules).ok()? {
        Step::Whole(value) => value?,
        Step::Begun(mut partial) => loop {
            if let Some(value) = partial.advance(&mut reader, &rules).ok()? {
                break value;
            }
        },
    };
    (!value.is_empty_collection()).then_some(value)
}

#[cfg(test)]
mod tests {
    use crate::command::bench::Bench;
    use alloc::format;

    /// DUMP of redis-server 7.0.15: the string `10`.
    const TEN: &str = r#""\x00\xc0\x0a\x0a\x00\x6e\x9f\x57\x45\x0e\xae\x63\xbb""#;

    #[test]
    fn a_payload_of_redis_is_restored_and_fed_in_absolute_time() {
        let mut bench = Bench::new();
        assert_eq!(bench.run(&format!("RESTORE k 0 {TEN}")), "+OK ");
        assert_eq!(bench.run("GET k"), "$2 10 ");
        assert_eq!(bench.run(&format!("RESTORE k 0 {TEN}")), "-BUSYKEY Target key name already exists. ");
        assert_eq!(bench.run(&format!("RESTORE k 1000 {TEN} REPLACE")), "+OK ");
        assert_eq!(bench.run("PTTL k"), ":1000 ");
        assert_eq!(bench.run(&format!("RESTORE k -1 {TEN} REPLACE")), "-ERR Invalid TTL value, must be >= 0 ");
        assert_eq!(bench.run("RESTORE k 0 abc REPLACE"), "-ERR DUMP payload version or checksum are wrong ");
        assert_eq!(bench.run(&format!("RESTORE k 1 {TEN} REPLACE ABSTTL")), "+OK ");
        assert_eq!(bench.fed(), ["DEL k"]);
        assert_eq!(bench.run("EXISTS k"), ":0 ");
        assert_eq!(bench.run(&format!("RESTORE k 0 {TEN} FOO")), "-ERR syntax error ");
        assert_eq!(bench.run("DUMP no"), "$-1 ");
    }
}
