//! Messages about mistakes in specifications, in the form rustc has made familiar.

use std::fmt::Write as _;

use crate::model::{Place, Sources};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is generated.
    Error,
    /// It was mended or does no harm.
    Warning,
}

/// One message: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands beside the caret; may be empty.
    pub label: String,
    /// Other places that belong to it, each with what it says about them.
    pub notes: Vec<(Place, String)>,
    /// What to do; may be empty.
    pub help: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Level::Error, place, message.into())
    }

    /// A warning.
    pub fn warning(place: &Place, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, place, message.into())
    }

    fn new(level: Level, place: &Place, message: String) -> Self {
        Self {
            level,
            message,
            place: place.clone(),
            label: String::new(),
            notes: Vec::new(),
            help: String::new(),
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Adds what stands beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds another place that belongs to it.
    #[must_use]
    pub fn note(mut self, place: &Place, says: impl Into<String>) -> Self {
        self.notes.push((place.clone(), says.into()));
        self
    }

    /// Whether it stops the build.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// The whole message as text, with the lines it speaks of.
    #[must_use]
    pub fn render(&self, sources: &Sources) -> String {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        let widest = self
            .notes
            .iter()
            .map(|(place, _)| place.line)
            .chain([self.place.line])
            .max();
        let gutter = widest.unwrap_or(1).to_string().len();
        let mut out = format!("{level}: {}\n", self.message);
        excerpt(
            &mut out,
            sources,
            gutter,
            "-->",
            &self.place,
            '^',
            &self.label,
        );
        for (place, says) in &self.notes {
            excerpt(&mut out, sources, gutter, ":::", place, '-', says);
        }
        if !self.help.is_empty() {
            let _ = writeln!(out, "{:gutter$} |", "");
            let mut lines = self.help.lines();
            let _ = writeln!(out, "{:gutter$} = help: {}", "", lines.next().unwrap_or(""));
            for line in lines {
                let _ = writeln!(out, "{:gutter$}         {line}", "");
            }
        }
        out
    }
}

/// One line of a file with a mark under the place.
fn excerpt(
    out: &mut String,
    sources: &Sources,
    gutter: usize,
    arrow: &str,
    place: &Place,
    mark: char,
    says: &str,
) {
    let _ = writeln!(out, "{:gutter$}{arrow} {place}", "");
    let Some(line) = sources.line(&place.file, place.line) else {
        if !says.is_empty() {
            let _ = writeln!(out, "{:gutter$} = {says}", "");
        }
        return;
    };
    // Tabs stay tabs under the line, so that the mark stands right at every tab width.
    let before = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
    let indent: String = line
        .chars()
        .chain(std::iter::repeat(' '))
        .take(before)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let room = line.chars().count().saturating_sub(before).max(1);
    let length = usize::try_from(place.length).unwrap_or(1).clamp(1, room);
    let marks: String = std::iter::repeat_n(mark, length).collect();
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{:gutter$} | {line}", place.line);
    let _ = writeln!(
        out,
        "{}",
        format!("{:gutter$} | {indent}{marks} {says}", "").trim_end()
    );
}

/// All messages of a run as one text: errors last, where a person looks first.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by(|a, b| {
        b.level
            .cmp(&a.level)
            .then_with(|| a.place.cmp(&b.place))
            .then_with(|| a.message.cmp(&b.message))
    });
    sorted.dedup();
    let errors = sorted.iter().filter(|d| d.is_error()).count();
    let warnings = sorted.len() - errors;
    let mut out = String::new();
    for diagnostic in &sorted {
        out.push_str(&diagnostic.render(sources));
        out.push('\n');
    }
    let plural =
        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => {}
        (0, w) => out.push_str(&format!("{} in the specifications\n", plural(w, "warning"))),
        (e, 0) => out.push_str(&format!("{} in the specifications\n", plural(e, "error"))),
        (e, w) => {
            out.push_str(&format!(
                "{} and {} in the specifications\n",
                plural(e, "error"),
                plural(w, "warning")
            ));
        }
    }
    out
}
