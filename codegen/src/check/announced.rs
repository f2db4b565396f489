//! What service discovery announces is answered: a spec that has requests and announces a feature for an address
//! has somebody at such an address who does something for it.

use crate::Diagnostic;
use crate::model::{Model, Role, Spec, Where};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for spec in model.specs.iter().filter(|spec| !spec.iqs.is_empty()) {
        for feature in &spec.features {
            for on in &feature.on {
                let (roles, who): (&[Role], &str) = match on {
                    Where::Host => (&[Role::Server, Role::Component], "host"),
                    Where::Account => (&[Role::Server], "account"),
                    Where::Client => (&[Role::Client], "client"),
                    Where::Service(_) => (&[Role::Server, Role::Component], "service"),
                };
                if roles.iter().any(|role| does_something(spec, *role)) {
                    continue;
                }
                let role = roles.first().map_or("server", |role| role.name());
                found.push(
                    Diagnostic::error(
                        &feature.place,
                        format!(
                            "the feature `{}` is announced on the {who}, and nothing there handles it",
                            feature.var
                        ),
                    )
                    .help(format!(
                        "add a handler with `role = \"{role}\"` to a request, or remove \"{who}\" from `on`"
                    )),
                );
            }
        }
    }
}

fn does_something(spec: &Spec, role: Role) -> bool {
    let stream = !(spec.stages.is_empty() && spec.negotiations.is_empty());
    spec.handlers().any(|(handler, _)| handler.role == role) || (role == Role::Server && stream)
}
