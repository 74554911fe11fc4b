//! `suyuan demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::Answer;
use crate::demo::{self, Options, Wanted};

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  suyuan demo
  suyuan demo --dir ~/suyuan-demo --listen 0.0.0.0:8080 --public-url http://192.168.1.20:8080
  suyuan demo --dir /tmp/d --no-serve
  suyuan demo --farms 100 --seasons 3 --seed 7 --straight --dir /tmp/seasons

Organisations, people, weights and results of the stories are invented and say so (示范); the places are real. The
statements go the way of everybody's: made, sealed, signed, sent over HTTP to the service. A directory that holds the
demonstration already is served again, not filled again.

With --anvil its checkpoint is anchored on a local chain, the way it would be on a public one. Such a chain is no evidence
for anybody, and the pages say so.

With --farms it tells seasons of that many farms instead, rolled from --seed: the same seed makes the same statements.
About one farm in three does something wrong; demo/planted.json in the directory says who did what, and what must show
it. The ledger's time follows the seasons, which end with 2025.")]
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
    /// A local EVM node to anchor the stories at, the program `anvil` of Foundry; seasons are not anchored
    #[arg(long, value_name = "PROGRAM", env = "SUYUAN_ANVIL")]
    anvil: Option<PathBuf>,
    /// Seasons of so many farms, instead of the stories
    #[arg(long, value_name = "N")]
    farms: Option<u64>,
    /// How many seasons
    #[arg(long, value_name = "M", default_value_t = 1, requires = "farms")]
    seasons: u64,
    /// What the seasons are rolled from; whoever knows it knows every key in them
    #[arg(long, value_name = "S", default_value_t = 1, requires = "farms")]
    seed: u64,
    /// Whether some farms do wrong
    #[arg(long, value_enum, default_value_t = Frauds::Mixed, requires = "farms")]
    frauds: Frauds,
    /// Past the service, straight into the store: for many farms
    #[arg(long, requires = "farms")]
    straight: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Frauds {
    /// Every kind at least once, where there are farms enough
    Mixed,
    /// Everybody is honest
    None,
}

pub(super) fn run(args: Args) -> anyhow::Result<Answer> {
    let seasons = args.farms.map(|farms| Wanted {
        farms,
        seasons: args.seasons,
        seed: args.seed,
        frauds: args.frauds == Frauds::Mixed,
        straight: args.straight,
    });
    let options = Options {
        dir: args.dir,
        listen: args.listen,
        public_url: args.public_url,
        serve: !args.no_serve,
        anvil: args.anvil,
        seasons,
    };
    Ok(Answer::verified(demo::run(&options, jiff::Timestamp::now())?))
}
