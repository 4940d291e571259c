package accelerator

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// said is a source that says what it is told.
type said []reading

func (s said) readings(context.Context) ([]reading, error) { return s, nil }

func two(busy float64) said {
	return said{
		{Device: Device{Name: "accel0", UUID: "uuid-0", Index: 0, Product: "p"}, node: "n", busy: busy, used: 3 << 20, total: 4 << 20, holder: holder{"team", "pod", "main"}},
		{Device: Device{Name: "accel1", UUID: "uuid-1", Index: 1, Product: "p"}, node: "n", total: 4 << 20},
	}
}

func scrape(t *testing.T, from *exporter) string {
	t.Helper()
	answer := httptest.NewRecorder()
	from.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func speaking(dialect string, from source, misbehave ...Misbehaviour) *exporter {
	return &exporter{from: from, say: dialects[dialect], misbehave: misbehave, first: map[string]float64{}}
}

func TestEachDialectTellsUtilisationAndMemoryOfEachDevice(t *testing.T) {
	for dialect, wanted := range map[string][]string{
		"seatrial": {`seatrial_accelerator_utilization_percent{device="accel0",uuid="uuid-0",node="n",product="p",simulated="true",container="main",namespace="team",pod="pod"} 50`, `seatrial_accelerator_memory_used_bytes{device="accel1"`},
		"nvidia":   {`DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="uuid-0",pci_bus_id="00000000:01:00.0",device="nvidia0",modelName="p",Hostname="n"`, `namespace="team",pod="pod"} 50`, `DCGM_FI_DEV_FB_USED{gpu="0",UUID="uuid-0"`, `DCGM_FI_DEV_FB_FREE{gpu="1",UUID="uuid-1"`},
		"amd":      {`gpu_gfx_activity{gpu_id="0",gpu_uuid="uuid-0"`, `gpu_used_vram{gpu_id="0"`, `gpu_total_vram{gpu_id="1"`},
		"intel":    {`xpum_engine_ratio{uuid="uuid-0"`, `kube_pod="pod",kube_namespace="team",kube_container="main"} 0.5`, `xpum_memory_used_bytes{uuid="uuid-1"`},
	} {
		text := scrape(t, speaking(dialect, two(0.5)))
		for _, part := range wanted {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is missing in\n%s", dialect, part, text)
			}
		}
	}
}

func TestAnExporterCanMissADeviceForgetMemoryOrBeStuck(t *testing.T) {
	if text := scrape(t, speaking("nvidia", two(0.5), MetricsMissADevice)); strings.Contains(text, "uuid-1") || !strings.Contains(text, "uuid-0") {
		t.Errorf("the last device should be missing in\n%s", text)
	}
	if text := scrape(t, speaking("nvidia", two(0.5), MetricsWithoutMemory)); strings.Contains(text, "_FB_") || !strings.Contains(text, "MEM_CLOCK") {
		t.Errorf("memory in use should be missing in\n%s", text)
	}
	stuck := speaking("intel", two(0), MetricsFrozen)
	scrape(t, stuck)
	stuck.from = two(0.5)
	if text := scrape(t, stuck); strings.Contains(text, " 0.5\n") {
		t.Errorf("it should be stuck at 0:\n%s", text)
	}
}

func pod(name string, gpus string, age time.Duration) *core.Pod {
	limits := core.ResourceList{"nvidia.com/gpu": resource.MustParse(gpus)}
	return &core.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team", UID: types.UID(name), CreationTimestamp: metav1.NewTime(time.Unix(1000, 0).Add(-age))},
		Spec:       core.PodSpec{NodeName: "n", Containers: []core.Container{{Name: "main", Resources: core.ResourceRequirements{Limits: limits}}}},
		Status:     core.PodStatus{Phase: core.PodRunning},
	}
}

