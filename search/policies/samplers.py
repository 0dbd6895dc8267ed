"""Samplers by the names of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from search.errors import InputError
from search.policies.first_aim import ByFirstAim
from search.settings.own_policies import own_sampler
from search.study.trial_record import TrialRecords

if TYPE_CHECKING:
    import optuna

    from search.settings.settings import StudySettings

# Optuna's own.
_STARTUP_TRIALS = 10
# Optuna's own, 50, would draw all trials of a usual budget at random: it is how many the first generation has.
_POPULATION = 20


def build_sampler(
    settings: StudySettings, trials_so_far: int, planned: int = 0
) -> optuna.samplers.BaseSampler:
    """The sampler of the settings.

    `planned` trials were chosen by somebody else: `tpe` draws as many at random as without them before it trusts
    what it has seen, lest it looks only where they are.

    Its seed depends on the number of trials so far: the study's own seed would repeat the start-up points
    of the first run whenever a study is resumed. (`tpe`, `random` and `cmaes` are seeded anew for each trial.)

    One of the user's own is given that seed too, where it takes one.

    Raises:
        InputError: `gp` without PyTorch; one of the user's own that cannot be made.
    """
    import numpy as np
    from optuna import samplers

    seed = int(np.random.SeedSequence([settings.seed, trials_so_far]).generate_state(1)[0])
    match settings.sampler:
        case "tpe":
            return _tpe(seed, planned)
        case "nsgaii":
            return samplers.NSGAIISampler(seed=seed, population_size=_POPULATION)
        case "random":
            return samplers.RandomSampler(seed=seed)
        case "qmc":
            return samplers.QMCSampler(seed=seed)
        case "cmaes":
            # Choices, and what only some trials have, by tpe: CMA-ES has no numbers for them.
            other = _tpe(seed, planned)
            return samplers.CmaEsSampler(
                seed=seed, independent_sampler=other, warn_independent_sampling=False
            )
        case "gp":
            import importlib.util

            if importlib.util.find_spec("torch") is None:
                raise InputError("--sampler gp: needs PyTorch; install perceptuna[gp], or choose tpe")
            return samplers.GPSampler(seed=seed)
        case own:
            return own_sampler(own, seed)


def _tpe(seed: int, planned: int) -> optuna.samplers.TPESampler:
    """TPE that chooses each hyperparameter by itself.

    Jointly, which is Optuna's default, it copies its few best trials in all of their choices at once, and stays there
    (docs/results/policies.md).
    """
    from optuna.samplers import TPESampler
    from optuna.samplers._tpe.sampler import default_gamma

    records = TrialRecords()

    def trained(study: optuna.Study) -> int:
        """How many trials have a value that tells something."""
        return sum(
            records.of(trial).was_trained for trial in study._get_trials(deepcopy=False, use_cache=True)
        )

    class TPE(TPESampler):
        """TPE for a study that began with a list: what was planned counts only where it is good.

        It divides how dense good trials are by how dense the others are. Were many variants of a known configuration
        among these others, the search would keep away from all that they share, good or not. And how many are called
        good is a share of those that it drew itself: of all, it would be the better ones of the list.
        """

        def _build_parzen_estimator(
            self, study: Any, search_space: Any, trials: Any, handle_below: bool
        ) -> Any:
            if not handle_below:
                trials = [trial for trial in trials if not records.of(trial).is_planned]
            return super()._build_parzen_estimator(study, search_space, trials, handle_below)

        def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
            # What is too large for memory was never trained: it says where not to look, and no start is made of it.
            self._started = self._started or trained(study) >= self._n_startup_trials
            if not self._started:
                return self._random_sampler.sample_independent(study, trial, name, distribution)
            # Pruned trials are compared by the first aim, where there are several.
            seen: Any = ByFirstAim(study) if len(study.directions) > 1 else study
            return super().sample_independent(seen, trial, name, distribution)

        _started = False

    sampler = TPE(seed=seed, n_startup_trials=_STARTUP_TRIALS + planned, multivariate=False)
    sampler._gamma = lambda trials: default_gamma(max(1, trials - planned))
    return sampler


def seed_sampler(sampler: optuna.samplers.BaseSampler, study_seed: int, original: int, draw: int = 0) -> None:
    """What is drawn for a configuration, at its `draw`-th drawing, depends on its number, not on what was drawn before.

    So a study that is resumed proposes what it would have proposed without the interruption. (Optuna's own
    `reseed_rng` takes no seed; a new sampler for each trial would lose what it has computed of the trials.)
    `qmc` counts its points itself, `gp` and the state of `cmaes` depend on more than a generator.
    """
    import numpy as np
    from optuna.samplers import CmaEsSampler, NSGAIISampler, RandomSampler, TPESampler

    seed = np.random.SeedSequence([study_seed, original, 1, *[draw] * (draw > 0)]).generate_state(1)[0]
    if isinstance(sampler, CmaEsSampler):
        sampler._cma_rng.rng.seed(seed)
        sampler = sampler._independent_sampler
    if isinstance(sampler, NSGAIISampler | TPESampler):
        sampler._rng.rng.seed(seed)
        sampler = sampler._random_sampler
    if isinstance(sampler, RandomSampler):
        sampler._rng.rng.seed(seed)
