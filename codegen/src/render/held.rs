//! Rows of a table that keeps elements: made of the element, and the element made of them.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::code::{self, From};
use crate::model::{
    Column, ColumnType, Field, FieldKind, Model, Multiplicity, Shape, Table, TypeRef,
};

/// The conversions of a row, where its table keeps an element.
pub(super) fn conversions(model: &Model, table: &Table) -> TokenStream {
    let Some(holds) = &table.holds else {
        return TokenStream::new();
    };
    let Some(fields) = fields(model, &holds.type_) else {
        return TokenStream::new();
    };
    let row = format_ident!("{}Row", table.rust);
    let element = code::type_path(model, &holds.type_, From::Types(2));
    let field = |column: &Column| fields.iter().find(|field| field.name == column.field);
    let others: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| field(column).is_none())
        .collect();
    let names = others.iter().map(|column| code::ident(&column.field));
    let parameters: Vec<TokenStream> = others
        .iter()
        .map(|column| {
            let (name, ty) = (
                code::ident(&column.field),
                super::tables::stored(model, column),
            );
            quote!(, #name: #ty)
        })
        .collect();
    let columns = table.columns.iter().map(|column| {
        let name = code::ident(&column.field);
        match field(column) {
            Some(field) => {
                let from = code::ident(&field.name);
                let kept = match column.type_ {
                    ColumnType::Text => quote!(value.to_string()),
                    ColumnType::DateTime => quote!(value.timestamp()),
                    ColumnType::Integer => quote!(i64::from(*value)),
                    _ => quote!(value.clone()),
                };
                if field.multiplicity == Multiplicity::Optional {
                    quote!(#name: element.#from.as_ref().map(|value| #kept))
                } else {
                    quote!(#name: { let value = &element.#from; #kept })
                }
            }
            None => quote!(#name),
        }
    });
    let values = fields.iter().map(|field| {
        let name = code::ident(&field.name);
        let Some(column) = table
            .columns
            .iter()
            .find(|column| column.field == field.name)
        else {
            return quote!(#name: ::core::default::Default::default());
        };
        let from = code::ident(&column.field);
        if field.multiplicity == Multiplicity::Optional {
            quote!(#name: row.#from.map(::core::convert::Into::into))
        } else {
            quote!(#name: row.#from.into())
        }
    });
    let docs = code::docs(
        &format!(
            "A row that keeps `<{}/>`, with what is not in it.",
            holds.element.name
        ),
        "",
    );
    let store = super::tables::store(table);
    let storage = code::path(&model.paths.storage);
    let keeps = code::docs(
        &format!(
            "Stores a row that keeps `<{}/>` and whose key is not there yet.",
            holds.element.name
        ),
        "",
    );
    quote! {
        impl #store {
            #keeps
            ///
            /// # Errors
            /// As `Store::insert`: `Conflict` if a row with the same key is there.
            pub async fn keep(
                &self, element: &#element #(#parameters)*
            ) -> ::core::result::Result<(), #storage::StorageError> {
                self.insert(&#row::keep(element #(, #names)*)).await
            }
        }

        impl #row {
            #docs
            #[must_use]
            pub fn keep(element: &#element #(#parameters)*) -> Self {
                Self { #(#columns),* }
            }
        }

        impl ::core::convert::From<#row> for #element {
            /// The element that a row keeps.
            fn from(row: #row) -> Self {
                Self { #(#values),* }
            }
        }
    }
}

/// The fields of an element.
fn fields<'a>(model: &'a Model, type_: &TypeRef) -> Option<&'a [Field]> {
    match &model.type_(type_)?.shape {
        Shape::Struct(fields) => Some(fields),
        _ => None,
    }
}

/// Why a field cannot be kept in a column, where it cannot.
pub(crate) fn misfit(field: &Field, column: &Column) -> Option<&'static str> {
    use crate::model::{FieldType, ValueType};
    let FieldType::Value(value) = &field.type_ else {
        return Some("the field holds an element");
    };
    if column.secret {
        return Some("the column is secret");
    }
    match field.multiplicity {
        Multiplicity::Many => return Some("the field holds several values"),
        _ if matches!(field.kind, FieldKind::Wrapped { many: true, .. }) => {
            return Some("the field holds several values");
        }
        Multiplicity::Optional if !column.optional => return Some("the column must have a value"),
        Multiplicity::Required if column.optional => return Some("the column may be empty"),
        _ => {}
    }
    let fits = match column.type_ {
        ColumnType::Text => matches!(value, ValueType::Text | ValueType::Language),
        ColumnType::BareJid => *value == ValueType::BareJid,
        ColumnType::Jid => *value == ValueType::Jid,
        ColumnType::Boolean => *value == ValueType::Boolean,
        ColumnType::DateTime => *value == ValueType::DateTime,
        ColumnType::Integer => *value == ValueType::I64,
        ColumnType::Bytes => false,
    };
    (!fits).then_some("they are of different types")
}
