//! A request whose answer is wanted whole: posted to an address a partner named, read up to a bound.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};

use super::{AGENT, SendError, Sender, Target, failed};

/// An answer with its body.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// Status.
    pub status: u16,
    /// `Content-Type`, as it was sent.
    pub content_type: Option<String>,
    /// `Retry-After`, as it was sent.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

claimgate_packet::opaque_debug!(Exchanged);

impl Sender {
    /// Posts a body and reads an answer of at most so many bytes. Any status is an answer; a redirect is one too and is not
    /// followed.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn exchange(
        &self,
        target: &Target,
        headers: &[(&'static str, &'static str)],
        body: Vec<u8>,
        most: usize,
    ) -> Result<Exchanged, SendError> {
        let mut all = HeaderMap::new();
        all.insert(USER_AGENT, AGENT);
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let broken = |error: reqwest::Error| failed(&error, self.total);
        let request = self.client.post(target.url().clone()).headers(all).body(body);
        let mut response = request.send().await.map_err(broken)?;
        self.check_peer(&response)?;
        let header = |name| {
            let text = response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
            text.filter(|text| text.len() <= 128).map(ToOwned::to_owned)
        };
        let (status, content_type, retry_after) =
            (response.status().as_u16(), header(CONTENT_TYPE), header(RETRY_AFTER));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > most {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Exchanged { status, content_type, retry_after, body })
    }
}
