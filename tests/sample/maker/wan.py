"""The link between the router and the outside: two TUN devices and a delay.

A link inside one kernel has no latency, and a sample in which every server of
the world answers within 50 microseconds teaches nothing. `tc netem` would do,
but many kernels are built without it; this needs only /dev/net/tun. Each
outside address has its own round trip, with some jitter and rare loss.
"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

from world import NS_PREFIX, round_trips

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
LOSS = 0.0004


def open_tun(namespace):
    """Open a device wan0 inside the namespace; the descriptor works anywhere."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"wan0", IFF_TUN | IFF_NO_PI))
    return fd


def address(packet, at_source):
    if packet[0] >> 4 == 4:
        return socket.inet_ntoa(packet[12:16] if at_source else packet[16:20])
    return socket.inet_ntop(socket.AF_INET6, packet[8:24] if at_source else packet[24:40])


def main():
    inside, outside = open_tun(NS_PREFIX + "gw"), open_tun(NS_PREFIX + "out")
    print("ready", flush=True)
    rtts, rng = round_trips(), random.Random(1)
    queue, last, count = [], {}, 0
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        readable, _, _ = select.select([inside, outside], [], [], wait)
        for fd in readable:
            other = outside if fd == inside else inside
            for _ in range(64):
                try:
                    packet = os.read(fd, 65536)
                except BlockingIOError:
                    break
                if rng.random() < LOSS:
                    continue
                peer = address(packet, at_source=fd == outside)
                one_way = rtts.get(peer, 0.03) / 2 * rng.uniform(1.0, 1.15)
                # Jitter must not reorder the packets of one host.
                due = max(time.monotonic() + one_way, last.get((fd, peer), 0.0))
                last[fd, peer] = due
                count += 1
                heapq.heappush(queue, (due, count, other, packet))
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, fd, packet = heapq.heappop(queue)
            try:
                os.write(fd, packet)
            except OSError:
                pass  # the far device is down or full: a lost packet


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