func TestWhoHoldsADeviceOfTheFleetKeepsIt(t *testing.T) {
	f := &fleet{granted: map[types.UID][]int{}}
	held := f.grant([]*core.Pod{pod("young", "1", 0), pod("old", "2", time.Minute)}, "nvidia.com/gpu", 4)
	if held[0].pod != "old" || held[1].pod != "old" || held[2].pod != "young" || len(held) != 3 {
		t.Fatalf("handed out were %v", held)
	}
	left := []*core.Pod{pod("young", "1", 0)}
	f.forget(left)
	held = f.grant(append(left, pod("new", "4", 0)), "nvidia.com/gpu", 4)
	if held[2].pod != "young" || held[0].pod != "new" || held[3].pod != "new" || len(held) != 4 {
		t.Fatalf("handed out were %v", held)
	}
}

func TestOnlyPodsThatRunHoldDevices(t *testing.T) {
	pending := pod("pending", "1", 0)
	pending.Status.Phase = core.PodPending
	if found := byNode([]*core.Pod{pending, pod("runs", "1", 0)}); len(found["n"]) != 1 {
		t.Errorf("%d pods hold devices", len(found["n"]))
	}
}

func TestTheSerialIsThatOfTheResourceSlices(t *testing.T) {
	if got := serial("h100-0000", 0); got != "GPU-b456c81e-cb3e-1569-c770-f3b1b56ce3c5" {
		t.Error(got)
	}
}

func TestUtilisationIsTheShareOfTheTimeInWhichTheDeviceWasBusy(t *testing.T) {
	n := &nodeSource{samples: map[string][]sample{}}
	begun := time.Unix(1000, 0)
	if n.utilisation("accel0") != 0 {
		t.Error("a device that was never looked at is busy")
	}
	for i := range 20 {
		n.keep("accel0", sample{begun.Add(time.Duration(i) * samplePeriod), time.Duration(i) * samplePeriod / 2})
	}
	if got := n.utilisation("accel0"); got != 0.5 {
		t.Errorf("it was busy half of the time, and that is %g", got)
	}
}

func TestAnExporterWantsToKnowWhomToSpeakTo(t *testing.T) {
	for _, args := range [][]string{{}, {"--kubeconfig=k"}, {"--kubeconfig=k", "--listen=klingon=1.2.3.4:5"}, {"--kubeconfig=k", "--listen=amd"}, {"--listen=amd=1.2.3.4:5"}} {
		if _, err := parseExporter(args); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func TestXidsAreTheLastOneAndACountOfEach(t *testing.T) {
	found := two(0)
	if text := scrape(t, speaking("nvidia", found)); strings.Contains(text, "XID_ERRORS_COUNT") {
		t.Errorf("no device has an XID, and some are counted:\n%s", text)
	}
	found[1].xids = []int{79, 13, 79}
	text := scrape(t, speaking("nvidia", found))
	for _, wanted := range []string{`XID_ERRORS{gpu="1"`, `window_size_in_ms="300000",xid="13"} 1`, `window_size_in_ms="300000",xid="79"} 2`} {
		if !strings.Contains(text, wanted) {
			t.Errorf("%q is missing in\n%s", wanted, text)
		}
	}
}

func TestALabMayStateHowBusyANodeIs(t *testing.T) {
	node := &core.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Annotations: map[string]string{
		devicesNote: "2", memoryNote: "100", busyNote: "0.37", usedNote: "0.5", xidsNote: "1:79 0:13 1:31",
	}}}
	part := vendorsPart{&fleet{granted: map[types.UID][]int{}}, "nvidia"}
	found, err := part.ofNode(node, nil)
	if err != nil || len(found) != 2 || found[1].busy != 0.37 || found[1].used != 50 || len(found[1].xids) != 2 || found[1].xids[0] != 79 || len(found[0].xids) != 1 {
		t.Errorf("%+v %v", found, err)
	}
	node.Annotations[busyNote], node.Annotations[usedNote] = "twice", "7"
	if found, _ := part.ofNode(node, nil); found[0].busy != 0 || found[0].used != 0 {
		t.Errorf("what is no share should count for nothing: %+v", found)
	}
}
