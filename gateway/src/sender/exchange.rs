//! One exchange with a partner's own interface: a GET or POST with headers, whose answer is read whole within bounds.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};

use super::{AGENT, SendError, Sender, Target, failed};

/// What is sent.
pub struct Ask<'a> {
    /// Headers, names in lower case.
    pub headers: &'a [(&'static str, String)],
    /// A body makes it a POST.
    pub body: Option<Vec<u8>>,
    /// The most bytes of an answer.
    pub most: usize,
    /// How long all of it may take.
    pub within: Duration,
}

/// What came back.
pub struct Answered {
    /// Status.
    pub status: u16,
    /// `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The body, whatever the status.
    pub body: Vec<u8>,
}

claimgate_packet::opaque_debug!(Ask<'_>, Answered);

impl Sender {
    /// Asks a partner. Any status is an answer; a redirect is one too and is not followed.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn ask(&self, target: &Target, ask: Ask<'_>) -> Result<Answered, SendError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, AGENT);
        for (name, value) in ask.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| SendError::Unsendable)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        let url = target.url().clone();
        let request = match ask.body {
            None => self.client.get(url),
            Some(body) => self.client.post(url).body(body),
        };
        let broken = |error: reqwest::Error| failed(&error, ask.within);
        let mut response = request.headers(headers).timeout(ask.within).send().await.map_err(broken)?;
        self.check_peer(&response)?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.filter(|text| text.len() <= 64).map(ToOwned::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > ask.most {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, retry_after, body })
    }
}
