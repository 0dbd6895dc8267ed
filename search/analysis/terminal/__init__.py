"""In a terminal: a study while it runs; and as text and tables a study, a trial, what was concluded.

Imports: analysis.facts, answering, answering.explaining, conclusion.ablation, conclusion.confirmation, data,
data.preparing, driving, models, references, settings, spaces, storage, study, text, training, workers.
"""
