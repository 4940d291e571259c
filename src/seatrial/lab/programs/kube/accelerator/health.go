//go:build kube1.37

package accelerator

import (
	"context"
	"time"

	"k8s.io/dynamic-resource-allocation/kubeletplugin"
)

const healthPeriod = 10 * time.Second // the kubelet forgets what it has not heard for 30 seconds

// WatchHealthStatus tells the kubelet how the devices are, which drivers can do since Kubernetes 1.37.
func (d *Driver) WatchHealthStatus(ctx context.Context, reports chan<- kubeletplugin.DeviceHealthReport) error {
	tick := time.NewTicker(healthPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case reports <- d.health():
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Driver) health() kubeletplugin.DeviceHealthReport {
	status := kubeletplugin.HealthStatusHealthy
	if d.misbehave.has(Unhealthy) {
		status = kubeletplugin.HealthStatusUnhealthy
	}
	var report kubeletplugin.DeviceHealthReport
	for _, device := range d.devices {
		report.Devices = append(report.Devices, kubeletplugin.DeviceHealth{
			PoolName: d.node, DeviceName: device.Name, Health: status, LastUpdated: time.Now(),
		})
	}
	return report
}
