//! The values of fields of data forms (XEP-0004), for the types that are generated of forms.

use std::fmt;

use crate::{Condition, FromText, List, StanzaError, Text, ToText, ValueError};

/// A data form that is not what its type (XEP-0068) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    form: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    OtherType(Text),
    Missing(&'static str),
    Value(&'static str, ValueError),
    Several(&'static str),
}

impl FormError {
    /// The form is of another type.
    pub fn other_type(form: &'static str, found: Text) -> Self {
        let problem = Problem::OtherType(found);
        Self { form, problem }
    }

    /// A required field is not there.
    pub fn missing(form: &'static str, field: &'static str) -> Self {
        let problem = Problem::Missing(field);
        Self { form, problem }
    }

    /// The `FORM_TYPE` that was expected.
    pub fn form_type(&self) -> &'static str {
        self.form
    }

    /// The `var` of the field that is wrong; none where the whole form is.
    pub fn field(&self) -> Option<&'static str> {
        match self.problem {
            Problem::OtherType(_) => None,
            Problem::Missing(field) | Problem::Value(field, _) | Problem::Several(field) => {
                Some(field)
            }
        }
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "form {}: ", self.form)?;
        match &self.problem {
            Problem::OtherType(found) => write!(f, "this one is of type {found}"),
            Problem::Missing(field) => write!(f, "the field {field} is missing"),
            Problem::Value(field, error) => write!(f, "the field {field}: {error}"),
            Problem::Several(field) => write!(f, "the field {field} has several values"),
        }
    }
}

impl std::error::Error for FormError {}

impl From<FormError> for StanzaError {
    /// What was sent in is not acceptable (XEP-0004 §3.1).
    fn from(error: FormError) -> Self {
        StanzaError::new(Condition::NotAcceptable).with_text(error.to_string())
    }
}

/// The value of a field that has one; none where the field is empty.
///
/// # Errors
/// [`FormError`] for several values, or one that is not what the field holds.
pub fn one<T: FromText>(
    form: &'static str,
    field: &'static str,
    values: &[Text],
) -> Result<Option<T>, FormError> {
    match values {
        [] => Ok(None),
        [only] => read(form, field, only).map(Some),
        _ => Err(FormError {
            form,
            problem: Problem::Several(field),
        }),
    }
}

/// The values of a field that has any number.
///
/// # Errors
/// [`FormError`] for one that is not what the field holds.
pub fn many<T: FromText>(
    form: &'static str,
    field: &'static str,
    values: &[Text],
) -> Result<Option<Vec<T>>, FormError> {
    let values = values.iter().map(|value| read(form, field, value));
    values.collect::<Result<_, _>>().map(Some)
}

fn read<T: FromText>(
    form: &'static str,
    field: &'static str,
    value: &Text,
) -> Result<T, FormError> {
    T::from_text(value.clone()).map_err(|error| FormError {
        form,
        problem: Problem::Value(field, error),
    })
}

/// The text of a field's value, where there is one.
pub fn of_one<T: ToText>(value: &Option<T>) -> Option<List<Text>> {
    let value = value.as_ref()?.to_text_value();
    Some(List::from_iter([value]))
}

/// The texts of a field's values; none where the field is not there.
pub fn of_many<T: ToText>(values: &Option<Vec<T>>) -> Option<List<Text>> {
    let values = values.as_ref()?.iter();
    Some(values.map(ToText::to_text_value).collect())
}
