//! The page about a run: does a real browser show it, and can one move about in it?

mod browser;
mod study;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use afterimage_sim::scenario::Scenario;
use afterimage_sim::viewer::{Film, Filmed, film};
use afterimage_sim::{Plan, SECOND};
use afterimage_tests::our_simulator_with_defects;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use browser::{Browser, SIZE};

/// The red of what is broken, in light.
const DANGER: [u8; 3] = [0xb3, 0x26, 0x1e];
/// A browser has to open so many events in so many seconds of processor time, from a file of so many bytes.
const MANY_EVENTS: usize = 100_000;
const OPENS_IN_SECONDS: f64 = 2.0;
const FILE_BYTES_MAX: usize = 2_000_000;
/// One step of a zoom over all of them; some twenty a second are fluid.
const FRAME_SECONDS_MAX: f64 = 0.05;

/// Each plan in `tests/plans` breaks a property with its defect. This one is told in SIMULATION.md.
fn failing_page(dir: &TempDir) -> PathBuf {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/wait-across-histories.json");
    let page = dir.path().join("failing.html");
    let output = Command::new(our_simulator_with_defects()).arg("replay").arg(plan).arg("--html").arg(&page).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(1), "a property is broken: {output:?}");
    page
}

fn filmed(plan: Plan) -> Film {
    let Filmed { film, .. } = film(plan, 0..=u64::MAX);
    film.expect("it is for a page")
}

/// The pixels of a picture, and how many of them are of a colour.
struct Seen(Vec<[u8; 3]>);

impl Seen {
    fn of(browser: &mut Browser) -> Seen {
        let bytes = STANDARD.decode(browser.screenshot()).expect("it is base 64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("it is a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("it fits into memory")];
        let info = reader.next_frame(&mut pixels).expect("it is whole");
        assert_eq!((info.width, info.height), SIZE);
        Seen(pixels.chunks_exact(info.line_size / info.width as usize).map(|dot| [dot[0], dot[1], dot[2]]).collect())
    }

    fn count(&self, is_wanted: impl Fn(&[u8; 3]) -> bool) -> usize {
        self.0.iter().filter(|pixel| is_wanted(pixel)).count()
    }

    /// The share of what is not as the corner is.
    fn drawn(&self) -> f64 {
        let ground = self.0[0];
        self.count(|pixel| pixel.iter().zip(ground).any(|(one, other)| one.abs_diff(other) > 24)) as f64
            / self.0.len() as f64
    }
}

fn event_of(browser: &mut Browser) -> u64 {
    let number =
        browser.look("Number(/^Event (\\d+)/.exec(document.querySelector('#event h2').textContent)?.[1] ?? -1)");
    number.as_i64().and_then(|number| u64::try_from(number).ok()).expect("an event is told")
}

#[test]
fn a_failing_run_opens_at_its_failure_and_one_can_step_click_filter_and_pass_on_the_place() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = failing_page(&dir);
    browser.open(&page, "");

    assert!(browser.text("#verdict").contains("wait-holds is broken"), "{}", browser.text("#verdict"));
    assert!(browser.text("#event .broken").contains("wait-holds is broken by master A"));
    let failed = event_of(&mut browser);
    let seen = Seen::of(&mut browser);
    assert!(seen.count(|pixel| *pixel == DANGER) > 2000, "flag, line and ring are red");

    browser.press("ArrowLeft");
    let before = event_of(&mut browser);
    assert!(before < failed, "{before} {failed}");
    assert!(browser.text("#announce").starts_with(&format!("Event {before} ")), "a reader of the screen is told");
    browser.press("ArrowRight");
    assert_eq!(event_of(&mut browser), failed);
    browser.press("Home");
    assert!(event_of(&mut browser) < before);
    browser.press("f");
    assert_eq!(event_of(&mut browser), failed);

    browser.press("Escape");
    browser.wait_for("document.querySelector('#event h2').textContent === 'No event'");
    click_until_an_event_is_told(&mut browser);

    browser.press("/");
    for key in "is:sync".chars() {
        browser.press(&key.to_string());
    }
    browser.press("Enter");
    browser.wait_for("/^[1-9]\\d* events$/.test(document.getElementById('matches').textContent)");
    browser.press("End");
    browser.wait_for("document.querySelector('#event dd').textContent === 'handshakes and PSYNC'");
    let shown = event_of(&mut browser);
    browser.wait_for(&format!("location.hash.includes('e={shown}')"));
    let place = browser.look("location.hash");

    browser.open(&page, place.as_str().expect("an address is text"));
    assert_eq!(event_of(&mut browser), shown, "the address names the event");
    assert_eq!(browser.look("document.getElementById('filter').value"), "is:sync");
    assert_eq!(browser.complaints, [""; 0]);
}

