import sys

from sklearn.datasets import load_digits

import perceptuna as pt

x, y = load_digits(return_X_y=True)
study = pt.search(x, y, metric="val_accuracy", trials=int(sys.argv[1]), epochs=20)
print(study.finalize("digits.keras", top=3, seeds=3).test)
