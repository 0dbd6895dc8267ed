"""Facts of trials and studies that every view shows: leaderboard, overview, importance, time left.

Imports: conclusion.ablation, conclusion.confirmation, conclusion.statistics, data, driving, errors, references,
settings, spaces, storage, study, text.
"""
