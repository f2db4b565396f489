//! A room: what entering it costs, and what everybody in it hears.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use memchr::memmem;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::carrier::Carrier;
use crate::client::Session;
use crate::logins::Figure;

/// Who speaks.
pub const SENDERS: usize = 10;
/// Messages of each that it has not heard yet.
const OUTSTANDING: usize = 4;
const END: &[u8] = b"</message>";
const JOIN: &str = "http://jabber.org/protocol/muc";
/// Who enters at the same time.
const AT_ONCE: usize = 16;

/// A room with its occupants.
#[derive(Debug)]
pub struct Room {
    jid: String,
    sessions: Vec<Session>,
    /// How long the last one waited, from knocking to the subject, which comes after all other occupants.
    pub last: Duration,
}

impl Room {
    /// Makes a room; while it fills, only moderators are shown, so that what the last one pays for is the last one alone.
    ///
    /// # Errors
    /// When the server does otherwise than expected.
    pub async fn fill(domain: &str, mut sessions: Vec<Session>, lasting: bool) -> io::Result<Room> {
        let jid = format!("bench@conference.{domain}");
        let mut rest = sessions.split_off(1);
        let Some(owner) = sessions.first_mut() else {
            return Err(io::Error::other("a room without anybody"));
        };
        enter(owner, &jid, 0).await?;
        configure(owner, &jid, lasting, &["moderator"]).await?;
        let last = rest.pop();
        let mut number = 0;
        let mut rest = rest.into_iter();
        loop {
            let mut tasks = tokio::task::JoinSet::new();
            for mut session in rest.by_ref().take(AT_ONCE) {
                number += 1;
                let jid = jid.clone();
                tasks.spawn(async move {
                    enter(&mut session, &jid, number).await?;
                    io::Result::Ok(session)
                });
            }
            if tasks.is_empty() {
                break;
            }
            while let Some(session) = tasks.join_next().await {
                sessions.push(session.map_err(io::Error::other)??);
            }
        }
        if let Some(owner) = sessions.first_mut() {
            let all = ["moderator", "participant", "visitor"];
            configure(owner, &jid, lasting, &all).await?;
        }
        // In a small one everybody is told of everybody now, which is not to wait when the last one comes.
        for session in &mut sessions {
            session.ping("shown").await?;
        }
        let begun = Instant::now();
        if let Some(mut session) = last {
            enter_full(&mut session, &jid, number + 1).await?;
            sessions.push(session);
        }
        Ok(Room {
            jid,
            sessions,
            last: begun.elapsed(),
        })
    }

    /// Ten of them speak, each as soon as it hears itself. What counts is what everybody hears.
    ///
    /// # Errors
    /// When a connection breaks, or too little is heard.
    pub async fn talk(
        self,
        time: Duration,
        measure: impl Fn() -> io::Result<f64>,
    ) -> io::Result<Figure> {
        let heard = Rc::new(Cell::new(0_u64));
        let local = LocalSet::new();
        let number = self.sessions.len() as u64;
        let mut tasks = Vec::new();
        for (index, session) in self.sessions.into_iter().enumerate() {
            let Carrier::Tcp(socket) = session.carrier else {
                return Err(io::Error::other("rooms are measured over TCP"));
            };
            let speaks = (index < SENDERS).then(|| {
                format!(
                    "<message xmlns='jabber:client' to='{}' type='groupchat' id='m0123456'><body>u{index}. Good pilgrim, you do wrong your hand \
                     too much, which mannerly devotion shows in this</body></message>",
                    self.jid
                )
            });
            let mark = format!(">u{index}. ");
            tasks.push(local.spawn_local(listen(socket, speaks, mark, Rc::clone(&heard))));
        }
        local
            .run_until(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let (before, begun, cpu) = (heard.get(), Instant::now(), measure()?);
                tokio::time::sleep(time).await;
                let (count, length) = (heard.get() - before, begun.elapsed());
                let used = measure()? - cpu;
                for task in &tasks {
                    if task.is_finished() {
                        return Err(io::Error::other("a connection broke"));
                    }
                    task.abort();
                }
                if count < number {
                    return Err(io::Error::other(format!("{count} heard by {number}")));
                }
                Ok(Figure::new(count, length, used))
            })
            .await
    }
}

