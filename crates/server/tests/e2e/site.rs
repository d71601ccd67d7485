//! The web app, served by the real binary: built or not, as it was when the tests were.

use crate::binary::{Folder, SERVICE_TOKEN};
use std::path::Path;

const BROWSER: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

#[test]
fn a_person_gets_the_app_or_is_told_how_to_build_it() {
    let folder = Folder::new();
    let server = folder.serve();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    let is_built = built.join("index.html").exists();
    let page = server.send("GET", "/", &[BROWSER], "").expect("answered");
    assert_eq!((page.status, page.header("x-frame-options")), (200, Some("DENY")));
    let text = page.body.as_str().expect("a page");
    assert_eq!(text.contains("make web"), !is_built, "{text}");
    let deep = server.send("GET", "/admin/users", &[BROWSER], "").expect("answered");
    assert_eq!(
        (deep.status, deep.body == page.body),
        if is_built { (200, true) } else { (404, true) }
    );
    let head = server.send("HEAD", "/", &[BROWSER], "").expect("answered");
    assert_eq!((head.status, head.body.as_str()), (200, Some("")));
    let missing = server.send("GET", "/assets/none.js", &[BROWSER], "").expect("answered");
    assert_eq!((missing.status, &missing.body["status"]), (404, &404.into()));
    for name in text.split('"').filter(|name| name.starts_with("/assets/")) {
        let asset = server.send("GET", name, &[], "").expect("answered");
        assert_eq!(asset.status, 200, "{name}");
        assert!(asset.header("cache-control").is_some_and(|how| how.contains("immutable")));
    }
    let service = [BROWSER, ("x-service-token", SERVICE_TOKEN)];
    let users = server.send("GET", "/admin/users", &service, "").expect("answered");
    assert!(users.body["users"].is_array() || users.status == 403, "{}", users.body);
    let program = server.send("GET", "/admin/users", &[], "").expect("answered");
    assert_eq!((program.status, &program.body["status"]), (401, &401.into()));
}
