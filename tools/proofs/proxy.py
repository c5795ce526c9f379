"""A faulty network: a proxy on loopback that loses, repeats, cuts, delays and spoils what passes through.

Every request goes to the hub on a connection of its own, so that one exchange's fault is no other's. What happens to
an exchange is decided by a plan: a function of `Exchange` that returns a `Fault`.
"""
import dataclasses
import socket
import threading
import urllib.parse


@dataclasses.dataclass
class Exchange:
    """A request as it came in."""

    number: int  # from 0, over all connections
    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def is_sync(self):
        return self.target.split("?")[0].endswith("/sync")

    @property
    def is_event_stream(self):
        return self.target.split("?")[0].endswith("/events")


@dataclasses.dataclass
class Fault:
    """What becomes of an exchange; without arguments, nothing unusual."""

    copies: int = 1  # how often the hub gets the request
    answer: int = -1  # which of the answers goes back
    request_bytes: int = None  # the hub gets only so many bytes, then the connection is cut
    drop_answer: bool = False  # the hub has answered, nobody hears it
    answer_bytes: int = None  # only so many bytes of the answer go back, then the connection is cut
    flip: float = None  # one byte of the answer's body is spoiled, at this share of its length
    instead: bytes = None  # this goes back, and the hub hears nothing


class FaultyProxy:
    def __init__(self, upstream, plan=None):
        self.upstream = urllib.parse.urlsplit(upstream)
        self.plan = plan or (lambda exchange: Fault())
        self.exchanges = []  # what came in
        self.answers = []  # (exchange, bytes of the answer as the hub gave it)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{self.upstream.path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed.set()
        # A thread in accept() holds the listener open: it is woken by a last connection.
        try:
            socket.create_connection(self._listener.getsockname(), timeout=1).close()
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _cut(connection)

    def _accept(self):
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._closed.is_set():
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self._lock:
            self._open.add(connection)
        try:
            stream = connection.makefile("rb")
            while not self._closed.is_set():
                request = _read_message(stream)
                if request is None:
                    return
                head, body = request
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                with self._lock:
                    exchange = Exchange(len(self.exchanges), method, target, head, body)
                    self.exchanges.append(exchange)
                    fault = self.plan(exchange)
                if not self._pass_on(exchange, fault, connection):
                    return
        except OSError:
            pass
        finally:
            _cut(connection)
            with self._lock:
                self._open.discard(connection)

    def _pass_on(self, exchange, fault, connection):
        """Returns whether the connection can be used for another request."""
        if fault.instead is not None:
            connection.sendall(fault.instead)
            return False
        if exchange.is_event_stream:
            self._stream(exchange, connection)
            return False
        if fault.request_bytes is not None:
            with self._connect() as hub:
                hub.sendall((exchange.head + exchange.body)[: fault.request_bytes])
            return False
        answers = [self._ask(exchange) for _ in range(fault.copies)]
        answer = answers[fault.answer]
        if answer is None or fault.drop_answer:
            return False
        with self._lock:
            self.answers.append((exchange, answer[0] + answer[1]))
        head, body = answer
        if fault.flip is not None and body:
            place = min(int(fault.flip * len(body)), len(body) - 1)
            body = body[:place] + bytes([body[place] ^ 0x10]) + body[place + 1:]
        whole = head + body
        if fault.answer_bytes is not None and fault.answer_bytes < len(whole):
            connection.sendall(whole[: fault.answer_bytes])
            return False
        connection.sendall(whole)
        return b"connection: close" not in head.lower()

    def _connect(self):
        return socket.create_connection((self.upstream.hostname, self.upstream.port), timeout=60)

    def _ask(self, exchange):
        try:
            with self._connect() as hub:
                hub.sendall(exchange.head + exchange.body)
                return _read_message(hub.makefile("rb"), is_answer=True)
        except OSError:
            return None

    def _stream(self, exchange, connection):
        with self._connect() as hub:
            hub.sendall(exchange.head + exchange.body)
            with self._lock:
                self._open.add(hub)
            try:
                hub.settimeout(None)
                while chunk := hub.recv(65536):
                    connection.sendall(chunk)
            finally:
                with self._lock:
                    self._open.discard(hub)


def _cut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


def _read_message(stream, is_answer=False):
    """(head, body) as they came, chunked bodies with their framing; None at the end of the connection."""
    lines = []
    while True:
        line = stream.readline()
        if not line:
            return None
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            break
    head = b"".join(lines)
    fields = {}
    for line in lines[1:-1]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        body = []
        while True:
            size = stream.readline()
            length = int(size.split(b";")[0], 16)
            data = stream.read(length + 2) if length else b""
            body += [size, data]
            if not length:
                while (trailer := stream.readline()) not in (b"\r\n", b"\n", b""):
                    body.append(trailer)
                body.append(b"\r\n")
                return head, b"".join(body)
    if b"content-length" in fields:
        length = int(fields[b"content-length"])
        body = stream.read(length)
        return (head, body) if len(body) == length else None
    status = head.split(b" ", 2)[1] if is_answer else b""
    if is_answer and status not in (b"204", b"304") and not status.startswith(b"1"):
        return head, stream.read()
    return head, b""


def dechunked(message):
    """(first line, headers, body) of a whole message."""
    head, _, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        headers[name.strip().lower().decode()] = value.strip().decode("latin-1")
    if "chunked" in headers.get("transfer-encoding", ""):
        plain = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            plain, body = plain + body[:length], body[length + 2:]
            if not length:
                break
        body = plain
    return lines[0].decode("latin-1"), headers, body
