//! XEP-0363, HTTP File Upload: an account leaves a file here and passes its address on.
//!
//! A place for a file is a row of a table; the file comes by PUT to an address that only its owner was told, once, and is
//! read by whoever knows the other address. Rows say what is there: a file without a row is removed, and is not given to
//! anybody before that. So what removes rows, the end of their time or of their account, removes files.

mod address;
mod files;
mod media;
mod quota;
mod shelf;
mod tidy;
mod transfer;

use std::sync::{Arc, Mutex, PoisonError};

use sestina_session::mux::IqContext;
use sestina_session::plugin::{On, PluginError, Registrar, Setup};
use sestina_skeletons::xep_0363::{self as skeleton, Settings};
use sestina_types::xep_0004::FormType;
use sestina_types::xep_0363::forms::UploadInfo;
use sestina_types::xep_0363::upload::{Request, Slot};
use sestina_wire::{Condition, StanzaError};
use tokio::task::JoinHandle;

pub use files::Files;

use crate::xep_0030::Forms;

/// The name of the service.
const SERVICE: &str = "upload";

/// The server's part.
pub struct Server {
    domain: String,
    files: Option<Arc<Files>>,
    tidying: Mutex<Option<JoinHandle<()>>>,
}

impl skeleton::Server for Server {
    fn new(setup: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self {
            domain: setup.settings.domain.clone(),
            files: Files::open(setup)?,
            tidying: Mutex::default(),
        })
    }

    async fn request_slot(&self, cx: &IqContext, request: Request) -> Result<Slot, StanzaError> {
        let Some(files) = &self.files else {
            return Err(StanzaError::new(Condition::ServiceUnavailable));
        };
        let guest = cx.session.as_ref().is_some_and(|it| it.is_anonymous());
        if !cx.host.serves(&cx.from) || cx.from.local().is_none() || guest {
            return Err(StanzaError::new(Condition::Forbidden)
                .with_text("files are taken of accounts of this server"));
        }
        files.slot(&cx.host, cx.from.to_bare(), &request).await
    }

    fn install(self: &Arc<Self>, registrar: &mut Registrar<'_>) -> Result<(), PluginError> {
        let Some(files) = &self.files else {
            return Ok(());
        };
        if registrar.service(SERVICE, &self.domain)?.is_none() {
            return Ok(());
        }
        let host = registrar.host();
        host.extensions().insert(Arc::clone(files));
        let told = UploadInfo {
            max_file_size: Some(files.largest()),
            ..UploadInfo::default()
        };
        Forms::of(host).add(On::Service(SERVICE), &told.write(FormType::Result));
        registrar.http(files.path(), files.clone());
        Ok(())
    }

    async fn start(&self) -> Result<(), PluginError> {
        if let Some(files) = &self.files {
            let task = tokio::spawn(tidy::run(Arc::downgrade(files)));
            let mut tidying = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
            *tidying = Some(task);
        }
        Ok(())
    }

    async fn stop(&self) {
        let mut tidying = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = tidying.take() {
            task.abort();
        }
    }
}
