package accelerator

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"strconv"
)

// Device is one simulated accelerator: a device node of this host, and how a container sees it.
type Device struct {
	Name          string `json:"name"`
	UUID          string `json:"uuid"`
	Index         int    `json:"index"`
	HostPath      string `json:"hostPath"`
	ContainerPath string `json:"containerPath"`

	Product       string `json:"product"`
	DriverVersion string `json:"driverVersion"`
	NUMA          int    `json:"numa"`
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
		if device.Name == "" || device.HostPath == "" || seen[device.Name] {
			return nil, fmt.Errorf("%s: device %d needs a name of its own and a hostPath", file, i)
		}
		seen[device.Name] = true
		device.fillIn()
	}
	return devices, nil
}

func (d *Device) fillIn() {
	if d.ContainerPath == "" {
		d.ContainerPath = path.Join("/dev/seatrial", "accel"+strconv.Itoa(d.Index))
	}
	if d.Product == "" {
		d.Product = "seatrial-simulated"
	}
	if d.DriverVersion == "" {
		d.DriverVersion = "1.0.0"
	}
}
