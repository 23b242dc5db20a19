"""Moves the packets of the real capture to the times of the plan.

Each packet belongs to a flow, and each flow to the activity its opener was
doing when it began; the whole flow is moved by (planned start - real start) of
that activity. So the timing inside an activity stays as it was captured.
"""

import bisect
import socket
import struct

from world import HOSTS, MAC_PREFIX

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
GATEWAY = HOSTS["gw"]
# ICMP that answers something: it belongs to the host it is sent to.
ICMP_ANSWERS = {(ICMP, 0), (ICMP, 3), (ICMP, 11), (ICMP6, 1), (ICMP6, 3), (ICMP6, 129), (ICMP6, 136)}
ECHO_REPLY_OF = {(ICMP, 0): 8, (ICMP6, 129): 128, (ICMP6, 136): 135}
PCAP_HEADER = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")


class Flow:
    __slots__ = ("act", "opener", "shift")

    def __init__(self, act, opener, shift):
        self.act, self.opener, self.shift = act, opener, shift


class Clock:
    """Which activity a host was doing at a real time."""

    def __init__(self, plan, times):
        self.plan = {a["id"]: a for a in plan}
        octets = {a["id"]: HOSTS[a["host"]] for a in plan}
        self.starts = {}
        for number, start in sorted(times.items(), key=lambda item: item[1]):
            starts, numbers = self.starts.setdefault(octets[number], ([], []))
            starts.append(start)
            numbers.append(number)

    def at(self, octet, now):
        starts, numbers = self.starts.get(octet, ((), ()))
        index = bisect.bisect_right(starts, now) - 1
        if index < 0:
            return None
        act = self.plan[numbers[index]]
        return Flow(act, octet, act["t"] - starts[index])


def records(data):
    """Yields (time, offset of the frame, its length, its length on the wire)."""
    magic = PCAP_HEADER.unpack_from(data)[0]
    if magic != 0xA1B2C3D4:
        raise ValueError("not a pcap with microseconds in this machine's byte order")
    offset = PCAP_HEADER.size
    while offset + RECORD.size <= len(data):
        seconds, micros, length, wire = RECORD.unpack_from(data, offset)
        offset += RECORD.size
        if offset + length > len(data):
            return  # tcpdump was stopped within a record
        yield seconds + micros / 1e6, offset, length, wire
        offset += length


def parse(data, at):
    """(protocol, source, source port, destination, destination port, opens) or None."""
    kind = data[at + 12:at + 14]
    if kind == b"\x08\x00":
        protocol, header = data[at + 23], at + 14 + (data[at + 14] & 15) * 4
        src, dst = (socket.inet_ntop(socket.AF_INET, data[a:a + 4]) for a in (at + 26, at + 30))
    elif kind == b"\x86\xdd":
        protocol, header = data[at + 20], at + 54
        src, dst = (socket.inet_ntop(socket.AF_INET6, data[a:a + 16]) for a in (at + 22, at + 38))
    else:
        return None  # ARP has no log
    if protocol in (TCP, UDP):
        sport, dport = struct.unpack_from("!HH", data, header)
        opens = protocol == TCP and data[header + 13] & 0x12 == 0x02
        return protocol, src, sport, dst, dport, opens
    if protocol in (ICMP, ICMP6):
        return protocol, src, data[header], dst, 0, False
    return None  # IPv6 hop-by-hop options: group membership, of no interest


def octet(data, at):
    """The office host of a MAC address, or 0."""
    return data[at + 5] if data[at:at + 5] == MAC_PREFIX else 0


def shift(raw, plan, times):
    """Returns [(new time, offset, length, wire)], sorted, and the attacks' flows.

    The flows are (label, protocol, source, port, destination, port, time).
    """
    clock, flows, packets, attacked, dropped = Clock(plan, times), {}, [], [], 0
    for now, at, length, wire in records(raw):
        parsed = parse(raw, at)
        if not parsed:
            continue
        protocol, src, sport, dst, dport, opens = parsed
        sender, receiver = octet(raw, at + 6), octet(raw, at)
        answer = protocol in (ICMP, ICMP6) and (protocol, sport) in ICMP_ANSWERS
        if protocol in (ICMP, ICMP6):
            kind = ECHO_REPLY_OF.get((protocol, sport), sport)
            key = (protocol, *((dst, src) if answer else (src, dst)), kind)
        else:
            key = (protocol, *sorted(((src, sport), (dst, dport))))
            if raw[at] & 1:  # to a group: all who ask for an address have the same one
                key += (sender,)
        # The router opens nothing itself: what it begins is for somebody.
        opener = receiver if answer or sender in (0, GATEWAY) else sender
        flow = flows.get(key)
        reopened = flow and (opens or (protocol != TCP and opener == flow.opener))
        if flow is None or reopened:
            fresh = clock.at(opener, now)
            if fresh and (flow is None or fresh.act is not flow.act):
                flow = flows[key] = fresh
                if "label" in fresh.act and protocol in (TCP, UDP):
                    attacked.append((fresh.act["label"], protocol, src, sport, dst, dport,
                                     now + fresh.shift))
            elif fresh is None:
                flow = None
        if flow is None:
            dropped += 1
            continue
        packets.append((now + flow.shift, at, length, wire))
    packets.sort(key=lambda p: p[0])
    return packets, attacked, dropped


def write(path, raw, packets):
    with open(path, "wb") as out:
        out.write(PCAP_HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for when, at, length, wire in packets:
            micros = round(when * 1e6)
            out.write(RECORD.pack(micros // 1000000, micros % 1000000, length, wire))
            out.write(raw[at:at + length])
