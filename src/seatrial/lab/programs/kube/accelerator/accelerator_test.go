package accelerator

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	resourceapi "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/dynamic-resource-allocation/kubeletplugin"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const within = 5 * time.Second

var devices = []Device{
	{Name: "accel0", UUID: "uuid-0", Index: 0, HostPath: "/host/0", ContainerPath: "/dev/seatrial/accel0"},
	{Name: "accel1", UUID: "uuid-1", Index: 1, HostPath: "/host/1", ContainerPath: "/dev/seatrial/accel1"},
	{Name: "accel2", UUID: "uuid-2", Index: 2, HostPath: "/host/2", ContainerPath: "/dev/seatrial/accel2"},
}

// kubelet is the kubelet's half of the device plugin protocol.
type kubelet struct {
	api.UnimplementedRegistrationServer
	registered chan *api.RegisterRequest
}

func (k *kubelet) Register(_ context.Context, request *api.RegisterRequest) (*api.Empty, error) {
	k.registered <- request
	return &api.Empty{}, nil
}

func startKubelet(t *testing.T, folder string) (*kubelet, *grpc.Server) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(folder, "kubelet.sock"))
	if err != nil {
		t.Fatal(err)
	}
	k, server := &kubelet{registered: make(chan *api.RegisterRequest, 4)}, grpc.NewServer()
	api.RegisterRegistrationServer(server, k)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return k, server
}

func (k *kubelet) next(t *testing.T) *api.RegisterRequest {
	t.Helper()
	select {
	case request := <-k.registered:
		return request
	case <-time.After(within):
		t.Fatal("the plugin did not register")
		return nil
	}
}

