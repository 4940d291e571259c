"""The command line: parse input, call ``app``, show a Run. It never judges."""
