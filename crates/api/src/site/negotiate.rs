//! What a client's headers say it would take, or has already.
//!
//! Invariant: what cannot be read is not taken.

use axum::http::{HeaderMap, header};

/// How far a client takes something: the weight of a range, 1 if it names none.
struct Weighed<'a> {
    name: &'a str,
    weight: f32,
}

/// The elements of a list like `text/html, */*;q=0.8`.
fn weighed(headers: &HeaderMap, name: header::HeaderName) -> Vec<Weighed<'_>> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).map(weigh).collect()
}

fn weigh(element: &str) -> Weighed<'_> {
    let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
    let mut weights = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
    });
    Weighed { name: name.trim(), weight: weights.next().unwrap_or(1.0) }
}

/// Whether the client asks for a page by name, as browsers do where a person goes to an address.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let ranges = weighed(headers, header::ACCEPT);
    ranges.iter().any(|one| one.name.eq_ignore_ascii_case("text/html") && one.weight > 0.0)
}

/// The codings that the client takes, the best first, each with the end of such files' names.
pub(super) fn codings(headers: &HeaderMap) -> Vec<(&'static str, &'static str)> {
    let accepted = weighed(headers, header::ACCEPT_ENCODING);
    let weight = |coding: &str| {
        let named = accepted.iter().find(|one| one.name.eq_ignore_ascii_case(coding));
        named.or_else(|| accepted.iter().find(|one| one.name == "*")).map_or(0.0, |one| one.weight)
    };
    let mut all = [("br", ".br", weight("br")), ("gzip", ".gz", weight("gzip"))];
    if all[1].2 > all[0].2 {
        all.swap(0, 1);
    }
    all.into_iter().filter(|one| one.2 > 0.0).map(|(coding, end, _)| (coding, end)).collect()
}

/// Whether the client has what `etag` names.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: header::HeaderName, text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(text))])
    }

    #[test]
    fn only_who_names_it_wants_a_page() {
        for (accept, want) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, Text/HTML;q=0.1", true),
            ("text/html;level=1;q=0.5", true),
            ("text/html;q=0", false),
            ("text/html;q=high", false),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
            ("text/html2", false),
            ("", false),
        ] {
            assert_eq!(wants_page(&headers(header::ACCEPT, accept)), want, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }

    #[test]
    fn the_heaviest_coding_is_first_and_refused_ones_are_left_out() {
        for (accepted, want) in [
            ("gzip, deflate, br, zstd", "br gzip"),
            ("gzip", "gzip"),
            ("gzip;q=1.0, br;q=0.5", "gzip br"),
            ("br;q=0, gzip;Q=0.2", "gzip"),
            ("*", "br gzip"),
            ("*;q=0.3, br;q=0", "gzip"),
            ("identity", ""),
            ("br;q=NaN", ""),
            ("", ""),
        ] {
            let found = codings(&headers(header::ACCEPT_ENCODING, accepted));
            let found: Vec<_> = found.into_iter().map(|(coding, _)| coding).collect();
            assert_eq!(found.join(" "), want, "{accepted}");
        }
    }

    #[test]
    fn a_tag_is_known_if_it_is_named() {
        for (known, want) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"ab\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(is_known(&headers(header::IF_NONE_MATCH, known), "\"a\""), want, "{known}");
        }
    }
}
