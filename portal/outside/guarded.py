"""Calls an address that somebody typed: not into a private network, along no redirect, for little and not for long.

Imported only where a call is made, since the libraries take their time."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

PATIENCE = (3.0, 5.0)  # seconds to connect, and for each piece of an answer
LONGEST = 10.0  # seconds until a whole answer is there
LARGEST = 256 * 1024  # bytes of an answer
TRIED = 2  # addresses of a name that are tried one after the other

UNICAST = ipaddress.ip_network("2000::/3")

Resolve = Callable[[str, int], list[str]]


class Refused(RequestException):
    """A call that was not made, or an answer that was not read to its end; the text says why."""


class Private(OSError):
    """The name leads to an address that we do not call."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system finds them. Raises OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(address: str) -> bool:
    """Whether an address belongs to the open Internet; none that hides another one in itself does."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        hides = parsed.sixtofour or parsed.teredo or parsed.ipv4_mapped
        return parsed in UNICAST and parsed.is_global and not hides
    return parsed.is_global and not parsed.is_multicast


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


class Guard:
    """Opens connections: the addresses that a name has at that moment are judged, and one of them is what is called.

    `is_strict` in production; elsewhere the own machine may be called, too."""

    def __init__(self, *, is_strict: bool, resolve: Resolve = resolved) -> None:
        self.is_strict, self.resolve = is_strict, resolve

    def allows(self, address: str) -> bool:
        """Whether this address may be called."""
        return is_public(address) or (not self.is_strict and is_loopback(address))

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A connection to the host. Raises Private when a single one of its addresses is, else what connecting raises."""
        addresses = self.resolve(host.strip("[]"), port)
        if not addresses or not all(map(self.allows, addresses)):
            raise Private("The name leads to a private address.")
        last: OSError | None = None
        for address in addresses[:TRIED]:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as failure:
                last = failure
        raise last or OSError("No address answers.")


class Calls(HTTPAdapter):
    """How a session of requests makes its calls, once mounted: through the guard, and within the limits."""

    def __init__(self, guard: Guard, longest: float = LONGEST) -> None:
        self.guard, self.longest = guard, longest
        self.open: list[socket.socket] = []
        self.is_over = False
        super().__init__(max_retries=0)

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        """The same pools, with connections that ask the guard."""
        super().init_poolmanager(*sizes, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": pool(HTTPConnectionPool, HTTPConnection, self),
            "https": pool(HTTPSConnectionPool, HTTPSConnection, self),
        }

    def send(self, request: PreparedRequest, *_: Any, verify: bool | str = True, **__: Any) -> Response:
        """The whole answer. Raises RequestException where there is none, or one that leads elsewhere or has no end."""
        try:
            with self.time_limit():
                response = super().send(request, stream=True, timeout=PATIENCE, verify=verify)
                if 300 <= response.status_code < 400:
                    raise Refused("The answer leads to another address.")
                read_whole(response)
                if self.is_over:  # what was cut off must not pass for the whole
                    raise Refused("The answer takes too long.")
        finally:
            self.close()
        return response

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """Whatever is read within the block ends when the time is over, however steadily it drips."""
        watch = Timer(self.longest, self.hang_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def hang_up(self) -> None:
        self.is_over = True
        for connected in self.open:
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


def pool(kind: Any, connection: Any, calls: Calls) -> Any:
    """A kind of pool whose connections the guard opens; TLS still asks for the certificate of the name."""

    class Guarded(connection):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            return calls.guard.connect(self._dns_host, self.port, self.timeout)

        def connect(self) -> None:
            super().connect()
            calls.open.append(self.sock)  # the connection itself forgets it before its answer is read

    return type("GuardedPool", (kind,), {"ConnectionCls": Guarded})


def read_whole(response: Response) -> None:
    """Keep the body of an answer, as far as it may go. Raises Refused beyond that, and when it breaks off."""
    body = bytearray()
    try:
        for piece in iter(lambda: response.raw.read1(65_536, decode_content=True), b""):
            body += piece
            if len(body) > LARGEST:
                raise Refused("The answer is too long.")
    except Refused:
        raise
    except Exception as failure:
        raise Refused("The answer breaks off.") from failure
    finally:
        response.close()
    response._content, response._content_consumed = bytes(body), True