/// Counts what it hears, and says something for each of its own that is among it.
async fn listen(
    socket: TcpStream,
    speaks: Option<String>,
    mark: String,
    heard: Rc<Cell<u64>>,
) -> io::Result<()> {
    let (end, mark) = (memmem::Finder::new(END), memmem::Finder::new(&mark));
    if let Some(own) = &speaks {
        socket.writable().await?;
        socket.try_write(own.repeat(OUTSTANDING).as_bytes())?;
    }
    let mut kept: Vec<u8> = Vec::new();
    loop {
        socket.readable().await?;
        let mut bytes = [0; 16 * 1024];
        let length = match socket.try_read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            length => length?,
        };
        if length == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        kept.extend_from_slice(bytes.get(..length).unwrap_or_default());
        let (mut count, mut last) = (0, 0);
        for at in end.find_iter(&kept) {
            count += 1;
            last = at + END.len();
        }
        heard.set(heard.get() + count);
        if let Some(own) = &speaks {
            let due = mark.find_iter(kept.get(..last).unwrap_or_default()).count();
            for _ in 0..due {
                socket.try_write(own.as_bytes())?;
            }
        }
        kept.drain(..last);
    }
}

fn join(room: &str, number: usize) -> String {
    format!(
        "<presence xmlns='jabber:client' to='{room}/n{number}'><x xmlns='{JOIN}'><history maxstanzas='0'/></x></presence>"
    )
}

/// Enters, where so much comes that only its end is looked at.
async fn enter_full(session: &mut Session, room: &str, number: usize) -> io::Result<()> {
    const SUBJECT: &[u8] = b"<subject";
    session.carrier.send(join(room, number).as_bytes()).await?;
    let mut bytes = vec![0; 64 * 1024];
    let mut kept = 0;
    loop {
        let place = bytes.get_mut(kept..).unwrap_or_default();
        let length = session.carrier.read(place).await?;
        if length == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        let end = kept + length;
        let seen = bytes.get(..end).unwrap_or_default();
        if memmem::find(seen, SUBJECT).is_some() {
            return Ok(());
        }
        kept = SUBJECT.len().min(end);
        bytes.copy_within(end - kept..end, 0);
    }
}

/// Enters, and reads up to the subject.
async fn enter(session: &mut Session, room: &str, number: usize) -> io::Result<()> {
    session.ask(&join(room, number), &["<subject"]).await?;
    session.ping(&format!("entered-{number}")).await
}

/// Says how the room is: whether it lasts, and so has an archive, and who is shown.
async fn configure(
    owner: &mut Session,
    room: &str,
    lasting: bool,
    shown: &[&str],
) -> io::Result<()> {
    let shown: String = shown
        .iter()
        .map(|role| format!("<value>{role}</value>"))
        .collect();
    let id = format!("configure-{}", shown.len());
    let text = format!(
        "<iq xmlns='jabber:client' type='set' id='{id}' to='{room}'><query xmlns='{JOIN}#owner'><x xmlns='jabber:x:data' type='submit'>\
         <field var='FORM_TYPE'><value>{JOIN}#roomconfig</value></field>\
         <field var='muc#roomconfig_persistentroom'><value>{}</value></field>\
         <field var='muc#roomconfig_presencebroadcast'>{shown}</field></x></query></iq>",
        u8::from(lasting)
    );
    let marks = [format!("id='{id}'"), format!("id=\"{id}\"")];
    owner
        .ask(&text, &marks.each_ref().map(String::as_str))
        .await?;
    owner.ping(&format!("{id}-done")).await
}
