"""How a value is written and coloured, as the dashboard's units, mappings and thresholds say."""

import math
import time

COLORS = {
    "green": "#73bf69",
    "red": "#f2495c",
    "orange": "#ff9830",
    "yellow": "#fade2a",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#ccccdc",
}
PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300"]

SPANS = [
    ("years", 31_557_600),
    ("months", 2_629_800),
    ("weeks", 604_800),
    ("days", 86_400),
    ("hours", 3_600),
    ("mins", 60),
]


def color(name):
    """What CSS calls a colour of Grafana's."""
    return COLORS.get(name, name)


def by_threshold(value, thresholds):
    """The colour that a value has. The first step is also that of no value."""
    chosen = thresholds["steps"][0]["color"]
    for step in thresholds["steps"][1:]:
        if value is not None and value >= step["value"]:
            chosen = step["color"]
    return color(chosen)


def mapped(text, mappings):
    """The colour that a mapping gives to a text, if one does."""
    for mapping in mappings:
        found = mapping["options"].get(text)
        if found:
            return color(found["color"])
    return None


def written(value, unit, decimals=None, now=None):
    """A number as a person reads it."""
    if value is None or math.isnan(value):
        return None
    if unit == "s":
        return span(value, decimals)
    if unit == "dateTimeFromNow":
        return from_now(value / 1000, now or time.time())
    if unit == "percentunit":
        return f"{number(100 * value, decimals)}%"
    if unit == "bytes":
        return scaled(value, 1024, ["B", "KiB", "MiB", "GiB"])
    if unit == "reqpm":
        return f"{number(value, decimals)} rpm"
    if unit == "short":
        return scaled(value, 1000, ["", "K", "Mil", "Bil"])
    if unit == "none":
        return number(value, decimals)
    raise ValueError(f"there is no writing of the unit {unit!r} yet")


def number(value, decimals):
    """As many decimals as are asked for, or as many as tell something."""
    if decimals is None:
        decimals = 0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    return f"{value:.{decimals}f}"


def scaled(value, base, names):
    """1536 -> 1.5 KiB"""
    power = 0
    while abs(value) >= base and power + 1 < len(names):
        value, power = value / base, power + 1
    return f"{number(value, None)} {names[power]}".strip()


def span(seconds, decimals):
    """90 -> 1.5 mins"""
    if not seconds:
        return "0 s"
    if abs(seconds) < 1:
        return f"{number(1000 * seconds, decimals)} ms"
    for name, length in SPANS:
        if abs(seconds) >= length:
            count = number(seconds / length, decimals).removesuffix(".0")
            return f"{count} {name.removesuffix('s') if count == '1' else name}"
    return f"{number(seconds, decimals).removesuffix('.0')} s"


def from_now(moment, now):
    """`4 minutes ago`, `in 2 hours`"""
    distance = abs(moment - now)
    if distance < 45:
        words = "a few seconds"
    elif distance < 90:
        words = "a minute"
    else:
        for name, length in [
            ("year", 31_557_600),
            ("month", 2_629_800),
            ("day", 86_400),
            ("hour", 3_600),
            ("minute", 60),
        ]:
            if distance >= 0.9 * length:
                count = max(1, round(distance / length))
                article = "an" if name == "hour" else "a"
                words = f"{article} {name}" if count == 1 else f"{count} {name}s"
                break
    return f"in {words}" if moment > now else f"{words} ago"
