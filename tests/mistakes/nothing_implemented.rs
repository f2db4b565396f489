//@ says: does not answer XEP-0199 as a server
//@ says: needs `impl xep_0199::Server for Mine`
//@ says: the specification promises what these methods do: `new`, `ping`
use sestina::session::mux::{Empty, IqContext};
use sestina::session::plugin::{PluginError, Setup};
use sestina::skeletons::xep_0199::{self as skeleton, Settings};
use sestina::types::xep_0199::Ping;
use sestina::wire::StanzaError;

struct Mine;

fn install(setup: &Setup<'_, Settings>) {
    let _ = skeleton::server::<Mine>(setup); // here
}
