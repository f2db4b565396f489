//! Tables: descriptors, rows, and a store for each with one method a query.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use sestina_schema::Literal;

use super::{code, held};
use crate::model::{Column, ColumnType, Model, Query, Spec, Table};

/// The module `tables` of a spec, where it has any.
pub(super) fn module(model: &Model, spec: &Spec) -> TokenStream {
    if spec.tables.is_empty() {
        return TokenStream::new();
    }
    let tables = spec.tables.iter().map(|table| {
        Context {
            wire: code::path(&model.paths.wire),
            storage: code::path(&model.paths.storage),
            spec,
            table,
        }
        .render()
    });
    let held = spec
        .tables
        .iter()
        .map(|table| held::conversions(model, table));
    quote! {
        /// What is stored.
        pub mod tables {
            #(#tables)*
            #(#held)*
        }
    }
}

/// `TABLES`, and the accessors on the storage.
pub(super) fn all(model: &Model) -> TokenStream {
    let storage = code::path(&model.paths.storage);
    let tables: Vec<(Ident, &Table)> = model
        .own_specs()
        .flat_map(|spec| {
            spec.tables
                .iter()
                .map(|table| (code::ident(&spec.module), table))
        })
        .collect();
    let descriptors = tables.iter().map(|(module, table)| {
        let name = code::screaming(&table.name);
        quote!(&#module::tables::#name)
    });
    let declared = tables.iter().map(|(module, table)| {
        let (accessor, store) = (code::ident(&table.accessor), store(table));
        let docs = code::docs(&table.doc, "");
        quote! {
            #docs
            fn #accessor(&self) -> ::core::option::Option<#module::tables::#store>;
        }
    });
    let defined = tables.iter().map(|(module, table)| {
        let (accessor, store) = (code::ident(&table.accessor), store(table));
        quote! {
            fn #accessor(&self) -> ::core::option::Option<#module::tables::#store> {
                self.open().map(#module::tables::#store)
            }
        }
    });
    quote! {
        /// The tables of all specifications.
        pub static TABLES: &[&#storage::TableDescriptor] = &[#(#descriptors),*];

        /// The stores of a storage, by name; `None` where its backend does not have one.
        pub trait Stores {
            #(#declared)*
        }

        impl Stores for #storage::Storage {
            #(#defined)*
        }
    }
}

/// The name of the typed store.
pub(super) fn store(table: &Table) -> Ident {
    format_ident!("{}Store", code::camel(&table.accessor))
}

/// One table being rendered.
struct Context<'a> {
    wire: syn::Path,
    storage: syn::Path,
    spec: &'a Spec,
    table: &'a Table,
}

