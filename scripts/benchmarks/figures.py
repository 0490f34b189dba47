"""A figure: what was measured, in what unit, and whether it is as good as it was meant to be. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One thing that was measured several times. Every goal is an upper bound."""

    name: str
    unit: str
    values: tuple[float, ...]
    goal: float | None = None
    worst_counts: bool = False
    """The worst run is held against the goal, not the median: a failed request is not made good by another run."""
    note: str = ""

    @property
    def result(self) -> float:
        """The median of the runs, or the worst one where that counts."""
        return max(self.values) if self.worst_counts else statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None where there is no goal."""
        return None if self.goal is None else self.result <= self.goal

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON keeps it."""
        return {
            "name": self.name,
            "unit": self.unit,
            "result": self.result,
            "of": "worst" if self.worst_counts else "median",
            "runs": list(self.values),
            "goal": self.goal,
            "met": self.is_met,
            "note": self.note,
        }


def render_number(value: float, unit: str) -> str:
    """Write a number as exactly as it means something: counts whole, long times without their thousandths."""
    if unit == "" or value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 1 or unit != "s" else f"{value:.3f}"


def render_table(figures: Sequence[Figure]) -> str:
    """A table that reads well in a terminal and is a table in Markdown too."""
    head = ("what", "result", "runs", "goal", "met")
    rows = [head, *(_render_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"* {figure.name}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _render_row(figure: Figure) -> tuple[str, ...]:
    unit = f" {figure.unit}" if figure.unit else ""
    low, high = (render_number(bound, figure.unit) for bound in (min(figure.values), max(figure.values)))
    return (
        figure.name,
        render_number(figure.result, figure.unit) + unit + (" (worst)" if figure.worst_counts else ""),
        f"{len(figure.values)}" + (f" ({low} to {high})" if low != high else ""),
        "" if figure.goal is None else f"{figure.goal:g}{unit}",
        {True: "yes", False: "NO", None: ""}[figure.is_met],
    )
