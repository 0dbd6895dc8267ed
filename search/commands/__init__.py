"""The commands, by what they are about: each parses, makes one call, and prints.

Imports: analysis, analysis.facts, analysis.report, analysis.tensorboard, analysis.terminal, answering,
answering.explaining, client, conclusion.ablation, conclusion.calibration, conclusion.confirmation, dashboard,
data, driving, errors, forecast, given, machine, models, running, service, settings, spaces, storage, study,
text.
"""
