"""A study as one HTML file that needs no network, no script and no perceptuna: facts -> figures -> page.

Imports: analysis.facts, conclusion.ablation, conclusion.confirmation, conclusion.statistics, machine,
policies, settings, spaces, study, text.
"""

from search.analysis.report.page import write_report

__all__ = ["write_report"]
