"""Takes the pictures of the documentation: `python3 docs/images/draw`, or `make pictures`.

Starts the demo and a Prometheus that reads it, both on the loopback; waits until something has happened; takes the
landing page as a browser shows it, and draws the panels of the dashboard from what Prometheus answers to their
queries. Needs Debian's packages `prometheus` and `chromium`.
"""

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import panels
import queries

ROOT = pathlib.Path(__file__).resolve().parents[3]
IMAGES = ROOT / "docs" / "images"
DASHBOARD = ROOT / "dashboards" / "hss-scan-overview.json"
SCRAPE_INTERVAL = 15
# The rows of the dashboard that a picture shows: from this one to before that one.
PICTURES = {"dashboard.png": (0, 3), "dashboard-more.png": (3, 99)}
LANDING_WIDTH = 1200
# So that a page of the documentation is there at once.
MOST_BYTES = 400_000


def main():
    """Everything, one after the other."""
    flags = arguments()
    missing = [program for program in ("chromium", "prometheus") if not shutil.which(program)]
    if missing:
        sys.exit(f"missing on this machine: {', '.join(missing)}; on Debian: apt-get install {' '.join(missing)}")
    with contextlib.ExitStack() as ends, tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        exporter, prometheus = flags.exporter, flags.prometheus
        if not exporter:
            exporter = start_demo(flags.binary, ends)
        if not prometheus:
            prometheus = start_prometheus(exporter, folder, ends)
            print(f"waiting for {flags.minutes} minutes, so that something happens")
            time.sleep(60 * flags.minutes)
        take_landing(exporter, folder)
        try:
            draw_dashboard(prometheus, flags.minutes, folder)
        except queries.Refused as refused:
            sys.exit(f"a query of the dashboard cannot be drawn: {refused}")


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="docs/images/draw", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--binary", default=ROOT / "target" / "debug" / "hss-exporter", help="the exporter")
    parser.add_argument("--minutes", type=int, default=30, help="how long to wait, and how much time to show")
    parser.add_argument("--exporter", help="the URL of a demo that runs already")
    parser.add_argument("--prometheus", help="the URL of a Prometheus that has been reading it")
    return parser.parse_args()


def start_demo(binary, ends):
    """Its URL."""
    port = free_port()
    run(ends, [binary, "demo", f"--web.listen-address=127.0.0.1:{port}"])
    return answering(f"http://127.0.0.1:{port}", "/-/ready")


def start_prometheus(exporter, folder, ends):
    """Its URL. What it stores is gone with the folder."""
    config = folder / "prometheus.yml"
    target = exporter.removeprefix("http://")
    config.write_text(
        f"global: {{ scrape_interval: {SCRAPE_INTERVAL}s }}\n"
        f"scrape_configs: [{{ job_name: hss-exporter, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
    )
    port = free_port()
    store = f"--storage.tsdb.path={folder / 'store'}"
    run(ends, ["prometheus", f"--config.file={config}", store, f"--web.listen-address=127.0.0.1:{port}"])
    return answering(f"http://127.0.0.1:{port}", "/-/ready")


def run(ends, command):
    """Runs until the pictures are taken."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ends.callback(process.wait, 30)
    ends.callback(process.terminate)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answering(url, path):
    """The URL, as soon as somebody answers well there."""
    for _ in range(120):
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url + path, timeout=5).close()
            return url
        time.sleep(0.5)
    sys.exit(f"nobody answers at {url}{path}")


def take_landing(exporter, folder):
    """The landing page, as tall as it is."""
    with urllib.request.urlopen(exporter + "/", timeout=30) as answer:
        shown = answer.read().decode()
    measured = "<script>document.documentElement.dataset.height = document.body.scrollHeight</script>"
    page = folder / "landing.html"
    page.write_text(shown + measured)
    dom = chromium(page, f"--window-size={LANDING_WIDTH},400", "--dump-dom")
    take(page, LANDING_WIDTH, int(re.search(r'data-height="(\d+)"', dom)[1]), IMAGES / "landing.png")


def draw_dashboard(url, minutes, folder):
    """The panels, filled with what their queries are answered."""
    dashboard = json.loads(DASHBOARD.read_text())
    prometheus = queries.Prometheus(url, int(time.time()), 60 * minutes, SCRAPE_INTERVAL)
    for name, (first, last) in PICTURES.items():
        shown, height = panels.page(dashboard, prometheus, first, last)
        page = folder / "dashboard.html"
        page.write_text(shown)
        take(page, panels.WIDTH, height, IMAGES / name)


def take(page, width, height, picture):
    """A picture of a page."""
    chromium(page, f"--window-size={width},{height}", f"--screenshot={picture}")
    size = picture.stat().st_size
    print(f"{picture.relative_to(ROOT)}: {width} x {height}, {size // 1000} kB")
    if size > MOST_BYTES:
        sys.exit(f"{picture} is larger than {MOST_BYTES} bytes")


def chromium(page, *flags):
    """What it prints."""
    # Root has no sandbox, and the page is ours.
    always = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    done = subprocess.run([*always, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
