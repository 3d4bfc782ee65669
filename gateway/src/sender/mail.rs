//! The way out for mail: one SMTP server the operator named (RFC 5321), over TLS but on this machine itself.
//!
//! In: addresses, a subject, a text. Out: sent, or whether trying again can help. It knows nothing of alerts or parties.
//! No error repeats an address.

use std::time::Duration;

use jiff::Timestamp;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use zeroize::Zeroizing;

use crate::config::{Mail, MailTls};

/// What each command may take, and a whole mail.
const COMMAND: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_mins(1);

/// Sends mail. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    operators: Vec<String>,
}

claimgate_packet::opaque_debug!(Mailer, Post<'_>);

/// A mail to be sent.
pub struct Post<'a> {
    /// To whom.
    pub to: &'a [String],
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: String,
    /// What makes its Message-ID: the same for the same mail, however often it is tried.
    pub id: &'a str,
    /// When.
    pub at: Timestamp,
}

/// A mailer that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A file cannot be read.
    #[error("{0} cannot be read")]
    File(&'static str),
    /// The sender is no address.
    #[error("from is no address")]
    From,
    /// An address of the operators is none.
    #[error("operators: one is no address")]
    Operators,
    /// Authorities that are none.
    #[error("authorities: no certificates in PEM")]
    Authorities,
    /// TLS.
    #[error("TLS cannot be set up")]
    Tls,
}

/// Whether a text is one bare address, such as mail can be sent to.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let plain = text.len() <= 254
        && text.is_ascii()
        && !text.contains(|sign: char| sign.is_whitespace() || "<>,;\"".contains(sign));
    plain && text.parse::<lettre::Address>().is_ok()
}

/// Why a mail was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The server, or the way there, does not work now.
    #[error("the mail server could not take it now")]
    Later,
    /// The server refuses it for good, or an address is none.
    #[error("the mail server refuses it, or an address is none")]
    Refused,
}

impl Mailer {
    /// A mailer as configured; none where no server is named.
    ///
    /// # Errors
    /// See [`MailError`].
    pub fn open(mail: &Mail) -> Result<Option<Self>, MailError> {
        if mail.host.is_empty() {
            return Ok(None);
        }
        let from: Mailbox = mail.from.parse().map_err(|_| MailError::From)?;
        if mail.operators.iter().any(|one| one.parse::<Mailbox>().is_err()) {
            return Err(MailError::Operators);
        }
        let tls = match mail.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => Tls::Required(parameters(mail)?),
            MailTls::Tls => Tls::Wrapper(parameters(mail)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
            .port(mail.port)
            .tls(tls)
            .timeout(Some(COMMAND));
        if !mail.user.is_empty() {
            builder = builder.credentials(Credentials::new(mail.user.clone(), password(mail)?.to_string()));
        }
        Ok(Some(Self { transport: builder.build(), from, operators: mail.operators.clone() }))
    }

    /// The operators' addresses.
    #[must_use]
    pub fn operators(&self) -> &[String] {
        &self.operators
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(&self, post: Post<'_>) -> Result<(), NotSent> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(post.subject)
            .date(post.at.into())
            .message_id(Some(format!("<{}@{}>", post.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        for address in post.to {
            message = message.to(address.parse().map_err(|_| NotSent::Refused)?);
        }
        let message = message.body(post.text).map_err(|_| NotSent::Refused)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(NotSent::Refused),
            Ok(Err(_)) | Err(_) => Err(NotSent::Later),
        }
    }
}

fn parameters(mail: &Mail) -> Result<TlsParameters, MailError> {
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if !mail.authorities.as_os_str().is_empty() {
        let pem = std::fs::read(&mail.authorities).map_err(|_| MailError::File("authorities"))?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| MailError::Authorities)?);
    }
    parameters.build_rustls().map_err(|_| MailError::Tls)
}

fn password(mail: &Mail) -> Result<Zeroizing<String>, MailError> {
    if mail.password_file.as_os_str().is_empty() {
        return Ok(mail.password());
    }
    let text = std::fs::read_to_string(&mail.password_file).map_err(|_| MailError::File("password_file"))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
