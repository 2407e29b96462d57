//! Masking against a naive masker, in random parts, and the forms of secrets.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

fn masker(secrets: &[&[u8]]) -> Masker {
    Masker::new(secrets.iter().copied()).unwrap()
}

fn masked_in(masker: &Masker, parts: &[&[u8]]) -> Vec<u8> {
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    for part in parts {
        stream.push(part, &mut out);
    }
    stream.finish(&mut out);
    out
}

/// Every byte of every occurrence is hidden, by trying all forms at all places.
fn naive(forms: &[Vec<u8>], text: &[u8]) -> Vec<u8> {
    let mut hidden = vec![false; text.len()];
    for form in forms {
        for start in 0..text.len() {
            if text[start..].starts_with(form) {
                hidden[start..start + form.len()].fill(true);
            }
        }
    }
    let (mut out, mut inside) = (Vec::new(), false);
    for (byte, hidden) in text.iter().zip(hidden) {
        if !hidden || *byte == b'\n' {
            out.push(*byte);
            inside = false;
        } else {
            if !inside {
                out.extend_from_slice(b"***");
            }
            inside = true;
        }
    }
    out
}

proptest! {
    #[test]
    fn it_hides_what_a_naive_masker_hides_whatever_the_parts(
        secrets in proptest::collection::vec("[ab\n]{1,9}", 1..6),
        text in "[ab\nc]{0,200}",
        cuts in proptest::collection::vec(0_usize..200, 0..12),
    ) {
        let secrets: Vec<&[u8]> = secrets.iter().map(String::as_bytes).collect();
        let masker = masker(&secrets);
        let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let parts: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let expected = naive(&forms, text.as_bytes());
        prop_assert_eq!(&masked_in(&masker, &parts), &expected);
        prop_assert_eq!(masker.text(&text).into_bytes(), expected.clone());
        let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines(&expected), lines(text.as_bytes()));
    }

    #[test]
    fn base64_of_a_secret_among_other_bytes_shows_nothing_of_it(
        before in proptest::collection::vec(any::<u8>(), 0..20),
        secret in "[!-~]{12,40}",
        after in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let encoded = STANDARD.encode([&before, secret.as_bytes(), &after].concat());
        let masked = masker(&[secret.as_bytes()]).text(&encoded);
        prop_assert!(masked.contains("***"));
        // What is left holds at most the bits that the secret shares a letter with.
        let left = masked.replace("***", "").len() * 6;
        prop_assert!(left <= (before.len() + after.len()) * 8 + 36, "{masked} of {encoded}");
    }
}

#[test]
fn forms_of_a_secret_are_hidden() {
    let secret = "p@ss w/ord\"1";
    let masker = masker(&[secret.as_bytes()]);
    for text in [
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{secret}\n")),
        "p%40ss%20w%2Ford%221".to_owned(),
        "p%40ss%20w%2ford%221".to_owned(),
        "p%40ss+w%2Ford%221".to_owned(),
        "p%40ss%20w/ord%221".to_owned(),
        "p@ss w/ord\\\"1".to_owned(),
    ] {
        assert_eq!(masker.text(&format!("<{text}>")), "<***>", "{text}");
    }
    assert_eq!(masker.text("p@ss word"), "p@ss word");
    assert!(!format!("{masker:?} {:?}", masker.stream()).contains("p@ss"));
}

#[test]
fn secrets_of_many_lines_are_hidden_line_by_line_and_as_a_whole() {
    let secret = b"-----BEGIN KEY-----\nabcdefgh\nx\n-----END KEY-----\n";
    let masker = masker(&[secret]);
    assert_eq!(masker.text("key: abcdefgh"), "key: ***");
    assert_eq!(masker.text("a x b"), "a x b", "a line of one character is in too many words");
    let whole = String::from_utf8_lossy(secret).into_owned();
    assert_eq!(masker.text(&format!("{whole}end")), "***\n***\n***\n***\nend");
    assert_eq!(masker.text(&whole.replace('\n', "\r\n")).matches("x").count(), 0);
    // Piece by piece, byte by byte.
    let parts: Vec<&[u8]> = secret.chunks(1).collect();
    assert_eq!(masked_in(&masker, &parts), b"***\n***\n***\n***\n");
}

#[test]
fn long_secrets_are_hidden_and_little_is_held_back() {
    let long: Vec<u8> =
        (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).map(|b| b'a' + b % 26).collect();
    let masker = masker(&[&long]);
    let (mut stream, mut out) = (masker.stream(), Vec::new());
    for part in long.chunks(1000) {
        stream.push(part, &mut out);
        assert!(stream.held.len() <= 4096, "{}", stream.held.len());
    }
    stream.finish(&mut out);
    assert_eq!(out, b"***");
    let wrapped: Vec<String> =
        STANDARD.encode(&long).as_bytes().chunks(76).map(|l| String::from_utf8(l.to_vec()).unwrap()).collect();
    assert_eq!(masker.text(&wrapped[7]), "***");
    assert!(Masker::new([vec![b'x'; 3 * 1024 * 1024]].iter().map(Vec::as_slice)).is_err());
}

#[test]
fn values_and_errors_are_masked() {
    let masker = masker(&[b"s3cr3t", b"12345"]);
    let value = serde_json::json!({"s3cr3t": ["a s3cr3t b", 12345, 7, null]});
    assert_eq!(masker.value(&value), serde_json::json!({"***": ["a *** b", "***", 7, null]}));
    let error = Error::new(ErrorKind::Failed, "s3cr3t").with_hint("no s3cr3t").with_source(anyhow::anyhow!("s3cr3t"));
    assert!(!format!("{:?}", masker.error(error)).contains("s3cr3t"));
    assert_eq!(Masker::default().text("s3cr3t"), "s3cr3t");
    assert!(super::tests::masker(&[b"", b"x", b" \n"]).is_empty());
}

#[test]
fn one_secret_of_one_letter_costs_linear_time() {
    // Each byte ends a form that is as long as all that is held.
    let masker = masker(&[&[b'a'; 2000], &[b'a'; 1999]]);
    let text = "a".repeat(4_000_000);
    assert_eq!(masker.text(&text), "***");
}
