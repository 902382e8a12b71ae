//! Is what is wrong with an append-only file told, with file, place and reason, and left as it is?

use std::collections::BTreeMap;

use afterimage_tests::{Options, Release};

use super::{DIRECTORY, MANIFEST, end, files, keeping, last_increment, named_files, put, rewrite, write};

type Files = BTreeMap<String, Vec<u8>>;

/// A base and two increments of `options`; the second was added by hand.
fn whole(options: Options) -> Files {
    let server = keeping(options).start();
    write(&server, 1, 300);
    rewrite(&server);
    write(&server, 2, 100);
    let mut files = files(&end(server));
    let last = format!("{DIRECTORY}/appendonly.aof.9.incr.aof");
    files.insert(last, b"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*3\r\n$3\r\nSET\r\n$4\r\nlast\r\n$1\r\n1\r\n".to_vec());
    let manifest = files.get_mut(MANIFEST).expect("there is a manifest");
    manifest.extend_from_slice(b"file appendonly.aof.9.incr.aof seq 9 type i\n");
    files
}

fn replace(files: &mut Files, name: &str, from: &str, to: &str) {
    let text = String::from_utf8(files[name].clone()).expect("it is a text");
    assert!(text.contains(from), "{text}");
    files.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
}

/// Over these files ours ends at once, tells all that, and has changed nothing.
#[track_caller]
fn assert_refused(what: &str, files: &Files, words: &[&str]) {
    let ours = keeping(Options::ours());
    put(files, &ours);
    let exit = ours.clone().run_to_exit();
    assert_eq!(exit.status.code(), Some(1), "{what}: {}", exit.log);
    for word in words {
        assert!(exit.log.contains(word), "{what}: {word:?} is not in {}", exit.log);
    }
    assert!(!exit.log.contains("panicked"), "{what}: {}", exit.log);
    assert_eq!(super::files(&ours), *files, "{what}");
}

fn sources() -> Vec<Options> {
    [Some(Options::ours()), Options::real(Release::Redis7)].into_iter().flatten().collect()
}

#[test]
fn a_file_that_is_missing_is_told() {
    for source in sources() {
        let whole = whole(source);
        for name in named_files(&whole) {
            let mut files = whole.clone();
            files.remove(&name);
            assert_refused(&name, &files, &[&name]);
        }
    }
}

#[test]
fn a_broken_manifest_is_told_with_its_line() {
    let whole = whole(Options::ours());
    for (from, to, reason) in [
        ("type b", "type x", "Unknown AOF file type (line 1)"),
        ("seq 9", "seq 1", "Found a non-monotonic sequence number (line 5)"),
        ("seq 9", "seq", "Invalid AOF manifest file format (line 5)"),
        ("type i", "type b", "Found duplicate base file information (line 2)"),
        ("type i\n", "type i\n\n", "Invalid AOF manifest file format (line 3)"),
        ("file appendonly.aof.9", "file ../appendonly.aof.9", "File can't be a path, just a filename (line 5)"),
        ("type i", "type h", "who edited it removes the line that begins with #SUM: (line 4)"),
        ("9 type i\n", "9 type i", "The AOF manifest file contains too long line (line 5)"),
    ] {
        let mut files = whole.clone();
        replace(&mut files, MANIFEST, from, to);
        assert_refused(reason, &files, &[MANIFEST, reason]);
    }
    let mut files = whole;
    files.insert(MANIFEST.to_owned(), Vec::new());
    assert_refused("an empty one", &files, &[MANIFEST, "Found an empty AOF manifest"]);
}

#[test]
fn a_foreign_file_is_told() {
    for source in sources() {
        let whole = whole(source);
        for name in named_files(&whole) {
            let mut files = whole.clone();
            files.insert(name.clone(), b"this is no such file at all\n".repeat(5));
            assert_refused(&name, &files, &[&name, "bad file format (at byte 0)"]);
        }
    }
}

#[test]
fn a_base_that_is_damaged_or_torn_is_told() {
    for source in sources() {
        let whole = whole(source);
        let base = named_files(&whole).remove(0);
        let length = whole[&base].len();
        for at in [9, length / 3, length / 2, length - 12] {
            let mut files = whole.clone();
            files.get_mut(&base).expect("it is there")[at] ^= 0x10;
            assert_refused(&format!("byte {at} of {base}"), &files, &[&base]);
        }
        for at in [1, 5, 9, length / 2, length - 1] {
            let mut files = whole.clone();
            files.get_mut(&base).expect("it is there").truncate(at);
            assert_refused(&format!("{at} bytes of {base}"), &files, &[&base]);
        }
    }
}

#[test]
fn an_increment_that_is_not_the_last_may_not_be_torn() {
    for source in sources() {
        let whole = whole(source);
        let name = named_files(&whole).remove(1);
        for cut in [1, 50] {
            let mut files = whole.clone();
            let bytes = files.get_mut(&name).expect("it is there");
            bytes.truncate(bytes.len() - cut);
            assert_refused(&name, &files, &[&name, "), and other files go on from it"]);
        }
    }
}

#[test]
fn damage_in_the_midst_of_an_increment_of_redis_is_told_with_its_place() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let mut whole = whole(real);
    whole.remove(&last_increment(&whole));
    replace(&mut whole, MANIFEST, "file appendonly.aof.9.incr.aof seq 9 type i\n", "");
    let name = last_increment(&whole);
    let bytes = &whole[&name];
    // The second star at the beginning of a line in the later half begins a command.
    let half = bytes.len() / 2;
    let place = half + 2 + bytes[half..].windows(3).position(|three| three == b"\r\n*").expect("a command begins");
    let mut files = whole.clone();
    files.get_mut(&name).expect("it is there")[place] = b'+';
    let at = format!("bad file format (at byte {place})");
    assert_refused("a star", &files, &[&name, &at]);

    let mut files = whole.clone();
    files.get_mut(&name).expect("it is there").extend_from_slice(&[0; 100]);
    let at = format!("bad file format (at byte {})", whole[&name].len());
    assert_refused("zeroes at the end", &files, &[&name, &at]);
}

#[test]
fn a_bit_that_has_turned_in_what_we_synced_is_told() {
    let mut whole = whole(Options::ours());
    whole.remove(&last_increment(&whole));
    replace(&mut whole, MANIFEST, "file appendonly.aof.9.incr.aof seq 9 type i\n", "");
    let name = last_increment(&whole);
    let length = whole[&name].len();
    for from in [0, 150, length / 3, length / 2] {
        let command = whole[&name][from..].windows(3).position(|three| three == b"\r\n$").expect("there are commands");
        let at = from + command + 2;
        let mut files = whole.clone();
        files.get_mut(&name).expect("it is there")[at] ^= 0x01;
        assert_refused(&format!("byte {at} of {length}"), &files, &[&name, "the file has rotted there", "at byte"]);
    }
}

#[test]
fn a_command_that_we_do_not_know_is_told() {
    let mut whole = whole(Options::ours());
    let last = last_increment(&whole);
    whole.get_mut(&last).expect("it is there").extend_from_slice(b"*2\r\n$6\r\nnosuch\r\n$1\r\nk\r\n");
    assert_refused("a command", &whole, &[&last, "Unknown command 'nosuch' reading the append only file"]);
}

#[test]
fn a_database_that_we_do_not_have_is_told() {
    let mut whole = whole(Options::ours());
    let last = last_increment(&whole);
    whole.get_mut(&last).expect("it is there").extend_from_slice(b"*2\r\n$6\r\nselect\r\n$2\r\n16\r\n");
    assert_refused("a database", &whole, &[&last, "database 16", "databases"]);
}
