"""The words of the house as frozen data, and the error tree. No I/O, no machinery.

Belongs here: Fact, Snapshot, Check, Verdict, Finding, Evidence, Role, System, Standard, Fault,
Measure, Run, LabSpec, and the protocol of a Workbench.
Does not belong here: anything that reads a file, opens a socket or decides a verdict.
"""
