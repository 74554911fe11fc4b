use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use suyuan::cli::{Answer, Cli, is_broken_pipe, run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::NotVerified) => ExitCode::from(1),
        Ok(Answer::StartAgain) => ExitCode::from(3),
        Err(error) => {
            // Who reads us has gone (`| head`): nothing to tell, and an answer that nobody got is no answer.
            if !is_broken_pipe(&error) {
                let _ = writeln!(std::io::stderr(), "suyuan: {error:#}");
            }
            ExitCode::from(2)
        }
    }
}
