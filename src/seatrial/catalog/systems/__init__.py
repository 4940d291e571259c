"""One module per ecosystem project: its System and its Facts. Kubernetes is the first."""
