"""Simulated accelerator nodes in any number. KWOK plays their kubelets; allocatable and ResourceSlices are the lab's own."""
