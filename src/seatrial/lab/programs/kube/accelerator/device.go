package accelerator

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
)

// Device is one simulated device of this host, and how a container sees it: an accelerator is a device node, and a
// fast network card is an interface.
type Device struct {
	Name          string `json:"name"`
	UUID          string `json:"uuid"`
	Index         int    `json:"index"`
	HostPath      string `json:"hostPath"`
	ContainerPath string `json:"containerPath"`

	Product       string `json:"product"`
	DriverVersion string `json:"driverVersion"`
	NUMA          int    `json:"numa"`

	Parent     string `json:"parent"`     // of a virtual device: the UUID of the physical one that it is a part of
	ParentPath string `json:"parentPath"` // and where that is
	NIC        *NIC   `json:"nic"`
}

// loadDevices reads a JSON list of devices; no file means no devices.
func loadDevices(file string) ([]Device, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var devices []Device
	if err := json.Unmarshal(text, &devices); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	seen := map[string]bool{}
	for i := range devices {
		device := &devices[i]
		if device.Name == "" || device.HostPath == "" && device.NIC == nil || seen[device.Name] {
			return nil, fmt.Errorf("%s: device %d needs a name of its own, and a hostPath or a nic", file, i)
		}
		seen[device.Name] = true
		device.fillIn()
	}
	return devices, nil
}

func (d *Device) fillIn() {
	if d.ContainerPath == "" && d.NIC == nil {
		d.ContainerPath = path.Join("/dev/seatrial", "accel"+strconv.Itoa(d.Index))
	}
	if d.Product == "" {
		d.Product = "seatrial-simulated"
	}
	if d.DriverVersion == "" {
		d.DriverVersion = "1.0.0"
	}
}

// replicas offers each device so many times, under names of its own.
func replicas(devices []Device, each int) []Device {
	var offered []Device
	for _, device := range devices {
		for number := range each {
			replica := device
			replica.Name = fmt.Sprintf("%s-%d", device.Name, number)
			offered = append(offered, replica)
		}
	}
	return offered
}

// semantic spells a version as Dynamic Resource Allocation wants it: three numbers without leading zeros.
func semantic(version string) string {
	parts := strings.SplitN(version+".0.0", ".", 4)[:3]
	for i, part := range parts {
		if number, err := strconv.Atoi(part); err == nil {
			parts[i] = strconv.Itoa(number)
		}
	}
	return strings.Join(parts, ".")
}
