"""The memory API contract as data: its requirements, its schemas, and where they lie."""

from memconform.contract.content import content_root
from memconform.contract.openapi import OpenApi, Operation
from memconform.contract.requirements import (
    BADGES,
    Badge,
    Level,
    Profile,
    Requirement,
    badge_profiles,
    profiles,
    requirements,
)
from memconform.contract.schema_errors import SchemaError
from memconform.contract.schemas import SchemaValidator, reference_validator, schema, schemas, validator

__all__ = [
    "BADGES",
    "Badge",
    "Level",
    "OpenApi",
    "Operation",
    "Profile",
    "Requirement",
    "SchemaError",
    "SchemaValidator",
    "badge_profiles",
    "content_root",
    "profiles",
    "reference_validator",
    "requirements",
    "schema",
    "schemas",
    "validator",
]
