"""The team's door: one process that takes studies in over HTTP, has them run in turn, and shows them.

Imports: analysis.facts, analysis.report, analysis.terminal, answering, conclusion, conclusion.ablation,
conclusion.confirmation, dashboard, data, driving, errors, machine, models, running, settings, spaces, storage, study,
text, training.
"""
