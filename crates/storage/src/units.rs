//! Units of work from begin to answer. Compiled once for each engine.

use std::error::Error as StdError;

use super::{Database, Tx};
use crate::{Error, Outcome, Result};

impl Database {
    /// Does a unit of work: all that it writes is committed, or nothing if it answers an error.
    pub async fn unit<T, E>(&self, work: impl AsyncFnOnce(&mut Tx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error> + StdError + 'static,
    {
        let mut tx = self.begin_unit().await?;
        let answer = work(&mut tx).await;
        tx.end(Outcome::of(&answer)).await?;
        answer
    }
}
