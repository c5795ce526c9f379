"""Speaks to a hub as a machine would, so that a proof can do what no honest program does.

Just enough of the protocol to open a session and sign a request, written from its description alone.
"""
import hashlib
import http.client
import urllib.parse

# Ed25519 as in RFC 8032, section 6: slow and plain.
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P


def _recover_x(y, sign):
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P)
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    return _P - x if x & 1 != sign else x


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE_X = _recover_x(_BASE_Y, 0)
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _add(result, point)
        point = _add(point, point)
        number >>= 1
    return result


def _compressed(point):
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _expanded(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    return scalar & ((1 << 254) - 8) | (1 << 254), digest[32:]


def public_key(seed):
    return _compressed(_times(_expanded(seed)[0], _BASE))


def signature(seed, message):
    scalar, prefix = _expanded(seed)
    public = _compressed(_times(scalar, _BASE))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % _ORDER
    point = _compressed(_times(r, _BASE))
    h = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % _ORDER
    return point + ((r + h * scalar) % _ORDER).to_bytes(32, "little")


# The messages.

MESSAGE = "application/vnd.amends.sync"


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(words):
    data = words.encode()
    return varint(len(data)) + data


def replica_id(public):
    """The first 16 bytes of the tagged hash of the public key."""
    return hashlib.sha256(text("amends.replica.1") + varint(len(public)) + public).digest()[:16]


def seed_of(replica):
    """The private key that lies beside a replica's file."""
    return bytes.fromhex((replica.folder / (replica.file.name + ".key")).read_text().strip())


def authorization(seed, session, counter, target, body, method="POST"):
    message = (
        text("amends.request.1") + session + varint(counter) + text(method) + text(target)
        + hashlib.sha256(body).digest())
    return f"Amends session={session.hex()},counter={counter},signature={signature(seed, message).hex()}"


def send(url, target, body, headers=None, method="POST"):
    """(status, body) of one request."""
    place = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        connection.request(method, place.path.rstrip("/") + target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def open_session(url, chain, replica):
    """(status, session) for a replica's id."""
    status, body = send(url, f"/v1/chains/{chain}/sessions", varint(1) + replica, {"Content-Type": MESSAGE})
    return status, body[1:17] if status == 200 else None
