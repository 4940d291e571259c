//go:build !nokwok

package main

import (
	"fmt"
	"strings"

	nodeready "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	pods "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
)

func init() {
	programs["kwok-stages"] = kwokStages
}

// kwokStages prints the stages that ship in KWOK's own module: how its nodes become ready and its pods run and end.
func kwokStages() int {
	fmt.Println(strings.Join([]string{
		nodeready.DefaultNodeInit,
		heartbeat.DefaultNodeHeartbeatWithLease,
		pods.DefaultPodReady,
		pods.DefaultPodComplete,
		pods.DefaultPodDelete,
	}, "\n---\n"))
	return 0
}
