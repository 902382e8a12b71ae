//! From a name to its row.

use super::row::Command;
use super::{
    acl, bitmap, cluster, dump, function, geo, hash, hyperloglog, key, list, memory, module, pubsub, server, set, sort,
    stream, string, zset,
};

/// Each family, and each family's files.
const FAMILIES: [&[&[Command]]; 19] = [
    string::FAMILY,
    bitmap::FAMILY,
    hyperloglog::FAMILY,
    hash::FAMILY,
    list::FAMILY,
    set::FAMILY,
    zset::FAMILY,
    geo::FAMILY,
    stream::FAMILY,
    key::FAMILY,
    sort::FAMILY,
    dump::FAMILY,
    function::FAMILY,
    memory::FAMILY,
    pubsub::FAMILY,
    server::FAMILY,
    acl::FAMILY,
    cluster::FAMILY,
    module::FAMILY,
];

/// Longest name of a command in bytes.
const NAME_BYTES_MAX: usize = 24;
/// Slots of the index: a power of two, about four times the number of commands.
const SLOTS: usize = 2048;

/// An open-addressed index over all names, made at compile time.
static INDEX: [Option<(u16, &'static Command)>; SLOTS] = build_index();

const fn build_index() -> [Option<(u16, &'static Command)>; SLOTS] {
    let mut index: [Option<(u16, &'static Command)>; SLOTS] = [None; SLOTS];
    let mut number = 0;
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut file = 0;
        while file < FAMILIES[family].len() {
            let rows = FAMILIES[family][file];
            let mut row = 0;
            while row < rows.len() {
                let name = rows[row].name.as_bytes();
                assert!(name.len() <= NAME_BYTES_MAX, "a longer name than look-ups consider");
                let mut slot = slot_of(name);
                while index[slot].is_some() {
                    slot = (slot + 1) % SLOTS;
                }
                index[slot] = Some((number, &rows[row]));
                number += 1;
                row += 1;
            }
            file += 1;
        }
        family += 1;
    }
    index
}

/// FNV-1a over the name in lower case.
const fn slot_of(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at].to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ (hash >> 15)) as usize % SLOTS
}

/// The row of a command, by its name in any case.
#[must_use]
pub fn find(name: &[u8]) -> Option<&'static Command> {
    find_numbered(name).map(|(_, command)| command)
}

/// The row of a command and its number in the order of [`commands`], for tables beside it.
#[inline]
#[must_use]
pub fn find_numbered(name: &[u8]) -> Option<(u16, &'static Command)> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut slot = slot_of(name);
    while let Some((number, command)) = INDEX[slot] {
        if name.eq_ignore_ascii_case(command.name.as_bytes()) {
            return Some((number, command));
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

/// How many rows there are, those of subcommands included.
pub const ROW_COUNT: usize = {
    let (mut count, mut number) = (COMMAND_COUNT, 0);
    while number < COMMAND_COUNT {
        count += ALL[number].subcommands.len();
        number += 1;
    }
    count
};

const COMMAND_COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut file = 0;
        while file < FAMILIES[family].len() {
            count += FAMILIES[family][file].len();
            file += 1;
        }
        family += 1;
    }
    count
};

/// The rows of all commands in their order.
static ALL: [&Command; COMMAND_COUNT] = {
    let mut all = [&FAMILIES[0][0][0]; COMMAND_COUNT];
    let mut slot = 0;
    while slot < SLOTS {
        if let Some((number, command)) = INDEX[slot] {
            all[number as usize] = command;
        }
        slot += 1;
    }
    all
};

/// The number of the first subcommand of each command: they come behind all commands.
static FIRST_SUBCOMMANDS: [u16; COMMAND_COUNT] = {
    let (mut firsts, mut next, mut number) = ([0; COMMAND_COUNT], COMMAND_COUNT, 0);
    while number < COMMAND_COUNT {
        firsts[number] = next as u16;
        next += ALL[number].subcommands.len();
        number += 1;
    }
    firsts
};

/// The number of the row that counts for a request: that of the command whose number is given, or of a subcommand of its.
#[inline]
#[must_use]
pub fn row_number(number: u16, container: &Command, command: &Command) -> u16 {
    if core::ptr::eq(container, command) {
        return number;
    }
    let place = container.subcommands.iter().position(|row| core::ptr::eq(row, command));
    match (place, FIRST_SUBCOMMANDS.get(usize::from(number))) {
        (Some(place), Some(first)) => first + place as u16,
        _ => number,
    }
}

/// All rows with their numbers, each container followed by its subcommands, which are told with their container.
pub fn numbered_rows() -> impl Iterator<Item = (u16, &'static Command, Option<&'static Command>)> {
    commands().zip(0..).flat_map(|(command, number)| {
        let subcommands = command.subcommands.iter();
        let subcommands = subcommands.map(move |row| (row_number(number, command, row), row, Some(command)));
        core::iter::once((number, command, None)).chain(subcommands)
    })
}

/// The row of a container's subcommand, by its name in any case.
#[must_use]
pub fn subcommand(container: &Command, name: &[u8]) -> Option<&'static Command> {
    container.subcommands.iter().find(|row| name.eq_ignore_ascii_case(row.name.as_bytes()))
}

/// All commands, family by family.
pub fn commands() -> impl Iterator<Item = &'static Command> {
    FAMILIES.iter().flat_map(|family| family.iter()).flat_map(|file| file.iter())
}

/// How many commands there are.
#[must_use]
pub fn command_count() -> usize {
    COMMAND_COUNT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_found_by_its_name_in_any_case() {
        for command in commands() {
            assert!(core::ptr::eq(find(command.name.as_bytes()).expect(command.name), command));
            let upper = command.name.to_uppercase();
            assert!(core::ptr::eq(find(upper.as_bytes()).expect(command.name), command));
        }
        assert!(find(b"nosuch").is_none());
        assert!(find(b"").is_none());
        assert!(find(&[b'x'; 100]).is_none());
    }

    #[test]
    fn every_row_has_a_number_of_its_own() {
        let mut numbers: alloc::vec::Vec<u16> = numbered_rows().map(|(number, ..)| number).collect();
        assert_eq!(numbers.len(), ROW_COUNT);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..ROW_COUNT as u16));
        for (number, command) in commands().enumerate() {
            assert_eq!(find_numbered(command.name.as_bytes()).map(|(found, _)| usize::from(found)), Some(number));
        }
    }

    #[test]
    fn names_are_lower_case_and_unique() {
        let mut names: alloc::vec::Vec<_> = commands().map(|command| command.name).collect();
        assert!(names.iter().all(|name| *name == name.to_lowercase()));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
