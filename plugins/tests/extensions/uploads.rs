//! XEP-0363: files are left and read again, by whom and as the quotas say.

use sestina_plugins::xep_0363::Files;
use sestina_session::settings::{ByteSize, Interval};
use sestina_session::testing::Conversation;
use sestina_skeletons::xep_0363::Settings;

use super::STANZAS;
use super::files::{Answer, Changes, Place, ask};

const UPLOAD: &str = "urn:xmpp:http:upload:0";
const INFO: &str = "http://jabber.org/protocol/disco#info";

fn with(uploads: Settings) -> Changes {
    Changes {
        uploads,
        ..Changes::default()
    }
}

fn request(name: &str, size: usize, more: &str) -> String {
    format!(
        "<iq type='get' id='slot' to='upload.a.example'><request xmlns='{UPLOAD}' filename=\"{name}\" size='{size}' {more}</iq>"
    )
}

/// A place: where to put the file, and where to get it, as paths.
async fn slot(who: &mut Conversation, name: &str, size: usize, more: &str) -> (String, String) {
    let answer = ask(who, &request(name, size, more)).await;
    let path = |name| {
        let slot = answer.root().child("slot", UPLOAD)?;
        let url = slot.child(name, UPLOAD)?.attr("url")?;
        let (base, path) = url.split_once("/upload/")?;
        assert!(base.starts_with("http://a.example:"), "{url}");
        Some(format!("/upload/{path}"))
    };
    let both = path("put").zip(path("get"));
    both.unwrap_or_else(|| panic!("no place: {}", answer.as_str()))
}

async fn put(place: &Place, path: &str, type_: &str, body: &[u8]) -> Answer {
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str()), ("Content-Type", type_)];
    place.http("PUT", path, &headers, body).await
}

async fn get(place: &Place, path: &str) -> Answer {
    place.http("GET", path, &[], b"").await
}

/// How many files lie in the folder.
fn kept(place: &Place) -> usize {
    let folders = std::fs::read_dir(place.folder.path().join("uploads/a.example")).unwrap();
    let files = folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count());
    files.sum()
}

/// Waits until so many do.
async fn has_kept(place: &Place, count: usize) {
    for _ in 0..200 {
        if kept(place) == count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} files are kept, not {count}", kept(place));
}