impl Context<'_> {
    fn render(&self) -> TokenStream {
        let marker = self.marker();
        let descriptor = self.descriptor();
        let row = self.row();
        let store = self.store();
        quote!(#marker #descriptor #row #store)
    }

    /// The type that stands for the table, and its `Table` implementation.
    fn marker(&self) -> TokenStream {
        let storage = &self.storage;
        let (name, row) = (code::ident(&self.table.rust), self.row_name());
        let descriptor = code::screaming(&self.table.name);
        let docs = code::docs(
            &self.table.doc,
            &format!("The table `{}`.", self.table.name),
        );
        let fields: Vec<Ident> = self
            .table
            .columns
            .iter()
            .map(|column| code::ident(&column.field))
            .collect();
        quote! {
            #docs
            #[derive(Clone, Copy, Debug)]
            pub enum #name {}

            impl #storage::Table for #name {
                const DESCRIPTOR: &'static #storage::TableDescriptor = &#descriptor;
                type Row = #row;

                fn to_values(row: &#row) -> ::std::vec::Vec<#storage::Value> {
                    ::std::vec![#(#storage::ColumnValue::to_value(&row.#fields)),*]
                }

                fn from_values(
                    values: ::std::vec::Vec<#storage::Value>,
                ) -> ::core::result::Result<#row, #storage::StorageError> {
                    let mut values = values.into_iter();
                    // A value that is missing is no value, which only an optional column takes.
                    let mut next = || values.next().unwrap_or(#storage::Value::Null);
                    ::core::result::Result::Ok(#row {
                        #(#fields: #storage::ColumnValue::from_value(next())?,)*
                    })
                }
            }
        }
    }

    fn descriptor(&self) -> TokenStream {
        let (storage, table) = (&self.storage, self.table);
        let constant = code::screaming(&table.name);
        let docs = code::docs(&format!("The description of `{}`.", table.name), "");
        let (id, name, version) = (&self.spec.id, &table.name, table.version);
        let personal = table.personal.iter().flatten();
        let key = &table.key;
        let columns = table.columns.iter().map(|column| {
            let (name, optional, secret) = (&column.name, column.optional, column.secret);
            let ty = match column.type_ {
                ColumnType::Text | ColumnType::BareJid | ColumnType::Jid => quote!(Text),
                ColumnType::Integer => quote!(Integer),
                ColumnType::Boolean => quote!(Boolean),
                ColumnType::Bytes => quote!(Bytes),
                ColumnType::DateTime => quote!(Timestamp),
            };
            let default = match &column.default {
                None => quote!(None),
                Some(Literal::Text(text)) => quote!(Some(#storage::Literal::Text(#text))),
                Some(Literal::Integer(number)) => {
                    let number = proc_macro2::Literal::i64_unsuffixed(*number);
                    quote!(Some(#storage::Literal::Integer(#number)))
                }
                Some(Literal::Boolean(flag)) => quote!(Some(#storage::Literal::Boolean(#flag))),
            };
            quote! {
                #storage::Column {
                    name: #name,
                    ty: #storage::ColumnType::#ty,
                    optional: #optional,
                    secret: #secret,
                    default: #default,
                }
            }
        });
        let indexes = table.indexes.iter().map(|index| {
            let columns = &index.columns;
            quote!(&[#(#columns),*])
        });
        let names: Vec<Ident> = table
            .queries
            .iter()
            .map(|query| self.query_name(query))
            .collect();
        let queries = table.queries.iter().zip(&names).map(|(query, constant)| {
            let docs = code::docs(
                &format!("The query `{}` of `{}`.", query.name, table.name),
                "",
            );
            let (name, equals) = (&query.name, &query.equals);
            let range = option(query.range.as_ref());
            let order = option(query.order.as_ref());
            let search = option(query.search.as_ref());
            let (descending, limit) = (query.descending, query.limit);
            quote! {
                #docs
                pub static #constant: #storage::QueryDescriptor = #storage::QueryDescriptor {
                    name: #name,
                    equals: &[#(#equals),*],
                    range: #range,
                    order: #order,
                    descending: #descending,
                    search: #search,
                    limit: #limit,
                };
            }
        });
        let (by_age, retention) = self.retention();
        quote! {
            #(#queries)*

            #by_age

            #docs
            pub static #constant: #storage::TableDescriptor = #storage::TableDescriptor {
                spec: #id,
                name: #name,
                version: #version,
                personal: &[#(#personal),*],
                columns: &[#(#columns),*],
                key: &[#(#key),*],
                indexes: &[#(#indexes),*],
                queries: &[#(#names),*],
                retention: #retention,
            };
        }
    }

    /// The query by which old rows are found, and the field of the descriptor.
    fn retention(&self) -> (TokenStream, TokenStream) {
        let (storage, table) = (&self.storage, self.table);
        let Some(retention) = &table.retention else {
            return (TokenStream::new(), quote!(::core::option::Option::None));
        };
        let constant = code::screaming(&format!("{}_by_age", table.name));
        let docs = code::docs(
            &format!("The rows of `{}`, the oldest first.", table.name),
            "",
        );
        let column = &retention.column;
        let config = option(retention.config.as_ref());
        let after = match retention.after {
            Some(millis) => {
                quote!(::core::option::Option::Some(::core::time::Duration::from_millis(#millis)))
            }
            None => quote!(::core::option::Option::None),
        };
        let query = quote! {
            #docs
            pub static #constant: #storage::QueryDescriptor = #storage::QueryDescriptor {
                name: "by_age",
                equals: &[],
                range: ::core::option::Option::Some(#column),
                order: ::core::option::Option::Some(#column),
                descending: false,
                search: ::core::option::Option::None,
                limit: 1000,
            };
        };
        let field = quote! {
            ::core::option::Option::Some(#storage::Retention {
                query: &#constant,
                config: #config,
                after: #after,
            })
        };
        (query, field)
    }

    fn row(&self) -> TokenStream {
        let name = self.row_name();
        let docs = code::docs(&format!("A row of `{}`.", self.table.name), "");
        let fields = self.table.columns.iter().map(|column| {
            let field = code::ident(&column.field);
            let ty = self.stored(column);
            let docs = code::docs(&column.doc, &format!("The column `{}`.", column.name));
            quote!(#docs pub #field: #ty,)
        });
        let comparable = self
            .table
            .columns
            .iter()
            .all(|column| !column.secret)
            .then(|| quote!(, PartialEq));
        quote! {
            #docs
            #[derive(Clone, Debug #comparable)]
            pub struct #name { #(#fields)* }
        }
    }

    fn store(&self) -> TokenStream {
        let storage = &self.storage;
        let (marker, row, name) = (
            code::ident(&self.table.rust),
            self.row_name(),
            store(self.table),
        );
        let docs = code::docs(
            &self.table.doc,
            &format!("The store of `{}`.", self.table.name),
        );
        let key: Vec<&Column> = self.columns(&self.table.key);
        let (parameters, values) = (self.parameters(&key), self.values(&key));
        let queries = self.table.queries.iter().map(|query| self.query(query));
        quote! {
            #docs
            #[derive(Clone, Debug)]
            pub struct #name(pub #storage::Store<#marker>);

            impl #name {
                /// The row with this key.
                ///
                /// # Errors
                /// As `Store::get`.
                pub async fn get(
                    &self, #(#parameters),*
                ) -> ::core::result::Result<::core::option::Option<#row>, #storage::StorageError> {
                    self.0.get(&[#(#values),*]).await
                }

                /// Stores a row, in place of the one with the same key if there is one.
                ///
                /// # Errors
                /// As `Store::put`.
                pub async fn put(
                    &self, row: &#row,
                ) -> ::core::result::Result<(), #storage::StorageError> {
                    self.0.put(row).await
                }

                /// Stores a row whose key is not there yet.
                ///
                /// # Errors
                /// As `Store::insert`: `Conflict` if a row with the same key is there.
                pub async fn insert(
                    &self, row: &#row,
                ) -> ::core::result::Result<(), #storage::StorageError> {
                    self.0.insert(row).await
                }

                /// Removes the row with this key; whether there was one.
                ///
                /// # Errors
                /// As `Store::delete`.
                pub async fn delete(
                    &self, #(#parameters),*
                ) -> ::core::result::Result<bool, #storage::StorageError> {
                    self.0.delete(&[#(#values),*]).await
                }

                #(#queries)*
            }
        }
    }

    /// The methods of one query: its rows, a page of them, and their removal.
    fn query(&self, query: &Query) -> TokenStream {
        let storage = &self.storage;
        let row = self.row_name();
        let descriptor = self.query_name(query);
        let name = code::ident(&query.name);
        let (page, delete) = (
            format_ident!("{}_page", query.name),
            format_ident!("delete_{}", query.name),
        );
        let equals: Vec<&Column> = self.columns(&query.equals);
        let (parameters, values) = (self.parameters(&equals), self.values(&equals));
        let docs = code::docs(&query.doc, &query_docs(query));
        let range_parameter = query
            .range
            .as_ref()
            .map(|_| quote!(, range: #storage::Range));
        let range = match &query.range {
            Some(_) => quote!(range),
            None => quote!(#storage::Range::all()),
        };
        let separator = (!parameters.is_empty()).then(|| quote!(,));
        // A query with a range pages by it; others end at their bound.
        let paged = query.range.as_ref().map(|_| {
            quote! {
                /// The same, at most `limit` rows, from the other end with `reverse`.
                ///
                /// # Errors
                /// As `Store::select`.
                pub async fn #page(
                    &self #separator #(#parameters),*, range: #storage::Range,
                    limit: u32, reverse: bool,
                ) -> ::core::result::Result<::std::vec::Vec<#row>, #storage::StorageError> {
                    let limit = ::core::option::Option::Some(limit);
                    self.0.select(&#descriptor, &[#(#values),*], range, limit, reverse).await
                }
            }
        });
        let searched = query.search.as_ref().map(|_| {
            let (search, can_search) = (
                format_ident!("{}_search", query.name),
                format_ident!("can_search_{}", query.name),
            );
            quote! {
                /// Those of the rows that a search finds, at most `limit`, from the other end with `reverse`.
                ///
                /// # Errors
                /// As `Store::search`: `Unsupported` where the backend cannot.
                pub async fn #search(
                    &self #separator #(#parameters),* #range_parameter, search: #storage::Search,
                    limit: u32, reverse: bool,
                ) -> ::core::result::Result<::std::vec::Vec<#row>, #storage::StorageError> {
                    let limit = ::core::option::Option::Some(limit);
                    self.0.search(&#descriptor, &[#(#values),*], #range, search, limit, reverse).await
                }

                /// Whether the backend can do this search.
                pub fn #can_search(&self) -> bool {
                    self.0.can_search(&#descriptor)
                }
            }
        });
        quote! {
            #docs
            ///
            /// # Errors
            /// As `Store::select`.
            pub async fn #name(
                &self #separator #(#parameters),* #range_parameter
            ) -> ::core::result::Result<::std::vec::Vec<#row>, #storage::StorageError> {
                self.0
                    .select(&#descriptor, &[#(#values),*], #range, ::core::option::Option::None, false)
                    .await
            }

            #paged

            #searched

            /// Removes all these rows, and says how many.
            ///
            /// # Errors
            /// As `Store::delete_where`.
            pub async fn #delete(
                &self #separator #(#parameters),* #range_parameter
            ) -> ::core::result::Result<u64, #storage::StorageError> {
                self.0.delete_where(&#descriptor, &[#(#values),*], #range).await
            }
        }
    }

    fn row_name(&self) -> Ident {
        format_ident!("{}Row", self.table.rust)
    }

    /// The constant of a query's descriptor.
    fn query_name(&self, query: &Query) -> Ident {
        code::screaming(&format!("{}_{}", self.table.name, query.name))
    }

    fn columns(&self, names: &[String]) -> Vec<&Column> {
        names
            .iter()
            .filter_map(|name| self.table.column(name))
            .collect()
    }

    /// The type of a column in a row.
    fn stored(&self, column: &Column) -> TokenStream {
        stored_as(&self.wire, &self.storage, column)
    }

    /// Columns as parameters of a method.
    fn parameters(&self, columns: &[&Column]) -> Vec<TokenStream> {
        let wire = &self.wire;
        columns
            .iter()
            .map(|column| {
                let name = code::ident(&column.field);
                match column.type_ {
                    ColumnType::Text => quote!(#name: &str),
                    ColumnType::BareJid => quote!(#name: &#wire::BareJid),
                    ColumnType::Jid => quote!(#name: &#wire::Jid),
                    ColumnType::Integer => quote!(#name: i64),
                    ColumnType::Boolean => quote!(#name: bool),
                    ColumnType::Bytes => quote!(#name: &[u8]),
                    ColumnType::DateTime => quote!(#name: #wire::Timestamp),
                }
            })
            .collect()
    }

    /// The same parameters as values.
    fn values(&self, columns: &[&Column]) -> Vec<TokenStream> {
        let storage = &self.storage;
        columns
            .iter()
            .map(|column| {
                let name = code::ident(&column.field);
                match column.type_ {
                    ColumnType::Text => quote!(#storage::Value::from(#name)),
                    ColumnType::Bytes => quote!(#storage::Value::Bytes(#name.to_vec())),
                    ColumnType::BareJid | ColumnType::Jid => {
                        quote!(#storage::ColumnValue::to_value(#name))
                    }
                    ColumnType::Integer | ColumnType::Boolean | ColumnType::DateTime => {
                        quote!(#storage::ColumnValue::to_value(&#name))
                    }
                }
            })
            .collect()
    }
}

fn query_docs(query: &Query) -> String {
    let mut docs = String::from("The rows");
    if !query.equals.is_empty() {
        docs.push_str(&format!(" with this `{}`", query.equals.join("`, `")));
    }
    if let Some(range) = &query.range {
        docs.push_str(&format!(", a range of `{range}`"));
    }
    if let Some(order) = &query.order {
        docs.push_str(&format!(", ordered by `{order}`"));
        if query.descending {
            docs.push_str(" from high to low");
        }
    }
    docs.push_str(&format!("; at most {}.", query.limit));
    docs
}

fn option(text: Option<&String>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}

/// The type of a column in a row.
pub(super) fn stored(model: &Model, column: &Column) -> TokenStream {
    let storage = code::path(&model.paths.storage);
    stored_as(&code::path(&model.paths.wire), &storage, column)
}

/// The type of a column in a row.
fn stored_as(wire: &syn::Path, storage: &syn::Path, column: &Column) -> TokenStream {
    let inner = match column.type_ {
        ColumnType::Text => quote!(::std::string::String),
        ColumnType::BareJid => quote!(#wire::BareJid),
        ColumnType::Jid => quote!(#wire::Jid),
        ColumnType::Integer => quote!(i64),
        ColumnType::Boolean => quote!(bool),
        ColumnType::Bytes => quote!(::std::vec::Vec<u8>),
        ColumnType::DateTime => quote!(#wire::Timestamp),
    };
    let inner = if column.secret {
        quote!(#storage::Secret<#inner>)
    } else {
        inner
    };
    if column.optional {
        quote!(::core::option::Option<#inner>)
    } else {
        inner
    }
}
