//! `suyuan key`.

use crate::program::Place;

#[test]
fn a_public_key_is_shown_from_either_form() {
    let place = Place::new();
    // RFC 8410, section 10.
    place.write("private.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n");
    place.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n");
    let key = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    place.write("digits", key);
    for file in ["private.pem", "public.pem", "digits"] {
        let shown = place.run(&["key", "show", file, "--json"]).expect(0).json();
        assert_eq!(shown["public_key"], key, "{file}");
        assert_eq!(shown["key_id"].as_str().unwrap().len(), 64);
    }
    let text = place.run(&["key", "show", "public.pem"]).expect(0).stdout;
    assert!(text.starts_with(&format!("public key  {key}\nkey id      ")), "{text}");
}

#[test]
fn what_is_no_key_is_said_in_one_sentence() {
    let place = Place::new();
    place.write("note.txt", "not a key");
    place.write("noise", [0xFF; 100]);
    place.write("identity", format!("01{}", "00".repeat(31)));
    place.run(&["key", "show", "nothing"]).could_not("cannot show nothing: No such file");
    place.run(&["key", "show", "note.txt"]).could_not("not a key file");
    place.run(&["key", "show", "noise"]).could_not("not a key file");
    place.run(&["key", "show", "identity"]).could_not("identity");
    place.run(&["key", "show", "."]).could_not("cannot show .");
    place.run(&["key"]).expect(2);
    place.run(&["key", "show"]).expect(2);
}

#[cfg(feature = "service")]
mod making {
    use crate::program::Place;

    const PASSPHRASE: (&str, &str) = ("SUYUAN_PASSPHRASE", "正确的 horse");

    #[test]
    fn a_key_is_encrypted_unless_asked_otherwise() {
        let place = Place::new();
        let made =
            place.run_with(&["key", "new", "--out", "farm.pem", "--json"], &[PASSPHRASE], "").expect(0);
        assert_eq!(place.files(), ["farm.pem", "farm.pub"]);
        assert!(place.read("farm.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        let shown = place.run_with(&["key", "show", "farm.pem", "--json"], &[PASSPHRASE], "").expect(0);
        assert_eq!(shown.json(), made.json());
        assert_eq!(place.run(&["key", "show", "farm.pub", "--json"]).expect(0).json(), made.json());

        place.write("right", "正确的 horse\nsecond line");
        place.run(&["key", "show", "farm.pem", "--passphrase-file", "right"]).expect(0);
        place.write("wrong", "正确的");
        place
            .run(&["key", "show", "farm.pem", "--passphrase-file", "wrong"])
            .could_not("the passphrase does not open it");
        place.run_with(&["key", "show", "farm.pem"], &[("SUYUAN_PASSPHRASE", "")], "").expect(2);
    }

    #[test]
    fn a_key_without_a_passphrase_is_asked_for_aloud() {
        let place = Place::new();
        place.run(&["key", "new", "--out", "machine.pem", "--no-passphrase"]).expect(0);
        assert!(place.read("machine.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
        place
            .run_with(&["key", "new", "--out", "b.pem"], &[("SUYUAN_PASSPHRASE", "")], "")
            .could_not("empty");
        assert_eq!(place.files(), ["machine.pem", "machine.pub"]);
    }

    #[test]
    fn nothing_is_written_over() {
        let place = Place::new();
        place.write("farm.pem", "mine");
        place.write("lab.pub", "mine");
        for out in ["farm.pem", "lab.pem"] {
            place
                .run(&["key", "new", "--out", out, "--no-passphrase"])
                .could_not("exists already and is not written over");
        }
        place.run(&["key", "new", "--out", "x.pub", "--no-passphrase"]).could_not("does not end in .pub");
        place
            .run(&["key", "new", "--out", "no/such/dir.pem", "--no-passphrase"])
            .could_not("no/such/dir.pem");
        assert_eq!((place.read("farm.pem"), place.read("lab.pub")), ("mine".into(), "mine".into()));
        assert_eq!(place.files(), ["farm.pem", "lab.pub"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_private_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Place::new();
        place.run(&["key", "new", "--out", "farm.pem", "--no-passphrase"]).expect(0);
        let mode = std::fs::metadata(place.path("farm.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
