//! How is a configuration file read by somebody who starts no server by it?
//!
//! What this server does not support, and refuses for that alone, has no bearing on what a crash costs: it is passed over, and told. What cannot be understood is an error here, too.

use afterimage_core::Config;
use afterimage_core::config::{ConfigError, Reason};

use super::cell::Detector;
use crate::queue::{MILLISECOND, SECOND};

/// Lines that are told of where more are passed over: who reads it has the file.
const PASSED_OVER_TOLD_MAX: usize = 20;
/// Characters of a line that are shown: as many as fit on a few lines of a terminal.
const SHOWN_CHARS_MAX: usize = 200;

/// The configuration, and what has to be said of how it was read; `include` gives the texts of files that it includes.
///
/// # Errors
///
/// Says which line is wrong, as the server would, and what to do about it.
pub(super) fn read(
    name: &str,
    text: &[u8],
    include: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(Config, Vec<String>), String> {
    let (config, lines) = Config::survey((name, text), include).map_err(refusal)?;
    let remarks = PassedOver { file: name, lines: &lines }.remarks(&config);
    Ok((config, remarks))
}

/// What a file says that nobody supports here.
struct PassedOver<'a> {
    /// The name of the file that was read first.
    file: &'a str,
    lines: &'a [ConfigError],
}

impl PassedOver<'_> {
    fn remarks(&self, config: &Config) -> Vec<String> {
        let lines = self.lines.iter().take(PASSED_OVER_TOLD_MAX).map(|line| self.place(line));
        let mut told: Vec<String> = lines.collect();
        if told.is_empty() {
            return Vec::new();
        }
        if let more @ 1.. = self.lines.len() - told.len() {
            told.push(format!("and {more} more"));
        }
        let mut remarks = vec![format!("passed over: {}.", told.join(", "))];
        let is_of_cluster = |line: &ConfigError| line.text.to_ascii_lowercase().starts_with("cluster-enabled");
        if self.lines.iter().any(is_of_cluster) {
            remarks.push(of_cluster(config));
        }
        remarks
    }

    /// Only the directive and the first of its values: behind them may be passwords.
    fn place(&self, ConfigError { file, line, text, .. }: &ConfigError) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let more = if words.len() > 2 { " …" } else { "" };
        let said = format!("'{}{more}'", printable(&words[..words.len().min(2)].join(" ")));
        match line {
            0 => said,
            _ if file == self.file => format!("line {line} {said}"),
            _ => format!("line {line} of {} {said}", printable(file)),
        }
    }
}

/// The nodes of a cluster do what a detector does here.
fn of_cluster(config: &Config) -> String {
    let patience_us = config.elsewhere.cluster_node_timeout.saturating_mul(MILLISECOND);
    let detector = Detector::Watches { patience_us, delay_us: SECOND }.to_string();
    let play = match detector.parse::<Detector>() {
        Ok(_) => format!(" `--only detector={detector}` plays about that."),
        Err(_) => String::new(),
    };
    format!(
        "But the nodes of a cluster promote a replica themselves when their master has been silent for `cluster-node-timeout`, and here they do not.{play}"
    )
}

/// Why a file cannot be read, and what to do about it.
fn refusal(error: ConfigError) -> String {
    let is_of_sentinel = error.text.to_ascii_lowercase().starts_with("sentinel");
    let reason = match error.reason {
        Reason::Include(text) => Reason::Include(printable(&text)),
        reason => reason,
    };
    let shown = ConfigError { file: printable(&error.file), text: printable(&error.text), reason, ..error };
    let cure = match is_of_sentinel {
        true => {
            "Give the redis.conf of the servers; `--only detector=30s+1s` plays a Sentinel with a patience of 30 s."
        }
        false => "Mend that line, or give a copy of the file without it.",
    };
    format!("{shown}\n{cure}")
}

