//! Where the database is: a file of SQLite, or the address of a PostgreSQL server, which may hold a password.

use std::fmt;
use std::path::PathBuf;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(DatabaseUrl),
}

/// The address of a PostgreSQL server. Shown without what may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl Database {
    /// Reads `sqlite:PATH` or `postgres://…`; none where the text is empty.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn read(text: &str) -> Result<Option<Self>, ()> {
        match text.split_once(':') {
            _ if text.is_empty() => Ok(None),
            Some(("sqlite", path)) if !path.is_empty() && !path.starts_with("//") => {
                Ok(Some(Self::Sqlite(PathBuf::from(path))))
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Some(Self::Postgres(DatabaseUrl(text.to_owned()))))
            }
            _ => Err(()),
        }
    }
}

impl DatabaseUrl {
    /// The whole address, with the password if it holds one: for the driver alone.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        let place = rest.split('?').next().unwrap_or_default();
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        write!(f, "postgres://{place}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_without_its_secrets() {
        let file = Database::Sqlite(PathBuf::from("/var/lib/x.db"));
        assert_eq!(Database::read("sqlite:/var/lib/x.db"), Ok(Some(file)));
        assert_eq!(Database::read(""), Ok(None));
        for wrong in ["sqlite:", "sqlite://x.db", "postgres:db", "mysql://x", "x.db"] {
            assert_eq!(Database::read(wrong), Err(()), "{wrong}");
        }
        let url = "postgres://gate:s3@cret@db.example:5432/claimgate?password=s3@cret&sslmode=verify-full";
        let shown = Database::read(url).unwrap().unwrap();
        assert_eq!(format!("{shown} {shown:?}").matches("s3").count(), 0, "{shown:?}");
        assert_eq!(shown.to_string(), "postgres://db.example:5432/claimgate");
    }
}
