"""What a network has to beat: a constant, a linear model and boosted trees, fitted in a process of their own.

Imports: data, machine, settings, text, training, training.network.
"""
