//! A terminal that is lent: what goes in and out, and what is left of it.

use super::*;
use rustix::termios::LocalModes;
use std::sync::mpsc;

fn mk_terminal() -> Pair {
    let (plain, _) = (openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap(), ());
    let settings = tcgetattr(&plain).unwrap();
    let pair = Pair::new(&settings, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    rustix::fs::fcntl_setfl(&pair.ours, OFlags::empty()).unwrap();
    pair
}

#[test]
fn keys_and_output_go_through_and_settings_come_back() {
    let user = mk_terminal();
    let before = tcgetattr(&user.theirs).unwrap();
    assert!(before.local_modes.contains(LocalModes::ISIG));
    let mut typist = File::from(user.ours);
    let (mut shown, program) = (File::from(user.theirs.try_clone().unwrap()), user.theirs.as_fd());
    let seen = lend(program, &mut shown, |terminal| {
        // Keys such as Ctrl-C are not for kfleet while the terminal is lent.
        assert!(!tcgetattr(program).unwrap().local_modes.contains(LocalModes::ISIG));
        assert!(tcgetattr(terminal).unwrap().local_modes.contains(LocalModes::ISIG));
        assert_eq!(tcgetwinsize(terminal).unwrap().ws_col, 80);
        typist.write_all(b"typed\n").unwrap();
        let mut line = [0; 64];
        let count = rustix::io::read(terminal, &mut line).unwrap();
        rustix::io::write(terminal, b"printed\n").unwrap();
        String::from_utf8_lossy(&line[..count]).into_owned()
    });
    assert_eq!(seen.unwrap(), "typed\n");
    let mut buffer = [0; 1024];
    let mut text = String::new();
    while !text.contains("\x1b[?2004l") {
        let count = typist.read(&mut buffer).unwrap();
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    assert!(text.contains("typed") && text.contains("printed\r\n"), "{text:?}");
    let after = tcgetattr(&user.theirs).unwrap();
    assert_eq!((after.local_modes, after.output_modes), (before.local_modes, before.output_modes));
}

#[test]
fn what_was_typed_for_nobody_is_thrown_away() {
    let user = mk_terminal();
    let mut typist = File::from(user.ours);
    let mut shown = File::from(user.theirs.try_clone().unwrap());
    lend(user.theirs.as_fd(), &mut shown, |_| typist.write_all(b"rm -rf /\n").unwrap()).unwrap();
    rustix::fs::fcntl_setfl(&user.theirs, OFlags::NONBLOCK).unwrap();
    let left = rustix::io::read(&user.theirs, &mut [0; 64]);
    assert_eq!(left.unwrap_err(), Errno::AGAIN);
}

#[test]
fn when_the_users_terminal_goes_the_lent_one_goes_too() {
    let Pair { ours, theirs } = mk_terminal();
    let mut shown = File::from(theirs.try_clone().unwrap());
    let (send, receive) = mpsc::channel();
    let ended = lend(theirs.as_fd(), &mut shown, |terminal| {
        let reader = terminal.try_clone_to_owned().unwrap();
        let reader = std::thread::spawn(move || _ = send.send(rustix::io::read(reader, &mut [0; 64]).unwrap_or(0)));
        drop(ours);
        let read = receive.recv().unwrap();
        reader.join().unwrap();
        read
    });
    assert_eq!(ended.unwrap(), 0);
}
