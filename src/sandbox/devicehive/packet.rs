//! MQTT 3.1 and 3.1.1 packets as a server reads and writes them. What the standard forbids is not read at all:
//! reserved bits, left-over bytes, wrong lengths and names; the codecs there are forgive those.
//! <https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html>

use bytes::{Buf, BufMut, Bytes, BytesMut};

const LARGEST_PACKET_BYTES: usize = 1 << 20;

/// The first byte of a CONNECT.
pub(super) const CONNECT: u8 = 0x10;

/// Acknowledges a subscription that failed.
pub(super) const SUBSCRIPTION_FAILED: u8 = 0x80;

/// What a client may send.
#[derive(Debug, PartialEq)]
pub(super) enum Packet {
    Connect(Connect),
    /// A protocol level that is not spoken here.
    ConnectUnsupported,
    Publish(Publish),
    PubAck(u16),
    Subscribe {
        id: u16,
        /// With the QoS asked for.
        filters: Vec<(String, u8)>,
    },
    Unsubscribe {
        id: u16,
        filters: Vec<String>,
    },
    PingReq,
    Disconnect,
}

#[derive(Debug, PartialEq)]
pub(super) struct Connect {
    /// 3 or 4.
    pub(super) level: u8,
    pub(super) client_id: String,
    pub(super) clean_session: bool,
    pub(super) keep_alive_s: u16,
    pub(super) username: Option<String>,
    pub(super) password: Option<Bytes>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Publish {
    pub(super) topic: String,
    /// Only at QoS 1.
    pub(super) id: Option<u16>,
    pub(super) payload: Bytes,
}

/// What no server has to put up with; the connection ends.
#[derive(Debug, PartialEq)]
pub(super) struct Violation;

/// The next whole packet, if it has arrived.
pub(super) fn read(arrived: &mut BytesMut) -> Result<Option<Packet>, Violation> {
    let mut length = 0_usize;
    let mut head = 1;
    loop {
        let Some(byte) = arrived.get(head) else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * (head - 1));
        head += 1;
        if byte & 0x80 == 0 {
            break;
        }
        if head > 4 {
            return Err(Violation);
        }
    }
    if length > LARGEST_PACKET_BYTES {
        return Err(Violation);
    }
    if arrived.len() < head + length {
        return Ok(None);
    }
    let first = arrived[0];
    let mut body = arrived.split_to(head + length).freeze();
    body.advance(head);
    let packet = match (first >> 4, first & 0x0f) {
        (1, 0) => connect(&mut body)?,
        (3, flags) => publish(flags, &mut body)?,
        (4, 0) => Packet::PubAck(packet_id(&mut body)?),
        (8, 2) => subscribe(&mut body)?,
        (10, 2) => unsubscribe(&mut body)?,
        (12, 0) => Packet::PingReq,
        (14, 0) => Packet::Disconnect,
        _ => return Err(Violation),
    };
    // The level decides how the rest of an unsupported CONNECT is read.
    if body.has_remaining() && packet != Packet::ConnectUnsupported {
        return Err(Violation);
    }
    Ok(Some(packet))
}

fn connect(body: &mut Bytes) -> Result<Packet, Violation> {
    let protocol = text(body)?;
    let level = number8(body)?;
    match (protocol.as_str(), level) {
        ("MQTT", 4) | ("MQIsdp", 3) => {}
        ("MQTT" | "MQIsdp", _) => return Ok(Packet::ConnectUnsupported),
        _ => return Err(Violation),
    }
    let flags = number8(body)?;
    let is_set = |bit: u8| flags & (1 << bit) != 0;
    let (will, will_qos) = (is_set(2), (flags >> 3) & 3);
    let will_flags_fit = if will { will_qos < 3 } else { will_qos == 0 && !is_set(5) };
    if is_set(0) || !will_flags_fit || (is_set(6) && !is_set(7)) {
        return Err(Violation);
    }
    let keep_alive_s = number16(body)?;
    let client_id = text(body)?;
    if will {
        // The server behind the broker knows nothing of wills.
        topic_name(text(body)?)?;
        binary(body)?;
    }
    let username = if is_set(7) { Some(text(body)?) } else { None };
    let password = if is_set(6) { Some(binary(body)?) } else { None };
    Ok(Packet::Connect(Connect { level, client_id, clean_session: is_set(1), keep_alive_s, username, password }))
}

