"""seatrial takes a Kubernetes platform for AI from conformant to production-ready, and proves it.

The rooms, top to bottom; imports only ever point down:

    cli                                        faces: parse input, call app, show a Run
    app                                        one module per verb; the only wiring
    catalog | engine | cluster | lab | report  parts that are blind to each other
    model                                      the words of the house, as frozen data
    kit                                        small code that could be a library of its own
"""

__version__ = "0.1.0"
