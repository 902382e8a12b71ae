//! How does a test look at a page? By a real Chromium without a window, over its own protocol for developers, through a pipe: no port, no driver.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use afterimage_tests::{PATIENCE, find_tool, wait_until_or_explain};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How wide and high a page is shown.
pub(super) const SIZE: (u32, u32) = (1280, 800);

/// A browser with one page.
pub(super) struct Browser {
    process: Child,
    commands: ChildStdin,
    answers: Receiver<Value>,
    session: String,
    said: u64,
    /// Errors that pages have raised, or the browser about them.
    pub(super) complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// A browser, or a line on standard error that none is installed. In CI it must be there.
    pub(super) fn start_or_skip() -> Option<Browser> {
        let chromium = find_tool("chromium")?;
        let profile = tempfile::tempdir().expect("a directory can be made");
        // The protocol's pipes are the descriptors 3 and 4.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#])
            .arg(chromium)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let commands = process.stdin.take().expect("it is a pipe");
        let mut pipe = BufReader::new(process.stdout.take().expect("it is a pipe"));
        let (told, answers) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while pipe.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("the browser speaks JSON");
                bytes.clear();
                if told.send(message).is_err() {
                    return;
                }
            }
        });
        let session = String::new();
        let mut browser =
            Browser { process, commands, answers, session, said: 0, complaints: Vec::new(), _profile: profile };
        browser.take_page();
        Some(browser)
    }

    fn take_page(&mut self) {
        let target = self.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let session = self.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        self.session = session["sessionId"].as_str().expect("a session has a name").into();
        for domain in ["Page", "Runtime", "Log"] {
            self.ask(&format!("{domain}.enable"), json!({}));
        }
        // Processor time of the page's own thread: other processes do not count.
        self.ask("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        self.ask("Emulation.setScrollbarsHidden", json!({ "hidden": true }));
        self.be_as_large_as(SIZE, 1);
        self.prefer("light");
    }

    /// So wide and high, with so many dots to a pixel in each direction.
    fn be_as_large_as(&mut self, (width, height): (u32, u32), dots: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": dots, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Light or dark; nothing moves by itself.
    pub(super) fn prefer(&mut self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Opens a file, at a place in it, and waits until the page has drawn itself or said why it cannot.
    pub(super) fn open(&mut self, file: &Path, place: &str) {
        // Another place in the same file would open nothing.
        self.ask("Page.navigate", json!({ "url": "about:blank" }));
        self.ask("Page.navigate", json!({ "url": format!("file://{}{place}", file.display()) }));
        self.wait_for("document.body?.dataset.opened || document.getElementById('problem')?.hidden === false");
    }

    /// Waits until something is true in the page.
    #[track_caller]
    pub(super) fn wait_for(&mut self, condition: &str) {
        let mut latest = Value::Null;
        let truth = format!("Boolean({condition})");
        wait_until_or_explain(
            || {
                latest = self.look(&truth);
                latest == Value::Bool(true)
            },
            || format!("still waiting for {condition}"),
        );
    }

    /// The value of an expression in the page.
    pub(super) fn look(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", asked);
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// The text of an element.
    pub(super) fn text(&mut self, selector: &str) -> String {
        let text = self.look(&format!("document.querySelector({selector:?}).textContent"));
        text.as_str().expect("an element has a text").to_owned()
    }

    /// Waits until what has been done is to be seen: a frame is drawn once the next one has begun.
    fn let_it_draw(&mut self) {
        self.look("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(1))))");
    }

    /// Presses a key, by its name.
    pub(super) fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        for (kind, text) in [("keyDown", text), ("keyUp", "")] {
            self.ask("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "text": text }));
        }
        self.let_it_draw();
    }

    /// What a page that notes it in `drawn` has drawn.
    pub(super) fn drawn(&mut self) -> Vec<Value> {
        self.let_it_draw();
        self.look("window.drawn").as_array().expect("it is a list").clone()
    }

    /// Clicks somewhere.
    pub(super) fn click(&mut self, x: f64, y: f64) {
        for (kind, buttons) in [("mousePressed", 1), ("mouseReleased", 0)] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", event);
        }
        self.let_it_draw();
    }

    /// What can be seen: a PNG, in base 64.
    pub(super) fn screenshot(&mut self) -> String {
        self.let_it_draw();
        let answer = self.ask("Page.captureScreenshot", json!({ "format": "png" }));
        answer["data"].as_str().expect("a picture is text").to_owned()
    }

    /// Likewise, for people: twice as fine.
    pub(super) fn large_screenshot(&mut self) -> String {
        self.be_as_large_as((SIZE.0, SIZE.1 - 40), 2);
        let picture = self.screenshot();
        self.be_as_large_as(SIZE, 1);
        picture
    }

    /// Seconds of processor time that the page's thread has used.
    pub(super) fn seconds_used(&mut self) -> f64 {
        let metrics = self.ask("Performance.getMetrics", json!({}));
        let metrics = metrics["metrics"].as_array().expect("there are some").clone();
        let of_tasks = metrics.iter().find(|metric| metric["name"] == "TaskDuration").expect("it is counted");
        of_tasks["value"].as_f64().expect("it is a number")
    }

    /// Gives a command and waits for its answer.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.said += 1;
        let mut command = json!({ "id": self.said, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).expect("the browser is there");
        loop {
            let mut message = self.answers.recv_timeout(PATIENCE).expect("the browser answers");
            if message["id"] == self.said {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].take();
            }
            self.hear(&message);
        }
    }

    fn hear(&mut self, message: &Value) {
        let is_complaint = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => message["params"]["type"] == "error",
            Some("Log.entryAdded") => message["params"]["entry"]["level"] == "error",
            _ => false,
        };
        if is_complaint {
            self.complaints.push(message["params"].to_string());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // In order, so that its helpers end, too; and if it does not listen any more, by force.
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        while self.answers.recv_timeout(PATIENCE).is_ok() {}
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
