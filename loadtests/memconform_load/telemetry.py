"""OpenTelemetry: Locust's own export of metrics, with buckets that tell 50 ms from 400 ms."""

from __future__ import annotations

import os
from importlib.util import find_spec

from memconform.settings import UsageError

_NEEDED = ("opentelemetry.sdk.metrics", "opentelemetry.exporter.otlp.proto.http")


def telemetry(endpoint: str) -> dict[str, str]:
    """Return the environment that sends `locust.client.duration` to a collector (OTLP over HTTP).

    Durations are seconds from the intended start. Their histogram is exponential: its buckets are a few percent wide
    whatever the range, where Locust's default bounds, meant for milliseconds, put all of it into one. Variables that
    the user has set for OpenTelemetry stay as they are. Raises `UsageError` where the extra is not installed.
    """
    try:
        missing = [name for name in _NEEDED if find_spec(name) is None]
    except ModuleNotFoundError as error:
        missing = [str(error.name)]
    if missing:
        raise UsageError(f"--otel needs what is not installed: {missing[0]}. Try: pip install 'memconform[otel]'")
    if not endpoint.startswith(("http://", "https://")):
        raise UsageError(f"--otel {endpoint}: expected the collector's URL, such as http://127.0.0.1:4318")
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} | {
        name: value for name, value in _DEFAULTS.items() if name not in os.environ
    }


_DEFAULTS = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram",
    "OTEL_METRIC_EXPORT_INTERVAL": "5000",
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "memconform-load",
}
