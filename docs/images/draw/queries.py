"""What Prometheus answers to the queries of a panel, laid out as Grafana lays it out."""

import json
import urllib.error
import urllib.parse
import urllib.request

# As fine as Grafana draws where the panel does not say.
MOST_POINTS = 300


class Refused(Exception):
    """Prometheus does not take a query."""


class Prometheus:
    """The HTTP API of a Prometheus, asked about a stretch of time."""

    def __init__(self, url, end, length, scrape_interval):
        self.url, self.end, self.length, self.scrape_interval = url.rstrip("/"), end, length, scrape_interval

    def instant(self, expr):
        """[(labels, value)] at the end of the stretch."""
        found = self._ask("query", query=self._filled(expr, self.scrape_interval), time=self.end)
        return [(labels(one), float(one["value"][1])) for one in found]

    def range(self, expr, panel):
        """(times, [(labels, {time: value})]) over the stretch."""
        step = self.step(panel)
        last = self.end // step * step
        start = min((self.end - self.length) // step * step + step, last)
        found = self._ask("query_range", query=self._filled(expr, step), start=start, end=self.end, step=step)
        times = [start + n * step for n in range(int((self.end - start) // step) + 1)]
        return times, [(labels(one), {moment: float(value) for moment, value in one["values"]}) for one in found]

    def step(self, panel):
        """From point to point."""
        least = seconds(panel.get("interval", f"{self.scrape_interval}s"))
        finest = self.length / panel.get("maxDataPoints", MOST_POINTS)
        return next((step for step in [15, 30, 60, 120, 300, 600, 900, 1800, 3600] if step >= max(least, finest)), 7200)

    def _filled(self, expr, step):
        """With every choice at All."""
        values = {
            "$__rate_interval": f"{max(step + self.scrape_interval, 4 * self.scrape_interval)}s",
            "$__interval": f"{step}s",
            "$__range": f"{self.length}s",
            "$account": ".*",
            "$project": ".*",
            "$enterprise_project": ".*",
        }
        for name, value in values.items():
            expr = expr.replace(name, value)
        return expr

    def _ask(self, what, **parameters):
        address = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise Refused(f"{parameters['query']}\n    {error.read().decode()}") from error


def labels(series):
    """Its labels, without its name."""
    return {name: value for name, value in series["metric"].items() if name != "__name__"}


def seconds(text):
    """`5m` -> 300"""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def table(prometheus, panel):
    """(columns, rows): the answers of all queries, merged where their common labels agree, then named and ordered."""
    targets = panel["targets"]
    answers = [(target["refId"], prometheus.instant(target["expr"])) for target in targets]
    common = None
    for _, answer in answers:
        for found, _ in answer:
            common = set(found) if common is None else common & set(found)
    rows = {}
    for ref, answer in answers:
        for found, value in answer:
            key = tuple(sorted((name, found[name]) for name in common))
            row = rows.setdefault(key, [{}])
            field = f"Value #{ref}" if len(targets) > 1 else "Value"
            home = next(
                (one for one in row if all(one.get(k, v) == v for k, v in found.items()) and field not in one), None
            )
            if home is None:
                home = {}
                row.append(home)
            home.update(found)
            home[field] = value
    flat = [one for row in rows.values() for one in row if one]
    chosen = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
    # A column that no answer has is not there.
    there = {name for row in flat for name in row}
    order = sorted(there & set(chosen["indexByName"]), key=chosen["indexByName"].get)
    columns = [chosen["renameByName"].get(name, name) for name in order]
    left_over = there - set(order) - set(chosen["excludeByName"])
    if left_over:
        raise Refused(f"{panel['title']}: {sorted(left_over)} have no column")
    named = [{chosen["renameByName"].get(name, name): row.get(name) for name in order} for row in flat]
    for rule in panel["options"].get("sortBy", []):
        name = rule["displayName"]
        known = [row for row in named if row[name] is not None]
        unknown = [row for row in named if row[name] is None]
        named = sorted(known, key=lambda row: row[name], reverse=rule["desc"]) + unknown
    return columns, named
