//! A moment in a column.

use sir0_kernel::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef, types::Oid},
};

/// A moment as a column holds it: TIMESTAMPTZ.
#[derive(Clone, Copy, Debug)]
pub struct At(pub Timestamp);

/// The number of the type, which is the same in every database (`pg_type.dat`). Named instead, the type would be looked up
/// on each new connection.
const TIMESTAMPTZ: Oid = Oid(1184);

/// PostgreSQL counts microseconds from the year 2000.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(micros) = self.0.micros().checked_sub(EPOCH_MICROS) else {
            return Err("a moment before all time".into());
        };
        Encode::<Postgres>::encode(micros, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for At {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros: i64 = Decode::<Postgres>::decode(value)?;
        match micros.checked_add(EPOCH_MICROS) {
            Some(micros) => Ok(Self(Timestamp::from_micros(micros))),
            None => Err("a moment after all time".into()),
        }
    }
}
