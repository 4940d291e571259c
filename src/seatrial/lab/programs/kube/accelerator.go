package main

import (
	"os"

	"seatrial.dev/lab/kube/accelerator"
)

func init() {
	programs["accelerator"] = func() int { return accelerator.Main(os.Args[1:]) }
}
