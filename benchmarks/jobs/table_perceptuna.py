import sys

import pandas as pd

import perceptuna as pt

flats = pd.read_csv("flats.csv")
study = pt.search(flats, target="sold", trials=int(sys.argv[1]), epochs=30)
study.export("flats.keras")
answers = pt.load_model("flats.keras").predict(pd.read_csv("new.csv"))
pd.DataFrame({"sold": answers}).to_csv("answers.csv", index=False)
