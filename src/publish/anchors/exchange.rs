//! One request to a calendar, an authority or a node: bounded in time and size, and never led elsewhere.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

/// What came back.
#[derive(Debug)]
pub(super) enum Answer {
    /// Status 200.
    Body(Vec<u8>),
    /// Another status.
    Status(u16),
    /// None in time, or one that is too long: one sentence, for people.
    Nothing(String),
}

pub(super) struct Exchange {
    agent: Agent,
}

impl Exchange {
    /// `timeout` is for all of an exchange, to the last byte of the answer.
    pub(super) fn new(timeout: Duration) -> Exchange {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            // Wherever it points is not in the settings.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("suyuan/", env!("CARGO_PKG_VERSION")))
            .build();
        Exchange { agent: config.into() }
    }

    pub(super) fn get(&self, url: &str, accept: &str, bytes_max: u64) -> Answer {
        read(self.agent.get(url).header("accept", accept).call(), bytes_max)
    }

    pub(super) fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8], bytes_max: u64) -> Answer {
        let request =
            headers.iter().fold(self.agent.post(url), |request, (name, value)| request.header(*name, *value));
        read(request.send(body), bytes_max)
    }
}

fn read(sent: Result<Response<ureq::Body>, ureq::Error>, bytes_max: u64) -> Answer {
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return Answer::Nothing(error.to_string()),
    };
    match response.status().as_u16() {
        200 => match response.body_mut().with_config().limit(bytes_max).read_to_vec() {
            Ok(body) => Answer::Body(body),
            Err(error) => Answer::Nothing(error.to_string()),
        },
        status => Answer::Status(status),
    }
}

/// Seconds until the next try after so many: a minute, doubled each time, an hour at the most.
pub(super) fn patience(waits: u32) -> u64 {
    (60_u64 << waits.min(6)).min(3600)
}

/// Text from outside, made fit to be shown in one line.
pub(super) fn tame(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(200).collect()
}
