//! A disk for nodes that run inside a test: files in memory, and nothing goes wrong.

use std::collections::BTreeMap;

use afterimage_core::port::{DiskFailure, DiskOp, DiskOutcome, split_name};

/// Files by name.
pub type Disk = BTreeMap<String, Vec<u8>>;

/// Carries out an operation at once.
pub fn operate(disk: &mut Disk, op: DiskOp) -> DiskOutcome {
    match op {
        DiskOp::Create { file } => {
            disk.insert(file, Vec::new());
        }
        DiskOp::Append { file, bytes } => match disk.get_mut(&file) {
            Some(contents) => contents.extend_from_slice(&bytes),
            None => return DiskOutcome::Failed(DiskFailure::NotFound),
        },
        DiskOp::Rename { from, to } => match disk.remove(&from) {
            Some(contents) => drop(disk.insert(to, contents)),
            None => return DiskOutcome::Failed(DiskFailure::NotFound),
        },
        DiskOp::Remove { file } => match disk.remove(&file) {
            Some(_) => {}
            None => return DiskOutcome::Failed(DiskFailure::NotFound),
        },
        DiskOp::Truncate { file, len } => match disk.get_mut(&file) {
            Some(contents) => contents.truncate(usize::try_from(len).unwrap_or(usize::MAX)),
            None => return DiskOutcome::Failed(DiskFailure::NotFound),
        },
        DiskOp::WriteAgain { file, .. } if !disk.contains_key(&file) => {
            return DiskOutcome::Failed(DiskFailure::NotFound);
        }
        DiskOp::WriteAgain { .. } => {}
        DiskOp::Read { file, offset, len } => {
            let Some(contents) = disk.get(&file) else { return DiskOutcome::Failed(DiskFailure::NotFound) };
            let rest = usize::try_from(offset).ok().and_then(|offset| contents.get(offset..)).unwrap_or_default();
            let piece = &rest[..rest.len().min(len as usize)];
            return DiskOutcome::Bytes(piece.to_vec().into());
        }
        DiskOp::List { directory } => {
            let files = disk.iter().filter_map(|(name, contents)| {
                let (within, name) = split_name(name);
                (within == directory).then(|| (name.to_owned(), contents.len() as u64))
            });
            return DiskOutcome::Listed(files.collect());
        }
        DiskOp::EnterDirectory { path } => return DiskOutcome::Entered(path),
        DiskOp::ReadConfig | DiskOp::ReplaceConfig { .. } => return DiskOutcome::Failed(DiskFailure::NotFound),
        DiskOp::Sync { .. } | DiskOp::SyncDirectory { .. } | DiskOp::CreateDirectory { .. } => {}
    }
    DiskOutcome::Done
}
