//! A statement whose length depends on what it says: text of the program, values bound.

use std::fmt::Display;
use std::marker::PhantomData;

use sqlx::{QueryBuilder, Sqlite};

use super::row::FromRow;
use super::value::Value;
use super::{Query, QueryAs, meter};

/// A statement being put together.
pub(in crate::store) struct Builder<'q> {
    name: &'static str,
    /// Keeps the text alone: both databases number their placeholders alike.
    text: QueryBuilder<Sqlite>,
    values: Vec<Value<'q>>,
}

impl<'q> Builder<'q> {
    pub(in crate::store) fn new(sql: &'static str) -> Self {
        Self { name: meter::name(sql), text: QueryBuilder::new(sql), values: Vec::new() }
    }

    /// The text so far.
    #[cfg(test)]
    pub(in crate::store) fn text(&self) -> String {
        self.text.sql().as_str().to_owned()
    }

    /// Appends text of the program, never anything from outside.
    pub(in crate::store) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.text.push(sql);
        self
    }

    /// Appends a placeholder and binds it.
    pub(in crate::store) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.values.push(value.into());
        self.place(self.values.len())
    }

    fn place(&mut self, number: impl Display) -> &mut Self {
        self.text.push("$").push(number);
        self
    }

    /// Appends a list with something between.
    pub(in crate::store) fn separated(&mut self, between: &'static str) -> Separated<'_, 'q> {
        Separated { builder: self, between, first: true }
    }

    /// Appends `values (…), (…)`.
    pub(in crate::store) fn push_values<T>(
        &mut self,
        tuples: impl IntoIterator<Item = T>,
        mut each: impl FnMut(Separated<'_, 'q>, T),
    ) -> &mut Self {
        self.push("values ");
        for (place, tuple) in tuples.into_iter().enumerate() {
            self.push(if place == 0 { "(" } else { ", (" });
            each(self.separated(", "), tuple);
            self.push(")");
        }
        self
    }

    /// The statement.
    pub(in crate::store) fn build(self) -> Query<'q> {
        Query { name: self.name, sql: self.text.into_sql(), values: self.values }
    }

    /// The statement, its rows read as tuples.
    pub(in crate::store) fn build_query_as<O: FromRow>(self) -> QueryAs<'q, O> {
        QueryAs { query: self.build(), read: PhantomData }
    }
}

/// A list being put together.
pub(in crate::store) struct Separated<'b, 'q> {
    builder: &'b mut Builder<'q>,
    between: &'static str,
    first: bool,
}

impl<'q> Separated<'_, 'q> {
    pub(in crate::store) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        if !std::mem::take(&mut self.first) {
            self.builder.push(self.between);
        }
        self.builder.push_bind(value);
        self
    }
}
