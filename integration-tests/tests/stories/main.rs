//! The platform as its clients see it. Every story starts a whole platform and uses it through real clients only.

mod accounts;
mod alive;
mod apart;
mod databases;
mod faults;
mod grpc_web;
mod keeping;
mod matrix;
mod metrics;
mod moving;
mod origins;
mod pages;
mod process;
mod profiles;
mod refusals;
mod repeating;
mod resuming;
mod search;
mod sessions;
mod storefront;
mod traces;
mod untyped;
mod walks;
mod watch_rest;
mod watcher;
mod watching;
