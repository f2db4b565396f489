//! Whether anybody looks at a client (XEP-0352).

use sestina_types::xep_0352::{Active, Csi, Inactive};
use sestina_wire::Payload;
use tokio::sync::watch;

use crate::client::Client;
use crate::session::Session;

/// What the server is told of whether anybody looks: what the program said last, on each new stream again.
pub(super) struct Activity {
    wanted: watch::Receiver<bool>,
    /// What the server takes for true. Each stream begins with somebody who looks.
    told: bool,
}

impl Activity {
    pub(super) fn new(wanted: watch::Receiver<bool>) -> Activity {
        Activity { wanted, told: true }
    }

    /// Waits until the program says something else.
    pub(super) async fn changed(&mut self) -> Option<()> {
        self.wanted.changed().await.ok()
    }

    /// The stream is another one.
    pub(super) fn begin(&mut self, session: &mut Session) {
        self.told = true;
        self.tell(session);
    }

    /// Tells the server, where that wants to know and does not.
    pub(super) fn tell(&mut self, session: &mut Session) {
        let wanted = *self.wanted.borrow_and_update();
        if wanted == self.told || !session.offers::<Csi>() {
            return;
        }
        self.told = wanted;
        if wanted {
            Active::default().write(&mut session.writer());
        } else {
            Inactive::default().write(&mut session.writer());
        }
    }
}

impl Client {
    /// Nobody looks at the program: a server that knows of such things (XEP-0352) holds back what can wait, such as
    /// presence, which spares a phone's battery. It is told so on each new stream as well, until [`Client::active`].
    pub fn inactive(&self) {
        self.inner.active.send_replace(false);
    }

    /// Somebody looks at the program again: what was held back comes now.
    pub fn active(&self) {
        self.inner.active.send_replace(true);
    }
}
