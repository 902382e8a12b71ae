//! The page about a study: does a real browser show its maps, and do they lead to examples?

use std::path::PathBuf;
use std::process::Command;

use afterimage_sim::viewer::STUDY_BYTES_MAX;
use afterimage_tests::our_simulator_with_defects;
use tempfile::TempDir;

use super::Seen;
use super::browser::Browser;

/// The darkest of the scale: all is lost.
const ALL_LOST: [u8; 3] = [0, 32, 77];

fn page(dir: &TempDir) -> PathBuf {
    let page = dir.path().join("study.html");
    let study = ["hazard", "--only", "supervisor=0.1s", "--runs", "2", "--html"];
    let output = Command::new(our_simulator_with_defects()).args(study).arg(&page).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    page
}

#[test]
fn a_study_shows_its_maps_and_a_click_on_a_cell_shows_an_example() {
    let Some(mut browser) = Browser::start_or_skip() else { return };
    let dir = tempfile::tempdir().expect("a directory can be made");
    let page = page(&dir);
    let bytes = std::fs::metadata(&page).expect("it was written").len();
    assert!(bytes < STUDY_BYTES_MAX as u64, "{bytes}");
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page, "");
        let seen = Seen::of(&mut browser);
        assert!((0.02..0.8).contains(&seen.drawn()), "{scheme}: {}", seen.drawn());
        assert!(seen.count(|pixel| *pixel == ALL_LOST) > 1000, "{scheme}: what is lost in total is dark");
        grounds.push(seen.0[0]);
    }
    assert!(grounds[0][0] > 200 && grounds[1][0] < 60, "{grounds:?}");

    // Each number is there for who reads the page without its colours.
    let name = "off/0.1s/none/allow/star/writing";
    let button = format!("document.querySelector('.map [data-cell=\"{name}\"]')");
    let told = browser.look(&format!("{button}.getAttribute('aria-label')"));
    assert!(told.as_str().is_some_and(|told| told.starts_with(&format!("{name}: total loss 100 % ["))), "{told}");
    assert_eq!(browser.look("document.querySelectorAll('#numbers tbody tr').length"), 16);

    let middle = browser.look(&format!(
        "(() => {{ const box = {button}.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
    ));
    browser.click(middle[0].as_f64().expect("a number"), middle[1].as_f64().expect("a number"));
    browser.wait_for("document.querySelector('#cell iframe')?.contentDocument?.body?.dataset.opened");
    assert_eq!(browser.text("#cell h2"), name);
    let shown =
        browser.look("document.querySelector('#cell iframe').contentDocument.getElementById('facts').textContent");
    let again = format!("cargo sim hazard --example {name} --seed 0");
    assert!(shown.as_str().is_some_and(|shown| shown.ends_with(&again)), "{shown}");
    assert_eq!(browser.look("decodeURIComponent(location.hash)"), format!("#{name}"));

    // Another measure, and other factors along the sides.
    browser.look(
        "[...document.querySelectorAll('#measures button')].find((each) => each.textContent === 'lost writes').click()",
    );
    let told = browser.look(&format!("Number({button}.textContent.replace(/\\D/g, ''))"));
    assert!(told.as_u64().is_some_and(|lost| lost > 2000), "{told}");
    browser.look("{ const rows = document.getElementById('rows'); rows.value = 'detector'; rows.dispatchEvent(new Event('change')); }");
    assert_eq!(browser.text(".map tbody th"), "none");

    // The address names the cell; on paper all numbers are there.
    browser.open(&page, "#off/0.1s/none/default/star/writing");
    browser.wait_for("document.querySelector('#cell iframe')?.contentDocument?.body?.dataset.opened");
    assert_eq!(browser.text("#cell h2"), "off/0.1s/none/default/star/writing");
    let printed = browser.ask("Page.printToPDF", serde_json::json!({ "printBackground": true }));
    assert!(printed["data"].as_str().is_some_and(|data| data.len() > 20_000), "maps and numbers are on it");
    assert_eq!(browser.complaints, [""; 0]);
}
