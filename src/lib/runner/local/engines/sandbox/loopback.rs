//! Brings up the loopback device of a new network namespace, by the one netlink message that this takes.

use std::io;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// `RTM_NEWLINK` with `NLM_F_REQUEST | NLM_F_ACK`: the device of index 1, which is the loopback one, gets `IFF_UP`.
fn message() -> Vec<u8> {
    const LENGTH: u32 = 32;
    let (new_link, flags): (u16, u16) = (16, 0x1 | 0x4);
    let mut message = LENGTH.to_ne_bytes().to_vec();
    message.extend(new_link.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    let (index, up): (i32, u32) = (1, 1);
    // Family and type are left open.
    message.extend([0; 4]);
    message.extend(index.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    message.extend(up.to_ne_bytes());
    message
}

pub(super) fn bring_up() -> io::Result<()> {
    // No protocol is that of routes and devices.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &message(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut answer = [0_u8; 1024];
    let (count, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    // The answer is a header of 16 bytes, then the negative number of an error, or 0.
    match answer.get(16..20).filter(|_| count >= 20).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) {
        Some(code) if i32::from_ne_bytes(code) == 0 => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(i32::from_ne_bytes(code).wrapping_neg())),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    }
}
