import sys

import keras
import numpy as np
import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, x_test, y, y_test = train_test_split(*load_digits(return_X_y=True), test_size=0.15, random_state=0)
x, x_val, y, y_val = train_test_split(x, y, test_size=0.15, random_state=0)


def trained(trial, seed):
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.layers.Rescaling(1 / 16)])
    width, dropout = trial.suggest_int("width", 16, 256, log=True), trial.suggest_float("dropout", 0.0, 0.5)
    for _ in range(trial.suggest_int("depth", 1, 4)):
        model.add(keras.layers.Dense(width, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(10, activation="softmax"))
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    model.compile(
        keras.optimizers.Adam(learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=5, restore_best_weights=True)
    model.fit(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[stop], verbose=0)
    return model


def confirmed(trial):
    fixed = optuna.trial.FixedTrial(trial.params)
    return np.mean([trained(fixed, seed).evaluate(x_val, y_val, verbose=0)[1] for seed in (1, 2, 3)])


study = optuna.create_study(direction="maximize")
study.optimize(
    lambda trial: trained(trial, 0).evaluate(x_val, y_val, verbose=0)[1], n_trials=int(sys.argv[1])
)
best = sorted(study.trials, key=lambda trial: trial.value)[-3:]
winner = trained(optuna.trial.FixedTrial(max(best, key=confirmed).params), seed=4)
winner.save("digits.keras")
print(winner.evaluate(x_test, y_test, verbose=0)[1])
