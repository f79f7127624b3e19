"""A result as one page of HTML that needs nothing else: verdict, profiles, every requirement with its evidence."""

from memconform.report.html.page import render

__all__ = ["render"]