func startPlugin(t *testing.T, plugin *Plugin) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- plugin.run(ctx, func() {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// shortFolder is one in which a socket's path is not too long.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "accel")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func dial(t *testing.T, socket string) api.DevicePluginClient {
	t.Helper()
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return api.NewDevicePluginClient(connection)
}

func TestPluginRegistersListsAndAllocates(t *testing.T) {
	folder := shortFolder(t)
	k, _ := startKubelet(t, folder)
	startPlugin(t, &Plugin{resource: "seatrial.dev/accelerator", devices: devices, folder: folder})
	request := k.next(t)
	if request.ResourceName != "seatrial.dev/accelerator" || request.Version != "v1beta1" {
		t.Errorf("registered as %v", request)
	}
	client := dial(t, filepath.Join(folder, request.Endpoint))
	stream, err := client.ListAndWatch(t.Context(), &api.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := stream.Recv()
	if err != nil || len(list.Devices) != 3 || list.Devices[0].Health != api.Healthy {
		t.Fatalf("listed %v, %v", list, err)
	}
	answer, err := client.Allocate(t.Context(), &api.AllocateRequest{
		ContainerRequests: []*api.ContainerAllocateRequest{{DevicesIds: []string{"accel1"}}, {DevicesIds: []string{"accel0", "accel2"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, second := answer.ContainerResponses[0], answer.ContainerResponses[1]
	if len(first.Devices) != 1 || first.Devices[0].HostPath != "/host/1" || first.Envs["SEATRIAL_VISIBLE_DEVICES"] != "uuid-1" {
		t.Errorf("the first container got %v", first)
	}
	if len(second.Devices) != 2 || second.Envs["SEATRIAL_VISIBLE_DEVICES"] != "uuid-0,uuid-2" {
		t.Errorf("the second container got %v", second)
	}
	if _, err := client.Allocate(t.Context(), &api.AllocateRequest{
		ContainerRequests: []*api.ContainerAllocateRequest{{DevicesIds: []string{"accel9"}}},
	}); err == nil {
		t.Error("a device that does not exist was handed out")
	}
}

func TestPluginRegistersAgainWithTheNextKubelet(t *testing.T) {
	folder := shortFolder(t)
	startPlugin(t, &Plugin{resource: "a/b", devices: devices, folder: folder}) // before there is any kubelet
	first, server := startKubelet(t, folder)
	first.next(t)
	server.Stop()
	if err := os.RemoveAll(filepath.Join(folder, "a-b.sock")); err != nil { // a kubelet that starts clears the folder
		t.Fatal(err)
	}
	second, _ := startKubelet(t, folder)
	request := second.next(t)
	if _, err := dial(t, filepath.Join(folder, request.Endpoint)).GetDevicePluginOptions(t.Context(), &api.Empty{}); err != nil {
		t.Error(err)
	}
}

func TestPluginMisbehaves(t *testing.T) {
	plugin := &Plugin{devices: devices, misbehave: Misbehaviours{HandOutEverything}}
	if got, err := plugin.choose([]string{"accel0"}); err != nil || len(got) != 3 {
		t.Errorf("handed out %v, %v", got, err)
	}
}

func driver(t *testing.T, misbehave ...Misbehaviour) *Driver {
	t.Helper()
	return &Driver{
		name: "accelerator.seatrial.dev", node: "n", devices: devices, misbehave: misbehave,
		specs: cdiSpecs{folder: t.TempDir(), kind: "accelerator.seatrial.dev/device"},
	}
}

func claim(uid string, names ...string) *resourceapi.ResourceClaim {
	made := &resourceapi.ResourceClaim{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid)}}
	results := []resourceapi.DeviceRequestAllocationResult{{Driver: "another.driver", Device: "accel9", Pool: "n", Request: "x"}}
	for _, name := range names {
		results = append(results, resourceapi.DeviceRequestAllocationResult{
			Driver: "accelerator.seatrial.dev", Device: name, Pool: "n", Request: "gpu",
		})
	}
	made.Status.Allocation = &resourceapi.AllocationResult{Devices: resourceapi.DeviceAllocationResult{Results: results}}
	return made
}

// hostPaths are the device nodes that the claim's CDI file gives away.
func hostPaths(t *testing.T, d *Driver, uid string) (paths []string) {
	t.Helper()
	spec, err := readSpec(d.specs.file(types.UID(uid)))
	if err != nil {
		t.Fatal(err)
	}
	for _, device := range spec.Devices {
		for _, node := range device.Edits.DeviceNodes {
			paths = append(paths, node.HostPath)
		}
	}
	return paths
}

func TestDriverInjectsTheAllocatedDeviceAndTakesItBack(t *testing.T) {
	d := driver(t)
	for range 2 { // the kubelet may ask twice
		results, err := d.PrepareResourceClaims(t.Context(), []*resourceapi.ResourceClaim{claim("c1", "accel1")})
		if err != nil || results["c1"].Err != nil {
			t.Fatal(err, results["c1"].Err)
		}
		prepared := results["c1"].Devices
		if len(prepared) != 1 || prepared[0].CDIDeviceIDs[0] != "accelerator.seatrial.dev/device=c1-accel1" {
			t.Errorf("prepared %v", prepared)
		}
	}
	if got := hostPaths(t, d, "c1"); !slices.Equal(got, []string{"/host/1"}) {
		t.Errorf("injected %v", got)
	}
	restarted := driver(t)
	restarted.specs = d.specs
	for range 2 {
		results, err := restarted.UnprepareResourceClaims(t.Context(), []kubeletplugin.NamespacedObject{{UID: "c1"}})
		if left, present := results["c1"]; err != nil || left != nil || !present {
			t.Fatal(err, results)
		}
	}
	if left, _ := os.ReadDir(d.specs.folder); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestDriverGivesNoDeviceToTwoClaims(t *testing.T) {
	first := driver(t)
	if _, err := first.prepare(claim("c1", "accel0")); err != nil {
		t.Fatal(err)
	}
	restarted := driver(t)
	restarted.specs = first.specs
	if _, err := restarted.prepare(claim("c2", "accel0")); err == nil || !strings.Contains(err.Error(), "claim c1") {
		t.Errorf("gave it away twice: %v", err)
	}
	if _, err := restarted.prepare(claim("c3", "accel9")); err == nil {
		t.Error("prepared a device that does not exist")
	}
}

func TestDriverMisbehaves(t *testing.T) {
	for misbehaviour, want := range map[Misbehaviour][]string{
		HandOutEverythingDRA: {"/host/0", "/host/1", "/host/2"},
		IgnoreClaim:          {"/host/0"},
	} {
		d := driver(t, misbehaviour)
		if _, err := d.prepare(claim("c1", "accel2")); err != nil {
			t.Fatal(err)
		}
		if got := hostPaths(t, d, "c1"); !slices.Equal(got, want) {
			t.Errorf("%s injected %v", misbehaviour, got)
		}
	}
}

func TestCommandLine(t *testing.T) {
	good := []string{"--plugin-devices=x", "--misbehave=unhealthy, no-slices"}
	if opts, err := parse(good); err != nil || !opts.misbehave.has(NoSlices) || opts.misbehave.has(IgnoreClaim) {
		t.Errorf("%v, %v", opts, err)
	}
	for _, bad := range [][]string{
		nil, {"--dra-devices=x"}, {"--plugin-devices=x", "y"}, {"--plugin-devices=x", "--misbehave=sulk"},
	} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func TestDevicesAreReadWithDefaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "devices.json")
	for text, good := range map[string]bool{
		`[{"name":"a","uuid":"u","hostPath":"/h","index":3}]`:         true,
		`[{"name":"a","hostPath":"/h"},{"name":"a","hostPath":"/i"}]`: false,
		`[{"uuid":"u"}]`: false,
		`{`:              false,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := loadDevices(file)
		if (err == nil) != good {
			t.Errorf("%s: %v, %v", text, found, err)
		}
		if good && found[0].ContainerPath != "/dev/seatrial/accel3" {
			t.Errorf("read %+v", found[0])
		}
	}
}
