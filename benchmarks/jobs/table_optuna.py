import shutil
import sys

import joblib
import keras
import numpy as np
import optuna
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

train, validation = train_test_split(pd.read_csv("flats.csv"), test_size=0.2, random_state=0)
preprocessing = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
    (
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        make_column_selector(dtype_exclude="number"),
    ),
)
x, y = preprocessing.fit_transform(train.drop(columns="sold")), train["sold"] == "yes"
x_val, y_val = preprocessing.transform(validation.drop(columns="sold")), validation["sold"] == "yes"


def objective(trial):
    keras.utils.clear_session()
    model = keras.Sequential()
    width, dropout = trial.suggest_int("width", 16, 256, log=True), trial.suggest_float("dropout", 0.0, 0.5)
    for _ in range(trial.suggest_int("depth", 1, 4)):
        model.add(keras.layers.Dense(width, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss="binary_crossentropy")
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    model.fit(x, y, validation_data=(x_val, y_val), epochs=30, callbacks=[stop], verbose=0)
    model.save(f"{trial.number}.keras")
    return model.evaluate(x_val, y_val, verbose=0)


study = optuna.create_study()
study.optimize(objective, n_trials=int(sys.argv[1]))
shutil.copy(f"{study.best_trial.number}.keras", "flats.keras")
joblib.dump(preprocessing, "preprocessing.joblib")

rows = joblib.load("preprocessing.joblib").transform(pd.read_csv("new.csv"))
probabilities = keras.saving.load_model("flats.keras").predict(rows, verbose=0)[:, 0]
pd.DataFrame({"sold": np.where(probabilities > 0.5, "yes", "no")}).to_csv("answers.csv", index=False)
