//! profanity from Debian in a terminal: what a person types, and what the person then reads.

use crate::Failure;
use crate::peer::Peer;
use crate::setup::{self, Skip};
use crate::tmux::Screen;

/// Makes sure that profanity and tmux are installed.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[("profanity", "profanity"), ("tmux", "tmux")])
}

/// A profanity with an account logged in.
#[derive(Debug)]
pub struct Profanity {
    screen: Screen,
}

impl Profanity {
    /// Starts profanity and logs the account in, trusting the certificate as the documentation says: `tls trust`.
    pub fn login(peer: &Peer, index: usize) -> Result<Profanity, Failure> {
        let account = peer.accounts.get(index).ok_or("no such account")?;
        let screen = Screen::start("profanity")?;
        screen.wait_for("Type '/help'", 30)?;
        screen.line(&format!(
            "/connect {} server 127.0.0.1 port {} tls trust",
            peer.jid(index),
            peer.port
        ))?;
        screen.wait_for("Enter password", 30)?;
        screen.line(&account.password)?;
        screen.wait_for("logged in successfully", 30)?;
        screen.wait_for("[TLS]", 30)?;
        Ok(Profanity { screen })
    }

    /// The terminal.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Types a line.
    pub fn says(&self, line: &str) -> Result<(), Failure> {
        self.screen.line(line)
    }

    /// Waits for text on the screen.
    pub fn reads(&self, text: &str) -> Result<String, Failure> {
        self.screen.wait_for(text, 30)
    }

    /// Leaves: unavailable presence, end of the stream, end of the program.
    pub fn quit(self) -> Result<(), Failure> {
        self.screen.line("/quit")?;
        // The terminal goes with the program.
        for _ in 0..200 {
            if self.screen.text().is_err() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Err("profanity does not quit".into())
    }
}

/// Two people: request, approval, chat both ways, a message that waits for a reconnect, removal.
pub fn conversation(peer: &Peer) -> Result<(), Failure> {
    let (us, them) = (peer.jid(0), peer.jid(1));
    let romeo = Profanity::login(peer, 0)?;
    let juliet = Profanity::login(peer, 1)?;

    romeo.says(&format!("/roster add {them} Juliet"))?;
    romeo.reads(&format!("Roster item added: {them}"))?;
    romeo.says(&format!("/sub request {them}"))?;
    juliet.reads(&format!("Received authorization request from {us}"))?;
    juliet.says(&format!("/sub allow {us}"))?;
    romeo.reads(&format!("Subscription received from {them}"))?;
    juliet.says(&format!("/sub request {us}"))?;
    romeo.reads(&format!("Received authorization request from {them}"))?;
    romeo.says(&format!("/sub allow {them}"))?;
    juliet.reads(&format!("Subscription received from {us}"))?;

    romeo.says(&format!(
        "/msg {them} what light through yonder window breaks"
    ))?;
    juliet.reads("chat message")?;
    juliet.says(&format!("/msg {us} wherefore art thou"))?;
    juliet.reads("what light through yonder window breaks")?;
    romeo.reads("wherefore art thou")?;

    juliet.quit()?;
    romeo.reads("offline")?;
    romeo.says("parting is such sweet sorrow")?;
    romeo.reads("parting is such sweet sorrow")?;
    let juliet = Profanity::login(peer, 1)?;
    juliet.reads("chat message")?;
    juliet.says(&format!("/msg {us}"))?;
    juliet.reads("parting is such sweet sorrow")?;

    romeo.says("/win 1")?;
    romeo.says(&format!("/roster remove {them}"))?;
    romeo.reads(&format!("Roster item removed: {them}"))?;
    romeo.quit()?;
    juliet.quit()
}

/// Two people in a room that one of them makes: entering, talking, the subject, what was said before somebody came.
pub fn room(peer: &Peer) -> Result<(), Failure> {
    let garden = format!("garden@conference.{}", peer.domain);
    let romeo = Profanity::login(peer, 0)?;
    let juliet = Profanity::login(peer, 1)?;
    romeo.says(&format!("/join {garden}"))?;
    romeo.reads("Room locked, requires configuration")?;
    romeo.says("/room accept")?;
    romeo.reads("Room unlocked")?;
    romeo.says("by yonder blessed moon I swear")?;
    romeo.reads("romeo: by yonder blessed moon I swear")?;
    juliet.says(&format!("/join {garden}"))?;
    juliet.reads("by yonder blessed moon I swear")?;
    // In the list beside what is said.
    romeo.reads("juliet")?;
    juliet.says("swear not by the moon")?;
    romeo.reads("juliet: swear not by the moon")?;
    romeo.says("/subject set Orchard")?;
    juliet.reads("romeo has set the room subject: Orchard")?;
    romeo.quit()?;
    juliet.quit()
}
