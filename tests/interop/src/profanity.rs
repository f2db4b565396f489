//! profanity from Debian in a terminal: what a person types, and what the person then reads.

use crate::Failure;
use crate::peer::Peer;
use crate::setup::{self, Skip};
use crate::tmux::Screen;

/// A picture of one blue point, as a PNG.
const PICTURE: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\
    \x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\x54\x78\x9c\x63\x90\x8b\xba\x04\x00\x01\xe4\x01\x4b\xb4\x35\xf2\
    \xef\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// Makes sure that profanity and tmux are installed.
pub fn installed() -> Result<(), Skip> {
    setup::packages(&[("profanity", "profanity"), ("tmux", "tmux")])
}

/// A profanity with an account logged in.
#[derive(Debug)]
pub struct Profanity {
    screen: Screen,
    address: String,
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
        let address = peer.jid(index);
        Ok(Profanity { screen, address })
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

/// Two people in a room that one of them makes: invitation, talking, the subject, what was said before somebody came, roles and
/// affiliations, a file left on the server, a kick, a picture.
pub fn room(peer: &Peer) -> Result<(), Failure> {
    let garden = format!("garden@conference.{}", peer.domain);
    let them = peer.jid(1);
    let romeo = Profanity::login(peer, 0)?;
    let juliet = Profanity::login(peer, 1)?;
    romeo.says(&format!("/join {garden}"))?;
    romeo.reads("Room locked, requires configuration")?;
    romeo.says("/room accept")?;
    romeo.reads("Room unlocked")?;
    romeo.says("by yonder blessed moon I swear")?;
    romeo.reads("romeo: by yonder blessed moon I swear")?;
    romeo.says(&format!("/invite send {them} the moon is up"))?;
    juliet.reads("Message: the moon is up")?;
    juliet.says(&format!("/join {garden}"))?;
    juliet.reads("by yonder blessed moon I swear")?;
    // In the list beside what is said.
    romeo.reads("juliet")?;
    juliet.says("swear not by the moon")?;
    romeo.reads("juliet: swear not by the moon")?;
    romeo.says("/subject set Orchard")?;
    juliet.reads("romeo has set the room subject: Orchard")?;

    romeo.says(&format!("/affiliation set member {them} she is one of us"))?;
    juliet.reads(
        "Your affiliation has been changed to: member, by: romeo, reason: she is one of us",
    )?;
    romeo.says("/affiliation list member")?;
    romeo.reads(&format!("  {them}"))?;
    romeo.says("/role set visitor juliet be still")?;
    juliet.reads("Your role has been changed to: visitor, by: romeo, reason: be still")?;
    juliet.says("may I")?;
    juliet.reads("visitors have no voice in this room")?;
    romeo.says("/role set participant juliet")?;
    juliet.reads("Your role has been changed to: participant, by: romeo")?;

    let file = romeo.screen().folder().join("moon.png");
    std::fs::write(&file, PICTURE)?;
    romeo.says(&format!("/sendfile {}", file.display()))?;
    juliet.reads("/moon.png")?;
    let saved = juliet.screen().folder().join("saved.png");
    let shown = juliet.screen().text()?;
    let words = shown.split_whitespace();
    let address = words
        .filter(|word| word.starts_with("https://"))
        .find(|word| word.ends_with("/moon.png"))
        .ok_or("no address of a file")?;
    juliet.says(&format!("/url save {address} {}", saved.display()))?;
    let same = || std::fs::read(&saved).ok() == std::fs::read(&file).ok();
    eventually(same, "the file that was left on the server")?;

    romeo.says("/kick juliet it was the lark")?;
    juliet.reads("Kicked from")?;
    juliet.reads("by romeo, reason: it was the lark")?;
    romeo.says(&format!("/ban {them} banished"))?;
    romeo.says("/affiliation list outcast")?;
    romeo.reads("Affiliation: outcast")?;
    juliet.says(&format!("/join {garden}"))?;
    juliet.reads("reason: forbidden")?;
    picture(&romeo, &juliet)?;
    romeo.quit()?;
    juliet.quit()
}

/// One sets a picture (XEP-0084), and the other, who may see its presence, gets it.
fn picture(romeo: &Profanity, juliet: &Profanity) -> Result<(), Failure> {
    juliet.says(&format!("/sub request {}", romeo.address))?;
    romeo.says("/win 1")?;
    romeo.reads("Received authorization request")?;
    romeo.says(&format!("/sub allow {}", juliet.address))?;
    juliet.says("/win 1")?;
    juliet.reads("Subscription received")?;
    let face = romeo.screen().folder().join("face.png");
    std::fs::write(&face, PICTURE)?;
    romeo.says(&format!("/avatar set {}", face.display()))?;
    romeo.reads("Avatar updated successfully")?;
    juliet.says(&format!("/avatar get {}", romeo.address))?;
    juliet.reads("Avatar saved as").map(drop)
}

/// Waits until something holds.
fn eventually(condition: impl Fn() -> bool, what: &str) -> Result<(), Failure> {
    for _ in 0..600 {
        if condition() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(format!("no sign of {what}").into())
}