fn publish(flags: u8, body: &mut Bytes) -> Result<Packet, Violation> {
    let (duplicate, qos) = (flags & 0b1000 != 0, (flags >> 1) & 3);
    // QoS 2 is not served.
    if qos > 1 || (qos == 0 && duplicate) {
        return Err(Violation);
    }
    let topic = topic_name(text(body)?)?;
    let id = if qos == 1 { Some(packet_id(body)?) } else { None };
    let payload = body.split_to(body.len());
    Ok(Packet::Publish(Publish { topic, id, payload }))
}

fn subscribe(body: &mut Bytes) -> Result<Packet, Violation> {
    let id = packet_id(body)?;
    let mut filters = Vec::new();
    while body.has_remaining() {
        let filter = topic_filter(text(body)?)?;
        let qos = number8(body)?;
        if qos > 2 {
            return Err(Violation);
        }
        filters.push((filter, qos));
    }
    if filters.is_empty() { Err(Violation) } else { Ok(Packet::Subscribe { id, filters }) }
}

fn unsubscribe(body: &mut Bytes) -> Result<Packet, Violation> {
    let id = packet_id(body)?;
    let mut filters = Vec::new();
    while body.has_remaining() {
        filters.push(topic_filter(text(body)?)?);
    }
    if filters.is_empty() { Err(Violation) } else { Ok(Packet::Unsubscribe { id, filters }) }
}

/// A name to publish to: not empty, no wildcards.
fn topic_name(topic: String) -> Result<String, Violation> {
    if topic.is_empty() || topic.contains(['+', '#']) { Err(Violation) } else { Ok(topic) }
}

/// A name to subscribe to: `+` stands for a whole level, `#` for all that are left.
fn topic_filter(filter: String) -> Result<String, Violation> {
    let levels: Vec<&str> = filter.split('/').collect();
    let last = levels.len() - 1;
    let fits = |(at, level): (usize, &&str)| match *level {
        "#" => at == last,
        "+" => true,
        level => !level.contains(['+', '#']),
    };
    if filter.is_empty() || !levels.iter().enumerate().all(fits) { Err(Violation) } else { Ok(filter) }
}

fn number8(body: &mut Bytes) -> Result<u8, Violation> {
    body.try_get_u8().map_err(|_| Violation)
}

fn number16(body: &mut Bytes) -> Result<u16, Violation> {
    body.try_get_u16().map_err(|_| Violation)
}

fn packet_id(body: &mut Bytes) -> Result<u16, Violation> {
    match number16(body)? {
        0 => Err(Violation),
        id => Ok(id),
    }
}

fn binary(body: &mut Bytes) -> Result<Bytes, Violation> {
    let length = usize::from(number16(body)?);
    if body.len() < length { Err(Violation) } else { Ok(body.split_to(length)) }
}

fn text(body: &mut Bytes) -> Result<String, Violation> {
    let text = String::from_utf8(binary(body)?.into()).map_err(|_| Violation)?;
    if text.contains('\0') { Err(Violation) } else { Ok(text) }
}

pub(super) fn connack(code: u8) -> Bytes {
    // No session is ever present.
    Bytes::from(vec![0x20, 2, 0, code])
}

pub(super) fn puback(id: u16) -> Bytes {
    with_id(0x40, id, &[])
}

pub(super) fn suback(id: u16, codes: &[u8]) -> Bytes {
    with_id(0x90, id, codes)
}

pub(super) fn unsuback(id: u16) -> Bytes {
    with_id(0xb0, id, &[])
}

pub(super) fn pingresp() -> Bytes {
    Bytes::from_static(&[0xd0, 0])
}

/// All of a PUBLISH before its payload; with an id it is of QoS 1.
pub(super) fn publish_head(topic: &str, id: Option<u16>, duplicate: bool, payload_bytes: usize) -> Bytes {
    let mut head = BytesMut::new();
    head.put_u8(0x30 | u8::from(duplicate) << 3 | u8::from(id.is_some()) << 1);
    put_length(&mut head, 2 + topic.len() + id.map_or(0, |_| 2) + payload_bytes);
    head.put_u16(topic.len() as u16);
    head.put_slice(topic.as_bytes());
    if let Some(id) = id {
        head.put_u16(id);
    }
    head.freeze()
}

fn with_id(first: u8, id: u16, rest: &[u8]) -> Bytes {
    let mut packet = BytesMut::new();
    packet.put_u8(first);
    put_length(&mut packet, 2 + rest.len());
    packet.put_u16(id);
    packet.put_slice(rest);
    packet.freeze()
}

fn put_length(packet: &mut BytesMut, mut length: usize) {
    loop {
        let more = if length > 0x7f { 0x80 } else { 0 };
        packet.put_u8((length & 0x7f) as u8 | more);
        length >>= 7;
        if length == 0 {
            return;
        }
    }
}
