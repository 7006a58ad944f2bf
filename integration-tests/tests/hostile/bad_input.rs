//! Bad input, in tables: each case gets the documented refusal at once, and the process does not mind.

mod bodies;
mod calls;
mod codings;
mod messages;
mod paths;
mod tokens;
