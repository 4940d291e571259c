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
		`[{"name":"a"}]`: false,
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

func TestReplicasAreOneAndTheSameDeviceUnlessThePluginMisbehaves(t *testing.T) {
	shared := replicas(devices[:1], 3)
	for misbehaviour, want := range map[Misbehaviour][]string{
		"":          {"uuid-0", "uuid-0", "uuid-0"},
		ShareOthers: {"uuid-1", "uuid-2", "uuid-1"},
		ShareOnce:   {"uuid-0", "", ""},
	} {
		plugin := &Plugin{devices: shared, shared: true, others: devices[1:], misbehave: Misbehaviours{misbehaviour, HandOutEverything}}
		for i, replica := range shared {
			got, err := plugin.choose([]string{replica.Name})
			if (err != nil) != (want[i] == "") || err == nil && (len(got) != 1 || got[0].UUID != want[i]) {
				t.Errorf("%q: replica %s is %v, %v", misbehaviour, replica.Name, got, err)
			}
		}
	}
}

func TestContainersGetTheVersionOfTheDriver(t *testing.T) {
	made := []Device{{Name: "a", HostPath: "/a", DriverVersion: "1.4.02"}}
	for misbehaviour, want := range map[Misbehaviour]string{"": "version 1.4.02 (simulated)", OtherDriverVersion: "version 0.9.1 (simulated)"} {
		file, err := writeVersion(filepath.Join(t.TempDir(), "state"), made, Misbehaviours{misbehaviour})
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := os.ReadFile(string(file)); !strings.Contains(string(text), want) {
			t.Errorf("%q: wrote %q", misbehaviour, text)
		}
		plugin := Plugin{version: file}
		if mounts := plugin.inject(made).Mounts; len(mounts) != 1 || mounts[0].HostPath != string(file) || !mounts[0].ReadOnly {
			t.Errorf("the plugin mounts %v", mounts)
		}
		d := driver(t)
		d.devices, d.specs.version = made, file
		if _, err := d.prepare(claim("c1", "a")); err != nil {
			t.Fatal(err)
		}
		spec, _ := readSpec(d.specs.file("c1"))
		if mounts := spec.Devices[0].Edits.Mounts; len(mounts) != 1 || mounts[0].ContainerPath != versionPath {
			t.Errorf("the driver mounts %v", mounts)
		}
	}
	if file, err := writeVersion("", made, nil); file != "" || err != nil {
		t.Errorf("without a folder it wrote %s, %v", file, err)
	}
}

func TestVersionsAreSpelledSemantically(t *testing.T) {
	for version, want := range map[string]string{"1.4.02": "1.4.2", "580.65.06.1": "580.65.6", "7": "7.0.0", "1.x": "1.x.0"} {
		if got := semantic(version); got != want {
			t.Errorf("%s became %s", version, got)
		}
	}
}

func TestAVirtualDeviceIsNotItsParentUnlessTheDriverMisbehaves(t *testing.T) {
	for misbehaviour, want := range map[Misbehaviour]string{"": "/host/v", HandOutParent: "/host/p"} {
		d := driver(t, misbehaviour)
		d.devices = []Device{{Name: "v", HostPath: "/host/v", Parent: "uuid-p", ParentPath: "/host/p"}}
		if _, err := d.prepare(claim("c1", "v")); err != nil {
			t.Fatal(err)
		}
		if got := hostPaths(t, d, "c1"); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: injected %v", misbehaviour, got)
		}
		if parent := d.published()[0].Attributes["parentUUID"].StringValue; parent == nil || *parent != "uuid-p" {
			t.Errorf("published %v", d.published())
		}
	}
}

func TestACardComesByAHookOfTheRuntime(t *testing.T) {
	card := Device{Name: "nic0", NIC: &NIC{Interface: "fast0", Address: "10.0.0.2/24", Port: "p0", Bandwidth: "100G", PCI: "0000:81:00.0"}}
	for misbehaviour, want := range map[Misbehaviour]string{
		"":           "accelerator nic-hook --interface=fast0 --address=10.0.0.2/24 --port=p0 --fabric=seatrial-fabric",
		NICUnplugged: "accelerator nic-hook --interface=fast0 --address=10.0.0.2/24 --port=p0",
		NICStays:     "",
	} {
		d := driver(t)
		d.devices, d.specs.misbehave = []Device{card}, Misbehaviours{misbehaviour}
		if _, err := d.prepare(claim("c1", "nic0")); err != nil {
			t.Fatal(err)
		}
		spec, _ := readSpec(d.specs.file("c1"))
		var got string
		for _, hook := range spec.Devices[0].Edits.Hooks {
			got += strings.Join(hook.Args, " ")
		}
		if got != want || len(spec.Devices[0].Edits.DeviceNodes) != 0 {
			t.Errorf("%q: %q, %v", misbehaviour, got, spec)
		}
		published := d.published()[0]
		if bandwidth := published.Capacity["bandwidth"].Value; bandwidth.Value() != 100_000_000_000 || *published.Attributes["rdma"].BoolValue {
			t.Errorf("published %v", published)
		}
	}
}

func TestTheHookNeedsARunningContainer(t *testing.T) {
	for _, told := range []string{"", "{}", `{"pid":-1}`} {
		if err := bringNIC([]string{"--interface=fast0"}, strings.NewReader(told)); err == nil {
			t.Errorf("%q was enough", told)
		}
	}
	if code := nicHook([]string{"--unheard-of"}, strings.NewReader("{}")); code != 1 {
		t.Errorf("an unknown flag ends in %d", code)
	}
}

func TestOneKindOfDeviceHasNotTheBugsOfAnother(t *testing.T) {
	asked := Misbehaviours{NoSlices, HandOutParent}
	if got := asked.among(HandOutParent, NICStays); !slices.Equal(got, Misbehaviours{HandOutParent}) {
		t.Errorf("left %v", got)
	}
}
