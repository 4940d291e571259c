package main

import (
	"os"

	"seatrial.dev/lab/kube/accelerator"
)

func init() {
	programs["exporter"] = func() int { return accelerator.ExporterMain(os.Args[1:]) }
}
