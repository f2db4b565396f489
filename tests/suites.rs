//! Suites of protocol tests that others wrote for servers of theirs, and for any, against ours. They are Debian's source packages, fetched as the
//! tests run; what does not hold is listed with its reason, and only what demands another server's own ways may be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sestina_interop::process::{Process, free_port};
use sestina_interop::sestina::Sestina;
use sestina_interop::suite::{Findings, expected, judge, left_out};
use sestina_interop::{ready, slixmpp, source};

const BINARY: &str = env!("CARGO_BIN_EXE_sestina");

/// As the configuration beside the scripts has it, where we have a word for it.
const AS_PROSODY_IS: &str = r#"
[plugins."xep-0060"]
service_creators = "administrators"
[plugins."xep-0077"]
enabled = true
new_accounts = false
[plugins."xep-0133"]
admins = ["admin@localhost"]
[plugins."xep-0157"]
abuse = ["mailto:abuse@localhost", "xmpp:abuse@localhost"]
admin = ["mailto:admin@localhost", "xmpp:admin@localhost"]
feedback = ["http://localhost/feedback.html", "mailto:feedback@localhost", "xmpp:feedback@localhost"]
sales = ["xmpp:sales@localhost"]
security = ["xmpp:security@localhost"]
status = ["gopher://status.localhost"]
support = ["https://localhost/support.html", "xmpp:support@localhost"]
[plugins."xep-0215"]
services = ["stun:default.example:9876?transport=udp", "turn:default.example:9876?transport=udp"]
secret = "<secret>"
[plugins."xep-0363"]
max_file_size = 10000000
"#;

/// Each script has a server of its own, as Prosody forgets everything between them.
#[test]
fn prosodys_protocol_scripts() {
    let suite = "Prosody's protocol scripts";
    let python = ready!(suite, slixmpp::installed());
    let source = ready!(suite, source::unpacked("prosody", "13.0.1", "trixie"));
    let mut scripts: Vec<_> = fs::read_dir(source.join("spec/scansion"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "scs"))
        .collect();
    scripts.sort();
    let texts: Vec<String> = scripts
        .iter()
        .map(|script| fs::read_to_string(script).unwrap())
        .collect();
    // There every account exists.
    let accounts: BTreeSet<String> = texts.iter().flat_map(|text| accounts_in(text)).collect();
    let accounts: Vec<(&str, &str)> = accounts.iter().map(|name| (&**name, "password")).collect();
    let uploads = free_port().unwrap();
    let settings = format!("listen_https = [\"127.0.0.1:{uploads}\"]\n{AS_PROSODY_IS}");
    let mut first = Sestina::start(Path::new(BINARY), "localhost", &accounts, &settings)
        .unwrap_or_else(|error| panic!("{error}"));
    first.process.signal("TERM").unwrap();
    first.process.wait(20).unwrap();

    let list = expected(include_str!("interop/expected/prosody.txt")).unwrap();
    let (mut names, mut found) = (Vec::new(), Findings::new());
    for script in &scripts {
        let name = script.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut arguments = vec!["--script".to_owned(), script.to_str().unwrap().to_owned()];
        for known in list
            .keys()
            .filter_map(|key| key.strip_prefix(&format!("{name}:")))
        {
            arguments.extend(["--known".to_owned(), known.to_owned()]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let server = first.copy().unwrap_or_else(|error| panic!("{error}"));
        let said = python
            .run_with("scansion.py", &server.peer, &arguments, 120)
            .unwrap_or_else(|error| panic!("{error}\n{}", server.process.output()));
        for line in said.lines() {
            if let Some((step, wrong)) = line
                .strip_prefix("step ")
                .and_then(|line| line.split_once(": "))
            {
                found.insert(format!("{name}:{step}"), wrong.to_owned());
            }
        }
        names.push(name);
    }
    assert!(names.len() >= 50, "{} scripts", names.len());
    judge(suite, &names, &found, &list).unwrap_or_else(|problems| panic!("{problems}"));
}

/// The accounts of `localhost` that a script speaks of.
fn accounts_in(script: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = script;
    std::iter::from_fn(move || {
        let (before, after) = rest.split_once("@localhost")?;
        rest = after;
        let start = before
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)))
            .map_or(0, |end| end + 1);
        Some(before[start..].to_ascii_lowercase())
    })
    .filter(|name| !name.is_empty())
}

