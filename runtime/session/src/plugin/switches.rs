//! Which plugins of a profile a host goes without because others are off that they need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Plugin;
use super::manager::BUILT_IN;

/// Whether a specification is in use, before its plugin is made.
#[derive(Debug)]
pub struct Switch<'a> {
    /// The specification.
    pub spec: &'static str,
    /// What it needs.
    pub depends: &'static [&'static str],
    /// Whether a configuration says that it is to be in use, rather than a profile.
    pub is_asked_for: bool,
    /// Whether it is.
    pub enabled: &'a mut bool,
}

/// Switches off what needs something that is off, in the order of dependencies. What somebody asked for stays on: that it
/// misses something is then an [error](super::PluginError::Missing) that names both.
pub fn leave_out(host: &str, switches: &mut [Switch<'_>]) {
    for (needed, others) in left_out(switches) {
        tracing::info!(
            host,
            "{needed} is off, and with it what needs it: {}",
            others.join(", ")
        );
    }
}

/// Whether all is there that a specification needs which nobody switches on or off.
pub fn has_all(plugins: &[Arc<dyn Plugin>], depends: &[&str]) -> bool {
    let is_there = |needed: &&str| {
        BUILT_IN.contains(needed) || plugins.iter().any(|plugin| plugin.spec().id == *needed)
    };
    depends.iter().all(is_there)
}

/// By what is off, those that go with it.
fn left_out(switches: &mut [Switch<'_>]) -> BTreeMap<&'static str, Vec<&'static str>> {
    // What is off, and because of what.
    let mut off: HashMap<&'static str, &'static str> = HashMap::new();
    let mut found: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for switch in switches {
        if !*switch.enabled {
            off.insert(switch.spec, switch.spec);
            continue;
        }
        let mut depends = switch.depends.iter();
        let because =
            depends.find_map(|needed| off.get(needed).filter(|_| !BUILT_IN.contains(needed)));
        let Some(because) = because.copied().filter(|_| !switch.is_asked_for) else {
            continue;
        };
        *switch.enabled = false;
        off.insert(switch.spec, because);
        found.entry(because).or_default().push(switch.spec);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_something_that_is_off_goes_with_it_unless_it_is_asked_for() {
        let mut enabled = [false, true, true, true, true, false, true];
        let [a, b, c, d, e, f, g] = &mut enabled;
        let switch = |spec, depends, is_asked_for, enabled| Switch {
            spec,
            depends,
            is_asked_for,
            enabled,
        };
        let mut switches = [
            switch("a", &["rfc-6120"], false, a),
            switch("b", &["a"], false, b),
            switch("c", &["b"], false, c),
            switch("d", &["a"], true, d),
            switch("e", &["d"], false, e),
            switch("f", &["a"], false, f),
            switch("rfc-6120", &[], false, g),
        ];
        let found = left_out(&mut switches);
        assert_eq!(found, BTreeMap::from([("a", vec!["b", "c"])]));
        assert_eq!(enabled, [false, false, false, true, true, false, true]);
    }
}
