// Command containerd-shim-runsc-v1 is gVisor's shim, started as containerd starts its own. gVisor's start insists on lowering
// the shim's OOM score, which takes a capability that root need not have in a container or a small virtual machine; containerd's
// does not. All else is gVisor's: whatever becomes of a pod is up to its service and to runsc.
package main

import (
	"context"
	"os"

	runc "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2/manager"
	"github.com/containerd/containerd/v2/pkg/shim"
	runsc "gvisor.dev/gvisor/pkg/shim/v1"
	_ "gvisor.dev/gvisor/pkg/shim/v1/plugin" // the service
)

const (
	name    = "io.containerd.runsc.v1"
	service = 2 // the version of the API that gVisor's service speaks
)

type manager struct {
	shim.Manager // gVisor's
	start        shim.Manager
}

func main() {
	shim.Run(context.Background(), manager{Manager: runsc.NewShimManager(name), start: runc.NewShimManager(name)})
}

// Start runs in the folder of the container's bundle, where gVisor's service looks for its address when it cleans up.
func (m manager) Start(ctx context.Context, id string, opts shim.StartOpts) (shim.BootstrapParams, error) {
	params, err := m.start.Start(ctx, id, opts)
	if err != nil {
		return params, err
	}
	params.Version = service
	return params, os.WriteFile("address", []byte(params.Address), 0o600)
}
