"""Small images for tests."""

import struct
import zlib


def make_png(width: int = 8, height: int = 8) -> bytes:
    """A PNG of one colour."""
    rows = zlib.compress((b"\0" + b"\xf3\x75\x24" * width) * height)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def make_svg(inside: str = "", attributes: str = "", before: str = "") -> bytes:
    """An SVG with a circle."""
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8" {attributes}>'
        f'<circle cx="4" cy="4" r="4" fill="#f37524"/>{inside}</svg>'
    ).encode()
