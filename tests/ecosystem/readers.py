"""Reads an exporter's page with Prometheus's own client for Python, in every format, packed and plain, and says as JSON
what it found.

Usage: readers.py URL RESTLESS...

The families whose names begin with RESTLESS are another number at every look; the others are asked for by their names,
so that two answers can be compared byte by byte.
"""

import gzip
import json
import sys
import zlib
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

FORMATS = {
    "text 0.0.4": ("text/plain;version=0.0.4", text),
    "text 1.0.0": ("text/plain;version=1.0.0;escaping=allow-utf-8", text),
    "OpenMetrics": ("application/openmetrics-text;version=1.0.0", openmetrics),
}


def get(url, accept, encoding):
    """The answer's Content-Type and its bytes as they came."""
    with urlopen(Request(url, headers={"Accept": accept, "Accept-Encoding": encoding}), timeout=60) as answer:
        packed = answer.headers["Content-Encoding"]
        assert packed == (None if encoding == "identity" else encoding), packed
        return answer.headers["Content-Type"], answer.read()


def unpacked(packed):
    """By the two decoders of Python; the second sees to it that there is one member, and nothing behind it."""
    plain = gzip.decompress(packed)
    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    assert member.decompress(packed) == plain, "two decoders read the same"
    assert member.eof and not member.unused_data, "one member, which ends with the answer"
    return plain


def read(parser, page):
    families = list(parser.text_string_to_metric_families(page.decode()))
    samples = [sample for family in families for sample in family.samples]
    return {
        "types": {family.name: family.type for family in families},
        "samples": [[sample.name, sample.labels, repr(sample.value)] for sample in samples],
        "exemplars": [[sample.name, sample.exemplar.labels] for sample in samples if sample.exemplar],
    }


def main(url, *restless):
    _, page = get(url, FORMATS["text 0.0.4"][0], "identity")
    names = [line.split()[2] for line in page.decode().splitlines() if line.startswith("# TYPE ")]
    names = [name for name in names if not name.startswith(restless)]
    still = url + "?" + urlencode([("name[]", name) for name in names])
    found = {}
    for name, (accept, parser) in FORMATS.items():
        content_type, plain = get(still, accept, "identity")
        packed_type, packed = get(still, accept, "gzip")
        assert content_type == packed_type
        assert unpacked(packed) == plain, f"{name}: packed and plain are the same"
        read(parser, unpacked(get(url, accept, "gzip")[1]))
        found[name] = {"content_type": content_type, "families": len(names), **read(parser, plain)}
    print(json.dumps(found))


main(*sys.argv[1:])
