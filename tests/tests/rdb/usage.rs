//! Does a file tell how recently, or how often, its keys were used, here and elsewhere?

use afterimage_tests::{Options, Release, Reply, Server};

/// A key that was used often, and one that has not been for long.
fn fill(server: &Server) {
    let mut client = server.client();
    assert!(client.line("set often v").is_ok());
    assert!(client.line("set idle v").is_ok());
    let Reply::Bulk(payload) = client.line("dump idle") else { panic!("it is there") };
    let policy = server.line("config get maxmemory-policy").elements()[1].text();
    let (key, note, number) =
        if policy.ends_with("lfu") { ("often", "freq", "200") } else { ("idle", "idletime", "5000") };
    let request: [&[u8]; 7] =
        [b"restore", key.as_bytes(), b"0", &payload, b"replace", note.as_bytes(), number.as_bytes()];
    assert!(client.call(&request).is_ok());
    assert!(client.line("save").is_ok());
}

/// What `write` has saved, `read` knows of the use of its keys.
#[track_caller]
fn assert_travels(write: Option<Options>, read: Option<Options>) {
    let (Some(write), Some(read)) = (write, read) else { return };
    for policy in ["allkeys-lfu", "volatile-lru"] {
        let writer = write.clone().with("maxmemory-policy", policy).start();
        fill(&writer);
        let reader = read.clone().with("maxmemory-policy", policy).in_dir_of(writer.options()).start();
        if policy.ends_with("lfu") {
            // It may have fallen by one where a minute went by meanwhile.
            let frequency = reader.line("object freq often").integer();
            assert!((199..=200).contains(&frequency), "{frequency}");
        } else {
            let idle = reader.line("object idletime idle").integer();
            assert!((5000..5060).contains(&idle), "{idle}");
        }
    }
}

#[test]
fn the_use_of_keys_travels_in_files_of_every_release() {
    use Release::{Redis7, Redis8, Redis50, Redis62, Valkey8, Valkey9};
    for release in [Redis50, Redis62, Redis7, Redis8, Valkey8, Valkey9] {
        assert_travels(Options::real(release), Some(Options::ours()));
    }
}

#[test]
fn the_use_of_keys_travels_in_our_files() {
    assert_travels(Some(Options::ours()), Some(Options::ours()));
    assert_travels(Some(Options::ours()), Options::real(Release::Redis7));
}