#[tokio::test]
async fn a_file_is_left_and_read_again() {
    let place = Place::new(Changes::default()).await;
    let mut laura = place.login("laura@a.example/desk").await;
    laura
        .send("<iq type='get' id='1' to='a.example'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>")
        .await;
    laura
        .expect("<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='upload.a.example'/></query></iq>")
        .await;
    laura
        .send(&format!(
            "<iq type='get' id='2' to='upload.a.example'><query xmlns='{INFO}'/></iq>"
        ))
        .await;
    laura
        .expect(&format!(
            "<iq type='result' id='2' from='upload.a.example'><query xmlns='{INFO}'><identity category='store' type='file'/><feature var='{UPLOAD}'/>\
             <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>{UPLOAD}</value></field><field var='max-file-size'><value>104857600</value></field></x></query></iq>"
        ))
        .await;

    // Larger than what is read or written at a time.
    let file: Vec<u8> = (0..700_000_u32).flat_map(|n| n.to_be_bytes()).collect();
    let (to, from) = slot(
        &mut laura,
        "très cool.png",
        file.len(),
        "content-type='image/png'/>",
    )
    .await;
    assert!(from.ends_with("/tr%C3%A8s%20cool.png"), "{from}");
    assert_eq!(get(&place, &from).await.status, 404);
    let came = put(&place, &to, "image/png", &file).await;
    assert_eq!(came.status, 201, "{}", String::from_utf8_lossy(&came.body));

    let got = get(&place, &from).await;
    assert_eq!(got.status, 200);
    assert!(got.body == file);
    for (name, value) in [
        ("content-type", "image/png"),
        (
            "content-disposition",
            "inline; filename*=UTF-8''tr%C3%A8s%20cool.png",
        ),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    assert!(
        got.header("content-security-policy")
            .starts_with("default-src 'none';")
    );
    assert!(got.header("content-security-policy").contains("sandbox"));
    assert!(got.header("cache-control").contains("max-age="));

    let head = place.http("HEAD", &from, &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), file.len().to_string());
    let part = place
        .http("GET", &from, &[("Range", "bytes=1000-1999")], b"")
        .await;
    assert_eq!(part.status, 206);
    assert!(part.body == file[1000..2000]);
    assert_eq!(
        part.header("content-range"),
        format!("bytes 1000-1999/{}", file.len())
    );
    let tail = place
        .http("GET", &from, &[("Range", "bytes=-10")], b"")
        .await;
    assert!(tail.status == 206 && tail.body == file[file.len() - 10..]);
    let beyond = place
        .http("GET", &from, &[("Range", "bytes=9999999-")], b"")
        .await;
    assert_eq!(beyond.status, 416);
    let tag = got.header("etag").to_owned();
    let unchanged = place
        .http("GET", &from, &[("If-None-Match", &tag)], b"")
        .await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));

    // Pages of other origins may do the same.
    let asked = [
        ("Origin", "https://chat.example.org"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    let may = place.http("OPTIONS", &to, &asked, b"").await;
    assert_eq!(may.header("access-control-allow-origin"), "*");
    assert!(may.header("access-control-allow-methods").contains("PUT"));
    let got = place.http("GET", &from, &asked[..1], b"").await;
    assert_eq!(got.header("access-control-allow-origin"), "*");
    assert_eq!(place.http("DELETE", &to, &[], b"").await.status, 405);
}

#[tokio::test]
async fn a_place_takes_the_file_that_was_promised_and_no_other() {
    let place = Place::new(Changes::default()).await;
    let mut laura = place.login("laura@a.example/desk").await;
    let (to, from) = slot(&mut laura, "notes.txt", 5, "content-type='text/plain'/>").await;
    let status =
        async |path: &str, type_: &str, body: &[u8]| put(&place, path, type_, body).await.status;

    // Who knows where to read cannot write; nor can who guesses.
    assert_eq!(status(&from, "text/plain", b"hello").await, 403);
    assert_eq!(
        status(&format!("{from}?v="), "text/plain", b"hello").await,
        403
    );
    let (_, shown) = to.split_once("?v=").unwrap();
    let guessed = if shown.starts_with('0') { "1" } else { "0" };
    let guessed = format!("{from}?v={guessed}{}", &shown[1..]);
    assert_eq!(status(&guessed, "text/plain", b"hello").await, 403);
    // What another place shows is good for nothing here.
    let (other, _) = slot(&mut laura, "notes.txt", 5, "content-type='text/plain'/>").await;
    let (_, others) = other.split_once("?v=").unwrap();
    assert_eq!(
        status(&format!("{from}?v={others}"), "text/plain", b"hello").await,
        403
    );

    // As long as it was said, and of the type.
    assert_eq!(status(&to, "text/plain", b"hell").await, 400);
    assert_eq!(status(&to, "text/plain", b"hello!").await, 413);
    assert_eq!(status(&to, "text/html", b"hello").await, 415);
    assert_eq!(
        place
            .http(
                "PUT",
                &to,
                &[("Transfer-Encoding", "chunked")],
                b"5\r\nhello\r\n0\r\n\r\n"
            )
            .await
            .status,
        411
    );
    // One that breaks off leaves nothing, and may be tried again.
    {
        use tokio::io::AsyncWriteExt as _;
        let mut stream = tokio::net::TcpStream::connect(place.server.addresses()[0])
            .await
            .unwrap();
        let head = format!("PUT {to} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhel");
        stream.write_all(head.as_bytes()).await.unwrap();
        has_kept(&place, 1).await;
        // Meanwhile nobody else writes there.
        assert_eq!(status(&to, "text/plain", b"hello").await, 409);
        drop(stream);
    }
    has_kept(&place, 0).await;
    assert_eq!(get(&place, &from).await.status, 404);
    assert_eq!(status(&to, "text/plain", b"hello").await, 201);
    assert_eq!(status(&to, "text/plain", b"other").await, 409);
    let got = get(&place, &from).await;
    assert_eq!((got.status, got.body.as_slice()), (200, &b"hello"[..]));
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename*=UTF-8''notes.txt"
    );

    // Under another name there is nothing, nor where no file is.
    let (folder, _) = from.rsplit_once('/').unwrap();
    for path in [
        &format!("{folder}/other.txt"),
        &format!("{folder}/"),
        "/upload/a.example/",
        "/upload/a.example/../../../../../../etc/passwd",
        "/upload/a.example/..%2f..%2f..%2fetc%2fpasswd/x",
        "/upload/a.example/00000000000000000000000000000000/x",
        "/upload/b.example/00000000000000000000000000000000/x",
    ] {
        assert_eq!(get(&place, path).await.status, 404, "{path}");
    }
    // Too late.
    place.clock.by(301);
    assert_eq!(status(&other, "text/plain", b"hello").await, 410);
}

