//! nginx (Debian's package) that serves files over loopback: what a gateway's answers are held against.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use claimgate_gateway::sandbox::client::http_client;
use tempfile::TempDir;

use crate::crash::server::free;
use crate::gateway::must;

/// A running nginx; it ends with this.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    /// Where it listens.
    pub base: String,
    _folder: TempDir,
}

impl Nginx {
    /// Serves these files under their names: without sendfile, with its access log, two processes.
    ///
    /// # Panics
    /// It does not start (`deploy/prepare bench` installs it).
    pub async fn serve(files: &[(String, Vec<u8>)]) -> Self {
        let (folder, address) = (must(tempfile::tempdir()), free().await);
        let root = folder.path().join("files");
        for (name, bytes) in files {
            let path = root.join(name.trim_start_matches('/'));
            must(std::fs::create_dir_all(path.parent().unwrap_or(&root)));
            must(std::fs::write(path, bytes));
        }
        let settings = folder.path().join("nginx.conf");
        must(std::fs::write(&settings, configuration(folder.path(), &root, address)));
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&settings).arg("-p").arg(folder.path());
        let spawned = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = spawned.unwrap_or_else(|error| panic!("nginx: {error}; deploy/prepare bench installs it"));
        // From here on its end is seen to, whatever happens.
        let nginx = Self { child, base: format!("http://{address}"), _folder: folder };
        let http = must(http_client());
        for _ in 0..200 {
            if http.get(&nginx.base).send().await.is_ok() {
                return nginx;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not listen");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master tells its workers; killed, it would leave them behind.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, root: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "user root;\ndaemon off;\nworker_processes 2;\npid {folder}/pid;\nerror_log {folder}/errors;\n\
         events {{ worker_connections 1024; }}\nhttp {{\n  access_log {folder}/access;\n  sendfile off;\n  \
         keepalive_requests 1000000;\n  client_body_temp_path {folder}/a;\n  proxy_temp_path {folder}/b;\n  \
         fastcgi_temp_path {folder}/c;\n  uwsgi_temp_path {folder}/d;\n  scgi_temp_path {folder}/e;\n  \
         server {{ listen {address}; root {}; default_type application/jose; }}\n}}\n",
        root.display()
    )
}
