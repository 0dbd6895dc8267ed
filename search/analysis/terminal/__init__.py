"""A study, a trial and what was concluded, as text and tables in a terminal.

Imports: analysis.facts, conclusion.ablation, conclusion.confirmation, data, driving, settings, spaces,
storage, study, text.
"""
