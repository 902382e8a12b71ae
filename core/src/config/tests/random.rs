//! Does anything go wrong with input that nobody thought of?

use proptest::prelude::*;

use super::*;
use crate::codec::quoting::{quote, split_arguments};

/// Text that is nearly a configuration: names of rows, values, quotes and junk.
fn near_configuration() -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = directives().flat_map(Directive::names).chain(["include", "user"]).collect();
    let values = ["yes", "no", "1", "0", "60 1", "normal 1 2 3", "5%", "1gb", "\"a b\"", "'x", "\\", "local"];
    let word = prop_oneof![proptest::sample::select(values.to_vec()).prop_map(String::from), "[ -~]{0,8}",];
    let line = (proptest::sample::select(names), proptest::collection::vec(word, 0..4));
    let line = line.prop_map(|(name, words)| format!("{name} {}", words.join(" ")));
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, near in near_configuration()) {
        let mut config = Config::default();
        let mut include = |_: &str| Ok(near.clone());
        let _ = config.parse_file(&bytes, "f", &mut include);
        let _ = config.parse_file(near.as_bytes(), "f", &mut include);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let options: Vec<String> = text.split(' ').chain(near.split(' ')).map(|word| format!("--{word}")).collect();
        let _ = config.parse_arguments(&options);
        let _ = config.get(&bytes);
        let _ = config.rewrite(&text);
        let _ = config.set_many(&[(&bytes, &bytes), (b"save", &bytes)], SetContext::default());
        for row in directives() {
            let _ = (row.parse)(&mut config, &[&bytes], Mode::Replace);
        }
    }

    #[test]
    fn quoting_and_splitting_are_inverse(arguments: Vec<Vec<u8>>) {
        let line = arguments.iter().map(|argument| quote(argument)).collect::<Vec<_>>().join(" ");
        prop_assert_eq!(split_arguments(line.as_bytes()), Ok(arguments));
    }

    #[test]
    fn rewrite_then_read_gives_the_same_configuration(old in near_configuration(), new in near_configuration()) {
        let keep = |text: &str| -> (Config, String) {
            let mut config = Config::default();
            let is_valid = |line: &&str| {
                !line.starts_with("include") && config.clone().parse_file(line.as_bytes(), "f", &mut no_include).is_ok()
            };
            let kept = text.lines().filter(is_valid).collect::<Vec<_>>().join("\n");
            config.parse_file(kept.as_bytes(), "f", &mut no_include).expect("each line is valid");
            (config, kept)
        };
        let (_, old) = keep(&old);
        let (config, _) = keep(&new);
        let mut read = Config::default();
        read.parse_file(config.rewrite(&old).as_bytes(), "f", &mut no_include).expect("own text is valid");
        prop_assert_eq!(read, config);
    }
}
