//! What a command is to the one who offers it: a function from the forms that have been filled in to what comes next.

use futures_util::future::BoxFuture;
use sestina_session::errors;
use sestina_session::mux::IqContext;
use sestina_storage::StorageError;
use sestina_types::xep_0004::Form;
use sestina_wire::form::FormError;
use sestina_wire::{StanzaError, Text};

/// The node of a command, and what people read in a list of commands: two methods of [`Command`].
macro_rules! called {
    ($node:literal, $name:literal) => {
        fn node(&self) -> &str {
            $node
        }

        fn name(&self) -> &str {
            $name
        }
    };
}
pub(crate) use called;

/// A command of the host (§2.2). It keeps nothing between its steps: each is called with all forms so far, so that going
/// back is the same step with one form less, and nothing is done before the last one.
pub trait Command: Send + Sync {
    /// By what it is called; no other command of the host has this node (§3.1).
    fn node(&self) -> &str;

    /// What people read in a list of commands.
    fn name(&self) -> &str;

    /// Whether whoever asks may run it where it was asked for. To everybody else it is not shown either.
    ///
    /// # Errors
    /// What others are told: see [`only_if`](super::only_if).
    fn permits(&self, cx: &IqContext) -> Result<(), StanzaError>;

    /// The next step after these forms: the first one after none.
    fn step<'a>(
        &'a self,
        cx: &'a IqContext,
        answers: Answers<'a>,
    ) -> BoxFuture<'a, Result<Step, Trouble>>;
}

/// The forms that have been filled in, in order. Each holds what was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answers<'a> {
    pub(super) forms: &'a [Form],
    pub(super) complete: bool,
}

impl<'a> Answers<'a> {
    /// The forms.
    #[must_use]
    pub fn forms(&self) -> &'a [Form] {
        self.forms
    }

    /// The only or first form; none at the first step.
    #[must_use]
    pub fn first(&self) -> Option<&'a Form> {
        self.forms.first()
    }

    /// Whether no more forms are wanted, where a question could be the last one but need not.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.complete
    }
}

/// What a command does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// It asks.
    Ask(Question),
    /// It is done.
    Done(Done),
}

/// A form to be filled in, and what may follow it (§3.4).
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) form: Form,
    pub(super) next: bool,
    pub(super) complete: bool,
}

impl Question {
    /// The last form.
    #[must_use]
    pub fn last(form: Form) -> Self {
        Self {
            form,
            next: false,
            complete: true,
        }
    }

    /// A form after which others come.
    #[must_use]
    pub fn more(form: Form) -> Self {
        Self {
            form,
            next: true,
            complete: false,
        }
    }

    /// The command may be completed after it as well; the default is to go on.
    #[must_use]
    pub fn or_complete(self) -> Self {
        Self {
            complete: true,
            ..self
        }
    }
}

/// The end of a command.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub(super) form: Option<Form>,
    pub(super) notes: Vec<(bool, Text)>,
}

impl Done {
    /// With results.
    #[must_use]
    pub fn with(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// With a word for people.
    #[must_use]
    pub fn saying(mut self, text: impl Into<Text>) -> Self {
        self.notes.push((false, text.into()));
        self
    }

    /// With a word for people on what was not done (§3.6).
    #[must_use]
    pub fn failing(mut self, text: impl Into<Text>) -> Self {
        self.notes.push((true, text.into()));
        self
    }
}

/// Why a step is not taken.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The form is not right: its sender may correct it and go on (§4.4).
    Payload(Text),
    /// The command ends with this error.
    Refused(StanzaError),
}

impl From<StanzaError> for Trouble {
    fn from(error: StanzaError) -> Self {
        Trouble::Refused(error)
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        Trouble::Refused(errors::storage(error))
    }
}

impl From<FormError> for Trouble {
    fn from(error: FormError) -> Self {
        Trouble::Payload(Text::from(error.to_string()))
    }
}
