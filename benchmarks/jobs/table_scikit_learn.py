import sys

import joblib
import pandas as pd
from scipy.stats import loguniform
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

flats = pd.read_csv("flats.csv")
preprocessing = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
)
network = MLPClassifier(max_iter=30, early_stopping=True, n_iter_no_change=5)
space = {
    "mlpclassifier__hidden_layer_sizes": [
        (width,) * depth for width in (16, 32, 64, 128, 256) for depth in (1, 2, 3, 4)
    ],
    "mlpclassifier__alpha": loguniform(1e-6, 1e-1),
    "mlpclassifier__learning_rate_init": loguniform(1e-4, 1e-2),
}
search = RandomizedSearchCV(
    make_pipeline(preprocessing, network),
    space,
    n_iter=int(sys.argv[1]),
    cv=3,
    scoring="neg_log_loss",
    n_jobs=-1,
)
search.fit(flats.drop(columns="sold"), flats["sold"])
joblib.dump(search.best_estimator_, "flats.joblib")
answers = joblib.load("flats.joblib").predict(pd.read_csv("new.csv"))
pd.DataFrame({"sold": answers}).to_csv("answers.csv", index=False)
