"""Facts of trials and studies that every view shows: leaderboard, overview, importance, pace.

Imports: driving, errors, running, settings, storage, study.
"""
