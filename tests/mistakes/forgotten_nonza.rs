//@ says: `acknowledgement`
use std::sync::Arc;

use sestina::session::host::Resource;
use sestina::session::mux::NonzaContext;
use sestina::session::plugin::{PluginError, Setup};
use sestina::session::stages::{Flow, StageContext};
use sestina::skeletons::xep_0198::{self as skeleton, Settings};
use sestina::types::xep_0198::{Enable, Request};
use sestina::wire::StreamError;

struct Mine;

impl skeleton::Server for Mine { // here
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }

    fn enable(self: &Arc<Self>, _: &mut NonzaContext<'_>, _: Enable) -> Result<(), StreamError> {
        Ok(())
    }

    fn request(self: &Arc<Self>, _: &mut NonzaContext<'_>, _: Request) -> Result<(), StreamError> {
        Ok(())
    }

    fn rescue(self: &Arc<Self>, _: &StageContext, _: &Arc<Resource>) -> Flow {
        Flow::Continue
    }
}