/// Goes down the lanes, right of the middle, where something happens.
fn click_until_an_event_is_told(browser: &mut Browser) {
    let middle = "(() => { const box = document.querySelector('#picture canvas').getBoundingClientRect(); \
                  return [box.left + 150, box.right - 60, box.top + 40, box.bottom - 240]; })()";
    let edges = browser.look(middle);
    let edge = |at: usize| edges[at].as_f64().expect("it is a number");
    let mut y = edge(2);
    while y < edge(3) {
        let mut x = edge(0);
        while x < edge(1) {
            browser.click(x, y);
            if browser.look("document.querySelector('#event h2').textContent.startsWith('Event ')") == true {
                return;
            }
            x += 9.0;
        }
        y += 12.0;
    }
    panic!("no click meets anything");
}

/// Beside the lanes, as `RIGHT` in canvas.js has it.
const ROOM_AT_THE_RIGHT: f64 = 46.0;

/// From the words on the flag to its edge.
const FLAG_MARGIN: f64 = 7.0;

/// From now on the page notes each text that it draws, with its edges.
const NOTE_TEXTS: &str = "{ const fill = CanvasRenderingContext2D.prototype.fillText; window.drawn = []; \
    CanvasRenderingContext2D.prototype.fillText = function (words, x, y) { \
    const { width } = this.measureText(words); \
    const left = x - { left: 0, center: width / 2, right: width }[this.textAlign]; \
    window.drawn.push({ words, left, right: left + width, y, room: this.canvas.clientWidth }); \
    fill.call(this, words, x, y); }; }";

fn edges(text: &serde_json::Value) -> (f64, f64) {
    let edge = |name: &str| text[name].as_f64().expect("it is a number");
    (edge("left"), edge("right"))
}

#[test]
fn the_end_of_faults_is_named_where_there_is_room_for_it() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = dir.path().join("ends.html");
    let plan = Plan::draw(11);
    let until = plan.quiet_at_us;
    let film = film(plan, 0..=until).film.expect("it is for a page");
    fs::write(&page, film.page("Seed 11", "cargo sim replay 11")).expect("it can be written");
    browser.open(&page, "");
    browser.look(NOTE_TEXTS);
    browser.look("window.drawn = []");
    browser.press("0");
    let drawn = browser.drawn();
    let end = drawn.iter().find(|text| text["words"] == "faults end").expect("it is drawn");
    let room = end["room"].as_f64().expect("a number") - ROOM_AT_THE_RIGHT;
    assert!(edges(end).1 <= room, "{end}: what is drawn beyond {room} is cut off");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn no_time_on_the_axis_is_clipped_nor_lies_under_the_flag() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = failing_page(&dir);
    browser.open(&page, "");
    browser.look(NOTE_TEXTS);
    let failed_at = browser.look("/ at ([\\d.]+) s$/.exec(document.getElementById('verdict').textContent)[1] * 1");
    let failed_at = failed_at.as_f64().expect("it is a number");
    // From the closest look on, with the longest words. Where they stand beside the flag depends on the scale alone.
    for step in 0..120 {
        let half = 10e-6 * 1.03_f64.powi(step);
        let place = format!("#t={}-{}", failed_at - half, failed_at + half);
        browser.look(&format!("window.drawn = []; location.hash = {place:?}"));
        let drawn = browser.drawn();
        let words = |text: &serde_json::Value| text["words"].as_str().expect("a text").to_owned();
        let flag = drawn.iter().find(|text| words(text).starts_with('✕')).expect("the flag is in view");
        let (left, right) = edges(flag);
        for time in drawn.iter().filter(|text| text["y"] == 10 && words(text).ends_with(" s")) {
            assert!(edges(time).1 <= time["room"].as_f64().expect("a number"), "{time}");
            let is_beside = edges(time).1 <= left - FLAG_MARGIN || edges(time).0 >= right + FLAG_MARGIN;
            assert!(is_beside, "{place}: {time} lies under {flag}");
        }
    }
    assert_eq!(browser.complaints, [""; 0]);
}

