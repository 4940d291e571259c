package accelerator

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/klog/v2"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

const (
	samplePeriod = 200 * time.Millisecond
	samplesKept  = 6 // utilisation is that of the last second
	busyField    = 9 // in /sys/dev/block/*/stat: milliseconds in which the device was busy
	askWithin    = 2 * time.Second
)

// nodeSource measures the devices of the real node. They are block devices, so the kernel counts how long each is
// busy, and what they hold can be read.
type nodeSource struct {
	node, driver string
	devices      []Device
	kubelet      podresources.PodResourcesListerClient

	lock    sync.Mutex
	samples map[string][]sample // by name of the device, the newest last
}

type sample struct {
	at   time.Time
	busy time.Duration // since the device exists
}

func newNodeSource(o *exporterOptions) (*nodeSource, error) {
	n := &nodeSource{node: o.node, driver: o.driver, samples: map[string][]sample{}}
	for _, file := range o.devices {
		found, err := loadDevices(file)
		if err != nil {
			return nil, err
		}
		n.devices = append(n.devices, found...)
	}
	connection, err := grpc.NewClient("unix://"+o.podResources, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	n.kubelet = podresources.NewPodResourcesListerClient(connection)
	return n, nil
}

// watch takes samples until the context ends.
func (n *nodeSource) watch(ctx context.Context) {
	tick := time.NewTicker(samplePeriod)
	defer tick.Stop()
	for {
		for _, device := range n.devices {
			busy, err := busyTime(device.HostPath)
			if err != nil {
				klog.FromContext(ctx).Error(err, "Read the counters", "device", device.Name)
				continue
			}
			n.keep(device.Name, sample{time.Now(), busy})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n *nodeSource) keep(device string, taken sample) {
	n.lock.Lock()
	defer n.lock.Unlock()
	kept := append(n.samples[device], taken)
	n.samples[device] = kept[max(0, len(kept)-samplesKept):]
}

func (n *nodeSource) readings(ctx context.Context) ([]reading, error) {
	holders, err := n.holders(ctx)
	if err != nil {
		return nil, err
	}
	var found []reading
	for _, device := range n.devices {
		used, total, err := memory(device.HostPath)
		if err != nil {
			return nil, err
		}
		found = append(found, reading{
			Device: device, node: n.node, driver: n.driver,
			busy: n.utilisation(device.Name), used: used, total: total, holder: holders[device.Name],
		})
	}
	return found, nil
}

func (n *nodeSource) utilisation(device string) float64 {
	n.lock.Lock()
	defer n.lock.Unlock()
	kept := n.samples[device]
	if len(kept) < 2 {
		return 0
	}
	oldest, newest := kept[0], kept[len(kept)-1]
	return min(1, float64(newest.busy-oldest.busy)/float64(newest.at.Sub(oldest.at)))
}

// holders says which container the kubelet gave each device to.
func (n *nodeSource) holders(ctx context.Context) (map[string]holder, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	answer, err := n.kubelet.List(ctx, &podresources.ListPodResourcesRequest{})
	if err != nil {
		return nil, fmt.Errorf("ask the kubelet who holds a device: %w", err)
	}
	held := map[string]holder{}
	for _, pod := range answer.PodResources {
		for _, container := range pod.Containers {
			who := holder{pod.Namespace, pod.Name, container.Name}
			for _, devices := range container.Devices {
				for _, id := range devices.DeviceIds {
					held[id] = who
				}
			}
			for _, dynamic := range container.DynamicResources {
				for _, claimed := range dynamic.ClaimResources {
					if claimed.DriverName == n.driver {
						held[claimed.DeviceName] = who
					}
				}
			}
		}
	}
	return held, nil
}

// counters is the folder in which the kernel tells of a block device.
func counters(path string) (string, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	device := uint64(stat.Rdev)
	major, minor := device>>8&0xfff, device&0xff|device>>12&^0xff
	return filepath.Join("/sys/dev/block", fmt.Sprintf("%d:%d", major, minor)), nil
}

func busyTime(path string) (time.Duration, error) {
	folder, err := counters(path)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) <= busyField {
		return 0, fmt.Errorf("%s/stat has only %d fields", folder, len(fields))
	}
	milliseconds, err := strconv.ParseInt(fields[busyField], 10, 64)
	return time.Duration(milliseconds) * time.Millisecond, err
}

// memory is how many bytes of a device hold something, and how many there are.
func memory(path string) (used, total float64, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	return float64(len(bytes.TrimRight(content, "\x00"))), float64(len(content)), nil
}
