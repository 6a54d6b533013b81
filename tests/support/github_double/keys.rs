use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The App's private key (in the form GitHub hands out) and its public half; made by `openssl` once a test run.
pub fn app_key() -> &'static (String, String) {
    static KEY: OnceLock<(String, String)> = OnceLock::new();
    KEY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.pem");
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).stderr(Stdio::null()).output();
            let output = output.expect("openssl is needed to make the test App's key: install it");
            assert!(output.status.success(), "openssl {arguments:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        let path = file.to_str().unwrap();
        openssl(&["genrsa", "-traditional", "-out", path, "2048"]);
        let public = openssl(&["rsa", "-in", path, "-pubout"]);
        (std::fs::read_to_string(&file).unwrap(), public)
    })
}