#[tokio::test]
async fn what_a_browser_would_run_is_a_file_like_any_other() {
    let place = Place::new(Changes::default()).await;
    let mut laura = place.login("laura@a.example/desk").await;
    for (name, type_) in [
        ("page.html", "text/html"),
        ("picture.svg", "image/svg+xml"),
        ("page.xhtml", "application/xhtml+xml"),
        ("script.js", "text/javascript"),
        ("&quot;&gt;;&#xD;.html", "text/html"),
        ("../../page", "text/html"),
    ] {
        let file = b"<script>alert(1)</script>";
        let (to, from) = slot(
            &mut laura,
            name,
            file.len(),
            &format!("content-type='{type_}'/>"),
        )
        .await;
        assert_eq!(put(&place, &to, type_, file).await.status, 201, "{name}");
        let got = get(&place, &from).await;
        assert_eq!(got.body, file, "{name}");
        assert_eq!(
            got.header("content-type"),
            "application/octet-stream",
            "{name}"
        );
        assert!(
            got.header("content-disposition")
                .starts_with("attachment; "),
            "{name}"
        );
        assert_eq!(got.header("x-content-type-options"), "nosniff", "{name}");
    }
    // The type may be said with the file as well.
    let (to, from) = slot(&mut laura, "a.gif", 3, "/>").await;
    assert_eq!(put(&place, &to, "image/gif", b"GIF").await.status, 201);
    assert_eq!(get(&place, &from).await.header("content-type"), "image/gif");
}

#[tokio::test]
async fn the_answer_says_which_bound_is_met_and_when_there_is_room() {
    let place = Place::new(with(Settings {
        max_file_size: ByteSize(1000),
        daily_quota: ByteSize(1500),
        daily_files: 4,
        total_quota: ByteSize(2000),
        ..Settings::default()
    }))
    .await;
    let mut laura = place.login("laura@a.example/desk").await;
    let error = |condition: &str, more: &str| {
        format!(
            "<iq type='error' id='slot' from='upload.a.example'><error><{condition} xmlns='{STANZAS}'/>{more}</error></iq>"
        )
    };
    laura.send(&request("a", 1001, "/>")).await;
    laura
        .expect(&error(
            "not-acceptable",
            &format!("<file-too-large xmlns='{UPLOAD}'><max-file-size>1000</max-file-size></file-too-large>"),
        ))
        .await;
    for wrong in [
        request("", 10, "/>"),
        request("..", 10, "/>"),
        request("a", 0, "/>"),
        request("a", 10, "content-type='none'/>"),
        request(&"x".repeat(300), 10, "/>"),
    ] {
        laura.send(&wrong).await;
        laura.expect(&error("bad-request", "")).await;
    }
    slot(&mut laura, "a", 1000, "/>").await;
    let retry = format!("<retry xmlns='{UPLOAD}' stamp='*'/>");
    laura.send(&request("b", 501, "/>")).await;
    laura.expect(&error("resource-constraint", &retry)).await;
    // Another account has a quota of its own.
    let mut arnaut = place.login("arnaut@a.example/away").await;
    slot(&mut arnaut, "b", 501, "/>").await;
    for _ in 0..3 {
        slot(&mut laura, "c", 1, "/>").await;
    }
    laura.send(&request("d", 1, "/>")).await;
    laura.expect(&error("resource-constraint", &retry)).await;
    // Places that no file came to are free again after an hour.
    place.clock.by(3601);
    slot(&mut laura, "e", 1000, "/>").await;
}

