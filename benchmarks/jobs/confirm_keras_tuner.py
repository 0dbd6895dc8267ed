import sys

import keras
import keras_tuner
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def build(hp):
    model = keras.Sequential([keras.layers.Rescaling(1 / 16)])
    for _ in range(hp.Int("depth", 1, 4)):
        model.add(keras.layers.Dense(hp.Int("width", 16, 256, sampling="log"), activation="relu"))
        model.add(keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5)))
    model.add(keras.layers.Dense(10, activation="softmax"))
    learning_rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(
        keras.optimizers.Adam(learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def trained(hp, seed):
    keras.utils.set_random_seed(seed)
    model = build(hp)
    stop = keras.callbacks.EarlyStopping("val_accuracy", patience=5, restore_best_weights=True)
    model.fit(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[stop], verbose=0)
    return model


def confirmed(hp):
    return np.mean([trained(hp, seed).evaluate(x_val, y_val, verbose=0)[1] for seed in (1, 2, 3)])


x, x_test, y, y_test = train_test_split(*load_digits(return_X_y=True), test_size=0.15, random_state=0)
x, x_val, y, y_val = train_test_split(x, y, test_size=0.15, random_state=0)
tuner = keras_tuner.BayesianOptimization(
    build, "val_accuracy", max_trials=int(sys.argv[1]), project_name="digits"
)
stop = keras.callbacks.EarlyStopping(patience=5)
tuner.search(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[stop], verbose=0)
winner = trained(max(tuner.get_best_hyperparameters(3), key=confirmed), seed=4)
winner.save("digits.keras")
print(winner.evaluate(x_test, y_test, verbose=0)[1])
