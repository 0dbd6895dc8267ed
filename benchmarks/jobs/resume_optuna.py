import sys

import keras
import optuna
from optuna.trial import TrialState
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, x_val, y, y_val = train_test_split(*load_digits(return_X_y=True), test_size=0.2, random_state=0)


def objective(trial):
    keras.utils.clear_session()
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
    stop = keras.callbacks.EarlyStopping(patience=5)
    history = model.fit(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[stop], verbose=0)
    return max(history.history["val_accuracy"])


study = optuna.create_study(
    study_name="digits", storage="sqlite:///digits.db", direction="maximize", load_if_exists=True
)
done = len(study.get_trials(states=(TrialState.COMPLETE,)))
study.optimize(objective, n_trials=int(sys.argv[1]) - done)
print(study.best_value)