#[tokio::test]
async fn files_go_with_their_time_and_with_their_account() {
    let place = Place::new(with(Settings {
        keep: Interval::from_secs(3600),
        ..Settings::default()
    }))
    .await;
    let mut laura = place.login("laura@a.example/desk").await;
    let mut arnaut = place.login("arnaut@a.example/away").await;
    let purpose =
        |element: &str| format!("><{element} xmlns='urn:xmpp:http:upload:purpose:0'/></request>");
    let host = place.server.host("a.example").unwrap();
    let at = sestina_wire::DateTime::from_timestamp(
        host.clock()
            .now()
            .checked_add(std::time::Duration::from_secs(600))
            .unwrap(),
    );
    let short = purpose(&format!("ephemeral expire-before='{}'", at.as_str()));
    // The attribute stands before the namespace of the element here: the order is free.
    let (to, brief) = slot(&mut laura, "brief", 1, &short).await;
    assert_eq!(put(&place, &to, "", b"1").await.status, 201);
    let (to, long) = slot(&mut laura, "long", 1, &purpose("message")).await;
    assert_eq!(put(&place, &to, "", b"2").await.status, 201);
    let (to, other) = slot(&mut arnaut, "other", 1, "/>").await;
    assert_eq!(put(&place, &to, "", b"3").await.status, 201);
    laura.send(&request("x", 1, &purpose("permanent"))).await;
    laura
        .expect(&format!("<iq type='error' id='slot'><error><feature-not-implemented xmlns='{STANZAS}'/></error></iq>"))
        .await;
    let statuses = async || {
        let mut all = Vec::new();
        for path in [&brief, &long, &other] {
            all.push(get(&place, path).await.status);
        }
        all
    };
    assert_eq!(statuses().await, [200, 200, 200]);
    assert_eq!(kept(&place), 3);

    place.clock.by(601);
    assert_eq!(statuses().await, [404, 200, 200]);
    let files = Files::of(&host).unwrap();
    files.tidy_soon();
    has_kept(&place, 2).await;

    let answer = ask(
        &mut arnaut,
        "<iq type='set' id='bye'><query xmlns='jabber:iq:register'><remove/></query></iq>",
    )
    .await;
    assert_eq!(
        answer.root().attr("type").as_deref(),
        Some("result"),
        "{}",
        answer.as_str()
    );
    has_kept(&place, 1).await;
    assert_eq!(statuses().await, [404, 200, 404]);

    place.clock.by(3600);
    assert_eq!(statuses().await, [404, 404, 404]);
    files.tidy_soon();
    has_kept(&place, 0).await;
}

#[tokio::test]
async fn without_http_there_is_no_service() {
    let place = Place::new(Changes {
        without_http: true,
        ..Changes::default()
    })
    .await;
    let mut laura = place.login("laura@a.example/desk").await;
    let items = ask(
        &mut laura,
        "<iq type='get' id='1' to='a.example'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    )
    .await;
    assert!(!items.as_str().contains("upload."), "{}", items.as_str());
    laura.send(&request("a", 1, "/>")).await;
    laura.expect("<iq type='error' id='slot'/>").await;
}

#[tokio::test]
async fn files_are_taken_of_accounts_of_the_server_alone() {
    let place = Place::new(Changes::default()).await;
    let mut stranger = place.login("stranger@b.example/desk").await;
    stranger.send(&request("a.txt", 5, "/>")).await;
    stranger
        .expect(&format!(
            "<iq type='error' id='slot' from='upload.a.example'><error type='auth'><forbidden xmlns='{STANZAS}'/>\
             <text xmlns='{STANZAS}'>files are taken of accounts of this server</text></error></iq>"
        ))
        .await;
}
