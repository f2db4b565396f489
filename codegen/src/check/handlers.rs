//! What travels and who handles it: each handler has a method of its own and answers for addresses that its role
//! has; what is said of senders and answers does not contradict itself.

use std::collections::BTreeMap;

use crate::Diagnostic;
use crate::model::{Answer, Model, Place, Role, Scope, Sender, Spec};

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for spec in &model.specs {
        methods(spec, found);
        for (handler, _) in spec.handlers() {
            for scope in &handler.scopes {
                scope_of_role(handler.role, scope, &handler.place, found);
            }
        }
        for traveller in spec.messages.iter().chain(&spec.presences) {
            if traveller.strip && traveller.from.contains(&Sender::Anyone) {
                found.push(
                    Diagnostic::error(
                        &traveller.payload.place,
                        "removed from what others send, though anyone may send it",
                    )
                    .help("say in `from` who may, such as `[\"server\"]`, or remove `strip`"),
                );
            }
        }
        for iq in &spec.iqs {
            if iq.answer_optional && matches!(iq.answer, Answer::Empty) {
                found.push(
                    Diagnostic::error(&iq.place, "an empty answer that may also be empty")
                        .help("remove `answer_optional`, or name the element that answers"),
                );
            }
            let mut answered: BTreeMap<_, &Place> = BTreeMap::new();
            for handler in &iq.handlers {
                for scope in &handler.scopes {
                    let key = (handler.role, scope, &handler.node, &handler.form);
                    if let Some(first) = answered.insert(key, &handler.place) {
                        found.push(
                            Diagnostic::error(
                                &handler.place,
                                "a second handler for the same request and scope",
                            )
                            .note(first, "the first one")
                            .help("one method answers: remove a scope from one of them, or give it a `node` or `form`"),
                        );
                    }
                }
            }
        }
    }
}

/// The methods of one role's skeleton.
fn methods(spec: &Spec, found: &mut Vec<Diagnostic>) {
    for role in Role::ALL {
        let handlers = spec.handlers().filter(|(handler, _)| handler.role == role);
        let handlers =
            handlers.map(|(handler, type_)| (&handler.name, &handler.place, Some(type_)));
        let stages = spec.stages.iter().filter(|_| role == Role::Server);
        let stages = stages.map(|stage| (&stage.name, &stage.place, None));
        let mut seen: BTreeMap<&String, &Place> = BTreeMap::new();
        for (name, place, _) in handlers.chain(stages) {
            if let Some(first) = seen.get(name) {
                found.push(
                    Diagnostic::error(
                        place,
                        format!(
                            "the method `{name}` of the {} is declared twice",
                            role.name()
                        ),
                    )
                    .note(first, "first here")
                    .help("give one of them another name"),
                );
            } else {
                seen.insert(name, place);
            }
            if matches!(name.as_str(), "new" | "start" | "stop") {
                found.push(
                    Diagnostic::error(
                        place,
                        format!("the method `{name}` is taken: every skeleton has it"),
                    )
                    .help("give the handler another name"),
                );
            }
        }
    }
}

fn scope_of_role(role: Role, scope: &Scope, place: &Place, found: &mut Vec<Diagnostic>) {
    let fits = match role {
        Role::Server => *scope != Scope::Client,
        Role::Client => *scope == Scope::Client,
        Role::Component => matches!(scope, Scope::Host | Scope::Service(_)),
    };
    if fits {
        return;
    }
    let help = match role {
        Role::Server => {
            "a server answers for `host`, `own-account`, `other-account` and `service:NAME`"
        }
        Role::Client => "a client answers for `client`",
        Role::Component => "a component answers for `host` and `service:NAME`",
    };
    found.push(Diagnostic::error(place, format!("a {} has no such scope", role.name())).help(help));
}
