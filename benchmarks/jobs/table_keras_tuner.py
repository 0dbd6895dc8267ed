import sys

import joblib
import keras
import keras_tuner
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def build(hp):
    model = keras.Sequential()
    for _ in range(hp.Int("depth", 1, 4)):
        model.add(keras.layers.Dense(hp.Int("width", 16, 256, sampling="log"), activation="relu"))
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    learning_rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(learning_rate), loss="binary_crossentropy")
    return model


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
tuner = keras_tuner.BayesianOptimization(build, "val_loss", max_trials=int(sys.argv[1]), project_name="flats")
stop = keras.callbacks.EarlyStopping(patience=5)
tuner.search(x, y, validation_data=(x_val, y_val), epochs=30, callbacks=[stop], verbose=0)
tuner.get_best_models()[0].save("flats.keras")
joblib.dump(preprocessing, "preprocessing.joblib")

rows = joblib.load("preprocessing.joblib").transform(pd.read_csv("new.csv"))
probabilities = keras.saving.load_model("flats.keras").predict(rows, verbose=0)[:, 0]
pd.DataFrame({"sold": np.where(probabilities > 0.5, "yes", "no")}).to_csv("answers.csv", index=False)
