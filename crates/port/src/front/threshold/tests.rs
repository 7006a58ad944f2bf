use super::*;

const LIMIT: usize = 8 * 1024;

fn judged(
    version: Version,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Result<(), Refusal> {
    let mut request = Request::builder().version(version).method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    judge(&request.body(()).expect(target), LIMIT)
}

#[test]
fn a_request_names_one_host_that_can_be_one() {
    for host in [
        "sir0",
        "sir0:8080",
        "sir0:",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:8080",
        "a_b.example",
        "a%20b",
    ] {
        assert_eq!(judged(Version::HTTP_11, "GET", "/", &[("host", host)]), Ok(()), "{host}");
    }
    for host in [
        "",
        "a b",
        "a,b c",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "user@sir0",
        "sir0:x",
        "sir0:80:80",
        "[::1",
        "[::1]x",
        "[sir0]",
        "a%2",
        "a%zz",
        ":80",
        "a\"b",
        "a<b",
        "\u{e4}",
    ] {
        let judged = judged(Version::HTTP_11, "GET", "/", &[("host", host)]);
        assert_eq!(judged, Err(Refusal::BAD_HOST), "{host}");
    }
}

#[test]
fn a_host_is_there_once() {
    let (one, two) = (("host", "sir0"), ("host", "sir1"));

    assert_eq!(judged(Version::HTTP_11, "GET", "/", &[]), Err(Refusal::BAD_HOST));
    assert_eq!(judged(Version::HTTP_10, "GET", "/", &[]), Ok(()));
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        assert_eq!(judged(version, "GET", "/", &[one]), Ok(()));
        assert_eq!(judged(version, "GET", "/", &[one, one]), Err(Refusal::BAD_HOST));
        assert_eq!(judged(version, "GET", "/", &[one, two]), Err(Refusal::BAD_HOST));
    }
}

#[test]
fn over_http2_the_header_names_what_the_url_names() {
    let url = "http://sir0/api/games";
    for host in ["sir0", "SIR0", "sir0:80", "sir0:"] {
        assert_eq!(judged(Version::HTTP_2, "GET", url, &[("host", host)]), Ok(()), "{host}");
    }
    for host in ["sir1", "sir0:81", "sir"] {
        let judged = judged(Version::HTTP_2, "GET", url, &[("host", host)]);
        assert_eq!(judged, Err(Refusal::BAD_HOST), "{host}");
    }
    assert_eq!(judged(Version::HTTP_2, "GET", url, &[]), Ok(()));
    // Over HTTP/1 the header is not even looked at (RFC 9112, 3.2.2).
    assert_eq!(judged(Version::HTTP_11, "GET", url, &[("host", "sir1")]), Ok(()));
}

#[test]
fn a_target_is_a_path_or_a_url_of_http() {
    let host = [("host", "sir0")];
    for (method, target, expected) in [
        ("GET", "/", Ok(())),
        ("GET", "http://sir0/api/games", Ok(())),
        ("GET", "https://sir0/api/games", Ok(())),
        ("OPTIONS", "*", Ok(())),
        ("GET", "*", Err(Refusal::BAD_TARGET)),
        ("GET", "sir0:80", Err(Refusal::BAD_TARGET)),
        ("GET", "ftp://sir0/", Err(Refusal::BAD_TARGET)),
        ("GET", "http://user@sir0/", Err(Refusal::BAD_TARGET)),
        ("GET", "http://user:word@sir0/", Err(Refusal::BAD_TARGET)),
        ("CONNECT", "sir0:80", Err(Refusal::NO_TUNNEL)),
    ] {
        assert_eq!(judged(Version::HTTP_11, method, target, &host), expected, "{method} {target}");
    }
}

#[test]
fn chunked_is_the_only_coding_and_stands_alone() {
    for (codings, expected) in [
        (&["chunked"][..], Ok(())),
        (&["Chunked"], Ok(())),
        (&["gzip, chunked"], Err(Refusal::UNKNOWN_CODING)),
        (&["gzip", "chunked"], Err(Refusal::UNKNOWN_CODING)),
        (&["chunked, chunked"], Err(Refusal::MALFORMED)),
        (&["chunked", "chunked"], Err(Refusal::MALFORMED)),
        (&["xchunked"], Err(Refusal::UNKNOWN_CODING)),
    ] {
        let mut headers = vec![("host", "sir0")];
        headers.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
        assert_eq!(judged(Version::HTTP_11, "POST", "/", &headers), expected, "{codings:?}");
    }
}

#[test]
fn nothing_but_a_hundred_can_be_expected() {
    for (expected, judgement) in [
        ("100-continue", Ok(())),
        ("100-Continue", Ok(())),
        ("200-ok", Err(Refusal::UNEXPECTED)),
        ("100-continue, 200-ok", Err(Refusal::UNEXPECTED)),
    ] {
        let headers = [("host", "sir0"), ("expect", expected)];
        assert_eq!(judged(Version::HTTP_11, "POST", "/", &headers), judgement, "{expected}");
    }
}

#[test]
fn http2_has_the_bounds_that_http1_has_by_its_grammar() {
    let url = "http://sir0/";
    let large = "x".repeat(LIMIT);
    let many = [("x-some", "1"); 250];
    for (what, headers, expected) in [
        ("a space in front", &[("x-some", " 1")][..], Err(Refusal::MALFORMED)),
        ("a tab behind", &[("x-some", "1\t")], Err(Refusal::MALFORMED)),
        ("nothing", &[("x-some", "")], Ok(())),
        ("one large header", &[("x-some", &large)], Err(Refusal::HEADERS_TOO_LARGE)),
        ("many small headers", &many, Err(Refusal::HEADERS_TOO_LARGE)),
        ("a few less", &many[..100], Ok(())),
        (
            "two lengths",
            &[("content-length", "1"), ("content-length", "2")],
            Err(Refusal::MALFORMED),
        ),
    ] {
        assert_eq!(judged(Version::HTTP_2, "GET", url, headers), expected, "{what}");
    }
    let long = format!("{url}{large}");
    assert_eq!(judged(Version::HTTP_2, "GET", &long, &[]), Err(Refusal::TARGET_TOO_LONG));
}
