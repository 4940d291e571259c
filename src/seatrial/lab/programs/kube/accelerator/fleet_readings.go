package accelerator

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
)

// What a lab writes on the nodes of its fleet, so that their devices can be told.
const (
	devicesNote = "seatrial.dev/devices"
	memoryNote  = "seatrial.dev/memory"
	vendorNote  = "seatrial.dev/vendor"
	productNote = "seatrial.dev/product-name"
	versionNote = "seatrial.dev/driver-version"
	grantedNote = "seatrial.dev/resource"
)

// What a lab may say of the devices of a node beside that, so that a measure has a truth to be held against.
const (
	busyNote = "seatrial.dev/busy"        // how busy each of them is, from 0 to 1, whoever holds it
	usedNote = "seatrial.dev/memory-used" // how full the memory of each is, from 0 to 1
	xidsNote = "seatrial.dev/xids"        // DEVICE:XID, in the order in which they came, with spaces between them
)

// What a device of the fleet shows while somebody holds it: nobody works there, so this is said, not measured.
const heldBusy, heldMemory = 0.9, 0.6

// fleet is the simulated nodes, and which pods hold their devices. The pods of such a node are given devices here, as
// there is no kubelet that would do so.
type fleet struct {
	nodes listers.NodeLister
	pods  listers.PodLister

	lock    sync.Mutex
	granted map[types.UID][]int // pod → its devices
}

func watchFleet(ctx context.Context, client kubernetes.Interface) (*fleet, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	f := &fleet{nodes: factory.Core().V1().Nodes().Lister(), pods: factory.Core().V1().Pods().Lister(), granted: map[types.UID][]int{}}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("%v could not be read", kind)
		}
	}
	return f, nil
}

// of is the part of the fleet that one vendor's exporter speaks of.
func (f *fleet) of(vendor string) source { return vendorsPart{f, vendor} }

type vendorsPart struct {
	*fleet
	vendor string
}

func (v vendorsPart) readings(context.Context) ([]reading, error) {
	nodes, err := v.nodes.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	pods, err := v.pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	v.lock.Lock()
	defer v.lock.Unlock()
	v.forget(pods)
	holding := byNode(pods)
	var found []reading
	for _, node := range nodes {
		if node.Annotations[vendorNote] != v.vendor {
			continue
		}
		devices, err := v.ofNode(node, holding[node.Name])
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", node.Name, err)
		}
		found = append(found, devices...)
	}
	slices.SortFunc(found, func(a, b reading) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.Index, b.Index))
	})
	return found, nil
}

func (v vendorsPart) ofNode(node *core.Node, pods []*core.Pod) ([]reading, error) {
	count, errCount := strconv.Atoi(node.Annotations[devicesNote])
	memory, errMemory := resource.ParseQuantity(node.Annotations[memoryNote])
	if err := errors.Join(errCount, errMemory); err != nil {
		return nil, err
	}
	held := v.grant(pods, core.ResourceName(node.Annotations[grantedNote]), count)
	found := make([]reading, count)
	for i := range found {
		one := reading{node: node.Name, total: memory.AsApproximateFloat64(), holder: held[i], Device: Device{
			Name: "gpu-" + strconv.Itoa(i), UUID: serial(node.Name, i), Index: i,
			Product: node.Annotations[productNote], DriverVersion: node.Annotations[versionNote],
		}}
		if one.holder != (holder{}) {
			one.busy, one.used = heldBusy, heldMemory*one.total
		}
		one.busy, one.used = stated(node, busyNote, one.busy), stated(node, usedNote, one.used/one.total)*one.total
		one.xids = xidsOf(node, i)
		found[i] = one
	}
	return found, nil
}

// stated is what a node's annotation says, and what is usual where it says nothing that is a share.
func stated(node *core.Node, note string, usual float64) float64 {
	share, err := strconv.ParseFloat(node.Annotations[note], 64)
	if err != nil || share < 0 || share > 1 {
		return usual
	}
	return share
}

func xidsOf(node *core.Node, index int) (xids []int) {
	for _, one := range strings.Fields(node.Annotations[xidsNote]) {
		device, xid, _ := strings.Cut(one, ":")
		if number, err := strconv.Atoi(xid); err == nil && device == strconv.Itoa(index) {
			xids = append(xids, number)
		}
	}
	return xids
}

// grant says who holds which device of a node. Who has some keeps them; the others get the first that are free.
func (f *fleet) grant(pods []*core.Pod, granted core.ResourceName, count int) map[int]holder {
	held := map[int]holder{}
	slices.SortFunc(pods, func(a, b *core.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID))
	})
	for _, fresh := range []bool{false, true} {
		for _, pod := range pods {
			has, known := f.granted[pod.UID]
			if known == fresh {
				continue
			}
			for i := 0; fresh && i < count && len(has) < wanted(pod, granted); i++ {
				if _, taken := held[i]; !taken {
					has = append(has, i)
				}
			}
			f.granted[pod.UID] = has
			for _, i := range has {
				held[i] = holder{pod.Namespace, pod.Name, pod.Spec.Containers[0].Name}
			}
		}
	}
	return held
}

func (f *fleet) forget(pods []*core.Pod) {
	there := map[types.UID]bool{}
	for _, pod := range pods {
		there[pod.UID] = true
	}
	for uid := range f.granted {
		if !there[uid] {
			delete(f.granted, uid)
		}
	}
}

func wanted(pod *core.Pod, granted core.ResourceName) (count int) {
	for _, container := range pod.Spec.Containers {
		amount := container.Resources.Limits[granted]
		count += int(amount.Value())
	}
	return count
}

// byNode has the pods that run, and so hold what they asked for.
func byNode(pods []*core.Pod) map[string][]*core.Pod {
	found := map[string][]*core.Pod{}
	for _, pod := range pods {
		if pod.Status.Phase == core.PodRunning && pod.DeletionTimestamp == nil {
			found[pod.Spec.NodeName] = append(found[pod.Spec.NodeName], pod)
		}
	}
	return found
}

// serial is the identity that a lab gives to a device of its fleet, in its ResourceSlices too.
func serial(node string, number int) string {
	sum := sha256.Sum256([]byte(node + "/" + strconv.Itoa(number)))
	return fmt.Sprintf("GPU-%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