/// Accounts are anonymous, so that each test has new ones; but those that leave files, which is for accounts that last.
#[test]
fn aioxmpps_end_to_end_tests() {
    let suite = "aioxmpp's end-to-end tests";
    let python = ready!(suite, slixmpp::aioxmpp_with_pytest());
    let source = ready!(
        suite,
        source::unpacked("python-aioxmpp", "0.13.3", "bookworm")
    );
    let uploads = free_port().unwrap();
    let settings = format!(
        "listen_https = [\"127.0.0.1:{uploads}\"]\n\
         [plugins.\"xep-0175\"]\nenabled = true\n\
         [plugins.\"xep-0060\"]\nservice_creators = \"anyone\"\n"
    );
    let accounts = [("romeo", "secret-1")];
    let server = Sestina::start(Path::new(BINARY), "localhost", &accounts, &settings)
        .unwrap_or_else(|error| panic!("{error}"));
    let mut parts: Vec<_> = fs::read_dir(source.join("tests"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("test_e2e.py"))
        .chain([source.join("tests/test_e2e.py")])
        .filter(|path| path.exists())
        .map(|path| path.strip_prefix(&source).unwrap().to_owned())
        .collect();
    parts.sort();
    assert_eq!(parts.len(), 16, "{parts:?}");
    let (files, others) = parts
        .into_iter()
        .partition(|part| part.starts_with("tests/httpupload"));
    let runs: [(&str, &str, Vec<PathBuf>); 2] = [
        ("AnonymousProvisioner", "", others),
        (
            "StaticPasswordProvisioner",
            "accounts=[(\"romeo\", \"secret-1\")]",
            files,
        ),
    ];
    let (mut names, mut found, mut output) = (Vec::new(), Findings::new(), String::new());
    for (provisioner, accounts, parts) in runs {
        let folder = tempfile::tempdir().unwrap();
        let provisioner = format!("aioxmpp.e2etest.provision.{provisioner}");
        let port = server.peer.port;
        // The library's own check of certificates needs an older OpenSSL. Nobody has to offer a command `ping`.
        let config = format!(
            "[global]\nprovisioner={provisioner}\n[{provisioner}]\nhost=localhost\nport={port}\n{accounts}\n\
             no_verify=true\nquirks=[\"#no-adhoc-ping\"]\n"
        );
        fs::write(folder.path().join("e2etest.ini"), config).unwrap();
        let mut command = Command::new(&python);
        command
            .args(["-m", "pytest", "-p", "aioxmpp.e2etest", "--e2etest-only"])
            .arg("--e2etest-config")
            .arg(folder.path().join("e2etest.ini"))
            .args(["-p", "no:cacheprovider", "-q", "-rA", "--tb=line"])
            .args(["-W", "ignore"])
            .args(parts)
            // With it its tests wait longer.
            .env("CI", "true")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&source);
        let mut process = Process::start(&mut command, &folder.path().join("output")).unwrap();
        process.wait(300).unwrap();
        let said = process.output();
        read_outcomes(&said, &mut names, &mut found);
        output.push_str(&said);
    }
    let passed = names.len() - found.len();
    let list = expected(include_str!("interop/expected/aioxmpp.txt")).unwrap();
    judge(suite, &names, &found, &list)
        .unwrap_or_else(|problems| panic!("{problems}\n{output}\n{}", server.process.output()));
    assert!(passed >= 64, "{passed} passed\n{output}");
}

/// The lines at the end of pytest's output: which tests there were, and what those that failed say.
fn read_outcomes(output: &str, names: &mut Vec<String>, found: &mut Findings) {
    for line in output.lines() {
        let Some((outcome, rest)) = line.split_once(' ') else {
            continue;
        };
        let (name, why) = rest.split_once(" - ").unwrap_or((rest, "it says no more"));
        match outcome {
            "PASSED" | "FAILED" | "ERROR" if name.contains("::") => {
                names.push(name.to_owned());
                if outcome != "PASSED" {
                    found.insert(name.to_owned(), why.to_owned());
                }
            }
            "SKIPPED" => left_out(rest),
            _ => {}
        }
    }
}
