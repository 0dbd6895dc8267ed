"""What is tried next and what is ended early: Optuna's samplers and pruners, from settings.

Imports: errors, settings, study.
"""
