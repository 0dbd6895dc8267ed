"""What both forms of a network share: its sizes, its weights, its optimizer. Needs no TensorFlow to be read.

Imports: data, settings, spaces.
"""
