//! How is a node handed again what it learned of its process?
//!
//! The functions of an [`Environment`] know nothing of the node that asks, so that the answers of the call that is being made lie in this thread.

use std::cell::RefCell;
use std::collections::VecDeque;

use afterimage_core::port::{Environment, ProcessorTimes};
use afterimage_core::recording::{Answer, Source};

#[derive(Default)]
struct Answers {
    left: VecDeque<Answer>,
    /// Something else was asked than was answered then.
    is_astray: bool,
}

thread_local! {
    static ANSWERS: RefCell<Answers> = RefCell::default();
}

/// What the node is told that was told this when it was recorded.
pub(super) fn environment(source: &Source) -> Environment {
    // A few words for each recording that this process runs.
    let keep = |text: &str| -> &'static str { Box::leak(text.into()) };
    Environment {
        process_id: source.process_id,
        os: source.os.clone(),
        executable: source.executable.clone(),
        config_file: source.config_file.clone(),
        monotonic_clock: keep(&source.monotonic_clock),
        multiplexing_api: keep(&source.multiplexing_api),
        allocator: source.allocator.clone(),
        total_memory: source.total_memory,
        stopwatch: || {
            next(|answer| match answer {
                Answer::Stopwatch(nanoseconds) => Some(nanoseconds),
                _ => None,
            })
        },
        resident_memory: || {
            next(|answer| match answer {
                Answer::ResidentMemory(bytes) => Some(bytes),
                _ => None,
            })
        },
        processor_time: || -> ProcessorTimes {
            next(|answer| match answer {
                Answer::ProcessorTime(times) => Some(times),
                _ => None,
            })
        },
        allocator_report: || {
            next(|answer| match answer {
                Answer::AllocatorReport(report) => Some(report),
                _ => None,
            })
        },
        ..Environment::default()
    }
}

/// These are the answers while the next call is made.
pub(super) fn prepare(answers: &[Answer]) {
    ANSWERS.with_borrow_mut(|to| {
        to.left.clear();
        to.left.extend(answers.iter().cloned());
        to.is_astray = false;
    });
}

/// Whether the node has asked for just these answers.
pub(super) fn were_asked_for() -> bool {
    ANSWERS.with_borrow(|answers| answers.left.is_empty() && !answers.is_astray)
}

fn next<T: Default>(take: impl Fn(Answer) -> Option<T>) -> T {
    ANSWERS.with_borrow_mut(|answers| {
        let answer = answers.left.pop_front().and_then(take);
        answers.is_astray |= answer.is_none();
        answer.unwrap_or_default()
    })
}
