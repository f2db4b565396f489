//@ says: `displayed`
use sestina::session::plugin::{PluginError, Setup};
use sestina::skeletons::xep_0490::{self as skeleton, Settings};

struct Mine;

impl skeleton::Client for Mine { // here
    fn new(_: &Setup<'_, Settings>) -> Result<Self, PluginError> {
        Ok(Self)
    }
}
