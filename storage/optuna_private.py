"""What is used of Optuna and optuna-dashboard beyond their public interface, and why.

`pyproject.toml` holds both to one minor version because of it. A test says which of these names a new version no longer
has, and finds a private name that is used and does not stand here.
"""

from __future__ import annotations

# By module or class: the names in it, each with its reason.
PRIVATE: dict[str, dict[str, str]] = {
    "optuna.study.Study": {
        "_storage": "a study's own storage, for attributes and transactions that Study has no call for",
        "_study_id": "storages, the dashboard's addresses and its plots know a study by it",
    },
    "optuna.trial.Trial": {
        "_cached_frozen_trial": "all of a trial that is being asked, without reading it again",
        "_trial_id": "storages know a trial by it",
    },
    "optuna.trial.FrozenTrial": {"_trial_id": "as of Trial"},
    "optuna.storages._cached_storage": {
        "_CachedStorage": "Optuna puts it around an RDBStorage itself; ours reads less where one process drives alone",
        "_StudyInfo": "what the cache knows of a study",
    },
    "optuna.storages._cached_storage._CachedStorage": {
        "_add_trials_to_cache": "trials as they were read",
        "_backend": "the storage behind the cache",
        "_lock": "of the cache",
        "_read_trials_from_remote_storage": "is asked several times a trial; who drives alone reads what changed",
        "_studies": "parameters that earlier trials had",
        "_trial_id_to_study_id_and_number": "the study of a trial",
    },
    "optuna.storages._rdb": {
        "models": "the tables, for one query a table and for several writes in one transaction"
    },
    "optuna.storages._rdb.models": {
        "BaseModel": "the tables that a whole database has",
        "StudyModel": "is locked while a trial is created; is renamed in place, where the dashboard copies the trials",
        "StudyUserAttributeModel": "what names a renamed study changes with it",
        "TrialIntermediateValueModel": "all trials of a study are read by one query a table",
        "TrialModel": "likewise",
        "TrialParamModel": "likewise",
        "TrialSystemAttributeModel": "likewise",
        "TrialUserAttributeModel": "likewise",
        "TrialValueModel": "likewise",
    },
    "optuna.storages._rdb.storage": {
        "_VersionManager": "the revision of the tables is kept without alembic, which takes long to import",
        "_create_scoped_session": "a transaction of the storage's own kind",
    },
    "optuna.storages._rdb.storage._VersionManager": {
        "_init_alembic": "what asks for the revision, and writes it into a new database",
        "_is_alembic_supported": "whether a database without one is of an Optuna that has revisions",
    },
    "optuna.storages.RDBStorage": {
        "_build_frozen_trial_from_trial_model": "a trial from its row",
        "_create_new_trial": "its own five tries make more than one trial where a commit is not confirmed",
        "_get_best_trial_id": "is tried again as the public calls are",
        "_get_prepared_new_trial": "the row of a new trial",
        "_get_trials": "what the cache reads trials by",
        "_set_trial_param": "is tried again as the public calls are",
        "_set_trial_param_without_commit": "several parameters in one transaction",
    },
    "optuna.artifacts._upload": {
        "ArtifactMeta": "how the dashboard finds an artifact that upload_artifact did not make"
    },
    "optuna.samplers.TPESampler": {
        "_build_parzen_estimator": "planned trials do not count among the bad ones",
        "_gamma": "how many are called good is a share of the trials that were drawn; the argument is deprecated",
        "_n_startup_trials": "trials that were never trained are no start of a search",
        "_random_sampler": "is seeded anew for each trial",
        "_rng": "is seeded anew for each trial; reseed_rng takes no seed",
    },
    "optuna.samplers.NSGAIISampler": {
        "_random_sampler": "as of TPESampler",
        "_rng": "as of TPESampler",
    },
    "optuna.samplers._tpe.sampler": {"default_gamma": "Optuna's own share"},
    "optuna.samplers.RandomSampler": {"_rng": "as of TPESampler"},
    "optuna.samplers.CmaEsSampler": {
        "_cma_rng": "as of TPESampler",
        "_independent_sampler": "is seeded anew for each trial",
    },
    "optuna.pruners.HyperbandPruner": {
        "_create_bracket_study": "with several aims only trials that are in the way of another one are its rivals",
        "_get_bracket_id": "which bracket a trial is compared in, for the trial's record",
        "_pruners": "whether brackets were made yet",
        "_try_initialization": "makes them",
    },
    "optuna_dashboard._serializer": {
        "serialize_frozen_study": "a renamed study as the dashboard's page reads it",
        "serialize_frozen_trial": "trials of an excerpt as the dashboard's page reads them",
    },
    "optuna_dashboard._storage": {"get_study": "a renamed study"},
    "optuna_dashboard.wsgi": {"_inmemory_cache": "an attribute of the application that it makes"},
    "optuna_dashboard._inmemory_cache.InMemoryCache": {
        "_cached_extra_study_property_cache": "from which trial on the dashboard has to look",
        "_cached_extra_study_property_cache_lock": "of that",
        "_trials_cache": "trials that it knows",
    },
    "optuna_dashboard._inmemory_cache._CachedExtraStudyProperty": {
        "_cursor": "from which trial on it has to look",
    },
}
