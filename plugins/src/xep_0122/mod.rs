//! XEP-0122, Data Forms Validation: whether what somebody filled in is what the form asked for.
//!
//! Checked is what XEP-0004 says of the types of fields, and what a field says of its values besides: their type, how far
//! they go, how many there are. A pattern is for the one who fills the form in; what it keeps out, its owner keeps out too.

use std::collections::HashSet;

use sestina_types::xep_0004::{Field, FieldType, Form, OptionElement};
use sestina_types::xep_0122::Validate;
use sestina_wire::dispatch::Extensible as _;
use sestina_wire::{DateTime, FromText as _, Jid, Text};

/// Says that values are integers of a range.
#[must_use]
pub fn integers(min: i64, max: i64) -> Validate {
    Validate {
        datatype: Some(Text::from_static("xs:integer")),
        range: Some(sestina_types::xep_0122::Range {
            min: Some(Text::from(min.to_string())),
            max: Some(Text::from(max.to_string())),
            ..sestina_types::xep_0122::Range::default()
        }),
        ..Validate::default()
    }
}

/// A value to choose, shown as it is: clients show one without a label as an empty line.
#[must_use]
pub fn choice(value: Text) -> OptionElement {
    OptionElement {
        label: Some(value.clone()),
        ..OptionElement::new(value)
    }
}

/// Whether a form that was sent in holds what was asked for. Fields that nobody asked for are passed over.
///
/// # Errors
/// What is wrong, for a person.
pub fn check(asked: &Form, given: &Form) -> Result<(), String> {
    let mut seen = HashSet::new();
    for var in given.fields.iter().filter_map(|field| field.var.as_deref()) {
        if !seen.insert(var) {
            return Err(format!("the field {var} is there twice"));
        }
    }
    for field in &asked.fields {
        let Some(var) = field.var.as_deref() else {
            continue;
        };
        let given = given
            .fields
            .iter()
            .find(|given| given.var.as_deref() == Some(var));
        let values = given.map(|given| &*given.values).unwrap_or_default();
        check_field(field, values).map_err(|reason| format!("the field {var}: {reason}"))?;
    }
    Ok(())
}

fn check_field(field: &Field, values: &[Text]) -> Result<(), String> {
    if values.iter().all(|value| value.is_empty()) {
        return match field.required {
            true => Err("it is required".to_owned()),
            false => Ok(()),
        };
    }
    let type_ = field.type_.as_ref().unwrap_or(&FieldType::TextSingle);
    let is_multi = matches!(
        type_,
        FieldType::JidMulti | FieldType::ListMulti | FieldType::TextMulti
    );
    if !is_multi && values.len() > 1 {
        return Err("one value is wanted".to_owned());
    }
    let validate = match field.extension::<Validate>() {
        Some(Ok(validate)) => validate,
        _ => Validate::default(),
    };
    for value in values {
        check_type(field, type_, validate.open.is_some(), value)?;
        check_value(&validate, value)?;
    }
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    if let Some(bounds) = &validate.list_range
        && (bounds.min.is_some_and(|min| count < min) || bounds.max.is_some_and(|max| count > max))
    {
        return Err("not so many values are wanted".to_owned());
    }
    Ok(())
}

/// What the type of a field says (XEP-0004 §3.3).
fn check_type(field: &Field, type_: &FieldType, open: bool, value: &str) -> Result<(), String> {
    match type_ {
        FieldType::Boolean if !matches!(value, "0" | "1" | "true" | "false") => {
            Err(format!("`{value}` is neither true nor false"))
        }
        FieldType::JidSingle | FieldType::JidMulti => match Jid::parse(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("`{value}` is no address: {error}")),
        },
        FieldType::ListSingle | FieldType::ListMulti
            if !open && !field.options.iter().any(|option| option.value == *value) =>
        {
            Err(format!("`{value}` is none of the options"))
        }
        _ => Ok(()),
    }
}

