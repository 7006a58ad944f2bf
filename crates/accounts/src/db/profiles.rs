//! What people tell of themselves. Compiled once for each engine.

use sir0_kernel::{Country, Language, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{BirthDate, Details, TermsVersion},
};

storage::row! {
    /// What someone told.
    DetailsRow of engine, details_columns!() {
        country: Option<String>,
        language: Option<String>,
        birth_date: Option<String>,
        terms_version: Option<String>,
        terms_at: Option<At>,
    }
}

fn details_from(row: DetailsRow) -> Details {
    let terms = row.terms_version.map(TermsVersion::from_row);
    Details {
        country: row.country.map(Country::from_row),
        language: row.language.map(Language::from_row),
        birth_date: row.birth_date.map(BirthDate::from_row),
        terms: terms.zip(row.terms_at.map(|At(at)| at)),
    }
}

pub(crate) const DETAILS: &str = concat!(
    "
    SELECT ",
    details_columns!(),
    "
      FROM profiles
     WHERE user_id = $1"
);

pub(crate) const SAVE_DETAILS: &str = "
    INSERT INTO profiles (user_id, country, language, birth_date, terms_version, terms_at)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE
       SET country = $2, language = $3, birth_date = $4, terms_version = $5, terms_at = $6";

impl Store<Database> {
    /// What the owner of an account told.
    pub(crate) async fn details(&self, user: UserId) -> storage::Result<Details> {
        let query = sqlx::query_as(DETAILS).bind(i64::from(user));
        let row: Option<DetailsRow> = query.fetch_optional(self.database.reader()).await?;
        Ok(row.map(details_from).unwrap_or_default())
    }
}

impl Tx<engine::Tx> {
    /// What the owner of an account told. A change of it holds the row of the account.
    pub(crate) async fn details(&mut self, user: UserId) -> storage::Result<Details> {
        let query = sqlx::query_as(DETAILS).bind(i64::from(user));
        let row: Option<DetailsRow> = query.fetch_optional(&mut *self.tx).await?;
        Ok(row.map(details_from).unwrap_or_default())
    }

    /// Writes what the owner of an account tells now.
    pub(crate) async fn save_details(
        &mut self,
        user: UserId,
        details: &Details,
    ) -> storage::Result<()> {
        let Details { country, language, birth_date, terms } = details;
        sqlx::query(SAVE_DETAILS)
            .bind(i64::from(user))
            .bind(country.as_ref().map(Country::as_str))
            .bind(language.as_ref().map(Language::as_str))
            .bind(birth_date.as_ref().map(BirthDate::as_str))
            .bind(terms.as_ref().map(|(version, _)| version.as_str()))
            .bind(terms.as_ref().map(|(_, at)| At(*at)))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}
