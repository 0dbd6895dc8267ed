"""A study as one HTML file that needs no connection, no script and no perceptuna: snapshot -> figures -> page.

Imports: analysis.facts, answering, answering.explaining, conclusion.ablation, conclusion.confirmation,
conclusion.statistics, data, data.rows, errors, machine, models, policies, references, settings, spaces,
study, text, training, training.network.
"""

from search.analysis.report.page import write_report

__all__ = ["write_report"]
