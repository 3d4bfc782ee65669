//! `claimgate sandbox mydata`: the made-up platform with its made-up data provider.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::super::{Ending, print, say};
use super::{write, write_private};
use crate::id::Random;
use crate::sandbox::mydata::{Agreed, Portal};

/// What it hands out to the gateway as its service provider.
const CLIENT: (&str, &str, &str) = ("CLI.Sandbox", "sandbox-secret-1", "sandbox-cbc-iv-1");

/// Where a person's browser is sent on to: `return_to` of a transaction. Nothing needs to be there.
const RETURN_PAGE: &str = "https://app.example/mydata";

#[derive(Debug, Args)]
pub(in crate::cli) struct Serving {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8093")]
    listen: SocketAddr,
    /// Where the gateway listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    gateway: String,
    /// Where the authority's certificate (authorities/root.pem), its list (lists/root.crl) and the bureau's own certificate
    /// and key (bureau.pem, bureau.key) go.
    #[arg(long, value_name = "DIR", default_value = "mydata")]
    folder: PathBuf,
    /// A data set that comes from a provider that runs elsewhere, as `claimgate mydata provider serve`; again for each.
    #[arg(long, value_name = "ID=URL")]
    provider: Vec<String>,
}

impl Serving {
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        if !self.listen.ip().is_loopback() {
            bail!("{} is no address of this machine alone: whoever asks gets anybody's made-up data", self.listen);
        }
        let (client_id, client_secret, cbc_iv) = CLIENT;
        let agreed = Agreed {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            cbc_iv: cbc_iv.to_owned(),
            notifications: format!("{}/mydata/v1/notifications", self.gateway.trim_end_matches('/')),
            key: String::new(),
        };
        let portal = Portal::new(agreed, Random::system())?;
        for one in &self.provider {
            let (id, url) = one.split_once('=').with_context(|| format!("{one}: ID=URL is needed"))?;
            portal.provide(id, url);
        }
        let listener = TcpListener::bind(self.listen).with_context(|| format!("cannot listen on {}", self.listen))?;
        let place = listener.local_addr()?;
        let (authorities, lists) = (self.folder.join("authorities"), self.folder.join("lists"));
        std::fs::create_dir_all(&authorities)?;
        std::fs::create_dir_all(&lists)?;
        let (certificate, key) = portal.bureau().identity();
        write(&authorities.join("root.pem"), portal.bureau().anchor())?;
        write(&lists.join("root.crl"), portal.bureau().list())?;
        write(&self.folder.join("bureau.pem"), certificate)?;
        write_private(&self.folder.join("bureau.key"), key)?;
        let quoted = |path: PathBuf| Value::from(path.display().to_string());
        say(format_args!("The gateway fetches from this platform with:\n"));
        print(format_args!("[gateway]\nsandbox = true\n\n[webhooks]\nallow_loopback = true\n"));
        print(format_args!("[mydata]\nplatform = \"http://{place}\""));
        print(format_args!("client_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\ncbc_iv = \"{cbc_iv}\""));
        print(format_args!("authorities_dir = {}", quoted(authorities)));
        print(format_args!("revocation_lists_dir = {}", quoted(lists)));
        print(format_args!("return_pages = [\"{RETURN_PAGE}\"]"));
        say(format_args!("\nA person consents at the address the gateway gives, until Ctrl-C."));
        portal.serve(listener)?.await?;
        Ok(Ending::Done)
    }
}
