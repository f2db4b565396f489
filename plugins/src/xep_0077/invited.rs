//! What registration knows of those who were invited (XEP-0445).

use std::sync::Arc;

use async_trait::async_trait;
use sestina_session::host::Host;
use sestina_storage::StorageError;
use sestina_wire::BareJid;

/// Somebody who was invited to make an account, and has shown so. Kept with the stream (`Exchange::extensions`).
#[derive(Clone)]
pub struct Admission(pub Arc<dyn Invited>);

/// An invitation that is good.
#[async_trait]
pub trait Invited: Send + Sync {
    /// The name that the account is to have; none where the invited chooses.
    fn username(&self) -> Option<&str>;

    /// Takes the invitation: it is good for one account. False where somebody else was faster.
    ///
    /// # Errors
    /// What storage reports.
    async fn claim(&self) -> Result<bool, StorageError>;

    /// The account could not be made: the invitation is as good as before.
    async fn give_back(&self);

    /// The account is there.
    async fn registered(&self, host: &Arc<Host>, account: &BareJid);
}

/// Knows of invitations to make accounts.
#[async_trait]
pub trait Inviting: Send + Sync {
    /// Whether a name is kept for somebody who was invited.
    ///
    /// # Errors
    /// What storage reports.
    async fn is_reserved(&self, host: &Host, name: &str) -> Result<bool, StorageError>;
}

/// The place of a host where the one who knows of invitations is registered.
pub struct Invitations(Arc<dyn Inviting>);

impl Invitations {
    /// Whom a host asks about invitations; none where there are none.
    #[must_use]
    pub fn of(host: &Host) -> Option<Arc<dyn Inviting>> {
        let known = host.extensions().get::<Self>()?;
        Some(Arc::clone(&known.0))
    }

    /// Names whom to ask.
    pub fn register(host: &Host, inviting: Arc<dyn Inviting>) {
        host.extensions().insert(Arc::new(Self(inviting)));
    }
}
