//! A terminal for programs that need one: keys go in, the screen's text comes out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Failure;

/// A program in a tmux server of its own; both end with this value.
#[derive(Debug)]
pub struct Screen {
    folder: TempDir,
}

impl Screen {
    /// Starts the command in a terminal of 140 × 50, with a home folder of its own.
    pub fn start(command: &str) -> Result<Screen, Failure> {
        let folder = tempfile::Builder::new().prefix("screen-").tempdir()?;
        let home = folder.path().display().to_string();
        let screen = Screen { folder };
        let line = format!(
            "env HOME={home} XDG_CONFIG_HOME={home}/config XDG_DATA_HOME={home}/data LANG=C.UTF-8 TERM=screen-256color {command}"
        );
        screen.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "140",
            "-y",
            "50",
            "-s",
            "main",
            &line,
        ])?;
        Ok(screen)
    }

    /// The home folder of the program.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Types a line and Enter.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        self.tmux(&["send-keys", "-t", "main", "-l", text])?;
        self.key("Enter")
    }

    /// Presses one key, by tmux's name for it.
    pub fn key(&self, name: &str) -> Result<(), Failure> {
        self.tmux(&["send-keys", "-t", "main", name]).map(|_| ())
    }

    /// The text on the screen.
    pub fn text(&self) -> Result<String, Failure> {
        let output = self.tmux(&["capture-pane", "-p", "-t", "main"])?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until the screen shows the text; the screen at that moment.
    pub fn wait_for(&self, text: &str, seconds: u64) -> Result<String, Failure> {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            let screen = self.text()?;
            if screen.contains(text) {
                return Ok(screen);
            }
            if Instant::now() > end {
                return Err(format!(
                    "\"{text}\" not on the screen after {seconds} s:\n{}",
                    screen.trim_end()
                )
                .into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("tmux")
    }

    fn tmux(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let output = Command::new("tmux")
            .arg("-S")
            .arg(self.socket())
            .args(arguments)
            .output()?;
        if !output.status.success() {
            return Err(format!(
                "tmux {arguments:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
        Ok(output)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]);
    }
}
