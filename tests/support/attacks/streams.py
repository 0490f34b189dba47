"""What only bytes can say: requests hidden in others, and what leads to another site."""

from tests.support.attacks.attempt import Stream

VERSION = b'"version"'
HIDDEN = b"GET /hub/api/ HTTP/1.1\r\nHost: x\r\n\r\n"
TWO = b"GET /user/eve/api HTTP/1.1\r\nHost: x\r\nCookie: COOKIES\r\n\r\n" + HIDDEN
HEAD = b"POST /user/eve/api HTTP/1.1\r\nHost: x\r\nCookie: COOKIES\r\n"
SMUGGLING = (
    Stream(
        "smuggle-length",
        "hides a request behind Content-Length",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        VERSION,
        TWO,
    ),
    Stream(
        "smuggle-lengths",
        "hides a request between two lengths",
        HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        VERSION,
        TWO,
    ),
    Stream(
        "smuggle-coding",
        "hides a request behind an odd Transfer-Encoding",
        HEAD + b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        VERSION,
        TWO,
    ),
    Stream(
        "smuggle-space",
        "hides a request behind a space in a header's name",
        HEAD + b"Content-Length : %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        VERSION,
        TWO,
    ),
    Stream(
        "smuggle-chunk",
        "hides a request behind a wrong chunk",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\n\r\n" + HIDDEN,
        VERSION,
        TWO,
    ),
    Stream(
        "smuggle-newline",
        "hides a request in a header",
        b"GET /user/eve/api HTTP/1.1\r\nHost: x\r\nCookie: COOKIES\r\nX: y\n\n" + HIDDEN,
        VERSION,
        TWO,
    ),
)

LED = b"GET /hub/home?x=evil.example HTTP/1.1\r\nHost: x\r\n\r\n"
LEADING = (
    Stream(
        "net-header-size",
        "sends a header of 200,000 letters",
        b"GET /hub/api/ HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        VERSION,
        HIDDEN,
    ),
    Stream(
        "net-redirect",
        "has the hub lead to another site",
        b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n",
        b"evil.example",
        LED,
    ),
    Stream(
        "net-redirect-host",
        "has the hub lead to another host",
        b"GET /hub/home HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n",
        b"evil.example",
        LED,
    ),
)
