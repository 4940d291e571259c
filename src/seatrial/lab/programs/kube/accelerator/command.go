// Package accelerator is the driver of a lab's simulated accelerators: a device plugin and a DRA driver, as a vendor's
// driver would be, except that its devices are block devices that hold nothing but their own identity.
package accelerator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// longestSocket is what the kernel takes as the path of a unix socket.
const longestSocket = 107

type options struct {
	node, kubeconfig    string
	plugin, shared      offer
	dra, virtual, nic   offer
	replicas            int
	kubeletDir, cdiRoot string
	stateDir            string
	readyFile           string
	misbehave           Misbehaviours
}

// offer is one kind of device: what there is, and the resource or driver under which it is handed out.
type offer struct {
	devices string // JSON file
	name    string
}

func (o *offer) flags(flags *flag.FlagSet, prefix, naming, name, what string) {
	flags.StringVar(&o.devices, prefix+"-devices", "", "JSON file with "+what)
	flags.StringVar(&o.name, naming, name, "the name under which they are handed out")
}

// Main runs the driver until a signal ends it, and returns the exit code of the process.
func Main(args []string) int {
	if len(args) > 0 && args[0] == "nic-hook" {
		return nicHook(args[1:], os.Stdin)
	}
	opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "accelerator:", err)
		return 2
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if err := run(ctx, opts); err != nil {
		klog.FromContext(ctx).Error(err, "The accelerator driver failed")
		return 1
	}
	return 0
}

func parse(args []string) (*options, error) {
	var opts options
	flags := flag.NewFlagSet("accelerator", flag.ContinueOnError)
	flags.StringVar(&opts.node, "node-name", "", "the node whose devices these are")
	flags.StringVar(&opts.kubeconfig, "kubeconfig", "", "how to reach the API server (only needed for DRA)")
	opts.plugin.flags(flags, "plugin", "resource-name", "seatrial.dev/accelerator", "the device plugin's devices")
	opts.shared.flags(flags, "shared", "shared-resource-name", "seatrial.dev/accelerator.shared", "devices that several containers share")
	opts.dra.flags(flags, "dra", "driver-name", "accelerator.seatrial.dev", "the DRA driver's devices")
	opts.virtual.flags(flags, "virtual", "virtual-driver-name", "virtual.accelerator.seatrial.dev", "virtual devices")
	opts.nic.flags(flags, "nic", "nic-driver-name", "nic.seatrial.dev", "fast network cards")
	flags.IntVar(&opts.replicas, "replicas", 4, "how many containers may share one device")
	flags.StringVar(&opts.kubeletDir, "kubelet-dir", "/var/lib/kubelet", "the kubelet's root folder")
	flags.StringVar(&opts.cdiRoot, "cdi-root", "/var/run/cdi", "where the container runtime looks for CDI files")
	flags.StringVar(&opts.stateDir, "state-dir", "", "where to keep what goes into each container; none: nothing does")
	flags.StringVar(&opts.readyFile, "ready-file", "", "written once the kubelet knows the driver, removed at the end")
	flags.Func("misbehave", fmt.Sprintf("bugs to have: a list of %v", allMisbehaviours), opts.misbehave.add)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	claimed := opts.dra.devices + opts.virtual.devices + opts.nic.devices
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case opts.plugin.devices+opts.shared.devices+claimed == "":
		return nil, errors.New("nothing to hand out: give --plugin-devices, --dra-devices or both")
	case claimed != "" && (opts.node == "" || opts.kubeconfig == ""):
		return nil, errors.New("what is handed out to claims needs --node-name and --kubeconfig")
	}
	return &opts, nil
}

// run starts all parts of the driver; the first one to fail ends the others.
func run(asked context.Context, opts *options) error {
	ctx, stop := context.WithCancelCause(asked)
	defer stop(nil)
	parts, err := opts.parts(stop)
	if err != nil {
		return err
	}
	if err := removeReady(opts.readyFile); err != nil {
		return err
	}
	var registered, ended sync.WaitGroup
	for _, part := range parts {
		registered.Add(1)
		ended.Go(func() {
			if err := part(ctx, sync.OnceFunc(registered.Done)); err != nil {
				stop(err)
			}
		})
	}
	go func() {
		registered.Wait()
		if err := writeReady(opts.readyFile); err != nil {
			stop(err)
		}
	}()
	ended.Wait()
	if asked.Err() == nil {
		return context.Cause(ctx)
	}
	return removeReady(opts.readyFile)
}

// part of the driver: it runs until the context ends, and calls ready once the kubelet knows it.
type part func(ctx context.Context, ready func()) error

func (o *options) parts(stop context.CancelCauseFunc) ([]part, error) {
	var parts []part
	for _, plugin := range []offer{o.plugin, o.shared} {
		if plugin.devices == "" {
			continue
		}
		made, err := o.devicePlugin(plugin)
		if err != nil {
			return nil, err
		}
		parts = append(parts, made)
	}
	for _, claimed := range []offer{o.dra, o.virtual, o.nic} {
		if claimed.devices == "" {
			continue
		}
		made, err := o.draDriver(claimed, stop)
		if err != nil {
			return nil, err
		}
		parts = append(parts, made)
	}
	return parts, nil
}

func (o *options) devicePlugin(offered offer) (part, error) {
	devices, err := loadDevices(offered.devices)
	if err != nil {
		return nil, err
	}
	version, err := writeVersion(o.stateDir, devices, o.misbehave)
	if err != nil {
		return nil, err
	}
	plugin := &Plugin{
		resource: offered.name, devices: devices, misbehave: o.misbehave, version: version,
		folder: kubeletDirs(o.kubeletDir).devicePlugins(),
	}
	if offered == o.shared {
		plugin.shared, plugin.devices = true, replicas(devices, o.replicas)
		if plugin.others, err = loadDevices(o.plugin.devices); err != nil {
			return nil, err
		}
	}
	return plugin.run, fits(plugin.socket())
}

func (o *options) draDriver(offered offer, stop context.CancelCauseFunc) (part, error) {
	devices, err := loadDevices(offered.devices)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	misbehave := o.misbehave
	if offered != o.dra {
		misbehave = misbehave.among(HandOutParent, NICStays, NICUnplugged)
	}
	specs := cdiSpecs{folder: o.cdiRoot, kind: offered.name + "/device", misbehave: misbehave}
	if offered == o.nic {
		err = layFabric()
	} else {
		specs.version, err = writeVersion(o.stateDir, devices, o.misbehave)
	}
	if err != nil {
		return nil, err
	}
	driver := &Driver{
		name: offered.name, node: o.node, devices: devices, misbehave: misbehave, stop: stop, specs: specs,
	}
	dirs := kubeletDirs(o.kubeletDir)
	run := func(ctx context.Context, ready func()) error { return driver.run(ctx, client, dirs, ready) }
	return run, fits(filepath.Join(dirs.registry(), offered.name+"-reg.sock"))
}

func fits(socket string) error {
	if len(socket) > longestSocket {
		return fmt.Errorf("%s is longer than the %d characters of a unix socket; choose a shorter --kubelet-dir", socket, longestSocket)
	}
	return nil
}

func writeReady(file string) error {
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte("registered\n"), 0o600)
}

func removeReady(file string) error {
	if err := os.Remove(file); file != "" && err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
