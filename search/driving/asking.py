"""What is tried next: which configuration, with which seeds, and whether it can be trained at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from search.driving.refusal import REFUSED_IN_A_ROW, refuse, too_many_refused
from search.errors import PerceptunaError, StudyStopped
from search.policies.cost import affordable
from search.policies.pruners import build_pruner
from search.policies.samplers import build_sampler, seed_sampler
from search.settings.aims import PARAMETERS, Excess, excess_over, limits_of
from search.settings.own_policies import is_own
from search.study.aim_values import resources_of
from search.study.enqueueing import suggest
from search.study.study import Study
from search.study.trial_facts import enqueue_trial, keep_facts
from search.study.trial_record import asked_record
from search.text.formats import size
from search.training.memory import too_large
from search.training.network.weights import parameter_count
from storage.errors import StorageError, translate

if TYPE_CHECKING:
    import optuna

    from search.driving.dispatcher import Dispatcher
    from search.driving.fair_share import FairShare, Share
    from spaces import Hyperparameters
    from storage.patient_storage import TrialParameter

# By the sampler, and then at random.
_DRAWS = 10


def attach_search(study: Study) -> Study:
    """The same study, ready to be asked: with its sampler and its pruner. The caller holds its lock."""
    import optuna

    study.storage.drive_alone(study.optuna._study_id, study.name)
    tried = study.trials()
    planned = sum(trial.is_planned and trial.requeued is None for trial in tried)
    searched = optuna.load_study(
        study_name=study.name,
        storage=study.optuna._storage,
        sampler=build_sampler(study.settings, len(tried), planned),
        pruner=build_pruner(study.settings),
    )
    return Study(study.name, study.url, searched)


class Asking:
    """Asks one study for trials; nobody else does meanwhile. Without a `fair_share` it takes what is drawn."""

    def __init__(self, study: Study, dispatcher: Dispatcher, fair_share: FairShare | None = None) -> None:
        self._study = study
        self._dispatcher = dispatcher
        self._fair_share = fair_share
        self._next = study.next_original_number()

    def next(self) -> tuple[optuna.Trial, Hyperparameters] | None:
        """A trial and its hyperparameters; those that take more than the settings allow are told at once.

        PRUNED with a constraint, from which `tpe` learns where not to look; Optuna's samplers ignore FAIL. Another is
        tried in its place, except in a study that draws a conclusion: there it has failed, and None says so.

        Raises:
            StudyStopped: no configuration fits.
        """
        from optuna.trial import TrialState

        for _ in range(REFUSED_IN_A_ROW):
            with self._study.storage.parameters_together() as suggested, self._own_sampler():
                trial = self._ask()
                record = asked_record(trial)
                is_chosen = record.planned is not None or bool(record.enqueued)
                share = None if self._fair_share is None or is_chosen else self._fair_share.now()
                if share is None:
                    hyperparameters = suggest(self._study.space, trial, record.planned)
                else:
                    trial, hyperparameters = self._drawn(trial, record.original, share, suggested)
            excess = self._excess(hyperparameters)
            if excess is None:
                self._keep_parameters(trial, hyperparameters)
                return trial, hyperparameters
            reason = excess.reason
            if self._study.companion_of is not None:
                keep_facts(self._study.storage, trial._trial_id, {"reason": reason})
                self._study.optuna.tell(trial, state=TrialState.FAIL)
                self._dispatcher.trial_rejected(trial.number, reason, counts=True)
                return None
            refuse(self._study, trial, excess)
            self._dispatcher.trial_rejected(trial.number, reason)
        assert excess is not None
        raise too_many_refused(REFUSED_IN_A_ROW, trial.number, excess)

    def _excess(self, hyperparameters: Hyperparameters) -> Excess | None:
        """Why it cannot be trained; None where it can, as far as that is known before it is built."""
        settings, data = self._study.settings, self._study.data
        if (limit := settings.memory_limit) is not None:
            share = too_large(hyperparameters, data, limit, self._study.metric.removeprefix("val_"))
            if share > 0:
                reason = f"needs {size((1 + share) * limit)} of {size(limit)} memory"
                return Excess("memory", share, reason, f"--memory-limit {size(limit)}")
        limits = limits_of(settings)
        if not limits or hyperparameters.network:
            return None
        takes = resources_of({PARAMETERS: parameter_count(hyperparameters, data)})
        return excess_over(limits, takes)

    def _keep_parameters(self, trial: optuna.Trial, hyperparameters: Hyperparameters) -> None:
        """Before it is trained: of several aims, others are compared with it by what it takes."""
        if self._study.has_several_aims and not hyperparameters.network:
            parameters = parameter_count(hyperparameters, self._study.data)
            keep_facts(self._study.storage, trial._trial_id, {"parameters": parameters})

    @contextmanager
    def _own_sampler(self) -> Iterator[None]:
        """Raises: StudyStopped: a sampler of the user's own fails; what fails of the database is no fault of it."""
        said = self._study.settings.sampler
        try:
            yield
        except Exception as error:
            of_others = isinstance(error, PerceptunaError | StorageError) or translate(error) is not None
            if of_others or not is_own(said):
                raise
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise StudyStopped(f"--sampler {said} fails, so nothing can be asked for: {why}") from error

    def _drawn(
        self, trial: optuna.Trial, original: int, share: Share, suggested: list[TrialParameter]
    ) -> tuple[optuna.Trial, Hyperparameters]:
        """A draw that the budget can afford.

        Nothing is written of the others, and no trial is spent on them: they are no news to the sampler.
        """
        import numpy as np

        searched = self._study.optuna
        by_sampler, random = searched.sampler, np.random.default_rng([self._study.settings.seed, original, 2])
        try:
            draws = self._draws(trial, original, suggested)
            costs = ((share.cost(draw[1]), draw) for draw in draws)
            trial, drawn, suggested[:] = affordable(costs, share.fair, share.left, random)
        finally:
            searched.sampler = by_sampler
        return trial, drawn

    def _draws(
        self, trial: optuna.Trial, original: int, suggested: list[TrialParameter]
    ) -> Iterator[tuple[optuna.Trial, Hyperparameters, list[TrialParameter]]]:
        """Draws for one trial, each with what of it is to be written; the caller puts the study's sampler back.

        A sampler may insist on what costs too much, as `tpe` may on what it has never seen: the last draws are random.
        """
        import optuna
        from optuna.samplers import RandomSampler

        searched, by_sampler, at_random = self._study.optuna, self._study.optuna.sampler, RandomSampler()
        for draw in range(2 * _DRAWS):
            if draw:
                suggested.clear()
                searched.sampler = by_sampler if draw < _DRAWS else at_random
                seed_sampler(searched.sampler, self._study.settings.seed, original, draw)
                trial = optuna.Trial(searched, trial._trial_id)
            yield trial, self._study.space.suggest(trial), [*suggested]

    def _ask(self) -> optuna.Trial:
        """The next configuration: one that waits, or a new one under its original number."""
        from optuna.trial import TrialState

        study = self._study.optuna
        waiting = self._study.trials(states=(TrialState.WAITING,))
        if waiting:
            original = waiting[0].original
        else:
            original = self._next
            if original != len(study.get_trials(deepcopy=False)):
                # Its number is taken by an attempt at another; given with the trial, it cannot be lost by a kill.
                enqueue_trial(study, {}, {"original_number": original})
        self._next = max(self._next, original + 1)
        seed_sampler(study.sampler, self._study.settings.seed, original)
        return study.ask()
