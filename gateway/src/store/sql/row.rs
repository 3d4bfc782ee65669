//! Rows as they came, and read as tuples.

use sqlx::error::UnexpectedNullError;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Error, Row as _};

use super::{postgres, sqlite};

/// What a statement did.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Done {
    rows: u64,
}

impl Done {
    pub(super) fn new(rows: u64) -> Self {
        Self { rows }
    }

    /// How many rows it wrote.
    pub(in crate::store) fn rows_affected(self) -> u64 {
        self.rows
    }
}

/// A row as it came.
pub(in crate::store) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// Reads a column by its name.
    pub(in crate::store) fn try_get<T: Field, I: AsRef<str>>(&self, name: I) -> Result<T, Error> {
        let place = match self {
            Self::Sqlite(row) => row.try_column(name.as_ref())?.ordinal(),
            Self::Postgres(row) => row.try_column(name.as_ref())?.ordinal(),
        };
        T::read(self, place)
    }
}

/// What a column can be read as.
pub(in crate::store) trait Field: Sized {
    fn read(row: &Row, place: usize) -> Result<Self, Error>;
}

impl Field for Option<i64> {
    fn read(row: &Row, place: usize) -> Result<Self, Error> {
        match row {
            Row::Sqlite(row) => sqlite::number(row, place),
            Row::Postgres(row) => postgres::number(row, place),
        }
    }
}

macro_rules! field {
    ($($kind:ty),+) => {$(
        impl Field for Option<$kind> {
            fn read(row: &Row, place: usize) -> Result<Self, Error> {
                match row {
                    Row::Sqlite(row) => row.try_get(place),
                    Row::Postgres(row) => row.try_get(place),
                }
            }
        }
    )+};
}

field!(String, Vec<u8>);

macro_rules! present {
    ($($kind:ty),+) => {$(
        impl Field for $kind {
            fn read(row: &Row, place: usize) -> Result<Self, Error> {
                let missing = || Error::ColumnDecode {
                    index: place.to_string(),
                    source: Box::new(UnexpectedNullError),
                };
                Option::<$kind>::read(row, place)?.ok_or_else(missing)
            }
        }
    )+};
}

present!(i64, String, Vec<u8>);

/// A condition: SQLite has 0 and 1 for it.
impl Field for bool {
    fn read(row: &Row, place: usize) -> Result<Self, Error> {
        Ok(i64::read(row, place)? != 0)
    }
}

/// A tuple read from a row's columns in order.
pub(in crate::store) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, Error>;
}

macro_rules! tuples {
    ($($($name:ident $place:literal)+;)+) => {$(
        impl<$($name: Field),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row) -> Result<Self, Error> {
                Ok(($($name::read(row, $place)?,)+))
            }
        }
    )+};
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15;
}
