use super::*;
use crate::note::SigningKey;

// The example of C2SP's tlog-checkpoint.
const BODY: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(name, &[3; 32]).unwrap()
}

#[test]
fn the_published_example_is_read_and_written() {
    let checkpoint = Checkpoint::parse(BODY).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.head.size, 20_852_163);
    assert!(checkpoint.head.root.to_string().starts_with("0x0ac5186a91863e8e"));
    assert_eq!(checkpoint.to_text(), BODY);
    let extended = format!("{BODY}one\ntwo words\n");
    let checkpoint = Checkpoint::parse(&extended).unwrap();
    assert_eq!(checkpoint.extensions, ["one", "two words"]);
    assert_eq!(checkpoint.to_text(), extended);
}

#[test]
fn a_checkpoint_has_one_spelling() {
    let bad = [
        "",
        "\n",
        "example.com\n",
        "example.com\n1\n",
        BODY.trim_end(),
        &BODY.replace("20852163", "020852163"),
        &BODY.replace("20852163", "+20852163"),
        &BODY.replace("20852163", "-1"),
        &BODY.replace("20852163", "0x10"),
        &BODY.replace("20852163", " 20852163"),
        &BODY.replace("20852163", ""),
        &BODY.replace("20852163", "4611686018427387905"),
        &BODY.replace("20852163", "99999999999999999999"),
        &BODY.replace("example.com/behind-the-sofa", ""),
        &BODY.replace("q2I=", "q2I"),
        &BODY.replace("q2I=", "q2J="),
        &BODY.replace("CsUY", ""),
        &format!("{BODY}\n"),
        &format!("{BODY}one\n\ntwo\n"),
    ];
    for bad in bad {
        assert!(
            matches!(Checkpoint::parse(bad), Err(CheckpointError::Form { .. })),
            "{bad:?}"
        );
    }
    let largest = BODY.replace("20852163", "4611686018427387904");
    assert_eq!(Checkpoint::parse(&largest).unwrap().head.size, MAX_SIZE);
}

#[test]
fn a_log_signs_its_head_and_others_are_told_apart() {
    let head = Checkpoint::parse(BODY).unwrap().head;
    let (log, other) = (key("log.example/audit"), key("other.example/audit"));
    let signed = SignedCheckpoint::sign(head, &log).unwrap();
    let text = signed.to_text();
    let opened = SignedCheckpoint::open(text.as_bytes(), log.verifying()).unwrap();
    assert_eq!(
        (&opened, opened.origin(), opened.head()),
        (&signed, "log.example/audit", &head)
    );
    // By another key; by one of the same name.
    let unsigned = SignedCheckpoint::open(text.as_bytes(), other.verifying()).unwrap_err();
    assert_eq!(unsigned.code(), "audit.signature");
    let namesake = SigningKey::from_seed("log.example/audit", &[4; 32]).unwrap();
    let unsigned = SignedCheckpoint::open(text.as_bytes(), namesake.verifying()).unwrap_err();
    assert_eq!(unsigned.code(), "audit.signature");
    // Changed below its signature.
    let changed = text.replacen("20852163", "20852164", 1);
    let changed = SignedCheckpoint::open(changed.as_bytes(), log.verifying()).unwrap_err();
    assert_eq!(changed.code(), "audit.signature");
    // Signed by the key, as another log's, and as no checkpoint.
    let note = Note::sign(&BODY.replace("example.com", "other.example"), &log)
        .unwrap()
        .to_string();
    let origin = SignedCheckpoint::open(note.as_bytes(), log.verifying()).unwrap_err();
    assert_eq!(origin.code(), "audit.origin");
    let note = Note::sign("good morning\n", &log).unwrap().to_string();
    let form = SignedCheckpoint::open(note.as_bytes(), log.verifying()).unwrap_err();
    assert_eq!(form.code(), "audit.checkpoint");
    let form = SignedCheckpoint::open(b"good morning\n", log.verifying()).unwrap_err();
    assert_eq!(form.code(), "audit.checkpoint");
}

#[test]
fn a_witnesss_line_stays_and_is_in_nobodys_way() {
    let log = key("log.example/audit");
    let text = SignedCheckpoint::sign(Checkpoint::parse(BODY).unwrap().head, &log)
        .unwrap()
        .to_text();
    let cosigned = format!("{text}— witness.example/w1 AAAABAAAAABmtherest0\n");
    let opened = SignedCheckpoint::open(cosigned.as_bytes(), log.verifying()).unwrap();
    assert_eq!(opened.to_text(), cosigned);
}

#[test]
fn a_head_by_hand_has_one_spelling() {
    let root = "0xfac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
    let head = parse_head(&format!("2:{root}")).unwrap();
    assert_eq!((head.size, head.root.to_string().as_str()), (2, root));
    for bad in [
        "",
        "2",
        root,
        &format!("02:{root}"),
        &format!("2: {root}"),
        &format!(":{root}"),
        &format!("2:{}", &root[2..]),
        &format!("2:{}", root.to_uppercase()),
        &format!("2:{root}00"),
    ] {
        parse_head(bad).unwrap_err();
    }
}