/// What a field says of its values (§3).
fn check_value(validate: &Validate, value: &Text) -> Result<(), String> {
    let datatype = validate.datatype.as_deref().unwrap_or("xs:string");
    let fits = match datatype {
        "xs:integer" | "xs:long" => value.trim().parse::<i64>().is_ok(),
        "xs:int" => value.trim().parse::<i32>().is_ok(),
        "xs:short" => value.trim().parse::<i16>().is_ok(),
        "xs:byte" => value.trim().parse::<i8>().is_ok(),
        "xs:boolean" => matches!(&**value, "0" | "1" | "true" | "false"),
        "xs:dateTime" => DateTime::from_text(value.clone()).is_ok(),
        _ => true,
    };
    if !fits {
        return Err(format!("`{value}` is no {datatype}"));
    }
    let Some(range) = &validate.range else {
        return Ok(());
    };
    let Ok(number) = value.trim().parse::<i64>() else {
        return Ok(());
    };
    let bound = |text: &Option<Text>| text.as_ref().and_then(|text| text.parse::<i64>().ok());
    let (min, max) = (bound(&range.min), bound(&range.max));
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        let said = |bound: Option<i64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
        return Err(format!(
            "{number} is not between {} and {}",
            said(min),
            said(max)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sestina_types::xep_0004::FormType;
    use sestina_types::xep_0122::ListRange;

    fn field(var: &'static str, type_: FieldType) -> Field {
        Field {
            var: Some(Text::from_static(var)),
            type_: Some(type_),
            ..Field::default()
        }
    }

    fn checked(asked: Field, values: &[&str]) -> Result<(), String> {
        let given = Field {
            var: asked.var.clone(),
            values: values.iter().copied().map(Text::from).collect(),
            ..Field::default()
        };
        let form = |type_, field| Form {
            fields: vec![field],
            ..Form::new(type_)
        };
        check(&form(FormType::Form, asked), &form(FormType::Submit, given))
    }

    #[test]
    fn a_value_is_of_the_type_of_its_field() {
        for (type_, good, bad) in [
            (FieldType::Boolean, "true", "yes"),
            (FieldType::JidSingle, "a@b.example", "@b.example"),
            (FieldType::JidMulti, "b.example/c", ""),
        ] {
            assert!(checked(field("v", type_.clone()), &[good]).is_ok());
            assert!(checked(field("v", type_), &[bad, "x y@z"]).is_err());
        }
        assert!(checked(field("v", FieldType::TextSingle), &["a", "b"]).is_err());
        assert!(checked(field("v", FieldType::TextMulti), &["a", "b"]).is_ok());
        let list = || Field {
            options: vec![choice(Text::from_static("a"))],
            ..field("v", FieldType::ListSingle)
        };
        assert!(checked(list(), &["a"]).is_ok());
        assert!(checked(list(), &["b"]).is_err());
        let mut open = list();
        open.extend(&Validate {
            open: Some(Text::new()),
            ..Validate::default()
        });
        assert!(checked(open, &["b"]).is_ok());
    }

    #[test]
    fn what_is_required_is_there_and_once() {
        let required = || Field {
            required: true,
            ..field("v", FieldType::TextSingle)
        };
        assert!(checked(required(), &[]).is_err());
        assert!(checked(required(), &[""]).is_err());
        assert!(checked(required(), &["a"]).is_ok());
        let twice = Form {
            fields: vec![required(), required()],
            ..Form::new(FormType::Submit)
        };
        assert!(check(&Form::new(FormType::Form), &twice).is_err());
    }

    #[test]
    fn a_field_says_how_far_and_how_many() {
        let number = || {
            let mut number = field("v", FieldType::TextSingle);
            number.extend(&integers(1, 10));
            number
        };
        for (value, fits) in [
            ("1", true),
            ("10", true),
            ("0", false),
            ("11", false),
            ("x", false),
        ] {
            assert_eq!(checked(number(), &[value]).is_ok(), fits, "{value}");
        }
        let mut two = field("v", FieldType::TextMulti);
        two.extend(&Validate {
            list_range: Some(ListRange {
                max: Some(2),
                ..ListRange::default()
            }),
            ..Validate::default()
        });
        assert!(checked(two.clone(), &["a", "b"]).is_ok());
        assert!(checked(two, &["a", "b", "c"]).is_err());
    }
}
