"""Sizes, cores and times in words for people."""

from datetime import UTC, datetime, timedelta

import pytest

from littlest.plan.usage_words import render_ago, render_cores_of, render_duration, render_size, render_size_of

MIB, GIB = 2**20, 2**30
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "limit", "words"),
    [
        (int(1.8 * GIB), 2 * GIB, "1.8 of 2 GB"),
        (300 * MIB, GIB, "0.3 of 1 GB"),
        (300 * MIB, 512 * MIB, "300 of 512 MB"),
        (300 * MIB, 1536 * MIB, "0.3 of 1.5 GB"),
        (0, GIB, "0 of 1 GB"),
        (14 * GIB + GIB // 3, None, "14 GB"),
        (300 * MIB, None, "300 MB"),
    ],
)
def test_memory_is_said_in_the_unit_of_its_limit(size: int, limit: int | None, words: str) -> None:
    assert render_size_of(size, limit) == words


@pytest.mark.parametrize(("size", "words"), [(2**40, "1024 GB"), (int(1.25 * GIB), "1.2 GB"), (MIB // 2, "0.5 MB")])
def test_sizes(size: int, words: str) -> None:
    assert render_size(size) == words


@pytest.mark.parametrize(
    ("cores", "limit", "words"),
    [(0.44, 2, "0.4 of 2 cores"), (0.0, 0.5, "0 of 0.5 cores"), (1, 1, "1 of 1 core"), (1.96, None, "2 cores")],
)
def test_cores(cores: float, limit: float | None, words: str) -> None:
    assert render_cores_of(cores, limit) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=80), "2 months ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_how_long_ago(ago: timedelta, words: str) -> None:
    assert render_ago((NOW - ago).isoformat(), NOW) == words
    # as JupyterHub's API writes it
    assert render_ago((NOW - ago).strftime("%Y-%m-%dT%H:%M:%S.000000Z"), NOW) == words


def test_never() -> None:
    assert render_ago(None, NOW) == "never"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3600, "an hour"), (5400, "90 minutes"), (7200, "2 hours"), (86400, "a day"), (601, "601 seconds")],
)
def test_durations(seconds: int, words: str) -> None:
    assert render_duration(seconds) == words
