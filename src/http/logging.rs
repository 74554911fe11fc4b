//! Log lines: for people, or as JSON for whatever collects them. A line reads alone and carries its fields; it never
//! holds an address, an opening or a key.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

#[derive(Debug, thiserror::Error)]
#[error("log_filter = {filter:?}: {problem}")]
pub struct LogFilterError {
    filter: String,
    problem: String,
}

/// Begins to log to standard error. Where somebody logs already, they go on.
pub fn start(filter: &str, format: LogFormat) -> Result<(), LogFilterError> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| LogFilterError { filter: filter.to_owned(), problem: error.to_string() })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    // The only failure is that somebody was first.
    drop(started);
    Ok(())
}
