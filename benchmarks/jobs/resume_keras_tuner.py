import sys

import keras
import keras_tuner
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


x, x_val, y, y_val = train_test_split(*load_digits(return_X_y=True), test_size=0.2, random_state=0)
tuner = keras_tuner.BayesianOptimization(
    build, "val_accuracy", max_trials=int(sys.argv[1]), project_name="digits"
)
stop = keras.callbacks.EarlyStopping(patience=5)
tuner.search(x, y, validation_data=(x_val, y_val), epochs=20, callbacks=[stop], verbose=0)
print(tuner.oracle.get_best_trials()[0].score)
