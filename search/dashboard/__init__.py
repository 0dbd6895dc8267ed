"""optuna-dashboard over a project's studies: the guard before it, and what perceptuna adds to its pages.

Imports: analysis.facts, analysis.report, errors, settings, storage, study.
"""

from search.dashboard.guard import Guard
from search.dashboard.server import dashboard_app, serve

__all__ = ["Guard", "dashboard_app", "serve"]
