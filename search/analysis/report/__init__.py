"""A study as one HTML file that needs no network, no script and no perceptuna: facts -> figures -> page."""

from search.analysis.report.page import write_report

__all__ = ["write_report"]