/// A file may say anything. In a terminal it is not to do anything, nor to fill it.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARS_MAX) {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    let is_cut = text.chars().nth(SHOWN_CHARS_MAX).is_some();
    shown + if is_cut { "…" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::super::Given;
    use super::super::risks::tests::given;
    use crate::plan::Setting;

    #[test]
    fn what_cannot_be_understood_is_refused_with_its_line_and_a_cure() {
        for (line, why) in [
            ("appendfsync sometimes", "argument(s) must be one of the following"),
            ("min-replicas-to-write many", "couldn't be parsed into an integer"),
            ("apendonly yes", "Bad directive"),
            ("dir \"/tmp", "Unbalanced quotes"),
            ("include more.conf", "there is no file more.conf"),
            ("sentinel monitor m 127.0.0.1 6379 2", "`--only detector=30s+1s`"),
        ] {
            let told = given(&format!("save \"\"\n{line}\n")).expect_err(line);
            assert!(told.contains("at line 2 of 'redis.conf'") && told.contains(line) && told.contains(why), "{told}");
            assert!(told.contains("Mend that line") || told.contains("Give the redis.conf"), "{told}");
        }
    }

    /// As Debian's file has it, and some that operators add.
    const OF_A_DISTRIBUTION: &str = "bind 127.0.0.1 -::1\nprotected-mode yes\n# supervised auto\ndaemonize yes\npidfile /run/redis/redis-server.pid\n\
        save 900 1\nloadmodule /usr/lib/bloom.so\naclfile /etc/redis/users.acl\nuser alice on >hush ~* +@all\ntls-port 6380\nsyslog-enabled yes\n\
        activedefrag yes\nappendonly yes\nmin-replicas-to-write 1\nuser default on nopass ~* &* +@all\nrequirepass hush\n";

    #[test]
    fn what_is_not_supported_and_has_no_bearing_is_passed_over_and_told() {
        let given = given(OF_A_DISTRIBUTION).expect("it can be read");
        assert_eq!(given.persistence.to_string(), "aof-everysec");
        assert_eq!(given.settings, [Setting::new("min-replicas-to-write", 1)]);
        let told = &given.remarks(&[])[0];
        assert_eq!(
            told,
            "passed over: line 4 'daemonize yes', line 7 'loadmodule /usr/lib/bloom.so', line 8 'aclfile /etc/redis/users.acl', \
             line 9 'user alice …', line 10 'tls-port 6380', line 11 'syslog-enabled yes', line 12 'activedefrag yes', 'user default'."
        );
    }

    #[test]
    fn a_long_list_of_what_is_passed_over_is_cut_and_other_files_are_named() {
        let mut include = |_: &str| Ok("loadmodule x.so\n".repeat(30));
        let given = Given::read("redis.conf", b"include more.conf\n", &mut include).expect("it can be read");
        let told = &given.remarks(&[])[0];
        assert!(told.starts_with("passed over: line 1 of more.conf 'loadmodule x.so', line 2 of"), "{told}");
        assert!(told.ends_with("line 20 of more.conf 'loadmodule x.so', and 10 more."), "{told}");
    }

    #[test]
    fn of_a_cluster_it_is_said_that_its_nodes_promote_replicas_and_what_plays_that() {
        for (text, told) in [
            ("cluster-enabled yes\n", "`--only detector=15s+1s` plays about that."),
            ("cluster-node-timeout 2500\ncluster-enabled yes\n", "`--only detector=2.5s+1s` plays about that."),
            ("cluster-node-timeout 0\ncluster-enabled yes\n", "and here they do not."),
        ] {
            let remarks = given(text).expect("it can be read").remarks(&[]);
            assert!(remarks[0].contains("'cluster-enabled yes'") && remarks[1].ends_with(told), "{remarks:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_shown_escaped_and_cut() {
        let noise = [b"\x7fELF\x02\x1b[2J\x07\x00\xff '".as_slice(), &[b'\x1b'; 4000]].concat();
        let told = Given::read("\x1b]0;redis.conf", &noise, &mut |_| Ok(String::new())).expect_err("it is no text");
        assert!(told.chars().all(|character| character == '\n' || !character.is_control()), "{told:?}");
        assert!(
            told.contains("\\u{7f}ELF") && told.contains("at line 1 of") && told.chars().count() < 2000,
            "{told:?}"
        );
    }
}
