"""How each requirement is tested: the one way to gather it, for the site and for `memconform explain`."""

from __future__ import annotations

from dataclasses import dataclass

from memconform.items import suite_tests


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """A test of the suite: `file::name`, and what it shows in a sentence."""

    test: str
    promise: str

    @property
    def parts(self) -> tuple[str, str]:
        """The file and the name."""
        file, _, name = self.test.partition("::")
        return file, name


def tests_of(requirement: str) -> tuple[SuiteTest, ...]:
    """Return the tests of a requirement, in the order of the suite."""
    return tuple(SuiteTest(f"{path.name}::{name}", promise) for path, name, promise in suite_tests(requirement))