/// `AFTERIMAGE_PICTURES=keep` keeps what README.md shows, at twice the size.
#[test]
fn the_story_of_the_wipe_shows_who_was_emptied_and_by_what() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = dir.path().join("wipe.html");
    let film = Scenario::Wipe.tell(&[]).expect("it has no defects").film;
    fs::write(&page, film.page("Scenario wipe", "cargo sim scenario wipe")).expect("it can be written");
    browser.open(&page, "#q=none+now");
    assert!(browser.text("#facts").starts_with("Emptied by a synchronisation: B, C."), "{}", browser.text("#facts"));
    browser.press("Home");
    let emptied = event_of(&mut browser);
    assert!(browser.text("#event").contains("B keys20 → 0"), "{}", browser.text("#event"));

    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page, &format!("#t=4.6-8.4&e={emptied}"));
        browser.press("c");
        if env::var_os("AFTERIMAGE_PICTURES").is_some_and(|value| value == "keep") {
            let picture = STANDARD.decode(browser.large_screenshot()).expect("it is base 64");
            let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../sim/pictures/wipe-{scheme}.png"));
            fs::write(kept, picture).expect("it can be written");
        }
    }
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_page_is_not_blank_in_light_nor_in_dark_nor_on_paper() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = dir.path().join("seed.html");
    fs::write(&page, filmed(Plan::draw(11)).page("Seed 11", "cargo sim replay 11")).expect("it can be written");
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page, "");
        let seen = Seen::of(&mut browser);
        assert!((0.02..0.6).contains(&seen.drawn()), "{scheme}: {}", seen.drawn());
        grounds.push(seen.0[0]);
    }
    assert!(grounds[0][0] > 200 && grounds[1][0] < 60, "{grounds:?}");
    let printed = browser.ask("Page.printToPDF", serde_json::json!({ "printBackground": true }));
    assert!(printed["data"].as_str().is_some_and(|data| data.len() > 40_000), "lanes are on it");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_page_that_was_cut_short_says_so() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = dir.path().join("cut.html");
    let whole = filmed(Plan::draw(3)).page("Seed 3", "cargo sim replay 3");
    let (before, data) = whole.split_once("type=\"text/plain\">").expect("the data are in it");
    let (data, after) = data.split_once("</script>").expect("they end");
    let half = &data[..data.len() / 8 * 4];
    fs::write(&page, format!("{before}type=\"text/plain\">{half}</script>{after}")).expect("it can be written");
    browser.open(&page, "");
    let told = browser.text("#problem");
    assert!(told.starts_with("The data of this page are damaged, or were cut short on their way here: "), "{told}");
    assert_eq!(browser.look("document.querySelector('main').hidden"), true);
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn a_hundred_thousand_events_open_in_two_seconds_and_stay_fluid() {
    let film = long_film();
    let events = film.events();
    let html = film.page("A long run", "cargo sim replay FILE");
    let bytes_allowed = FILE_BYTES_MAX * events / MANY_EVENTS;
    assert!(html.len() <= bytes_allowed, "{} bytes for {events} events", html.len());

    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = dir.path().join("long.html");
    fs::write(&page, &html).expect("it can be written");
    browser.open(&page, "");
    let seconds = browser.seconds_used();
    assert!(seconds < OPENS_IN_SECONDS * events as f64 / MANY_EVENTS as f64, "{seconds} s for {events} events");
    const STEPS: u32 = 20;
    for key in ["-", "+"].iter().cycle().take(STEPS as usize) {
        browser.press(key);
    }
    let each = (browser.seconds_used() - seconds) / f64::from(STEPS);
    eprintln!("{events} events: {} bytes, opened in {seconds:.2} s, a step of a zoom in {each:.3} s", html.len());
    assert!(each < FRAME_SECONDS_MAX * events as f64 / MANY_EVENTS as f64, "{each} s for a step");
    assert_eq!(browser.complaints, [""; 0]);
}

/// The world of a seed, with clients that go on for as long as it takes.
fn long_film() -> Film {
    let films = (90..).step_by(30).map(|seconds| {
        let mut plan = Plan::draw(11);
        plan.clients.iter_mut().for_each(|client| client.commands *= 10);
        plan.quiet_at_us = seconds * SECOND;
        filmed(plan)
    });
    films.take(20).find(|film| film.events() >= MANY_EVENTS).expect("clients go on")
}
