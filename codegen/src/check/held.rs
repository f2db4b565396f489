//! A table that keeps an element has a column for all that the element must have, and those of the names of its
//! fields can hold them.

use crate::Diagnostic;
use crate::model::{ElementUse, FieldKind, Model, Multiplicity, Shape, Table};
use crate::render::misfit;

pub(super) fn check(model: &Model, found: &mut Vec<Diagnostic>) {
    for table in model.specs.iter().flat_map(|spec| &spec.tables) {
        if let Some(holds) = &table.holds {
            held(model, table, holds, found);
        }
    }
}

fn held(model: &Model, table: &Table, holds: &ElementUse, found: &mut Vec<Diagnostic>) {
    let name = &holds.element.name;
    if !model.own_specs().any(|own| own.id == holds.type_.spec) {
        found.push(
            Diagnostic::error(&holds.place, format!("`{name}` belongs to another crate"))
                .help("a table keeps an element of the specifications that are built with it"),
        );
        return;
    }
    let Some(Shape::Struct(fields)) = model.type_(&holds.type_).map(|type_| &type_.shape) else {
        found.push(
            Diagnostic::error(&holds.place, format!("`{name}` has no fields to keep"))
                .help("name an element with attributes, text or children"),
        );
        return;
    };
    for field in fields {
        match table
            .columns
            .iter()
            .find(|column| column.field == field.name)
        {
            Some(column) => {
                if let Some(why) = misfit(field, column) {
                    found.push(
                        Diagnostic::error(
                            &column.place,
                            format!(
                                "the column `{}` cannot keep what `{name}` has there: {why}",
                                column.name
                            ),
                        )
                        .note(&field.place, "the field")
                        .help("give the column the field's type, or another name"),
                    );
                }
            }
            None if field.multiplicity == Multiplicity::Required
                && !matches!(
                    field.kind,
                    FieldKind::Extra | FieldKind::Flag(_) | FieldKind::Version
                ) =>
            {
                found.push(
                    Diagnostic::error(
                        &holds.place,
                        format!(
                            "`{name}` must have `{}`, for which the table has no column",
                            field.name
                        ),
                    )
                    .note(&field.place, "the field")
                    .help(format!(
                        "add `[[table.column]]` with `name = \"{}\"`",
                        field.name
                    )),
                );
            }
            None => {}
        }
    }
}
