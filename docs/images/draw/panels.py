"""A dashboard and what its queries were answered -> a page that looks much as Grafana would show it."""

import html
import pathlib
import re
import time

import charts
import queries
import values

# Grafana's grid: the height of a cell and the space between two panels, in pixels.
WIDTH, CELL, GAP = 1440, 30, 8

STYLE = (pathlib.Path(__file__).parent / "style.css").read_text()


def page(dashboard, prometheus, first, last):
    """The rows of a dashboard from the `first` to before the `last`, as HTML; and its height in pixels."""
    starts = [panel["gridPos"]["y"] for panel in dashboard["panels"] if panel["type"] == "row"] + [10**6]
    top, bottom = starts[first], starts[min(last, len(starts) - 1)]
    shown = [panel for panel in dashboard["panels"] if top <= panel["gridPos"]["y"] < bottom]
    drawn = "".join(draw(panel, prometheus, top) for panel in shown)
    height = max(box(panel, top)[1] + box(panel, top)[3] for panel in shown) + GAP + 42
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(prometheus.end))
    span = f"{prometheus.length // 60} minutes of the demo, until {when}"
    note = f"drawn from the answers to the dashboard's queries, not by Grafana; {span}"
    head = f"<h1>{html.escape(dashboard['title'])} <small>{note}</small></h1>"
    return f'<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style>{head}<main>{drawn}</main>', height


def box(panel, top):
    """left, top, width, height in pixels"""
    at = panel["gridPos"]
    column = (WIDTH - GAP) / 24
    return (
        GAP + at["x"] * column,
        (at["y"] - top) * (CELL + GAP),
        at["w"] * column - GAP,
        at["h"] * (CELL + GAP) - GAP,
    )


def draw(panel, prometheus, top):
    """One panel in its place."""
    left, above, width, height = box(panel, top)
    place = f"left:{left:.1f}px;top:{above}px;width:{width:.1f}px;height:{height}px"
    title = html.escape(panel["title"])
    if panel["type"] == "row":
        return f'<div class="row" style="{place}">{title}</div>'
    kinds = {"stat": stat, "table": table, "timeseries": timeseries}
    inside, style = kinds[panel["type"]](panel, prometheus, width, height)
    return f'<div class="panel" style="{place};{style}"><h2>{title}</h2>{inside}</div>'


def stat(panel, prometheus, *_):
    """The one number."""
    config = panel["fieldConfig"]["defaults"]
    answer = prometheus.instant(panel["targets"][0]["expr"])
    value = answer[0][1] if answer else None
    text = values.written(value, config["unit"], config.get("decimals"), prometheus.end) or config["noValue"]
    color = values.by_threshold(value, config["thresholds"])
    filled = panel["options"]["colorMode"] == "background"
    size = " long" if len(text) > 9 else ""
    shown = f'<div class="stat{size}" style="color:{"#fff" if filled else color}">{html.escape(text)}</div>'
    return shown, f"background:color-mix(in srgb, {color} 78%, black);color:#fff" if filled else ""


def table(panel, prometheus, *_):
    """A line for each thing."""
    defaults = panel["fieldConfig"]["defaults"]
    columns, rows = queries.table(prometheus, panel)
    if not rows:
        return f'<div class="none">{html.escape(defaults["noValue"])}</div>', ""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(cell(panel, column, row[column], prometheus.end) for column in columns) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>", ""


def cell(panel, column, value, now):
    """One value of a table, with what is special about its column."""
    config = merged(panel, column)
    look = config["custom"]["cellOptions"]["type"]
    if isinstance(value, str):
        text, color = value, values.mapped(value, config["mappings"])
    else:
        text = values.written(value, config["unit"], config.get("decimals"), now) or config["noValue"]
        color = values.by_threshold(value, config["thresholds"])
    if config["color"]["mode"] == "fixed":
        color = values.color(config["color"]["fixedColor"])
    text = html.escape(text)
    if look == "gauge" and value is not None:
        return f'<td><span class="bar"><i style="width:{100 * value:.0f}%;background:{color}"></i></span>{text}</td>'
    style = {
        "color-text": f"color:{color}",
        "color-background": f"background:color-mix(in srgb, {color} 80%, black);color:#fff",
    }
    return f'<td style="{style.get(look, "") if value is not None else "color:#8e8e9b"}">{text}</td>'


def merged(panel, name):
    """The configuration of a field: the panel's, and what is said of this one."""
    config = dict(panel["fieldConfig"]["defaults"], custom=dict(panel["fieldConfig"]["defaults"].get("custom", {})))
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        pattern = matcher["options"].strip("/") if matcher["id"] == "byRegexp" else re.escape(matcher["options"]) + "$"
        found = re.search(pattern, name) if matcher["id"] == "byRegexp" else re.match(pattern, name)
        for wanted in override["properties"] if found else []:
            key = wanted["id"]
            if key.startswith("custom."):
                config["custom"][key.removeprefix("custom.")] = wanted["value"]
            else:
                config[key] = wanted["value"]
    return config


def timeseries(panel, prometheus, width, height):
    """Lines, points or bars over time."""
    times, lines = [], []
    for target in panel["targets"]:
        times, answer = prometheus.range(target["expr"], panel)
        for found, points in answer:
            lines.append((legend(target["legendFormat"], found), points))
    if not any(points for _, points in lines):
        return f'<div class="none">{html.escape(panel["fieldConfig"]["defaults"]["noValue"])}</div>', ""
    named = [
        (name, merged(panel, name), points)
        for name, points in sorted(lines, key=lambda line: line[0].startswith("limit"))
    ]
    return charts.chart(named, times, width - 2, height - 30), ""


def legend(template, labels):
    """`{{code}}` -> `200`"""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), template)
