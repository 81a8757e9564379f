//! One secret: a value that stays, or a file that may change.

use super::file::{Follow, read_text};
use super::{Look, Secret, SecretSource};

/// Where one secret comes from, and what it was when last read.
pub(super) struct Source {
    /// What it is, for errors: `the access key's secret`.
    what: &'static str,
    from: From,
    check: fn(&str) -> Result<(), &'static str>,
}

enum From {
    Value(Secret),
    File(Follow<Secret>),
}

impl Source {
    pub(super) fn new(what: &'static str, source: &SecretSource) -> Self {
        let from = match source {
            SecretSource::Value(secret) => From::Value(secret.clone()),
            SecretSource::File(path) => From::File(Follow::new(path.clone())),
        };
        Self { what, from, check }
    }

    /// A password, which people choose: it may hold blanks, and need not pass through a header.
    pub(super) fn password(source: &SecretSource) -> Self {
        Self { check: check_password, ..Self::new("the password", source) }
    }

    /// The secret, or a sentence about what is wrong with it. Of a file that has gone, nothing is kept.
    pub(super) fn read(&mut self, look: Look) -> Result<Secret, String> {
        let (what, check) = (self.what, self.check);
        match &mut self.from {
            From::Value(secret) => {
                check(secret.expose()).map_err(|reason| format!("{what} in the configuration {reason}"))?;
                Ok(secret.clone())
            }
            From::File(file) => file.read(look, |path| {
                let text = read_text(path)
                    .map_err(|why| format!("the file {}, which should hold {what}, {why}", path.display()))?;
                let secret = text.trim();
                check(secret).map_err(|why| format!("the file {}, which should hold {what}, {why}", path.display()))?;
                Ok(Secret::new(secret))
            }),
        }
    }
}

/// Ids, secrets and tokens are one word of visible ASCII; anything else would not pass through a header.
pub(super) fn check(secret: &str) -> Result<(), &'static str> {
    if secret.is_empty() {
        Err("is empty")
    } else if secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("holds blanks, line breaks or other characters that do not occur in one")
    }
}

fn check_password(password: &str) -> Result<(), &'static str> {
    match password {
        "" => Err("is empty"),
        _ if password.chars().any(char::is_control) => Err("holds line breaks or other control characters"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};

    fn file(dir: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = dir.path().join("secret");
        fs::write(&path, text).unwrap();
        path
    }

    fn source(path: &Path) -> Source {
        Source::new("the token", &SecretSource::File(path.to_owned()))
    }

    #[track_caller]
    fn check(source: &mut Source, expected: &str) {
        assert_eq!(source.read(Look::IfChanged).as_ref().map(Secret::expose), Ok(expected));
    }

    #[track_caller]
    fn check_error(source: &mut Source, path: &Path, expected: &str) {
        let error = source.read(Look::IfChanged).unwrap_err();
        assert!(error.contains(expected) && error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("the token"), "{error}");
    }

    #[test]
    fn white_space_around_a_secret_does_not_belong_to_it() {
        let dir = tempfile::tempdir().unwrap();
        check(&mut source(&file(&dir, "  s3cret\r\n\n")), "s3cret");
    }

    #[test]
    fn a_secret_follows_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir, "one");
        let mut source = source(&path);
        check(&mut source, "one");
        file(&dir, "three");
        check(&mut source, "three");
        fs::remove_file(&path).unwrap();
        check_error(&mut source, &path, "No such file");
        file(&dir, "\n");
        check_error(&mut source, &path, "is empty");
        file(&dir, "four");
        check(&mut source, "four");
    }

    #[test]
    fn a_file_that_does_not_look_changed_is_read_only_on_demand() {
        let dir = tempfile::tempdir().unwrap();
        let path = file(&dir, "one");
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let mut source = source(&path);
        check(&mut source, "one");
        file(&dir, "two");
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        check(&mut source, "one");
        assert_eq!(source.read(Look::Anew).as_ref().map(Secret::expose), Ok("two"));
        check(&mut source, "two");
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_being_repeated() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["canary two", "canary\nX-Evil: 1", "canary\u{7f}", "canaryé"] {
            let path = file(&dir, text);
            let error = source(&path).read(Look::IfChanged).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
            let value = SecretSource::Value(Secret::new(text));
            let error = Source::new("the token", &value).read(Look::IfChanged).unwrap_err();
            assert!(!error.contains("canary"), "{error}");
        }
        let path = file(&dir, &"x".repeat(70_000));
        check_error(&mut source(&path), &path, "too large");
        fs::write(&path, b"\xff\xfe").unwrap();
        check_error(&mut source(&path), &path, "UTF-8");
    }
}
