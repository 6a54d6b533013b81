//! Which text a reader does not see, as far as styles tell.

use std::collections::HashSet;

/// Selectors of style sheets that are kept.
const MOST_SELECTORS: usize = 2_000;

/// Whether a reader sees text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shown {
    /// Whatever stands inside (`display: none`, `opacity: 0`).
    pub gone: bool,
    /// Until an element inside says otherwise (`visibility: hidden`).
    pub invisible: bool,
    /// Until an element inside has letters of a size (`font-size: 0`).
    pub tiny: bool,
    /// No text of the mail at all: scripts, styles.
    pub dropped: bool,
}

impl Shown {
    pub fn is_hidden(self) -> bool {
        self.gone || self.invisible || self.tiny
    }

    /// With a `style` attribute applied (CSS declarations, split leniently).
    pub fn with(mut self, style: &str) -> Shown {
        let lower = style.to_ascii_lowercase();
        let all: Vec<(&str, &str)> = lower.split(';').filter_map(|one| one.split_once(':')).map(trimmed).collect();
        let value = |name: &str| all.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| *value);
        let number = |name: &str| value(name).and_then(leading_number);
        let clips = value("overflow").is_some_and(|v| v.starts_with("hidden"));
        let flat = |name: &str| number(name).is_some_and(|n| n < 1.5);
        let away = |name: &str| number(name).is_some_and(|n| n <= -900.0);
        let same_colours = value("color").is_some_and(|color| {
            color == "transparent" || value("background-color").or_else(|| value("background")) == Some(color)
        });
        self.gone |= value("display").is_some_and(|v| v.starts_with("none"))
            || value("mso-hide").is_some_and(|v| v.starts_with("all"))
            || number("opacity").is_some_and(|n| n < 0.05)
            || clips && ["height", "max-height", "width", "max-width"].iter().any(|name| flat(name))
            || away("text-indent")
            || away("left")
            || away("top")
            || same_colours;
        if let Some(visibility) = value("visibility") {
            self.invisible = visibility.starts_with("hidden") || visibility.starts_with("collapse");
        }
        if let Some(size) = value("font-size") {
            self.tiny = leading_number(size).is_some_and(|n| n < if is_absolute(size) { 1.5 } else { 0.1 });
        }
        self
    }
}

fn trimmed<'a>((name, value): (&'a str, &'a str)) -> (&'a str, &'a str) {
    (name.trim(), value.trim().trim_end_matches("!important").trim_end())
}

fn is_absolute(size: &str) -> bool {
    ["px", "pt", "0"].iter().any(|unit| size.ends_with(unit))
}

/// The number that a value begins with: `0.5em` is 0.5.
fn leading_number(value: &str) -> Option<f32> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

/// The selectors of style sheets that hide elements: names, `.class`, `#id`, `name.class`. Anything cleverer is passed over.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    hides: HashSet<String>,
}

impl Sheet {
    /// Reads a style sheet. Rules inside `@media` and the like are for some readers only, and passed over.
    pub fn read(&mut self, css: &str) {
        let (mut rest, mut at_rule) = (css, 0usize);
        while let Some(at) = rest.find(['{', '}']) {
            let (head, tail) = rest.split_at(at);
            let opens = tail.starts_with('{');
            rest = tail.get(1..).unwrap_or_default();
            if !opens {
                at_rule = at_rule.saturating_sub(1);
            } else if at_rule > 0 || head.trim_start().starts_with('@') {
                at_rule += 1;
            } else {
                let end = rest.find('}').unwrap_or(rest.len());
                let (declarations, behind) = rest.split_at(end);
                rest = behind.get(1..).unwrap_or_default();
                if Shown::default().with(declarations).is_hidden() {
                    self.keep(head);
                }
            }
        }
    }

    fn keep(&mut self, selectors: &str) {
        for selector in selectors.rsplit("-->").next().unwrap_or_default().split(',').map(str::trim) {
            let simple = selector.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '#' | '-' | '_'));
            if simple && !selector.is_empty() && self.hides.len() < MOST_SELECTORS {
                self.hides.insert(selector.to_ascii_lowercase());
            }
        }
    }

    /// Whether an element with this name, `id` and `class` is hidden.
    pub fn hides(&self, name: &[u8], id: &str, class: &str) -> bool {
        if self.hides.is_empty() {
            return false;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let has = |selector: String| self.hides.contains(&selector.to_ascii_lowercase());
        let of_class = |class: &str| has(format!(".{class}")) || has(format!("{name}.{class}"));
        has(name.clone()) || !id.is_empty() && has(format!("#{id}")) || class.split_whitespace().any(of_class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_that_hide() {
        let cases = [
            ("", false),
            ("display:none", true),
            ("DISPLAY : None !important; color:red", true),
            ("display:block", false),
            ("display:none;display:block", false),
            ("visibility:hidden", true),
            ("visibility: visible", false),
            ("opacity:0", true),
            ("opacity:0.0", true),
            ("opacity:.6", false),
            ("font-size:0", true),
            ("font-size:0px", true),
            ("font-size:1px", true),
            ("font-size:11pt", false),
            ("font-size:1em", false),
            ("font-size:0.9rem", false),
            ("font-size:1.2rem", false),
            ("mso-hide:all", true),
            ("max-height:0;overflow:hidden", true),
            ("max-height:0", false),
            ("text-indent:-9999px", true),
            ("text-indent:-18pt", false),
            ("position:absolute;left:-9999px", true),
            ("color:#fff;background-color:#fff", true),
            ("color:#fff;background-color:#000", false),
            ("color:transparent", true),
            ("nonsense", false),
        ];
        for (style, hidden) in cases {
            assert_eq!(Shown::default().with(style).is_hidden(), hidden, "{style:?}");
        }
        let inside = |style: &str| Shown { invisible: true, tiny: true, ..Shown::default() }.with(style);
        assert!(!inside("visibility:visible;font-size:14px").is_hidden());
        assert!(Shown { gone: true, ..Shown::default() }.with("display:block").is_hidden());
    }

    #[test]
    fn sheets_that_hide() {
        let css = "<!-- p { color: red } -->.pre, #top{display:none} @media print { .x { display: none } .y{} } \
                   div.z{font-size:0} a b{display:none} .w{display:none";
        let mut sheet = Sheet::default();
        sheet.read(css);
        let cases = [
            ("p", "", "", false),
            ("p", "", "pre", true),
            ("p", "", "other PRE", true),
            ("p", "top", "", true),
            ("p", "", "x", false),
            ("div", "", "z", true),
            ("p", "", "z", false),
            ("b", "", "", false),
            ("p", "", "w", true),
        ];
        for (name, id, class, hidden) in cases {
            assert_eq!(sheet.hides(name.as_bytes(), id, class), hidden, "{name} {id} {class}");
        }
    }
}
