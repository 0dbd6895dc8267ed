import sys

from sklearn.datasets import load_digits

import perceptuna as pt

x, y = load_digits(return_X_y=True)
try:
    study = pt.load_study("digits").resume(trials=int(sys.argv[1]))
except pt.InputError:
    study = pt.search(x, y, name="digits", trials=int(sys.argv[1]), epochs=20)
print(study.best.validation)
