"""One contestant of `benchmarks.tables`: `python -m benchmarks.tables_contestants NAME TASK.json`.

It learns from the training file alone. Each model that is ready prints a JSON line, by which it is timed; then what it
makes of the test rows, which come without their targets, is written to FOLDER/MODEL.npz. Rivals are run by a Python of
their own: nothing of perceptuna is imported for them.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables_rows import Predict, Ready, Table, fitted, training_table


def constant(task: dict[str, Any]) -> Iterator[Ready]:
    """The classes' shares, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    table = training_table(task)
    yield "constant", {}, fitted(DummyClassifier() if table.classes else DummyRegressor(), table)


def linear(task: dict[str, Any]) -> Iterator[Ready]:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    table = training_table(task)
    model = LogisticRegression(max_iter=1000) if table.classes else Ridge()
    yield "linear", {}, fitted(make_pipeline(_scaled_and_one_hot(), model), table)


def mlp(task: dict[str, Any]) -> Iterator[Ready]:
    """scikit-learn's network with its defaults; what it predicts is standardised for it, where that is a quantity."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = training_table(task)
    if table.classes:
        model = MLPClassifier(random_state=task["seed"])
    else:
        network = MLPRegressor(random_state=task["seed"])
        model = TransformedTargetRegressor(network, transformer=StandardScaler())
    yield "mlp", {}, fitted(make_pipeline(_scaled_and_one_hot(), model), table)


def hist_gradient_boosting(task: dict[str, Any]) -> Iterator[Ready]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    table = training_table(task)
    kind = HistGradientBoostingClassifier if table.classes else HistGradientBoostingRegressor
    model = kind(categorical_features="from_dtype", random_state=task["seed"])
    yield "hist_gradient_boosting", {}, fitted(model, table)


def lightgbm(task: dict[str, Any]) -> Iterator[Ready]:
    table = training_table(task)
    yield "lightgbm", _library("lightgbm"), fitted(_lightgbm(table), table)


def lightgbm_searched(task: dict[str, Any]) -> Iterator[Ready]:
    """Optuna's TPE for the same CPU seconds, from the defaults; the best is fitted again on all rows.

    As many trials at once as there are cores, each on one: more trees than all cores on one trial. By CPU seconds,
    so that a machine with other work takes nothing from it.
    """
    import time

    import lightgbm
    import optuna
    from sklearn.model_selection import train_test_split

    table = training_table(task)
    training, validation, *targets = train_test_split(
        table.x,
        table.y,
        test_size=0.15,
        random_state=task["seed"],
        stratify=table.y if table.classes else None,
    )

    def objective(trial: optuna.Trial) -> float:
        model = _lightgbm(
            table,
            n_jobs=1,
            n_estimators=5000,
            num_leaves=trial.suggest_int("num_leaves", 4, 256, log=True),
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            min_child_samples=trial.suggest_int("min_child_samples", 1, 100, log=True),
            colsample_bytree=trial.suggest_float("colsample_bytree", 0.4, 1.0),
            subsample=trial.suggest_float("subsample", 0.4, 1.0),
            reg_alpha=trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
            reg_lambda=trial.suggest_float("reg_lambda", 1e-8, 10.0, log=True),
        )
        stop = lightgbm.early_stopping(50, verbose=False)
        model.fit(training, targets[0], eval_set=[(validation, targets[1])], callbacks=[stop])
        trial.set_user_attr("trees", max(1, model.best_iteration_))
        return float(next(iter(model.best_score_["valid_0"].values())))

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task["seed"]))
    study.enqueue_trial(
        {"num_leaves": 31, "learning_rate": 0.1, "min_child_samples": 20, "colsample_bytree": 1.0}
        | {"subsample": 1.0, "reg_alpha": 1e-8, "reg_lambda": 1e-8}
    )
    budget = task["seconds"] * task["workers"]

    def stop_when_spent(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if time.process_time() > budget:
            study.stop()

    study.optimize(objective, n_jobs=task["workers"], callbacks=[stop_when_spent])
    trees = study.best_trial.user_attrs["trees"]
    best = _lightgbm(table, n_estimators=trees, random_state=task["seed"], **study.best_params)
    facts = {"trials": len(study.trials), "trees": trees, **_library("lightgbm")}
    yield "lightgbm_searched", facts, fitted(best, table)


def _lightgbm(table: Table, **chosen: Any) -> Any:
    import lightgbm

    kind = lightgbm.LGBMClassifier if table.classes else lightgbm.LGBMRegressor
    return kind(**{"n_jobs": table.task["workers"], "subsample_freq": 1, "verbose": -1, **chosen})


def realmlp(task: dict[str, Any]) -> Iterator[Ready]:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    yield _of_pytabkit("realmlp", RealMLP_TD_Classifier, RealMLP_TD_Regressor, task)


def tabm(task: dict[str, Any]) -> Iterator[Ready]:
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    yield _of_pytabkit("tabm", TabM_D_Classifier, TabM_D_Regressor, task)


def _of_pytabkit(name: str, classifier: Any, regressor: Any, task: dict[str, Any]) -> Ready:
    """Its networks take categories as they are, but no missing numbers: those are the median, with a mark."""
    from sklearn.pipeline import make_pipeline

    table = training_table(task)
    model = (classifier if table.classes else regressor)(device="cpu", n_threads=1, random_state=task["seed"])
    return name, _library("pytabkit"), fitted(make_pipeline(_without_missing_numbers(), model), table)


def perceptuna(task: dict[str, Any]) -> Iterator[Ready]:
    """One training of what it takes without a search."""
    from benchmarks.tables_networks import one_training

    return one_training(task)


def perceptuna_searched(task: dict[str, Any]) -> Iterator[Ready]:
    """A search for the time, and what its commands make of it."""
    from benchmarks.tables_networks import searched

    return searched(task)


CONTESTANTS: dict[str, Callable[[dict[str, Any]], Iterator[Ready]]] = {
    contestant.__name__: contestant
    for contestant in (
        constant,
        linear,
        mlp,
        hist_gradient_boosting,
        lightgbm,
        lightgbm_searched,
        realmlp,
        tabm,
        perceptuna,
        perceptuna_searched,
    )
}


def _scaled_and_one_hot() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    missing = {"strategy": "median", "add_indicator": True}
    return _by_kind(
        lambda: make_pipeline(_imputer(**missing), StandardScaler()),
        lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )


def _without_missing_numbers() -> Any:
    return _by_kind(
        lambda: _imputer(strategy="median", add_indicator=True), lambda: "passthrough"
    ).set_output(transform="pandas")


def _imputer(**options: Any) -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(**options)


def _by_kind(numbers: Callable[[], Any], categories: Callable[[], Any]) -> Any:
    from sklearn.compose import make_column_selector, make_column_transformer

    return make_column_transformer(
        (numbers(), make_column_selector(dtype_include="number")),
        (categories(), make_column_selector(dtype_include="category")),
        verbose_feature_names_out=False,
    )


def _library(name: str) -> dict[str, str]:
    return {"library": f"{name} {version(name)}"}


def main() -> None:
    name, path = sys.argv[1:]
    task = json.loads(Path(path).read_text(encoding="utf-8"))
    warnings.simplefilter("ignore")
    predictions: dict[str, Predict] = {}
    for model, facts, predict in CONTESTANTS[name](task):
        print(json.dumps({"model": model, **facts}), flush=True)
        predictions[model] = predict
    for model, predict in predictions.items():
        answers, classes = predict(Path(task["test_rows"]))
        np.savez(Path(task["folder"], f"{model}.npz"), answers=answers, classes=np.array(classes, str))


if __name__ == "__main__":
    main()
