package accelerator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/klog/v2"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const registerWithin = 10 * time.Second

// Plugin hands out devices to containers that ask for so many of the resource.
type Plugin struct {
	api.UnimplementedDevicePluginServer

	resource  string
	devices   []Device
	misbehave Misbehaviours
	folder    string // where the kubelet's socket is, and ours
	version   versionFile

	shared bool     // its devices are replicas of one
	others []Device // that it could hand out in place of a replica
}

// run serves the kubelet until the context ends. A kubelet that starts anew has forgotten its plugins and deleted
// their sockets, so with each kubelet.sock that appears, the plugin serves and registers again.
func (p *Plugin) run(ctx context.Context, ready func()) error {
	if err := os.MkdirAll(p.folder, 0o750); err != nil {
		return err
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer watcher.Close()
	if err := watcher.Add(p.folder); err != nil {
		return err
	}
	if _, err := os.Stat(p.kubeletSocket()); errors.Is(err, fs.ErrNotExist) {
		klog.FromContext(ctx).Info("Waiting for the kubelet", "socket", p.kubeletSocket())
		if err := p.nextKubelet(ctx, watcher); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		if err := p.serveOneKubelet(ctx, watcher, ready); err != nil {
			return err
		}
	}
	return nil
}

// serveOneKubelet returns when the next kubelet is there.
func (p *Plugin) serveOneKubelet(ctx context.Context, watcher *fsnotify.Watcher, ready func()) error {
	if err := os.Remove(p.socket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", p.socket())
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, p)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	defer server.Stop()

	if err := p.register(ctx); err != nil {
		// The kubelet may have gone again; whoever comes next is served.
		klog.FromContext(ctx).Error(err, "Register the device plugin")
	} else {
		klog.FromContext(ctx).Info("Registered the device plugin", "resource", p.resource, "devices", len(p.devices))
		ready()
	}
	if err := p.nextKubelet(ctx, watcher); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", p.socket(), err)
	default:
		return nil
	}
}

// nextKubelet waits for a new kubelet.sock, or for the end.
func (p *Plugin) nextKubelet(ctx context.Context, watcher *fsnotify.Watcher) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-watcher.Events:
			if event.Name == p.kubeletSocket() && event.Has(fsnotify.Create) {
				return nil
			}
		case err := <-watcher.Errors:
			return fmt.Errorf("watch %s: %w", p.folder, err)
		}
	}
}

func (p *Plugin) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, registerWithin)
	defer cancel()
	connection, err := grpc.NewClient("unix://"+p.kubeletSocket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = api.NewRegistrationClient(connection).Register(ctx, &api.RegisterRequest{
		Version:      api.Version,
		Endpoint:     filepath.Base(p.socket()),
		ResourceName: p.resource,
	}, grpc.WaitForReady(true))
	return err
}

// GetDevicePluginOptions says that this plugin needs nothing special.
func (p *Plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch tells the kubelet the devices once, as they never change, and keeps the stream open.
func (p *Plugin) ListAndWatch(_ *api.Empty, stream grpc.ServerStreamingServer[api.ListAndWatchResponse]) error {
	health := api.Healthy
	if p.misbehave.has(Unhealthy) {
		health = api.Unhealthy
	}
	var list api.ListAndWatchResponse
	for _, device := range p.devices {
		list.Devices = append(list.Devices, &api.Device{
			ID:       device.Name,
			Health:   health,
			Topology: &api.TopologyInfo{Nodes: []*api.NUMANode{{ID: int64(device.NUMA)}}},
		})
	}
	if err := stream.Send(&list); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate says which device nodes each container gets.
func (p *Plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	var response api.AllocateResponse
	for _, container := range request.ContainerRequests {
		chosen, err := p.choose(container.DevicesIds)
		if err != nil {
			return nil, err
		}
		response.ContainerResponses = append(response.ContainerResponses, p.inject(chosen))
	}
	return &response, nil
}

func (p *Plugin) choose(names []string) ([]Device, error) {
	if p.misbehave.has(HandOutEverything) && !p.shared {
		return p.devices, nil
	}
	byName := make(map[string]Device, len(p.devices))
	for _, device := range p.devices {
		byName[device.Name] = device
	}
	var chosen []Device
	for _, name := range names {
		device, known := byName[name]
		if !known {
			return nil, fmt.Errorf("there is no device %s of %s", name, p.resource)
		}
		if p.shared {
			var err error
			if device, err = p.replica(device); err != nil {
				return nil, err
			}
		}
		chosen = append(chosen, device)
	}
	return chosen, nil
}

// replica is what a container gets that was granted one of the replicas: the device of which they all are.
func (p *Plugin) replica(device Device) (Device, error) {
	number := slices.IndexFunc(p.devices, func(one Device) bool { return one.Name == device.Name })
	switch {
	case p.misbehave.has(ShareOnce) && number > 0:
		return device, fmt.Errorf("%s is in use as a whole", device.UUID)
	case p.misbehave.has(ShareOthers) && len(p.others) > 0:
		return p.others[number%len(p.others)], nil
	default:
		return device, nil
	}
}

func (p *Plugin) inject(devices []Device) *api.ContainerAllocateResponse {
	var response api.ContainerAllocateResponse
	var visible []string
	for _, device := range devices {
		visible = append(visible, device.UUID)
		response.Devices = append(response.Devices, &api.DeviceSpec{
			ContainerPath: device.ContainerPath, HostPath: device.HostPath, Permissions: "rw",
		})
	}
	if p.version != "" {
		response.Mounts = []*api.Mount{{ContainerPath: versionPath, HostPath: string(p.version), ReadOnly: true}}
	}
	response.Envs = map[string]string{"SEATRIAL_VISIBLE_DEVICES": strings.Join(visible, ",")}
	return &response
}

func (p *Plugin) kubeletSocket() string { return filepath.Join(p.folder, "kubelet.sock") }

func (p *Plugin) socket() string {
	return filepath.Join(p.folder, strings.ReplaceAll(p.resource, "/", "-")+".sock")
}
