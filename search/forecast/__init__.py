"""What a study will take, before it runs and while it runs.

Imports: analysis.facts, analysis.terminal, data, driving, errors, given, machine, policies, running, settings, spaces,
storage, study, text, training.network, workers.
"""
