//! `suyuan demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Answer;
use crate::demo::{self, Options};

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  suyuan demo
  suyuan demo --dir ~/suyuan-demo --listen 0.0.0.0:8080 --public-url http://192.168.1.20:8080
  suyuan demo --dir /tmp/d --no-serve

Organisations, people, weights and results of the stories are invented and say so (示范); the places are real. The
statements go the way of everybody's: made, sealed, signed, sent over HTTP to the service. A directory that holds the
demonstration already is served again, not filled again.")]
pub(super) struct Args {
    /// Where the ledger is made; a fresh temporary directory unless given
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address and port to serve on; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Fill, print the links and stop
    #[arg(long)]
    no_serve: bool,
    /// How phones reach the service; links and QR codes begin with it
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let options =
        Options { dir: args.dir, listen: args.listen, public_url: args.public_url, serve: !args.no_serve };
    demo::run(&options, jiff::Timestamp::now())?;
    Ok(Answer::Done)
}
