import json
import sys
from pathlib import Path

from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import ParameterSampler, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

x, y = load_digits(return_X_y=True)
space = {
    "hidden_layer_sizes": [(width,) * depth for width in (16, 32, 64, 128, 256) for depth in (1, 2, 3, 4)],
    "alpha": loguniform(1e-6, 1e-1),
    "learning_rate_init": loguniform(1e-4, 1e-2),
}
journal = Path("trials.jsonl")
done = journal.read_text().splitlines() if journal.exists() else []
for parameters in list(ParameterSampler(space, n_iter=int(sys.argv[1]), random_state=0))[len(done) :]:
    network = MLPClassifier(max_iter=20, early_stopping=True, n_iter_no_change=5, **parameters)
    score = cross_val_score(make_pipeline(MinMaxScaler(), network), x, y, cv=3, n_jobs=-1).mean()
    with journal.open("a") as file:
        file.write(json.dumps({"score": score, **parameters}) + "\n")
print(max(json.loads(line)["score"] for line in journal.read_text().splitlines()))
