//! Encrypted connections to the database server, whose certificates `openssl` makes.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::server::Server;
use support::{Ended, Mount, TestPortal, run, start};

/// Makes a certificate for this machine that nobody but itself vouches for, and its key.
fn self_signed(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let [config, certificate, key] = ["cnf", "pem", "key"].map(|extension| folder.join(format!("{name}.{extension}")));
    let text = format!(
        "[req]\ndistinguished_name=who\nprompt=no\nx509_extensions=more\n[who]\nCN={name}\n[more]\n\
         basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
    );
    fs::write(&config, text).unwrap();
    run(
        "openssl",
        &[
            &"req",
            &"-x509",
            &"-newkey",
            &"rsa:2048",
            &"-nodes",
            &"-days",
            &"2",
            &"-config",
            &config,
            &"-keyout",
            &key,
            &"-out",
            &certificate,
        ],
    );
    (certificate, key)
}

#[test]
fn a_server_that_wants_encryption_is_believed_if_its_certificate_is_that_of_the_authority_given() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = self_signed(folder.path(), "server");
    let (other, _) = self_signed(folder.path(), "other");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Server::start(&[
        "--skip-networking=0",
        "--bind-address=127.0.0.1",
        &format!("--port={port}"),
        &format!("--ssl-cert={}", certificate.display()),
        &format!("--ssl-key={}", key.display()),
        "--require-secure-transport=1",
    ]);
    let portal = TestPortal::in_server(&server);
    portal.course("GEO101");
    let list = |tls: &str| {
        let place = [("COURSEFS_DB_HOST", "127.0.0.1"), ("COURSEFS_DB_PORT", port.as_str()), ("COURSEFS_DB_TLS", tls)];
        let mut command = start(env!("CARGO_BIN_EXE_coursefs"), &[&"list", &portal.root()]);
        Ended::of(command.env("COURSEFS_CACHE", portal.cache()).envs(place).output().unwrap())
    };
    assert!(list(certificate.to_str().unwrap()).done().text().contains("GEO101"));
    assert!(list("on").done().text().contains("GEO101"));
    list("off").failed_saying(&["127.0.0.1", "db_tls"]);
    for wrong in ["verify", other.to_str().unwrap()] {
        list(wrong).failed_saying(&["127.0.0.1", "certificate", "db_tls"]);
    }
    let options = format!("ttl=0,db_host=127.0.0.1,db_port={port},db_tls={}", certificate.display());
    let mount = Mount::with(&portal, &options);
    assert!(mount.join("GEO101/backup.zip").exists());
}
