"""The load generator beside others, on the same simulated server, each in an environment of its own from the package index.

Belongs here: how each is installed, started and read, and the tables. What is measured, and how, is in ``parts``; another load generator
is a module, named in ``command.OTHERS``. None of them is a dependency of seatrial.
"""
