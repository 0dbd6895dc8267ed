"""What a program owes its machine and its user: streams, signals, files, temporary folders, TensorFlow's start.

Imports: errors.
"""
