"""Numbers over time -> SVG."""

import html
import math
import time

import values

LEFT, RIGHT, ABOVE, BELOW = 52, 14, 6, 20
LEGEND_LINE = 18


def chart(lines, times, width, height):
    """`lines`: (name, configuration, {time: value}) each."""
    colored = [(name, config, points, color(config, number)) for number, (name, config, points) in enumerate(lines)]
    rows = 2 if sum(len(name) * 7 + 30 for name, _, _ in lines) > width else 1
    right_side = any(is_right(config) for _, config, _, _ in colored)
    frame = Frame(times, width - LEFT - (LEFT if right_side else RIGHT), height - ABOVE - BELOW - rows * LEGEND_LINE)
    left = scale([line for line in colored if not is_right(line[1])])
    right = scale([line for line in colored if is_right(line[1])])
    parts = [frame.grid(left[0], left[1], "left")]
    if right_side:
        parts.append(frame.grid(right[0], right[1], "right"))
    floor = {}
    for _, config, points, stroke in colored:
        top = right[0] if is_right(config) else left[0]
        parts.append(frame.marks(config["custom"], points, floor, top, stroke))
    legend = "".join(
        f'<span><i style="background:{stroke}"></i>{html.escape(name)}</span>' for name, _, _, stroke in colored
    )
    drawing = f'<svg width="{width:.0f}" height="{height - rows * LEGEND_LINE:.0f}">{"".join(parts)}</svg>'
    return f'{drawing}<div class="legend">{legend}</div>'


def is_right(config):
    return config["custom"].get("axisPlacement") == "right"


def color(config, number):
    """Its own, or the next of the palette."""
    if config["color"]["mode"] == "fixed":
        return values.color(config["color"]["fixedColor"])
    return values.PALETTE[number % len(values.PALETTE)]


def scale(lines):
    """(the highest value that the axis shows, the configuration that its numbers are written by)"""
    if not lines:
        return 1, None
    stacked, highest = {}, lines[0][1]["custom"].get("axisSoftMax", 0)
    for _, config, points, _ in lines:
        for moment, value in points.items():
            if config["custom"]["stacking"]["mode"] == "normal":
                stacked[moment] = stacked.get(moment, 0) + max(value, 0)
                value = stacked[moment]
            highest = max(highest, value)
    return highest * 1.08 or 1, lines[0][1]


def ticks(top, config):
    """Round numbers from 0 up to the top."""
    raw = top / 4
    whole = config.get("decimals") == 0 and config["unit"] == "none"
    if config["unit"] == "s" and raw > 10:
        step = next(step for step in (15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 86400, 10**9) if step >= raw)
        return [n * step for n in range(int(top / step) + 1)]
    if config["unit"] == "bytes":
        step = 1 << math.ceil(math.log2(max(raw, 1)))
        return [n * step for n in range(int(top / step) + 1)]
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw)
    step = max(step, 1) if whole else step
    return [n * step for n in range(int(top / step) + 1)]


class Frame:
    """The place where lines are drawn."""

    def __init__(self, times, width, height):
        self.times, self.width, self.height = times, width, height
        self.step = times[1] - times[0] if len(times) > 1 else 60
        self.start, self.end = times[0] - self.step, times[-1]

    def x(self, moment):
        return LEFT + self.width * (moment - self.start) / (self.end - self.start)

    def y(self, value, top):
        return ABOVE + self.height * (1 - value / top)

    def grid(self, top, config, side):
        """Lines across, with what they stand for, and the times below."""
        parts = []
        for value in ticks(top, config):
            y = self.y(value, top)
            text = html.escape(values.written(value, config["unit"], config.get("decimals")))
            at = (LEFT - 6, "end") if side == "left" else (LEFT + self.width + 6, "start")
            if side == "left":
                parts.append(f'<path d="M{LEFT} {y:.1f}h{self.width:.0f}" stroke="#2a2d34"/>')
            parts.append(f'<text x="{at[0]:.0f}" y="{y + 4:.1f}" text-anchor="{at[1]}">{text}</text>')
        span = next(
            span
            for span in (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
            if (self.end - self.start) / span <= max(2, self.width / 60)
        )
        moment = math.ceil(self.start / span) * span
        while side == "left" and moment <= self.end:
            text = time.strftime("%H:%M", time.gmtime(moment))
            parts.append(
                f'<text x="{self.x(moment):.0f}" y="{ABOVE + self.height + 15:.0f}" text-anchor="middle">{text}</text>'
            )
            moment += span
        return "".join(parts)

    def marks(self, custom, points, floor, top, stroke):
        """What stands for the values of one line; `floor` is what lies below, where they are stacked."""
        stacked = custom["stacking"]["mode"] == "normal"
        tops = []
        for moment in self.times:
            value = points.get(moment)
            if value is None or math.isnan(value):
                tops.append(None)
                continue
            below = floor.get(moment, 0) if stacked else 0
            floor[moment] = below + max(value, 0)
            tops.append((self.x(moment), self.y(below + value, top), self.y(below, top)))
        if custom["drawStyle"] == "bars":
            wide = 0.8 * self.width * self.step / (self.end - self.start)
            bar = '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>'
            return "".join(
                bar.format(x - 0.9 * wide, y, 0.8 * wide, max(0, base - y), stroke) for x, y, base in filter(None, tops)
            )
        if custom["drawStyle"] == "points":
            return "".join(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{stroke}"/>' for x, y, _ in filter(None, tops)
            )
        return self.line(custom, tops, stroke)

    @staticmethod
    def line(custom, tops, stroke):
        """A line with gaps where nothing is known, and what is filled below it."""
        pieces, piece = [], []
        for point in tops + [None]:
            if point:
                piece.append(point)
            elif piece:
                pieces.append(piece)
                piece = []
        dash = ' stroke-dasharray="6 6"' if "lineStyle" in custom else ""
        parts = []
        for piece in pieces:
            path = " ".join(f"{x:.1f} {y:.1f}" for x, y, _ in piece)
            back = " ".join(f"{x:.1f} {base:.1f}" for x, _, base in reversed(piece))
            opacity = custom.get("fillOpacity", 0) / 100
            if opacity:
                parts.append(f'<path d="M{path} L{back}Z" fill="{stroke}" fill-opacity="{opacity}"/>')
            parts.append(f'<path d="M{path}" fill="none" stroke="{stroke}" stroke-width="1.5"{dash}/>')
        return "".join(parts)
