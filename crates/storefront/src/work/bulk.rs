//! The catalogue in bulk: sent as a file, and taken in from one.

mod batch;
mod exporting;
mod importing;
