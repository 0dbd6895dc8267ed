"""Reads a finished or running study.

Imports: analysis.facts, analysis.report, analysis.terminal, machine, models, settings, storage, study, text.
"""
