//! Types of values, and the enumerations made for them.

use std::collections::BTreeSet;

use crate::model::{EnumValue, Place, Shape, Type, TypeRef, ValueType};
use crate::read::xsd::{Enumeration, Simple};

use super::super::names::{free, type_name, upper, variant_name};
use super::Builder;

impl Builder<'_> {
    /// The type of a value: as refined, or as the schema says.
    pub(super) fn value(
        &mut self,
        simple: &Simple,
        places: &[&Place],
        text: bool,
        name: &str,
        owner: &str,
    ) -> ValueType {
        let refined = places
            .iter()
            .find_map(|place| self.refinements.value(place, text));
        if let Some(refined) = refined {
            return refined;
        }
        match simple {
            Simple::Builtin(builtin) => builtin_type(builtin),
            Simple::Empty => ValueType::Text,
            Simple::Enumeration(enumeration) => {
                let asked = places
                    .iter()
                    .rev()
                    .find_map(|place| self.refinements.enum_name(place, text));
                let open = places
                    .iter()
                    .find_map(|place| self.refinements.open(place, text));
                let open = open.unwrap_or(enumeration.open);
                ValueType::Enum(self.enumeration(enumeration, asked, open, name, owner))
            }
        }
    }

    fn enumeration(
        &mut self,
        enumeration: &Enumeration,
        asked: Option<String>,
        open: bool,
        name: &str,
        owner: &str,
    ) -> TypeRef {
        let key = enumeration.name.clone().map(|name| (name, open));
        if let (Some(key), None) = (&key, &asked)
            && let Some(made) = self.enumerations.get(key)
        {
            return made.clone();
        }
        let plain = match &enumeration.name {
            Some(named) => type_name(&named.name),
            None => type_name(name),
        };
        let qualified = format!("{owner}{}", upper(name));
        let candidates: Vec<String> = asked
            .clone()
            .into_iter()
            .chain([plain, qualified])
            .collect();
        let name = free(&mut self.taken, &candidates);
        let mut taken = BTreeSet::new();
        if open {
            taken.insert("Other".to_owned());
        }
        let mut seen = BTreeSet::new();
        let values = enumeration
            .values
            .iter()
            .filter(|value| seen.insert(value.value.clone()))
            .map(|value| EnumValue {
                name: free(&mut taken, &[variant_name(&value.value)]),
                value: value.value.clone(),
                doc: value.doc.clone(),
                place: value.place.clone(),
            });
        let shape = Shape::Values {
            values: values.collect(),
            open,
        };
        let made = self.home.type_ref(&name);
        self.types.push(Type {
            name,
            doc: enumeration.doc.clone(),
            element: None,
            global: false,
            loose: self.home.loose,
            shape,
            place: enumeration.place.clone(),
        });
        if let (Some(key), None) = (key, asked) {
            self.enumerations.insert(key, made.clone());
        }
        made
    }
}

fn builtin_type(builtin: &str) -> ValueType {
    match builtin {
        "boolean" => ValueType::Boolean,
        "byte" => ValueType::I8,
        "short" => ValueType::I16,
        "int" => ValueType::I32,
        "integer" | "long" | "negativeInteger" | "nonPositiveInteger" => ValueType::I64,
        "unsignedByte" => ValueType::U8,
        "unsignedShort" => ValueType::U16,
        "unsignedInt" => ValueType::U32,
        "unsignedLong" | "positiveInteger" | "nonNegativeInteger" => ValueType::U64,
        "float" => ValueType::F32,
        "double" => ValueType::F64,
        "decimal" => ValueType::Decimal,
        "dateTime" => ValueType::DateTime,
        "date" => ValueType::Date,
        "time" => ValueType::Time,
        "base64Binary" => ValueType::Base64,
        "hexBinary" => ValueType::Hex,
        "language" => ValueType::Language,
        _ => ValueType::Text,
    }
}
