"""The schema of load tests' results takes what real parts make, and agrees with the code about what there is."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from memconform.contract import reference_validator, schema, validator
from memconform_load.arrivals import poisson
from memconform_load.histogram import Histogram
from memconform_load.plan import Plan
from memconform_load.report.csv_tables import operations_csv
from memconform_load.report.reading import check_result

from .example_result import RUNS


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_of_run_is_valid(kind: str) -> None:
    """Open, closed, violating, invalid, interrupted, crippled and empty runs are results; both validators agree."""
    result = RUNS[kind]()
    assert validator("load").errors(result) == []
    assert reference_validator("load").errors(result) == []


def test_the_plan_has_the_members_of_the_schema() -> None:
    """A member that a plan gets is described in the schema, and none other; older results lack what came later."""
    described = schema("load")["properties"]["plan"]
    assert set(described["properties"]) == {each.name for each in dataclasses.fields(Plan)}
    assert set(described["properties"]) - set(described["required"]) == {"start"}


def test_the_schedule_has_the_members_of_the_schema() -> None:
    """Likewise for the schedule within a plan."""
    described = schema("load")["properties"]["plan"]["properties"]["schedule"]
    assert set(described["properties"]) == set(poisson(1, 1).as_json()) == set(described["required"])


def test_the_example_holds_histograms_that_can_be_read() -> None:
    """Whoever writes a reader by the schema's example gets real histograms: each holds what its summary counts."""
    example = schema("load")["examples"][0]
    check_result(example, "the example")
    for row in example["operations"]:
        for summary in row["hops"].values():
            assert Histogram.from_encoded(summary["hdr"]).count == summary["count"] > 0
    assert len(operations_csv(example).splitlines()) > 5


def test_names_of_units_end_members() -> None:
    """A number that is a time says its unit in its name, so that nobody has to guess."""
    nameless = set()

    def look(node: Any, name: str) -> None:
        if isinstance(node, dict):
            said = str(node.get("description", "")).lower()
            if "number" in str(node.get("type")) and "in milliseconds" in said and not name.endswith("_ms"):
                nameless.add(name)
            for member, sub in node.get("properties", {}).items():
                look(sub, member)
            for keyword in ("items", "additionalProperties"):
                look(node.get(keyword), name)

    look(schema("load"), "")
    assert nameless == set()
    assert "in milliseconds" in json.dumps(schema("load"))
