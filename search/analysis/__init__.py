"""Views of a study, finished or running: a terminal, one HTML page, TensorBoard, a notebook.

Imports: analysis.facts, analysis.report, analysis.tensorboard, analysis.terminal, conclusion.ablation,
conclusion.confirmation, driving, machine, models, settings, storage, study, text, workers.
"""
