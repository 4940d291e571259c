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
	node, kubeconfig          string
	pluginDevices, draDevices string
	resource, driver          string
	kubeletDir, cdiRoot       string
	readyFile                 string
	misbehave                 Misbehaviours
}

// Main runs the driver until a signal ends it, and returns the exit code of the process.
func Main(args []string) int {
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
	flags.StringVar(&opts.pluginDevices, "plugin-devices", "", "JSON file with the devices of the device plugin")
	flags.StringVar(&opts.draDevices, "dra-devices", "", "JSON file with the devices of the DRA driver")
	flags.StringVar(&opts.resource, "resource-name", "seatrial.dev/accelerator", "the device plugin's resource")
	flags.StringVar(&opts.driver, "driver-name", "accelerator.seatrial.dev", "the DRA driver's name")
	flags.StringVar(&opts.kubeletDir, "kubelet-dir", "/var/lib/kubelet", "the kubelet's root folder")
	flags.StringVar(&opts.cdiRoot, "cdi-root", "/var/run/cdi", "where the container runtime looks for CDI files")
	flags.StringVar(&opts.readyFile, "ready-file", "", "written once the kubelet knows the driver, removed at the end")
	flags.Func("misbehave", fmt.Sprintf("bugs to have: a list of %v", allMisbehaviours), opts.misbehave.add)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case opts.pluginDevices == "" && opts.draDevices == "":
		return nil, errors.New("nothing to hand out: give --plugin-devices, --dra-devices or both")
	case opts.draDevices != "" && (opts.node == "" || opts.kubeconfig == ""):
		return nil, errors.New("--dra-devices needs --node-name and --kubeconfig")
	}
	return &opts, nil
}

// run starts both halves of the driver; the first one to fail ends the other.
func run(asked context.Context, opts *options) error {
	ctx, stop := context.WithCancelCause(asked)
	defer stop(nil)
	halves, err := opts.halves(stop)
	if err != nil {
		return err
	}
	if err := removeReady(opts.readyFile); err != nil {
		return err
	}
	var registered, ended sync.WaitGroup
	for _, half := range halves {
		registered.Add(1)
		ended.Go(func() {
			if err := half(ctx, sync.OnceFunc(registered.Done)); err != nil {
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

// half of the driver: it runs until the context ends, and calls ready once the kubelet knows it.
type half func(ctx context.Context, ready func()) error

func (o *options) halves(stop context.CancelCauseFunc) ([]half, error) {
	var halves []half
	if o.pluginDevices != "" {
		plugin, err := o.plugin()
		if err != nil {
			return nil, err
		}
		halves = append(halves, plugin)
	}
	if o.draDevices != "" {
		driver, err := o.draDriver(stop)
		if err != nil {
			return nil, err
		}
		halves = append(halves, driver)
	}
	return halves, nil
}

func (o *options) plugin() (half, error) {
	devices, err := loadDevices(o.pluginDevices)
	if err != nil {
		return nil, err
	}
	folder := kubeletDirs(o.kubeletDir).devicePlugins()
	plugin := &Plugin{resource: o.resource, devices: devices, misbehave: o.misbehave, folder: folder}
	return plugin.run, fits(plugin.socket())
}

func (o *options) draDriver(stop context.CancelCauseFunc) (half, error) {
	devices, err := loadDevices(o.draDevices)
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
	driver := &Driver{
		name: o.driver, node: o.node, devices: devices, misbehave: o.misbehave, stop: stop,
		specs: cdiSpecs{folder: o.cdiRoot, kind: o.driver + "/device"},
	}
	dirs := kubeletDirs(o.kubeletDir)
	run := func(ctx context.Context, ready func()) error { return driver.run(ctx, client, dirs, ready) }
	return run, fits(filepath.Join(dirs.registry(), o.driver+"-reg.sock"))
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
