//! The fields of registration, one by one and as a form (§3.1, §5).

use sestina_types::xep_0004::{Field, FieldType, Form, FormType};
use sestina_types::xep_0077::forms::{PasswordChange, Registration};
use sestina_types::xep_0077::register::Query;
use sestina_wire::{Condition, Payload as _, StanzaError, Text};

use crate::xep_0122;

/// What a new account needs: fields for those who know no forms, and a form.
pub(super) fn asked(instructions: &str, username: Option<&str>) -> Query {
    let instructions = Text::from(instructions);
    let mut form = Form {
        instructions: std::iter::once(instructions.clone()).collect(),
        ..Form::new(FormType::Form)
    };
    form.fields = vec![
        Field {
            type_: Some(FieldType::Hidden),
            ..field("FORM_TYPE", Registration::FORM_TYPE)
        },
        Field {
            label: Some(Text::from_static("User name")),
            type_: Some(FieldType::TextSingle),
            required: true,
            ..field("username", username.unwrap_or_default())
        },
        Field {
            label: Some(Text::from_static("Password")),
            type_: Some(FieldType::TextPrivate),
            required: true,
            ..field("password", "")
        },
    ];
    Query {
        instructions: Some(instructions),
        username: Some(username.map_or_else(Text::new, Text::from)),
        password: Some(Text::new()),
        any: vec![form.to_any()],
        ..Query::default()
    }
}

fn field(var: &'static str, value: &str) -> Field {
    Field {
        var: Some(Text::from_static(var)),
        values: (!value.is_empty())
            .then(|| Text::from(value))
            .into_iter()
            .collect(),
        ..Field::default()
    }
}

/// Name and password of somebody who registers, from the form or else the fields.
pub(super) fn filled_in(query: &Query) -> Result<(Option<Text>, Option<Text>), StanzaError> {
    let Some(given) = submitted(query)? else {
        return Ok((query.username.clone(), query.password.clone()));
    };
    let asked = asked("", None).any.into_iter().next();
    if let Some(asked) = asked.and_then(|asked| asked.decode::<Form>().ok()) {
        xep_0122::check(&asked, &given).map_err(super::not_acceptable)?;
    }
    let given = Registration::read(&given)?;
    Ok((given.username, given.password))
}

/// A change of a password by somebody who shows that they know the old one (§3.3).
pub(super) fn change(query: &Query) -> Result<Option<PasswordChange>, StanzaError> {
    match submitted(query)? {
        Some(given) => Ok(Some(PasswordChange::read(&given)?)),
        None => Ok(None),
    }
}

/// The form that was sent in.
fn submitted(query: &Query) -> Result<Option<Form>, StanzaError> {
    let form = query
        .any
        .iter()
        .find(|any| any.is(Form::NAME, sestina_types::xep_0004::NS));
    let Some(form) = form else {
        return Ok(None);
    };
    let form = form.decode::<Form>()?;
    match form.type_ {
        FormType::Submit => Ok(Some(form)),
        _ => {
            Err(StanzaError::new(Condition::BadRequest)
                .with_text("a form of type `submit` is wanted"))
        }
    }
}
