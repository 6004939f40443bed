//! Kannel as a gateway: its bearerbox binds to the daemon, its smsbox takes messages over HTTP.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::foreign::until_listening;
use super::http::escaped;
use super::metrics::get;
use super::peer::tools;
use super::ports::free_port;
use super::smpp::Login;
use super::wait::eventually;

/// Values of `dlr-mask` and of `%d` in a `dlr-url`.
pub const DELIVERED_TO_PHONE: u32 = 1;
pub const NOT_DELIVERED: u32 = 2;
pub const ACCEPTED_BY_SMSC: u32 = 8;
pub const REJECTED_BY_SMSC: u32 = 16;

/// Both boxes, gone when dropped.
pub struct Kannel {
    folder: PathBuf,
    bearerbox: Child,
    smsbox: Option<Child>,
    ports: Ports,
}

struct Ports {
    admin: u16,
    boxes: u16,
    sendsms: u16,
}

impl Kannel {
    /// Binds to the daemon and keeps all its files in `folder`.
    pub fn start(folder: &Path, daemon: SocketAddr, login: Login, tls: bool) -> Self {
        fs::create_dir_all(folder).expect("the folder can be made");
        let ports = Ports { admin: free_port(), boxes: free_port(), sendsms: free_port() };
        fs::write(folder.join("kannel.conf"), config(folder, &ports, daemon, login, tls))
            .expect("the folder can be written");
        let bearerbox = spawn(folder, "bearerbox");
        let mut kannel = Self { folder: folder.to_path_buf(), bearerbox, smsbox: None, ports };
        until_listening(kannel.ports.boxes);
        kannel.smsbox = Some(spawn(folder, "smsbox"));
        // smsbox listens for HTTP before it counts requests; once bearerbox knows of it, it counts them.
        kannel.until_status("a bind of Kannel's, and its smsbox", |status| {
            status.contains("(online") && status.contains("smsbox:")
        });
        kannel
    }

    /// Hands a message over, and asks for the kinds of reports in `mask` at `report_url`.
    pub fn send(&self, to: &str, text: &str, mask: u32, report_url: &str) {
        let path = format!(
            "/cgi-bin/sendsms?username=tester&password=foobar&from=Kannel&to={to}&text={}&dlr-mask={mask}&dlr-url={}",
            escaped(text),
            escaped(report_url)
        );
        let (status, body) = get(SocketAddr::from(([127, 0, 0, 1], self.ports.sendsms)), &path);
        assert_eq!(status, 202, "{body}");
    }

    /// Waits until bearerbox's own page of its state is as wanted.
    pub fn until_status(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let admin = SocketAddr::from(([127, 0, 0, 1], self.ports.admin));
        eventually(what, || wanted(&get(admin, "/status.txt?password=bar").1).then_some(()));
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for child in self.smsbox.iter_mut().chain([&mut self.bearerbox]) {
            // Both fail when the process has ended and been waited for, which is just as well.
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            for name in ["bearerbox", "smsbox"] {
                let log = fs::read(self.folder.join(format!("{name}.out"))).unwrap_or_default();
                eprintln!("--- {name} ---\n{}", String::from_utf8_lossy(&log));
            }
        }
    }
}

fn spawn(folder: &Path, name: &str) -> Child {
    let peers = tools().join("debian");
    let output = File::create(folder.join(format!("{name}.out"))).expect("the folder can be written");
    let again = output.try_clone().expect("one more handle of the file");
    Command::new(peers.join("bin").join(name))
        .arg("kannel.conf")
        .current_dir(folder)
        .env("LD_LIBRARY_PATH", peers.join("lib"))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(again)
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}; `ops/setup.sh test` installs it"))
}

fn config(folder: &Path, ports: &Ports, daemon: SocketAddr, login: Login, tls: bool) -> String {
    let Ports { admin, boxes, sendsms } = ports;
    let store = folder.join("store");
    format!(
        "group = core
admin-port = {admin}
admin-password = bar
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
store-type = file
store-location = {store}
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = tollgate
host = {host}
port = {port}
use-ssl = {ssl}
transceiver-mode = true
smsc-username = {user}
smsc-password = {password}
system-type = \"\"
interface-version = 34
enquire-link-interval = 10
max-pending-submits = 50
reconnect-delay = 1
source-addr-autodetect = yes
dest-addr-ton = 1
dest-addr-npi = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}

group = sendsms-user
username = tester
password = foobar
concatenation = true
max-messages = 10

group = sms-service
keyword = default
text = \"no service\"
",
        store = store.display(),
        host = daemon.ip(),
        port = daemon.port(),
        ssl = u8::from(tls),
        user = login.system_id,
        password = login.password,
    )
}
