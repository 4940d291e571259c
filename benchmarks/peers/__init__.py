"""The load generator beside others, on the same simulated server, each in an environment of its own from the package index.

Belongs here: how each is installed, started and read, and the tables. What is measured, and how, is in ``parts``; a load generator
is a row in ``everyone``. None of them is a dependency of seatrial.
"""
