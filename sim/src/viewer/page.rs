//! How is a page put together?
//!
//! One file: a skeleton, styles, scripts and data. All of it is in the file, and the page forbids its browser to ask for anything else.

/// The skeleton of every page.
const SKELETON: &str = include_str!("page.html");

/// The body of a page about a run.
pub(super) const RUN: &str = include_str!("run/body.html");
/// How it looks.
pub(super) const RUN_STYLES: &[&str] = &[include_str!("page.css"), include_str!("run/run.css")];
/// What it does, in the order in which one needs the other.
pub(super) const RUN_SCRIPTS: &[&str] = &[
    include_str!("data.js"),
    include_str!("element.js"),
    include_str!("run/model.js"),
    include_str!("run/filter.js"),
    include_str!("run/colours.js"),
    include_str!("run/canvas.js"),
    include_str!("run/plots.js"),
    include_str!("run/lanes.js"),
    include_str!("run/messages.js"),
    include_str!("run/faults.js"),
    include_str!("run/picture.js"),
    include_str!("run/panel.js"),
    include_str!("run/main.js"),
];

/// The body of a page about a study.
pub(super) const STUDY: &str = include_str!("study/body.html");
/// How it looks.
pub(super) const STUDY_STYLES: &[&str] = &[include_str!("page.css"), include_str!("study/study.css")];
/// What it does.
pub(super) const STUDY_SCRIPTS: &[&str] =
    &[include_str!("data.js"), include_str!("element.js"), include_str!("study/study.js")];

/// What differs from one kind of page to another.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    pub(super) body: &'a str,
    pub(super) styles: &'a [&'a str],
    pub(super) scripts: &'a [&'a str],
    /// In base 64: nothing in it can end the element that holds it.
    pub(super) data: &'a str,
}

impl Page<'_> {
    /// The file.
    pub(super) fn to_html(self) -> String {
        let parts = [
            ("title", escape(self.title)),
            ("styles", self.styles.concat()),
            ("body", self.body.to_owned()),
            ("data", self.data.to_owned()),
            ("scripts", self.scripts.join("\n")),
        ];
        let mut html = String::with_capacity(SKELETON.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
        let mut rest = SKELETON;
        for (name, part) in parts {
            let place = format!("<!--{name}-->");
            let (before, after) =
                rest.split_once(&place).expect("the skeleton has a place for each part, in this order");
            html.push_str(before);
            html.push_str(&part);
            rest = after;
        }
        html + rest
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_whole_and_asks_for_nothing() {
        let run = Page { title: "a <b>", body: RUN, styles: RUN_STYLES, scripts: RUN_SCRIPTS, data: "AA==" };
        let study = Page { body: STUDY, styles: STUDY_STYLES, scripts: STUDY_SCRIPTS, ..run };
        for html in [run.to_html(), study.to_html()] {
            assert!(html.contains("<title>a &lt;b&gt;</title>"));
            assert!(html.contains("default-src 'none'"));
            for address in ["http:", "https:", "src=", "@import", "url("] {
                assert!(!html.contains(address), "{address}");
            }
            assert_eq!(html.matches("</script>").count(), 2, "data and scripts");
        }
    }
}
