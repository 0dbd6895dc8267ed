"""A study as one HTML file that needs no network, no script and no perceptuna: snapshot -> figures -> page.

Imports: analysis.facts, conclusion.ablation, conclusion.confirmation, conclusion.statistics, machine,
policies, settings, spaces, study, text.
"""

from search.analysis.report.page import write_report

__all__ = ["write_report"]
